//! Calls that read what a person has received, and wait for it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::State;
use super::problem::Problem;
use super::request::{Answer, Request};
use super::server::Nothing;
use crate::human::{self, Heard};

/// Messages per answer when the call does not say.
const DEFAULT_LIMIT: usize = 100;
/// Messages per answer at most.
const MAX_LIMIT: usize = 1_000;
/// How long a wait lasts when the call does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// How long a wait lasts at most.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// A message as calls show it.
#[derive(Serialize)]
struct HeardView {
    seq: u64,
    chat: String,
    sender: String,
    id: String,
    kind: &'static str,
    text: Option<String>,
    quoted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<ReactionView>,
    push_name: String,
    from_me: bool,
    at_ms: i64,
    copies: u32,
}

#[derive(Serialize)]
struct ReactionView {
    emoji: String,
    target: String,
}

impl HeardView {
    fn of(heard: Heard) -> Self {
        Self {
            kind: heard.kind(),
            reaction: heard.reaction().map(|r| ReactionView {
                emoji: r.emoji,
                target: r.target,
            }),
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<HeardView>,
    /// Pass it as `after` to go on.
    next: u64,
    /// Older messages that fell out of the bounded inbox.
    forgotten: u64,
}

/// `GET /people/{phone}/inbox`: messages as a phone shows them, oldest first.
pub(super) async fn list(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let query: List = request.query()?;
    let person = state.person(&request.phone)?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let heard = person.heard_after(query.after, limit);
    let next = heard.last().map_or(query.after, |last| last.seq);
    let items = heard.into_iter().map(HeardView::of).collect();
    Ok(Answer::ok(&Page {
        items,
        next,
        forgotten: person.forgotten(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    contains: Option<String>,
    from: Option<String>,
    #[serde(default)]
    after: u64,
    timeout_ms: Option<u64>,
}

/// `GET /people/{phone}/inbox/wait`: the first message after `after` from `from` that contains `contains`; waits for it.
pub(super) async fn wait(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let query: Wait = request.query()?;
    let person = state.person(&request.phone)?;
    let from = query.from.as_deref().map(human::canonical_address).transpose()?;
    let timeout = query
        .timeout_ms
        .map_or(DEFAULT_WAIT, Duration::from_millis)
        .min(MAX_WAIT);
    let wanted = |heard: &Heard| {
        from.as_ref().is_none_or(|from| heard.sender == *from)
            && query
                .contains
                .as_ref()
                .is_none_or(|part| heard.text.as_ref().is_some_and(|text| text.contains(part.as_str())))
    };
    tokio::select! {
        heard = person.wait_for_after(query.after, wanted, timeout) => Ok(Answer::ok(&HeardView::of(heard?))),
        () = state.shutdown.cancelled() => Err(Problem::shutting_down()),
    }
}

#[derive(Serialize)]
struct ReceiptView {
    chat: String,
    sender: String,
    ids: Vec<String>,
    kind: String,
    at_ms: i64,
}

#[derive(Serialize)]
struct Receipts {
    items: Vec<ReceiptView>,
}

/// `GET /people/{phone}/receipts`: the ticks seen so far, oldest first.
pub(super) async fn receipts(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    let seen = state.person(&request.phone)?.receipts();
    let items = seen
        .into_iter()
        .map(|r| ReceiptView {
            kind: r.kind.as_str().to_owned(),
            chat: r.chat,
            sender: r.sender,
            ids: r.ids,
            at_ms: r.at_ms,
        })
        .collect();
    Ok(Answer::ok(&Receipts { items }))
}
