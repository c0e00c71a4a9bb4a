//! Sessions: make, see, connect, remove.

use http::header::{HeaderValue, LOCATION};
use serde_json::{Value, json};
use waspnest_core::id::SessionId;
use waspnest_core::session::Desired;
use waspnest_whatsapp::{State, Status};

use crate::http::address;
use crate::http::body;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::page::Page;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::service::sessions::Session;

/// `{ "name", "connect"? }`; connects unless told not to.
pub(in crate::http) async fn create(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let mut fields = ctx.fields()?;
    let name = fields.required("name", body::parsed);
    let desired = match fields.optional("connect", body::boolean).unwrap_or(true) {
        true => Desired::Connected,
        false => Desired::Disconnected,
    };
    let session = ctx.parts.sessions.create(fields.finish(name)?, desired).await?;
    let mut reply = Reply::created(&shown(&session));
    if let Ok(place) = HeaderValue::from_str(&format!("/v1/sessions/{}", session.record.id)) {
        reply.headers.insert(LOCATION, place);
    }
    Ok(reply)
}

/// Oldest first.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<SessionId>::of(&ctx.query)?;
    ctx.query.finish()?;
    let found = ctx.parts.sessions.list(page.after, page.look_ahead()).await?;
    Ok(Reply::ok(&page.answer(
        found,
        |session| session.record.id,
        |session| shown(&session),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(&ctx.parts.sessions.get(ctx.param("s")).await?)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    ctx.parts.sessions.remove(ctx.param("s")).await?;
    Ok(Reply::no_content())
}

/// What it is doing, without what is stored of it.
pub(in crate::http) async fn status(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let session = ctx.parts.sessions.get(ctx.param("s")).await?;
    Ok(Reply::ok(&shown_status(session.status.as_ref())))
}

pub(in crate::http) async fn connect(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::accepted(&shown(
        &ctx.parts.sessions.connect(ctx.param("s")).await?,
    )))
}

pub(in crate::http) async fn disconnect(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(&ctx.parts.sessions.disconnect(ctx.param("s")).await?)))
}

pub(in crate::http) async fn log_out(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(&ctx.parts.sessions.log_out(ctx.param("s")).await?)))
}

fn shown(session: &Session) -> Value {
    let record = &session.record;
    json!({
        "id": record.id.to_string(),
        "name": record.name.as_str(),
        "created_at": rfc3339(record.created_at),
        "connect": record.desired == Desired::Connected,
        "account": record.jid.as_ref().or(record.lid.as_ref()).map(address::of_jid),
        "push_name": record.push_name,
        "status": shown_status(session.status.as_ref()),
    })
}

/// A session that is not at work in this process is `stopped`.
fn shown_status(status: Option<&Status>) -> Value {
    let Some(status) = status else {
        return json!({ "state": "stopped" });
    };
    let mut shown = json!({
        "state": status.state.name(),
        "since": rfc3339(status.since),
        "reason": status.reason,
        "me": status.me.as_ref().map(address::of_party),
        "last_round_trip": status.last_round_trip.map(rfc3339),
    });
    if let State::Banned { until } = status.state {
        shown["banned_until"] = until.map(rfc3339).into();
    }
    shown
}
