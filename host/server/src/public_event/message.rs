//! A message as it came: what it said at that moment. What became of it later is in events of its own.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::address::{Jid, Party};
use waspnest_core::message::{Content, Media, Message, MessageKey, Origin, Quoted};
use waspnest_engine::content_json;

use crate::address::{Address, Moment};

/// A message: `message.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MessageEvent")]
pub(super) struct MessageData {
    /// WhatsApp's id of it, unique within its chat and sender.
    id: String,
    /// The chat it is in.
    chat: Address,
    /// The chat's name, where it is known.
    chat_name: Option<Box<str>>,
    /// Who wrote it.
    sender: Address,
    /// The name its sender gave themselves.
    sender_name: Option<Box<str>>,
    /// Whether the account wrote it, on this or another device.
    from_me: bool,
    /// When WhatsApp took it.
    time: Moment,
    /// What kind it is: `text`, `image`, `poll` and so on.
    kind: &'static str,
    /// What it says: its text, the words under a file, the question of a poll.
    text: Option<String>,
    /// The file it is; its bytes are at `/v1/sessions/{s}/messages/{m}/media`.
    media: Option<MediaData>,
    /// What it says, where it is neither a text nor a file: fields by its kind, as plugins that take raw events get them.
    content: Option<Value>,
    /// The message that it edits, takes back, reacts to or votes on.
    target: Option<MessageName>,
    /// The message it answers.
    quote: Option<QuoteData>,
    /// Who is mentioned.
    mentions: Vec<Address>,
    /// Whether the account is mentioned, by itself or with everybody.
    mentions_me: bool,
    /// How often it was forwarded; 0 for an original.
    forwarded: u32,
    /// May be looked at once.
    view_once: bool,
    /// Seconds until it disappears.
    ephemeral_seconds: Option<u32>,
    /// Whether it waited on WhatsApp's server while the session was away.
    offline: bool,
}

/// Names a message.
#[derive(Serialize, JsonSchema)]
struct MessageName {
    /// WhatsApp's id of it.
    id: String,
    /// The chat it is in.
    chat: Address,
    /// Whether the account wrote it.
    from_me: bool,
}

/// A file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MediaOfEvent")]
struct MediaData {
    /// SHA-256 of its bytes, where its sender told it.
    id: Option<String>,
    /// Its type, as its sender says.
    mime: Box<str>,
    /// Bytes, as its sender says.
    size: u64,
    /// Name of a document.
    file_name: Option<Box<str>>,
    /// Pixels.
    width: Option<u32>,
    /// Pixels.
    height: Option<u32>,
    /// Milliseconds.
    duration_ms: Option<u32>,
}

/// A message that another one answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuoteOfEvent")]
struct QuoteData {
    /// WhatsApp's id of it.
    id: String,
    /// Who wrote it.
    sender: Address,
    /// What kind it is.
    kind: Box<str>,
    /// What is shown of it.
    text: Option<Box<str>>,
}

impl From<&MessageKey> for MessageName {
    fn from(key: &MessageKey) -> Self {
        Self {
            id: key.id.to_string(),
            chat: Address::from(&key.chat),
            from_me: key.from == Origin::Me,
        }
    }
}

impl From<&Media> for MediaData {
    fn from(media: &Media) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: media.sha256.as_deref().filter(|digest| digest.len() == 32).map(hex),
            mime: media.mime.clone(),
            size: media.size,
            file_name: media.file_name.clone(),
            width: media.width,
            height: media.height,
            duration_ms: media.duration_ms,
        }
    }
}

impl From<&Quoted> for QuoteData {
    fn from(quoted: &Quoted) -> Self {
        Self {
            id: quoted.key.id.to_string(),
            sender: Address::from(&quoted.sender),
            kind: quoted.kind.clone(),
            text: quoted.text.clone(),
        }
    }
}

impl MessageData {
    pub(super) fn of(message: &Message) -> Self {
        let content = &message.content;
        let said = matches!(content, Content::Text(_)) || content.file().is_some();
        Self {
            id: message.key.id.to_string(),
            chat: chat(message),
            chat_name: message.chat_name.clone(),
            sender: Address::from(&message.sender),
            sender_name: message.sender.push_name.clone(),
            from_me: message.key.from == Origin::Me,
            time: Moment(message.timestamp),
            kind: content.kind(),
            text: message.plain_text().map(str::to_owned),
            media: content.file().map(MediaData::from),
            content: (!said).then(|| content_json(content)),
            target: target(message).map(MessageName::from),
            quote: message.quoted.as_ref().map(QuoteData::from),
            mentions: message.mentions.iter().map(Address::from).collect(),
            mentions_me: message.mentions_me || message.mentions_all,
            forwarded: message.forwarded_score,
            view_once: message.view_once,
            ephemeral_seconds: message.ephemeral_s,
            offline: message.offline,
        }
    }
}

/// The chat, by both addresses where it is a person who wrote and both are known.
fn chat(message: &Message) -> Address {
    let chat = &message.key.chat;
    Address::pair(chat, other_of(chat, &message.sender))
}

fn target(message: &Message) -> Option<&MessageKey> {
    match &message.content {
        Content::Revoke(target) => Some(target),
        Content::Reaction(it) => Some(&it.target),
        Content::PollVote(it) => Some(&it.poll),
        Content::PollTally(it) => Some(&it.poll),
        Content::PollOptionAdded(it) => Some(&it.poll),
        Content::EventResponse(it) => Some(&it.event),
        Content::Comment(it) => Some(&it.target),
        Content::Pin(it) => Some(&it.target),
        Content::Keep(it) => Some(&it.target),
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::VideoNote(_)
        | Content::Audio(_)
        | Content::Voice(_)
        | Content::Document(_)
        | Content::Sticker(_)
        | Content::StickerPack(_)
        | Content::Album(_)
        | Content::Location(_)
        | Content::LiveLocation(_)
        | Content::Contacts(_)
        | Content::Poll(_)
        | Content::Event(_)
        | Content::GroupInvite(_)
        | Content::NewsletterInvite(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Payment(_)
        | Content::Interactive(_)
        | Content::InteractiveReply(_)
        | Content::CallLog(_)
        | Content::ScheduledCall(_)
        | Content::Question(_)
        | Content::ChatTimer(_)
        | Content::PhoneShare(_)
        | Content::StatusMention(_)
        | Content::BotOutput(_)
        | Content::Unavailable(_)
        | Content::Other(_) => message.edit_of.as_ref(),
    }
}

/// The other address of a chat, where somebody who has to do with it is that chat.
pub(crate) fn other_of<'a>(chat: &Jid, party: &'a Party) -> Option<&'a Jid> {
    match &party.alt {
        Some(alt) if party.jid == *chat => Some(alt),
        Some(alt) if alt == chat => Some(&party.jid),
        Some(_) | None => None,
    }
}
