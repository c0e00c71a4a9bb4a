//! Calls that read what a person has received, and wait for it.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::people::Keyboard;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get};
use crate::admin::state::State;
use crate::human::{self, Change, Heard, Human, MediaSeen, ReceiptSeen, TypingSeen};

/// Messages per answer when the call does not say.
const DEFAULT_LIMIT: usize = 100;
/// Messages per answer at most.
const MAX_LIMIT: usize = 1_000;
/// How long a wait lasts when the call does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// How long a wait lasts at most.
const MAX_WAIT: Duration = Duration::from_secs(300);

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
        get("/people/{phone}/typing", "Typing notices seen, oldest first.", typing),
        get("/people/{phone}/receipts", "Ticks seen, oldest first.", receipts),
    ]
}

/// A message as a phone shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Heard")]
struct HeardView {
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
    reaction: Option<ReactionView>,
    /// What it does to an earlier message.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeView>,
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

/// What a reaction says about which message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reaction")]
struct ReactionView {
    /// Empty when the reaction was taken back.
    emoji: String,
    /// Id of the message.
    target: String,
}

/// What a message does to an earlier one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
#[serde(rename_all = "snake_case")]
enum ChangeView {
    Edited {
        /// Id of the message.
        target: String,
        /// Its new body or caption.
        text: Option<String>,
    },
    Revoked {
        /// Id of the message.
        target: String,
    },
}

impl ChangeView {
    fn of(change: Change) -> Self {
        match change {
            Change::Edited { target, text } => Self::Edited { target, text },
            Change::Revoked { target } => Self::Revoked { target },
        }
    }
}

impl HeardView {
    fn of(heard: Heard) -> Self {
        Self {
            kind: heard.kind(),
            reaction: heard.reaction().map(|reaction| ReactionView {
                emoji: reaction.emoji,
                target: reaction.target,
            }),
            change: heard.change().map(ChangeView::of),
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
    let from = query.from.as_deref().map(human::canonical_address).transpose()?;
    let chat = query.chat.as_deref().map(human::canonical_address).transpose()?;
    let timeout = query
        .timeout_ms
        .map_or(DEFAULT_WAIT, Duration::from_millis)
        .min(MAX_WAIT);
    let wanted = |heard: &Heard| {
        from.as_ref().is_none_or(|from| heard.sender == *from)
            && chat.as_ref().is_none_or(|chat| heard.chat == *chat)
            && query.kind.as_ref().is_none_or(|kind| heard.kind() == kind)
            && query
                .contains
                .as_ref()
                .is_none_or(|part| heard.text.as_ref().is_some_and(|text| text.contains(part.as_str())))
    };
    tokio::select! {
        heard = person.wait_for_after(query.after, wanted, timeout) => Ok(Shown(HeardView::of(heard?))),
        () = state.shutdown.cancelled() => Err(Problem::shutting_down()),
    }
}

/// Ticks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Receipt")]
struct ReceiptView {
    /// JID of the chat.
    chat: String,
    /// JID of who sent the receipt.
    sender: String,
    /// The messages it is for.
    ids: Vec<String>,
    /// One word: delivered, read, played, retry, or the name on the wire.
    kind: String,
    /// When it was sent, in Unix milliseconds.
    at_ms: i64,
}

impl ReceiptView {
    fn of(seen: ReceiptSeen) -> Self {
        Self {
            kind: seen.kind.as_str().to_owned(),
            chat: seen.chat,
            sender: seen.sender,
            ids: seen.ids,
            at_ms: seen.at_ms,
        }
    }
}

/// Ticks seen.
#[derive(Serialize, JsonSchema)]
struct Receipts {
    items: Vec<ReceiptView>,
}

async fn receipts(person: Human, _: Nothing) -> Result<Shown<Receipts>, Problem> {
    let items = person.receipts().into_iter().map(ReceiptView::of).collect();
    Ok(Shown(Receipts { items }))
}

/// Somebody types, records or has stopped.
#[derive(Serialize, JsonSchema)]
struct TypingView {
    /// JID of the chat.
    chat: String,
    /// JID of whoever it is.
    sender: String,
    state: Keyboard,
}

/// Typing notices.
#[derive(Serialize, JsonSchema)]
struct TypingNotices {
    items: Vec<TypingView>,
}

async fn typing(person: Human, _: Nothing) -> Result<Shown<TypingNotices>, Problem> {
    let view = |seen: TypingSeen| TypingView {
        state: Keyboard::of(seen.state),
        chat: seen.chat,
        sender: seen.sender,
    };
    let items = person.typing_seen().into_iter().map(view).collect();
    Ok(Shown(TypingNotices { items }))
}
