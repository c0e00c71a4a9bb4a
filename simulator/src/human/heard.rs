//! One message as a phone shows it.
//!
//! Built from what the client decrypted; never from anything the simulated server knows.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;
use whatsapp_rust::Jid;
use whatsapp_rust::proto_helpers::MessageExt;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::pin_in_chat_message::Type as Pin;
use whatsapp_rust::waproto::whatsapp::message::protocol_message::Type as Protocol;

/// A received message: one row per (chat, sender, message id), however often it came over the wire.
///
/// `Debug` shows neither text nor body.
#[derive(Clone)]
pub struct Heard {
    /// Position in this human's inbox, from 1, without gaps.
    pub seq: u64,
    /// JID of the chat without a device, by phone number when known.
    pub chat: String,
    /// JID of the sender without a device, by phone number when known.
    pub sender: String,
    /// The message id its sender gave it.
    pub id: String,
    /// Body or caption, when the message carries one.
    pub text: Option<String>,
    /// When the first copy was decrypted, in Unix milliseconds of whatsapp-rust's clock.
    pub at_ms: i64,
    /// The same moment on the monotonic clock, for latencies.
    pub arrived: Instant,
    /// Id of the message this one quotes.
    pub quoted: Option<String>,
    /// The decrypted content of the first copy.
    pub message: Arc<wa::Message>,
    /// How many copies were decrypted; more than one is a repeat that a phone does not show.
    pub copies: u32,
    /// Whether another device of this human's own account sent it.
    pub from_me: bool,
    /// The name the sender announced with the message; empty when none.
    pub push_name: String,
    /// The addresses as they stood on the wire; replies go there.
    pub(crate) wire: WireAddress,
}

/// Chat and sender exactly as the stanza named them.
#[derive(Debug, Clone)]
pub(crate) struct WireAddress {
    pub(crate) chat: Jid,
    pub(crate) sender: Jid,
}

/// A reaction found in a message.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Reaction {
    /// The emoji; empty when the reaction was taken back.
    pub emoji: String,
    /// Id of the message reacted to.
    pub target: String,
}

/// What a message does to an earlier one, or to its chat.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It reads differently from now on.
    Edited {
        /// Id of the message.
        target: String,
        /// Its new body or caption.
        text: Option<String>,
    },
    /// It is taken back.
    Revoked {
        /// Id of the message.
        target: String,
    },
    /// It stands at the top of its chat.
    Pinned {
        /// Id of the message.
        target: String,
    },
    /// It does so no more.
    Unpinned {
        /// Id of the message.
        target: String,
    },
    /// It stays, although messages of its chat disappear.
    Kept {
        /// Id of the message.
        target: String,
    },
    /// It disappears with the others again.
    Unkept {
        /// Id of the message.
        target: String,
    },
    /// New messages of the chat disappear after so long.
    Timer {
        /// In seconds; 0 lets them stay.
        seconds: u32,
    },
}

impl Heard {
    /// The reaction this message is, if it is one.
    pub fn reaction(&self) -> Option<Reaction> {
        let reaction = self.message.get_base_message().reaction_message.as_option()?;
        Some(Reaction {
            emoji: reaction.text.clone().unwrap_or_default(),
            target: reaction.key.as_option()?.id.clone()?,
        })
    }

    /// What this message does to an earlier one or to its chat, if it is of that sort.
    pub fn change(&self) -> Option<Change> {
        let base = self.message.get_base_message();
        if let Some(pin) = base.pin_in_chat_message.as_option() {
            let target = pin.key.as_option()?.id.clone()?;
            return match pin.r#type? {
                Pin::PIN_FOR_ALL => Some(Change::Pinned { target }),
                Pin::UNPIN_FOR_ALL => Some(Change::Unpinned { target }),
                Pin::UNKNOWN_TYPE => None,
            };
        }
        if let Some(keep) = base.keep_in_chat_message.as_option() {
            let target = keep.key.as_option()?.id.clone()?;
            return match keep.keep_type? {
                wa::KeepType::KEEP_FOR_ALL => Some(Change::Kept { target }),
                wa::KeepType::UNDO_KEEP_FOR_ALL => Some(Change::Unkept { target }),
                wa::KeepType::UNKNOWN => None,
            };
        }
        let protocol = base.protocol_message.as_option()?;
        if protocol.r#type == Some(Protocol::EPHEMERAL_SETTING) {
            let seconds = protocol.ephemeral_expiration.unwrap_or_default();
            return Some(Change::Timer { seconds });
        }
        let target = protocol.key.as_option()?.id.clone()?;
        let edited = protocol.edited_message.as_option();
        match (edited, protocol.r#type) {
            (Some(content), _) => Some(Change::Edited {
                target,
                text: text_of(content),
            }),
            (None, Some(Protocol::REVOKE)) => Some(Change::Revoked { target }),
            (None, _) => None,
        }
    }

    /// What kind of message this is, in one word of the admin API.
    pub fn kind(&self) -> &'static str {
        kind_of(&self.message)
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard")
            .field("seq", &self.seq)
            .field("chat", &self.chat)
            .field("sender", &self.sender)
            .field("id", &self.id)
            .field("kind", &self.kind())
            .field("copies", &self.copies)
            .finish_non_exhaustive()
    }
}

/// Body or caption of a message.
pub(crate) fn text_of(message: &wa::Message) -> Option<String> {
    message
        .text_content()
        .or_else(|| message.get_caption())
        .map(str::to_owned)
}

/// Id of the message `message` quotes.
pub(crate) fn quoted_of(message: &wa::Message) -> Option<String> {
    context_of(message.get_base_message())?.stanza_id.clone()
}

/// The context (quote, mentions) of the kinds that carry one.
fn context_of(base: &wa::Message) -> Option<&wa::ContextInfo> {
    let of_text = base
        .extended_text_message
        .as_option()
        .and_then(|m| m.context_info.as_option());
    let of_image = || base.image_message.as_option().and_then(|m| m.context_info.as_option());
    let of_video = || base.video_message.as_option().and_then(|m| m.context_info.as_option());
    let of_audio = || base.audio_message.as_option().and_then(|m| m.context_info.as_option());
    let of_document = || {
        base.document_message
            .as_option()
            .and_then(|m| m.context_info.as_option())
    };
    let of_sticker = || {
        base.sticker_message
            .as_option()
            .and_then(|m| m.context_info.as_option())
    };
    let of_location = || {
        base.location_message
            .as_option()
            .and_then(|m| m.context_info.as_option())
    };
    let of_contact = || {
        base.contact_message
            .as_option()
            .and_then(|m| m.context_info.as_option())
    };
    of_text
        .or_else(of_image)
        .or_else(of_video)
        .or_else(of_audio)
        .or_else(of_document)
        .or_else(of_sticker)
        .or_else(of_location)
        .or_else(of_contact)
}

fn kind_of(message: &wa::Message) -> &'static str {
    let base = message.get_base_message();
    if base.reaction_message.is_set() {
        "reaction"
    } else if base.text_content().is_some() {
        "text"
    } else if base.image_message.is_set() {
        "image"
    } else if base.video_message.is_set() {
        "video"
    } else if base.audio_message.is_set() {
        "audio"
    } else if base.document_message.is_set() {
        "document"
    } else if base.sticker_message.is_set() {
        "sticker"
    } else if base.location_message.is_set() {
        "location"
    } else if base.contact_message.is_set() {
        "contact"
    } else if base.protocol_message.is_set() {
        "protocol"
    } else {
        "other"
    }
}
