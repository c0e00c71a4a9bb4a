//! Calls that break the network and the server, and mend them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, get, post};
use crate::admin::state::State;
use crate::admin::subject::{OfAccount, OfFault};
use crate::{FaultRule, FaultStatus};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/faults", "The faults in force with what they have done, oldest first.", list),
        post("/faults", "Puts a fault in force, behind those there are.", add).example(
            r#"{"on": {"direction": "out", "tag": "message"}, "action": {"kind": "delay", "fixed_ms": 200}, "limit": 3}"#,
        ),
        delete("/faults", "Takes all faults out of force.", clear),
        delete("/faults/{fault}", "Takes one fault out of force.", remove),
        post("/accounts/{phone}/half-open", "Its companions' connections fall silent until they log in anew.", half_open),
    ]
}

/// Faults in force.
#[derive(Serialize, JsonSchema)]
struct Faults {
    items: Vec<FaultStatus>,
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<Faults>, Problem> {
    let items = state.simulator.faults();
    Ok(Shown(Faults { items }))
}

/// Which fault.
#[derive(Serialize, JsonSchema)]
struct FaultId {
    /// Its number, rising by one; never used again.
    id: u64,
}

async fn add(state: Arc<State>, rule: FaultRule) -> Result<Created<FaultId>, Problem> {
    let id = state.simulator.add_fault(rule)?;
    Ok(Created(FaultId { id }))
}

/// How many there were.
#[derive(Serialize, JsonSchema)]
struct Cleared {
    cleared: usize,
}

async fn clear(state: Arc<State>, _: Nothing) -> Result<Shown<Cleared>, Problem> {
    let cleared = state.simulator.clear_faults();
    Ok(Shown(Cleared { cleared }))
}

async fn remove(fault: OfFault, _: Nothing) -> Result<Shown<FaultId>, Problem> {
    fault.simulator.remove_fault(fault.id)?;
    Ok(Shown(FaultId { id: fault.id }))
}

/// How many connections fell silent.
#[derive(Serialize, JsonSchema)]
struct Silent {
    silent: usize,
}

async fn half_open(account: OfAccount, _: Nothing) -> Result<Shown<Silent>, Problem> {
    let silent = account.simulator.half_open_connections(&account.phone);
    Ok(Shown(Silent { silent }))
}
