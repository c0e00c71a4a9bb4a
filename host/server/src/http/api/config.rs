//! Configurations of installations: what holds, and what is set over the file.

use serde_json::{Value, json};

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::service::settings::{Seen, Whose};
use crate::settings::Findings;

/// What holds for the installation, with `?session=` in a session, and with `&chat=` in a chat of it.
pub(in crate::http) async fn see(ctx: Ctx) -> Result<Reply, ApiError> {
    let seen = ctx.parts.settings.see(&whose(&ctx)?).await?;
    Ok(Reply::ok(&shown(&seen)))
}

/// Sets the layer of the installation, the session or the chat: the body is the layer, an object. Answers as [`see`] does, once it is
/// stored for good; calls that begin from then on see it.
pub(in crate::http) async fn set(ctx: Ctx) -> Result<Reply, ApiError> {
    let whose = whose(&ctx)?;
    let seen = ctx.parts.settings.set(&whose, Some(ctx.object()?)).await?;
    Ok(Reply::ok(&shown(&seen)))
}

/// Takes that layer away. Answers as [`see`] does.
pub(in crate::http) async fn remove(ctx: Ctx) -> Result<Reply, ApiError> {
    let seen = ctx.parts.settings.set(&whose(&ctx)?, None).await?;
    Ok(Reply::ok(&shown(&seen)))
}

fn whose(ctx: &Ctx) -> Result<Whose, ApiError> {
    let chat = match ctx.query.get("chat").map(str::parse) {
        Some(Ok(chat)) => Some(chat),
        Some(Err(error)) => return Err(ApiError::invalid_query(format!("chat: {error}"))),
        None => None,
    };
    let session = match (ctx.query.get("session"), chat) {
        (Some(session), chat) => Some((session.into(), chat)),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(ApiError::invalid_query(
                "session: is missing; a chat is of one session".to_owned(),
            ));
        }
    };
    ctx.query.finish()?;
    Ok(Whose {
        installation: super::installations::id(ctx)?,
        session,
    })
}

fn shown(seen: &Seen) -> Value {
    let layers = seen.layers.iter();
    let layers: Vec<Value> = layers
        .map(|(name, config)| json!({ "from": name.to_string(), "config": config }))
        .collect();
    json!({
        "session": seen.session.as_ref().map(|name| name.as_str()),
        "chat": seen.chat.as_ref().map(ToString::to_string),
        "set": seen.set.as_ref().map(|(config, at)| json!({ "config": config, "set_at": rfc3339(*at) })),
        "held_back": findings(&seen.held_back),
        "warnings": findings(&seen.warnings),
        "layers": layers,
        "effective": seen.effective,
    })
}

fn findings(findings: &Findings) -> Vec<Value> {
    let each = findings.0.iter().map(|finding| {
        json!({ "pointer": finding.issue.pointer, "detail": finding.issue.problem, "layer": finding.layer.to_string() })
    });
    each.collect()
}
