//! How the host is, and which one it is.

use serde_json::json;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::service::health::Phase;

/// The process answers. Says nothing more, because anybody may ask.
pub(in crate::http) async fn live(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&json!({ "status": "ok" })))
}

/// The host works, and its store answers.
pub(in crate::http) async fn ready(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    match ctx.parts.health.phase() {
        Phase::Ready => {
            ctx.parts.health.report().await?;
            Ok(Reply::ok(&json!({ "status": "ready" })))
        }
        phase @ (Phase::Starting | Phase::Stopping) => Err(ApiError::not_ready(phase.name())),
    }
}

/// Everything there is to say.
pub(in crate::http) async fn health(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let report = ctx.parts.health.report().await?;
    Ok(Reply::ok(&json!({
        "status": report.phase.name(),
        "version": env!("CARGO_PKG_VERSION"),
        "up_since": rfc3339(report.up_since),
        "uptime_s": report.uptime.as_secs(),
        "sessions": { "total": report.sessions.values().sum::<usize>(), "by_state": report.sessions },
        "installations": ctx.parts.installations.list().len(),
    })))
}

/// Which host this is.
pub(in crate::http) async fn version(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(
        &json!({ "name": "waspnest", "version": env!("CARGO_PKG_VERSION"), "api": "v1" }),
    ))
}
