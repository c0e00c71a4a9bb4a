//! Calls: made by phones and by people, answered and declined by people, and as the server has them. Nothing is said in them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::{OfCall, OfHeardCall};
use crate::admin::waiting::{Whom, patience};
use crate::human::{CallEvent, CallSeen, Human};
use crate::{CallMedia, CallView};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/calls", "The latest thousand calls, oldest first.", list),
        post(
            "/calls",
            "The phone of an account calls another: all companions ring.",
            ring,
        )
        .example(r#"{"from": "4915112345678", "to": "4915199999999", "media": "video"}"#),
        get("/calls/{call}", "One call, and what became of it.", show),
        post(
            "/calls/{call}/end",
            "The phone that calls hangs up, or it has rung too long.",
            end,
        )
        .example(r#"{"how": "timed_out"}"#),
        get("/people/{phone}/calls", "What was heard of calls, oldest first.", heard),
        get(
            "/people/{phone}/calls/wait",
            "The first such news of a call; waits for it.",
            wait,
        )
        .example("event=ringing&from=4915199999999"),
        post(
            "/people/{phone}/calls",
            "The person calls somebody from its own client.",
            dial,
        )
        .example(r#"{"to": "4915199999999", "media": "audio"}"#),
        post(
            "/people/{phone}/calls/{call}/accept",
            "The person answers a call that rings.",
            accept,
        ),
        post("/people/{phone}/calls/{call}/reject", "The person declines it.", reject),
        post("/people/{phone}/calls/{call}/end", "The person hangs up.", hang_up),
    ]
}

/// Calls.
#[derive(Serialize, JsonSchema)]
struct Calls {
    items: Vec<CallView>,
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<Calls>, Problem> {
    let items = state.simulator.calls();
    Ok(Shown(Calls { items }))
}

/// Who calls whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ring {
    /// Phone number of the account that calls.
    from: String,
    /// Phone number of the account that is called.
    to: String,
    media: CallMedia,
}

async fn ring(state: Arc<State>, ring: Ring) -> Result<Created<CallView>, Problem> {
    let id = state.simulator.offer_call(&ring.from, &ring.to, ring.media)?;
    Ok(Created(state.simulator.call(&id)?))
}

async fn show(call: OfCall, _: Nothing) -> Result<Shown<CallView>, Problem> {
    Ok(Shown(call.simulator.call(&call.id)?))
}

/// How a call ends.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// The phone that calls hangs up.
    #[default]
    HungUp,
    /// It has rung too long.
    TimedOut,
}

/// How a call ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct End {
    #[serde(default)]
    how: How,
}

async fn end(call: OfCall, end: End) -> Result<Shown<CallView>, Problem> {
    match end.how {
        How::HungUp => call.simulator.end_call(&call.id)?,
        How::TimedOut => call.simulator.time_out_call(&call.id)?,
    }
    show(call, Nothing {}).await
}

/// What was heard of a call.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Event {
    /// The person calls somebody.
    Dialled,
    /// It rings.
    Ringing,
    /// The other side answered.
    Accepted,
    /// The other side declined.
    Rejected,
    /// It was ended.
    Ended,
    /// It rang in vain, or while the person was away.
    Missed,
}

/// News of a call.
#[derive(Serialize, JsonSchema)]
struct CallNews {
    /// Id of the call.
    call: String,
    event: Event,
    /// JID of the other side, as the wire named it.
    with: String,
    /// What it carries, when that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<CallMedia>,
}

impl CallNews {
    fn of(seen: CallSeen) -> Self {
        let (event, media) = event(seen.kind);
        Self {
            call: seen.id,
            event,
            with: seen.from,
            media,
        }
    }
}

fn event(kind: CallEvent) -> (Event, Option<CallMedia>) {
    match kind {
        CallEvent::Dialled(media) => (Event::Dialled, Some(media)),
        CallEvent::Ringing(media) => (Event::Ringing, Some(media)),
        CallEvent::Accepted => (Event::Accepted, None),
        CallEvent::Rejected => (Event::Rejected, None),
        CallEvent::Ended => (Event::Ended, None),
        CallEvent::Missed => (Event::Missed, None),
    }
}

/// What was heard of calls.
#[derive(Serialize, JsonSchema)]
struct HeardCalls {
    items: Vec<CallNews>,
}

async fn heard(person: Human, _: Nothing) -> Result<Shown<HeardCalls>, Problem> {
    let items = person.calls_seen().into_iter().map(CallNews::of).collect();
    Ok(Shown(HeardCalls { items }))
}

/// Which news; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitCall {
    /// Id of the call.
    call: Option<String>,
    event: Option<Event>,
    /// The other side, a phone number or JID.
    from: Option<String>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: WaitCall) -> Result<Shown<CallNews>, Problem> {
    let from = Whom::of(&state, query.from.as_deref())?;
    let wanted = |seen: &CallSeen| {
        from.is(&seen.from)
            && query.call.as_ref().is_none_or(|id| seen.id == *id)
            && query.event.is_none_or(|wanted| event(seen.kind).0 == wanted)
    };
    let seen = person.wait_call(wanted, patience(query.timeout_ms));
    Ok(Shown(CallNews::of(state.waited(seen).await?)))
}

/// Whom to call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dial {
    /// A phone number or a JID.
    to: String,
    media: CallMedia,
}

/// Which call.
#[derive(Serialize, JsonSchema)]
struct CallId {
    /// Its id.
    call: String,
}

async fn dial(person: Human, dial: Dial) -> Result<Created<CallId>, Problem> {
    let call = person.call(&dial.to, dial.media).await?;
    Ok(Created(CallId { call }))
}

async fn accept(of: OfHeardCall, _: Nothing) -> Result<Shown<CallId>, Problem> {
    of.person.accept_call(&of.call).await?;
    Ok(Shown(CallId { call: of.call.id }))
}

async fn reject(of: OfHeardCall, _: Nothing) -> Result<Shown<CallId>, Problem> {
    of.person.reject_call(&of.call).await?;
    Ok(Shown(CallId { call: of.call.id }))
}

async fn hang_up(of: OfHeardCall, _: Nothing) -> Result<Shown<CallId>, Problem> {
    of.person.hang_up(&of.call).await?;
    Ok(Shown(CallId { call: of.call.id }))
}
