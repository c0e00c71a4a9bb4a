//! The small signs people see besides messages: ticks and "typing…".

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::people::Keyboard;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get};
use crate::admin::state::State;
use crate::admin::waiting::{Whom, patience};
use crate::human::{Human, ReceiptSeen, TypingSeen};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/people/{phone}/receipts", "Ticks seen, oldest first.", receipts),
        get(
            "/people/{phone}/receipts/wait",
            "The first such tick; waits for it.",
            wait_receipt,
        )
        .example("id=3EB0C431C26A1916E07E&kind=read&timeout_ms=5000"),
        get("/people/{phone}/typing", "Typing notices seen, oldest first.", typing),
        get(
            "/people/{phone}/typing/wait",
            "The first such typing notice; waits for it.",
            wait_typing,
        )
        .example("from=4915199999999&state=composing"),
    ]
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

/// Which tick; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitReceipt {
    /// Who sent it, a phone number or JID.
    from: Option<String>,
    /// Id of a message it is for.
    id: Option<String>,
    /// One word: delivered, read, played, retry, or the name on the wire.
    kind: Option<String>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait_receipt((state, person): (Arc<State>, Human), query: WaitReceipt) -> Result<Shown<ReceiptView>, Problem> {
    let from = Whom::of(&state, query.from.as_deref())?;
    let wanted = |seen: &ReceiptSeen| {
        from.is(&seen.sender)
            && query.id.as_ref().is_none_or(|id| seen.ids.contains(id))
            && query.kind.as_ref().is_none_or(|kind| seen.kind.as_str() == kind)
    };
    let seen = person.wait_receipt(wanted, patience(query.timeout_ms));
    Ok(Shown(ReceiptView::of(state.waited(seen).await?)))
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

impl TypingView {
    fn of(seen: TypingSeen) -> Self {
        Self {
            state: Keyboard::of(seen.state),
            chat: seen.chat,
            sender: seen.sender,
        }
    }
}

/// Typing notices.
#[derive(Serialize, JsonSchema)]
struct TypingNotices {
    items: Vec<TypingView>,
}

async fn typing(person: Human, _: Nothing) -> Result<Shown<TypingNotices>, Problem> {
    let items = person.typing_seen().into_iter().map(TypingView::of).collect();
    Ok(Shown(TypingNotices { items }))
}

/// Which typing notice; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitTyping {
    /// Whose, a phone number or JID.
    from: Option<String>,
    state: Option<Keyboard>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait_typing((state, person): (Arc<State>, Human), query: WaitTyping) -> Result<Shown<TypingView>, Problem> {
    let from = Whom::of(&state, query.from.as_deref())?;
    let wanted = |seen: &TypingSeen| {
        from.is(&seen.sender) && query.state.is_none_or(|wanted| Keyboard::of(seen.state) == wanted)
    };
    let seen = person.wait_typing(wanted, patience(query.timeout_ms));
    Ok(Shown(TypingView::of(state.waited(seen).await?)))
}
