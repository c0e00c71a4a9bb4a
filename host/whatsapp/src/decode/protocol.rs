//! What is done to messages and chats rather than said, and the bookkeeping that is neither.

use waspnest_core::address::Jid;
use waspnest_core::message::{
    ChatTimer, Content, Keep, MessageKey, PhoneShare, Pin, Reaction, StatusMention, Unavailable, UnavailableReason,
};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::pin_in_chat_message::Type as PinType;
use whatsapp_rust::waproto::whatsapp::message::placeholder_message::PlaceholderType;
use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type;

use super::{Scope, filled};

/// Whether a message is between devices and not between people.
pub(super) fn is_bookkeeping(base: &wa::Message) -> bool {
    if let Some(protocol) = base.protocol_message.as_option() {
        return protocol.r#type.is_some_and(is_between_devices);
    }
    base.sticker_sync_rmr_message.is_set()
        || base.message_history_bundle.is_set()
        || base.group_root_key_share.is_set()
        || base.root_secret_distribute_message.is_set()
}

const fn is_between_devices(kind: Type) -> bool {
    match kind {
        Type::EPHEMERAL_SYNC_RESPONSE
        | Type::HISTORY_SYNC_NOTIFICATION
        | Type::APP_STATE_SYNC_KEY_SHARE
        | Type::APP_STATE_SYNC_KEY_REQUEST
        | Type::MSG_FANOUT_BACKFILL_REQUEST
        | Type::INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC
        | Type::APP_STATE_FATAL_EXCEPTION_NOTIFICATION
        | Type::PEER_DATA_OPERATION_REQUEST_MESSAGE
        | Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE
        | Type::REQUEST_WELCOME_MESSAGE
        | Type::BOT_FEEDBACK_MESSAGE
        | Type::MEDIA_NOTIFY_MESSAGE
        | Type::CLOUD_API_THREAD_CONTROL_NOTIFICATION
        | Type::LID_MIGRATION_MAPPING_SYNC
        | Type::BOT_MEMU_ONBOARDING_MESSAGE
        | Type::STOP_GENERATION_MESSAGE
        | Type::AI_PSI_METADATA
        | Type::AI_QUERY_FANOUT
        | Type::AI_MEDIA_COLLECTION_MESSAGE
        | Type::MESSAGE_UNSCHEDULE
        | Type::AI_METADATA_OPERATION => true,
        Type::REVOKE
        | Type::EPHEMERAL_SETTING
        | Type::SHARE_PHONE_NUMBER
        | Type::MESSAGE_EDIT
        | Type::REMINDER_MESSAGE
        | Type::STATUS_MENTION_MESSAGE
        | Type::LIMIT_SHARING
        | Type::GROUP_MEMBER_LABEL_CHANGE
        | Type::CHAT_THEME_SETTING => false,
    }
}

pub(super) fn decode(base: &wa::Message, scope: &Scope<'_>) -> Option<Content> {
    if let Some(reaction) = base.reaction_message.as_option() {
        return Some(Content::Reaction(Reaction {
            target: key(scope, reaction.key.as_option())?,
            emoji: filled(reaction.text.as_deref()),
        }));
    }
    if let Some(protocol) = base.protocol_message.as_option() {
        return notice(protocol, scope);
    }
    if let Some(pin) = base.pin_in_chat_message.as_option() {
        return Some(Content::Pin(Pin {
            target: key(scope, pin.key.as_option())?,
            pinned: match pin.r#type? {
                PinType::PIN_FOR_ALL => true,
                PinType::UNPIN_FOR_ALL => false,
                PinType::UNKNOWN_TYPE => return None,
            },
            seconds: scope
                .opened
                .info(|info| info.message_add_on_duration_in_secs)
                .filter(|seconds| *seconds > 0),
        }));
    }
    if let Some(keep) = base.keep_in_chat_message.as_option() {
        return Some(Content::Keep(Keep {
            target: key(scope, keep.key.as_option())?,
            kept: match keep.keep_type? {
                wa::KeepType::KEEP_FOR_ALL => true,
                wa::KeepType::UNDO_KEEP_FOR_ALL => false,
                wa::KeepType::UNKNOWN => return None,
            },
        }));
    }
    if base.request_phone_number_message.is_set() {
        return Some(Content::PhoneShare(PhoneShare {
            requested: true,
            phone: None,
        }));
    }
    let placeholder = base.placeholder_message.as_option()?;
    Some(Content::Unavailable(Unavailable {
        reason: match placeholder.r#type {
            Some(PlaceholderType::MASK_LINKED_DEVICES) | None => UnavailableReason::Placeholder,
        },
        retrying: false,
    }))
}

fn notice(protocol: &wa::message::ProtocolMessage, scope: &Scope<'_>) -> Option<Content> {
    match protocol.r#type? {
        Type::REVOKE => key(scope, protocol.key.as_option()).map(Content::Revoke),
        Type::EPHEMERAL_SETTING => Some(Content::ChatTimer(ChatTimer {
            seconds: protocol.ephemeral_expiration.filter(|seconds| *seconds > 0),
        })),
        Type::SHARE_PHONE_NUMBER => Some(Content::PhoneShare(PhoneShare {
            requested: false,
            phone: match scope.frame.sender.canonical() {
                Jid::Phone(digits) => Some(format!("+{digits}").into()),
                Jid::Lid(_) | Jid::Group(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => {
                    None
                }
            },
        })),
        Type::STATUS_MENTION_MESSAGE => Some(Content::StatusMention(StatusMention {
            status: key(scope, protocol.key.as_option()),
            group: false,
        })),
        // An edit was opened with the envelopes; what is left of one has no target or nothing new. The rest has no kind of its own.
        _ => None,
    }
}

fn key(scope: &Scope<'_>, key: Option<&wa::MessageKey>) -> Option<MessageKey> {
    scope.frame.key(key?)
}
