//! What a message says about itself beside its content: what it answers, whom it mentions, whether it was forwarded.

use waspnest_core::address::Jid;
use waspnest_core::message::{Message, MessageKey, Origin, Quoted};
use whatsapp_rust::waproto::whatsapp as wa;

use super::frame::{Frame, has_several, optional};
use super::{Scope, filled, wrapper};
use crate::jid;

/// The context of whatever the message is.
pub(super) fn of(base: &wa::Message) -> Option<&wa::ContextInfo> {
    macro_rules! first_of {
        ($($field:ident)+) => {
            None$(.or_else(|| base.$field.as_option().and_then(|part| part.context_info.as_option())))+
        };
    }
    first_of! {
        extended_text_message image_message video_message ptv_message audio_message document_message sticker_message
        album_message location_message live_location_message contact_message contacts_array_message
        buttons_message buttons_response_message list_message list_response_message template_message
        template_button_reply_message interactive_message interactive_response_message
        poll_creation_message poll_creation_message_v2 poll_creation_message_v3 poll_creation_message_v5
        poll_creation_message_v6 poll_result_snapshot_message poll_result_snapshot_message_v3
        product_message order_message split_payment_message group_invite_message newsletter_admin_invite_message
        newsletter_follower_invite_message_v2 event_message event_invite_message sticker_pack_message
        request_phone_number_message rich_response_message message_history_notice call
    }
}

/// Puts what the context says on the message.
pub(super) fn apply(context: &wa::ContextInfo, frame: &Frame, message: &mut Message) {
    message.quoted = quoted(context, frame);
    let people = context.mentioned_jid.iter().filter_map(|text| jid::parse(text));
    let groups = context
        .group_mentions
        .iter()
        .filter_map(|mention| jid::parse(mention.group_jid.as_deref()?));
    for mentioned in people.chain(groups).map(|mentioned| frame.canonical(mentioned)) {
        message.mentions_me |= frame.is_me(&mentioned);
        if !message.mentions.contains(&mentioned) {
            message.mentions.push(mentioned);
        }
    }
    message.mentions_all = context.non_jid_mentions.unwrap_or_default() > 0;
    let forwarded = u32::from(context.is_forwarded.unwrap_or_default());
    message.forwarded_score = context.forwarding_score.unwrap_or_default().max(forwarded);
    if let Some(seconds) = context.expiration.filter(|seconds| *seconds > 0) {
        message.ephemeral_s = Some(seconds);
    }
    message.spoiler |= context.is_spoiler.unwrap_or_default();
}

/// The message a context answers.
pub(super) fn quoted(context: &wa::ContextInfo, frame: &Frame) -> Option<Quoted> {
    let id = context.stanza_id.as_deref()?.parse().ok()?;
    let chat = frame.chat_of_key(optional(context.remote_jid.as_deref())?);
    let sender = match optional(context.participant.as_deref())? {
        Some(sender) => frame.canonical(sender),
        None if has_several(&chat) => return None,
        None => chat.clone(),
    };
    let from = if frame.is_me(&sender) || (chat.is_person() && sender != chat && !frame.knows_me()) {
        Origin::Me
    } else {
        Origin::Them
    };
    let content = context.quoted_message.as_option().and_then(|quoted| {
        let opened = wrapper::open(quoted);
        super::said(&Scope {
            frame,
            context: None,
            opened: &opened,
            own: None,
        })
    });
    Some(Quoted {
        key: MessageKey {
            participant: has_several(&chat).then(|| sender.clone()),
            chat,
            id,
            from,
        },
        sender,
        kind: content.as_ref().map_or("other", |content| content.kind()).into(),
        text: content.as_ref().and_then(|content| filled(content.plain_text())),
    })
}

/// The key of what a context answers, where only that counts.
pub(super) fn target(scope: &Scope<'_>) -> Option<MessageKey> {
    scope
        .context
        .and_then(|context| quoted(context, scope.frame))
        .map(|quoted| quoted.key)
}

/// An address in text that is not worth more than leaving out when it is none.
pub(super) fn address(text: Option<&str>) -> Option<Jid> {
    text.and_then(jid::parse)
}
