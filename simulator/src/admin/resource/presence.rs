//! Who is there: shown, watched and seen by people.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::waiting::{Whom, patience};
use crate::human::{Human, PresenceSeen, PresenceState};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/people/{phone}/presence",
            "Shows that the person is there, or has put the phone away.",
            presence,
        )
        .example(r#"{"state": "there"}"#),
        post(
            "/people/{phone}/watch",
            "Asks to be told when somebody comes and goes.",
            watch,
        )
        .example(r#"{"whom": "4915199999999"}"#),
        get(
            "/people/{phone}/presences",
            "Comings and goings seen, oldest first.",
            presences,
        ),
        get(
            "/people/{phone}/presences/wait",
            "The first such coming or going; waits for it.",
            wait,
        )
        .example("of=4915199999999&state=there"),
    ]
}

/// Whether somebody is there.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum There {
    There,
    Gone,
}

impl There {
    fn of(state: PresenceState) -> Self {
        match state {
            PresenceState::There => Self::There,
            PresenceState::Gone => Self::Gone,
        }
    }
}

/// Whether the person is there.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Presence {
    state: There,
}

async fn presence(person: Human, presence: Presence) -> Result<Shown<Presence>, Problem> {
    match presence.state {
        There::There => person.appear().await?,
        There::Gone => person.disappear().await?,
    }
    Ok(Shown(presence))
}

/// Whom to watch.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Watch {
    /// A phone number or a JID.
    whom: String,
}

async fn watch(person: Human, watch: Watch) -> Result<Shown<Watch>, Problem> {
    person.watch(&watch.whom).await?;
    Ok(Shown(watch))
}

/// Somebody came or went.
#[derive(Serialize, JsonSchema)]
struct PresenceView {
    /// Their JID, as the server named them.
    who: String,
    state: There,
    /// When they were last there, in Unix seconds; nothing while they are there, and when they hide it.
    last_seen_s: Option<i64>,
}

impl PresenceView {
    fn of(seen: PresenceSeen) -> Self {
        Self {
            who: seen.who,
            state: There::of(seen.state),
            last_seen_s: seen.last_seen_s,
        }
    }
}

/// Comings and goings.
#[derive(Serialize, JsonSchema)]
struct Presences {
    items: Vec<PresenceView>,
}

async fn presences(person: Human, _: Nothing) -> Result<Shown<Presences>, Problem> {
    let items = person.presences().into_iter().map(PresenceView::of).collect();
    Ok(Shown(Presences { items }))
}

/// Which coming or going; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitPresence {
    /// Whose, a phone number or JID.
    of: Option<String>,
    state: Option<There>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: WaitPresence) -> Result<Shown<PresenceView>, Problem> {
    let of = Whom::of(&state, query.of.as_deref())?;
    let wanted =
        |seen: &PresenceSeen| of.is(&seen.who) && query.state.is_none_or(|wanted| There::of(seen.state) == wanted);
    let seen = person.wait_presence(wanted, patience(query.timeout_ms));
    Ok(Shown(PresenceView::of(state.waited(seen).await?)))
}
