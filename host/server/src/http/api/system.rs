//! How the host is, and which one it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Shown;

/// That it is so.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sign")]
pub(in crate::http) struct Sign {
    /// `ok` or `ready`.
    status: &'static str,
}

/// How the host is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub(in crate::http) struct ShownHealth {
    /// `starting`, `ready` or `stopping`.
    status: &'static str,
    /// The host's version.
    version: &'static str,
    /// Since when it runs.
    up_since: Moment,
    /// Seconds since then.
    uptime_s: u64,
    /// What keeps the host from its work, by name (`phase`, `store`, `disk`, `router`); nothing when it is ready.
    lacks: BTreeMap<&'static str, String>,
    sessions: Counted,
    /// How many installations are at work.
    installations: usize,
}

/// How many sessions there are.
#[derive(Serialize, JsonSchema)]
struct Counted {
    /// In all.
    total: usize,
    /// In each state that any is in.
    by_state: BTreeMap<&'static str, usize>,
}

/// Which host this is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Version")]
pub(in crate::http) struct ShownVersion {
    /// `waspnest`.
    name: &'static str,
    /// The host's version.
    version: &'static str,
    /// The version of this API.
    api: &'static str,
}

/// Says nothing more, because anybody may ask.
pub(in crate::http) async fn live(_: Ctx) -> Result<Shown<Sign>, ApiError> {
    Ok(Shown(Sign { status: "ok" }))
}

pub(in crate::http) async fn ready(ctx: Ctx) -> Result<Shown<Sign>, ApiError> {
    match ctx.parts.readiness.lacks().await[..] {
        [] => Ok(Shown(Sign { status: "ready" })),
        ref lacks => Err(ApiError::lacking(lacks)),
    }
}

pub(in crate::http) async fn health(ctx: Ctx) -> Result<Shown<ShownHealth>, ApiError> {
    let report = ctx.parts.health.report().await?;
    let lacks = ctx.parts.readiness.lacks().await;
    Ok(Shown(ShownHealth {
        status: report.phase.name(),
        version: env!("CARGO_PKG_VERSION"),
        up_since: Moment(report.up_since),
        uptime_s: report.uptime.as_secs(),
        lacks: lacks.iter().map(|lack| (lack.name(), lack.to_string())).collect(),
        sessions: Counted {
            total: report.sessions.values().sum(),
            by_state: report.sessions,
        },
        installations: ctx.parts.installations.list().len(),
    }))
}

pub(in crate::http) async fn version(_: Ctx) -> Result<Shown<ShownVersion>, ApiError> {
    Ok(Shown(ShownVersion {
        name: "waspnest",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
    }))
}
