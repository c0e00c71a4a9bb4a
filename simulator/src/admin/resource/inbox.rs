//! Calls that read what a person has received, and wait for it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whatsapp_rust::buffa::Message as _;

use super::Nothing;
use crate::Base64;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get};
use crate::admin::state::State;
use crate::admin::subject::OfMessage;
use crate::admin::waiting::{Whom, patience};
use crate::human::{Change, Heard, Human, MediaSeen, Reaction};

/// Messages per answer when the call does not say.
const DEFAULT_LIMIT: usize = 100;
/// Messages per answer at most.
const MAX_LIMIT: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/people/{phone}/inbox",
            "Messages as a phone shows them, oldest first.",
            list,
        )
        .example("after=0&limit=20"),
        get(
            "/people/{phone}/inbox/wait",
            "The first such message; waits for it.",
            wait,
        )
        .example("contains=hello&from=4915199999999&timeout_ms=5000"),
        get(
            "/people/{phone}/inbox/{id}/message",
            "A message as it was decrypted, for what the inbox has no word for.",
            message,
        ),
    ]
}

/// A message as a phone shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Heard")]
pub(super) struct HeardView {
    /// Position in the person's inbox, from 1, without gaps.
    seq: u64,
    /// JID of the chat: the other side of a direct chat, or the group.
    chat: String,
    /// JID of the sender without a device, by phone number when known.
    sender: String,
    /// The message id its sender gave it.
    id: String,
    /// One word: text, reaction, image, video, audio, document, sticker, location, contact, protocol, other …
    kind: &'static str,
    /// Body or caption.
    text: Option<String>,
    /// Id of the message this one quotes.
    quoted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<Reaction>,
    /// What it does to an earlier message or to its chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Change>,
    /// What it says about the medium it carries; `…/inbox/{id}/file` is the medium itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<MediaSeen>,
    /// The name the sender announced with it.
    push_name: String,
    /// Whether another device of the same account sent it.
    from_me: bool,
    /// When the first copy was decrypted, in Unix milliseconds.
    at_ms: i64,
    /// How often it came; more than 1 is a repeat that a phone does not show.
    copies: u32,
}

impl HeardView {
    pub(super) fn of(heard: Heard) -> Self {
        Self {
            kind: heard.kind(),
            reaction: heard.reaction(),
            change: heard.change(),
            media: heard.media(),
            seq: heard.seq,
            chat: heard.chat,
            sender: heard.sender,
            id: heard.id,
            text: heard.text,
            quoted: heard.quoted,
            push_name: heard.push_name,
            from_me: heard.from_me,
            at_ms: heard.at_ms,
            copies: heard.copies,
        }
    }
}

/// Which messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InboxQuery {
    /// Only what came after this position; `next` of the last answer, to go on.
    #[serde(default)]
    after: u64,
    /// How many at most; 100 unless told, 1000 at most.
    limit: Option<usize>,
}

/// Some messages.
#[derive(Serialize, JsonSchema)]
struct InboxPage {
    items: Vec<HeardView>,
    /// Pass it as `after` to go on.
    next: u64,
    /// Older messages that fell out of the bounded inbox.
    forgotten: u64,
}

async fn list(person: Human, query: InboxQuery) -> Result<Shown<InboxPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let heard = person.heard_after(query.after, limit);
    let next = heard.last().map_or(query.after, |last| last.seq);
    Ok(Shown(InboxPage {
        items: heard.into_iter().map(HeardView::of).collect(),
        next,
        forgotten: person.forgotten(),
    }))
}

/// What to wait for; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wait {
    /// A part of its text or caption.
    contains: Option<String>,
    /// Its sender, a phone number or JID.
    from: Option<String>,
    /// The chat it is in: a phone number or JID, such as a group's.
    chat: Option<String>,
    /// What kind of message it is, in the word the inbox has for it.
    kind: Option<String>,
    /// Only messages after this position.
    #[serde(default)]
    after: u64,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: Wait) -> Result<Shown<HeardView>, Problem> {
    let from = Whom::of(&state, query.from.as_deref())?;
    let chat = Whom::of(&state, query.chat.as_deref())?;
    let wanted = |heard: &Heard| {
        from.is(&heard.sender)
            && chat.is(&heard.chat)
            && query.kind.as_ref().is_none_or(|kind| heard.kind() == kind)
            && query
                .contains
                .as_ref()
                .is_none_or(|part| heard.text.as_ref().is_some_and(|text| text.contains(part.as_str())))
    };
    let heard = person.wait_for_after(query.after, wanted, patience(query.timeout_ms));
    Ok(Shown(HeardView::of(state.waited(heard).await?)))
}

/// A message as it was decrypted.
#[derive(Serialize, JsonSchema)]
struct Decrypted {
    /// The `Message` of WhatsApp's protocol buffers, encoded.
    message: Base64,
}

async fn message(of: OfMessage, _: Nothing) -> Result<Shown<Decrypted>, Problem> {
    let message = Base64(of.heard.message.encode_to_vec());
    Ok(Shown(Decrypted { message }))
}
