//! Calls about the simulator as a whole.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::State;
use super::problem::Problem;
use super::request::{Answer, Request};
use super::route;

/// For calls that take nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Serialize)]
struct Index {
    name: &'static str,
    version: &'static str,
    url: String,
    routes: Vec<String>,
}

/// `GET /`: what this is and which calls there are.
pub(super) async fn index(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    Ok(Answer::ok(&Index {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        url: state.simulator.url(),
        routes: route::listing().collect(),
    }))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    url: String,
}

/// `GET /health`: up, and where the WebSocket is.
pub(super) async fn health(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    Ok(Answer::ok(&Health {
        status: "ok",
        url: state.simulator.url(),
    }))
}

/// `GET /stats`: the server's counters.
pub(super) async fn stats(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    Ok(Answer::ok(&state.simulator.stats()))
}

#[derive(Serialize)]
struct Stopping {
    stopping: bool,
}

/// `POST /shutdown`: asks the program to end.
pub(super) async fn shutdown(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.body::<Nothing>()?;
    state.shutdown.cancel();
    Ok(Answer::accepted(&Stopping { stopping: true }))
}
