//! What is done to messages and chats rather than said.

use waspnest_core::clock::UnixMs;
use waspnest_core::message::{ChatTimer, Content, Keep, MessageKey, Origin, PhoneShare, Pin, StatusMention};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::pin_in_chat_message::Type as PinType;
use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type;

use super::{EncodeError, Envelope, milliseconds, some, text_of, wrapped};
use crate::decode::has_several;

/// An emoji on a message; none takes it back.
#[must_use]
pub fn reaction(target: &MessageKey, emoji: Option<&str>, now: UnixMs) -> wa::Message {
    wa::Message {
        reaction_message: some(wa::message::ReactionMessage {
            key: some(key(target)),
            text: text_of(emoji.unwrap_or_default()),
            sender_timestamp_ms: Some(milliseconds(now)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// New content for a message the account sent before.
///
/// # Errors
/// [`EncodeError`]; none of them passes with time.
pub fn edit(target: &MessageKey, content: &Content, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    if target.from == Origin::Them {
        return Err(EncodeError::NotSendable {
            kind: content.kind(),
            why: "only one's own messages can be edited",
        });
    }
    let mut edited = super::content(content, envelope)?;
    // The message keeps the secret it was sent with.
    edited.message_context_info = Default::default();
    Ok(wa::Message {
        edited_message: wrapped(notice(wa::message::ProtocolMessage {
            key: some(key(target)),
            r#type: Some(Type::MESSAGE_EDIT),
            edited_message: some(edited),
            timestamp_ms: Some(milliseconds(envelope.now)),
            ..Default::default()
        })),
        ..Default::default()
    })
}

pub(super) fn revoke(target: &MessageKey) -> wa::Message {
    notice(wa::message::ProtocolMessage {
        key: some(key(target)),
        r#type: Some(Type::REVOKE),
        ..Default::default()
    })
}

pub(super) fn pin(pin: &Pin, envelope: &Envelope<'_>) -> wa::Message {
    wa::Message {
        pin_in_chat_message: some(wa::message::PinInChatMessage {
            key: some(key(&pin.target)),
            r#type: Some(if pin.pinned {
                PinType::PIN_FOR_ALL
            } else {
                PinType::UNPIN_FOR_ALL
            }),
            sender_timestamp_ms: Some(milliseconds(envelope.now)),
        }),
        message_context_info: some(wa::MessageContextInfo {
            message_add_on_duration_in_secs: Some(pin.seconds.unwrap_or_default()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn keep(keep: &Keep, envelope: &Envelope<'_>) -> wa::Message {
    wa::Message {
        keep_in_chat_message: some(wa::message::KeepInChatMessage {
            key: some(key(&keep.target)),
            keep_type: Some(if keep.kept {
                wa::KeepType::KEEP_FOR_ALL
            } else {
                wa::KeepType::UNDO_KEEP_FOR_ALL
            }),
            timestamp_ms: Some(milliseconds(envelope.now)),
        }),
        ..Default::default()
    }
}

pub(super) fn chat_timer(timer: &ChatTimer) -> wa::Message {
    notice(wa::message::ProtocolMessage {
        r#type: Some(Type::EPHEMERAL_SETTING),
        ephemeral_expiration: Some(timer.seconds.unwrap_or_default()),
        ..Default::default()
    })
}

/// The number that is shared is always the account's own; it is not on the wire.
pub(super) fn phone_share(share: &PhoneShare) -> wa::Message {
    if share.requested {
        return wa::Message {
            request_phone_number_message: some(wa::message::RequestPhoneNumberMessage::default()),
            ..Default::default()
        };
    }
    notice(wa::message::ProtocolMessage {
        r#type: Some(Type::SHARE_PHONE_NUMBER),
        ..Default::default()
    })
}

pub(super) fn status_mention(mention: &StatusMention) -> Result<wa::Message, EncodeError> {
    let Some(status) = &mention.status else {
        return Err(EncodeError::Invalid {
            kind: "status-mention",
            why: "it does not say which status",
        });
    };
    let inner = wrapped(notice(wa::message::ProtocolMessage {
        key: some(key(status)),
        r#type: Some(Type::STATUS_MENTION_MESSAGE),
        ..Default::default()
    }));
    let mut message = wa::Message::default();
    if mention.group {
        message.group_status_mention_message = inner;
    } else {
        message.status_mention_message = inner;
    }
    Ok(message)
}

/// A key as the account writes it: the author is named only where there are several and it is somebody else.
pub(super) fn key(key: &MessageKey) -> wa::MessageKey {
    let by_me = key.from == Origin::Me;
    wa::MessageKey {
        remote_jid: Some(key.chat.to_string()),
        from_me: Some(by_me),
        id: text_of(key.id.as_str()),
        participant: key
            .participant
            .as_ref()
            .filter(|_| has_several(&key.chat) && !by_me)
            .map(ToString::to_string),
    }
}

fn notice(protocol: wa::message::ProtocolMessage) -> wa::Message {
    wa::Message {
        protocol_message: some(protocol),
        ..Default::default()
    }
}
