//! Calls about the simulator as a whole.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Nothing;
use crate::Stats;
use crate::admin::answer::{Accepted, Shown};
use crate::admin::openapi;
use crate::admin::problem::Problem;
use crate::admin::route::{self, Route, get, post};
use crate::admin::state::State;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/", "What this is, and every call there is.", index),
        get("/openapi.json", "This interface as an OpenAPI document.", document),
        get("/health", "Up, and where clients connect. Needs no token.", health),
        get("/stats", "Counters of the server.", stats),
        post("/shutdown", "Ends the program.", shutdown),
    ]
}

/// What this is.
#[derive(Serialize, JsonSchema)]
struct Index {
    name: &'static str,
    version: &'static str,
    /// Where clients connect.
    url: String,
    /// `METHOD /path` of every call.
    routes: Vec<String>,
}

async fn index(state: Arc<State>, _: Nothing) -> Result<Shown<Index>, Problem> {
    Ok(Shown(Index {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        url: state.simulator.url(),
        routes: route::listing(),
    }))
}

async fn document(_: Arc<State>, _: Nothing) -> Result<Shown<Value>, Problem> {
    Ok(Shown(openapi::document()))
}

/// That it is up.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// Where clients connect.
    url: String,
}

async fn health(state: Arc<State>, _: Nothing) -> Result<Shown<Health>, Problem> {
    Ok(Shown(Health {
        status: "ok",
        url: state.simulator.url(),
    }))
}

async fn stats(state: Arc<State>, _: Nothing) -> Result<Shown<Stats>, Problem> {
    Ok(Shown(state.simulator.stats()))
}

/// That it will end.
#[derive(Serialize, JsonSchema)]
struct Stopping {
    stopping: bool,
}

async fn shutdown(state: Arc<State>, _: Nothing) -> Result<Accepted<Stopping>, Problem> {
    state.shutdown.cancel();
    Ok(Accepted(Stopping { stopping: true }))
}
