//! What a message says about itself beside its content: what it answers, whom it mentions, how long it stays.

use waspnest_core::address::Jid;
use waspnest_core::effect::QuoteOf;
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::proto_helpers::{MessageExt, wrap_as_album_child};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{EncodeError, Envelope, Extras, key, mark, some, text_of, wrapped};

/// Puts everything on the message that was asked for.
pub(super) fn put(
    mut message: wa::Message,
    kind: &'static str,
    extras: &Extras<'_>,
    envelope: &Envelope<'_>,
) -> Result<wa::Message, EncodeError> {
    let needed = extras.quote.is_some() || !extras.mentions.is_empty() || extras.mentions_all;
    let wanted = needed || extras.ephemeral_s.is_some() || extras.forwarded_score > 0 || extras.spoiler;
    if wanted {
        promote(&mut message);
        match slot(&mut message) {
            Some(slot) => fill(slot.get_or_insert_default(), extras, envelope),
            // Marks that only change how it is shown are no loss on what is not shown.
            None if needed => return Err(EncodeError::NoContext { kind }),
            None => {}
        }
    }
    if let Some(thread) = extras.thread {
        message.message_context_info.get_or_insert_default().thread_id = vec![wa::ThreadID {
            thread_key: some(key(thread)),
            ..Default::default()
        }];
    }
    if extras.view_once {
        message = view_once(message, kind)?;
    }
    if let Some(album) = extras.album_of {
        message = wrap_as_album_child(message, key(album));
    }
    Ok(message)
}

/// The context of an answer to a message of which only the key is known.
pub(super) fn answer(target: &MessageKey, envelope: &Envelope<'_>) -> wa::ContextInfo {
    let author = match (&target.participant, target.from) {
        (Some(author), _) => Some(author),
        (None, Origin::Me) => envelope.me.map(waspnest_core::address::Party::canonical),
        (None, Origin::Them) => Some(&target.chat),
    };
    about(target, author, wa::Message::default(), envelope)
}

fn quoted(quote: &QuoteOf, envelope: &Envelope<'_>) -> wa::ContextInfo {
    // What cannot be sent can still be answered; the quote is shown empty then.
    let message = quote
        .content
        .as_deref()
        .and_then(|content| super::content(content, envelope).ok())
        .unwrap_or_default();
    // In a newsletter nobody but the newsletter has a name.
    let author = match quote.key.chat {
        Jid::Newsletter(_) => &quote.key.chat,
        Jid::Phone(_) | Jid::Lid(_) | Jid::Group(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => &quote.sender,
    };
    about(&quote.key, Some(author), message, envelope)
}

fn about(target: &MessageKey, author: Option<&Jid>, message: wa::Message, envelope: &Envelope<'_>) -> wa::ContextInfo {
    let mut message = message.prepare_for_quote();
    // Its secret was made up just now and belongs to nothing.
    message.message_context_info = MessageField::none();
    wa::ContextInfo {
        stanza_id: text_of(target.id.as_str()),
        participant: author.map(ToString::to_string),
        quoted_message: MessageField::from_box(message),
        remote_jid: (target.chat != *envelope.to).then(|| target.chat.to_string()),
        ..Default::default()
    }
}

fn fill(context: &mut wa::ContextInfo, extras: &Extras<'_>, envelope: &Envelope<'_>) {
    if let Some(quote) = extras.quote {
        let answer = quoted(quote, envelope);
        context.stanza_id = answer.stanza_id;
        context.participant = answer.participant;
        context.quoted_message = answer.quoted_message;
        context.remote_jid = answer.remote_jid;
    }
    context.mentioned_jid = extras.mentions.iter().map(ToString::to_string).collect();
    context.non_jid_mentions = extras.mentions_all.then_some(1);
    context.expiration = extras.ephemeral_s;
    if extras.forwarded_score > 0 {
        context.is_forwarded = Some(true);
        context.forwarding_score = Some(extras.forwarded_score);
    }
    context.is_spoiler = mark(extras.spoiler);
}

/// Bare text has no room for anything else.
fn promote(message: &mut wa::Message) {
    if let Some(text) = message.conversation.take() {
        message.extended_text_message = some(wa::message::ExtendedTextMessage {
            text: Some(text),
            ..Default::default()
        });
    }
}

/// Where the context of whatever the message is belongs, if it has such a place.
fn slot(message: &mut wa::Message) -> Option<&mut MessageField<wa::ContextInfo>> {
    macro_rules! first_of {
        (in $($envelope:ident)+; of $($field:ident)+) => {
            $(if message.$envelope.is_set() {
                let inner = message.$envelope.as_option_mut()?.message.as_option_mut()?;
                return slot(inner);
            })+
            $(if message.$field.is_set() {
                return message.$field.as_option_mut().map(|part| &mut part.context_info);
            })+
        };
    }
    first_of! {
        in document_with_caption_message lottie_sticker_message question_message;
        of extended_text_message image_message video_message ptv_message audio_message document_message sticker_message
        album_message location_message live_location_message contact_message contacts_array_message
        buttons_message buttons_response_message list_message list_response_message template_message
        template_button_reply_message interactive_message interactive_response_message
        poll_creation_message poll_creation_message_v3 product_message order_message event_message
        group_invite_message newsletter_admin_invite_message newsletter_follower_invite_message_v2
        request_phone_number_message
    }
    None
}

/// Marked inside and wrapped outside, for newer and older clients.
fn view_once(mut message: wa::Message, kind: &'static str) -> Result<wa::Message, EncodeError> {
    let info = std::mem::take(&mut message.message_context_info);
    let mark = if let Some(image) = message.image_message.as_option_mut() {
        &mut image.view_once
    } else if let Some(video) = message.video_message.as_option_mut() {
        &mut video.view_once
    } else if let Some(audio) = message.audio_message.as_option_mut() {
        &mut audio.view_once
    } else {
        return Err(EncodeError::Invalid {
            kind,
            why: "only pictures, videos and voice can be for one look",
        });
    };
    *mark = Some(true);
    let mut outer = wa::Message {
        message_context_info: info,
        ..Default::default()
    };
    if message.audio_message.is_set() {
        outer.view_once_message_v2_extension = wrapped(message);
    } else {
        outer.view_once_message_v2 = wrapped(message);
    }
    Ok(outer)
}
