//! Calls about the world as a whole: its clock, its end and new beginning, its file, and what it did not understand.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::{Keep, UnknownStanza};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/clock", "The server's time.", clock),
        post("/clock", "Moves the server's clock, on top of earlier moves.", shift).example(r#"{"by_ms": 3600000}"#),
        post(
            "/restart",
            "The server goes down and comes up again on the same port.",
            restart,
        )
        .example(r#"{"keep": "state"}"#),
        post(
            "/save",
            "Writes the whole world to a file of the machine it runs on.",
            save,
        )
        .example(r#"{"path": "/tmp/world.json"}"#),
        post(
            "/restore",
            "Puts the world of a file in the place of this one; clients must log in anew.",
            restore,
        )
        .example(r#"{"path": "/tmp/world.json"}"#),
        get(
            "/unknown",
            "What clients sent that the server has no meaning for, by kind.",
            unknown,
        ),
    ]
}

/// The server's time.
#[derive(Serialize, JsonSchema)]
struct Clock {
    /// Milliseconds since the Unix epoch.
    now_ms: u64,
}

async fn clock(state: Arc<State>, _: Nothing) -> Result<Shown<Clock>, Problem> {
    let now_ms = state.simulator.now_ms();
    Ok(Shown(Clock { now_ms }))
}

/// How far to move the clock.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shift {
    /// Milliseconds; backward when negative.
    by_ms: i64,
}

async fn shift(state: Arc<State>, shift: Shift) -> Result<Shown<Clock>, Problem> {
    state.simulator.shift_clock(shift.by_ms);
    clock(state, Nothing {}).await
}

/// What the server still knows afterwards.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Restart {
    keep: Keep,
}

async fn restart(state: Arc<State>, restart: Restart) -> Result<Shown<Restart>, Problem> {
    state.simulator.restart(restart.keep).await?;
    Ok(Shown(restart))
}

/// Which file.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WorldFile {
    /// A path on the machine the simulator runs on.
    path: PathBuf,
}

async fn save(state: Arc<State>, file: WorldFile) -> Result<Shown<WorldFile>, Problem> {
    state.simulator.save(&file.path).await?;
    Ok(Shown(file))
}

async fn restore(state: Arc<State>, file: WorldFile) -> Result<Shown<WorldFile>, Problem> {
    state.simulator.restore(&file.path).await?;
    Ok(Shown(file))
}

/// What was not understood.
#[derive(Serialize, JsonSchema)]
struct Unknown {
    items: Vec<UnknownStanza>,
}

async fn unknown(state: Arc<State>, _: Nothing) -> Result<Shown<Unknown>, Problem> {
    let items = state.simulator.unknown_stanzas();
    Ok(Shown(Unknown { items }))
}
