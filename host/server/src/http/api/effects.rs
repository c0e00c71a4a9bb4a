//! What became of something that was asked for.

use serde_json::{Value, json};
use waspnest_core::effect::{Action, Cause, Effect, EffectState, message_id};

use crate::http::address;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let session = ctx.parts.sessions.record(ctx.param("s")).await?;
    let given = ctx.param("e");
    let id = given.parse().map_err(|_| {
        ApiError::unknown(
            "unknown_effect",
            format!("there is no effect {given:?} in this session"),
        )
    })?;
    Ok(Reply::ok(&shown(&ctx.parts.messages.effect(session.id, id).await?)))
}

/// An effect without what it says: the caller of a send knows, and nobody else needs to.
pub(super) fn shown(effect: &Effect) -> Value {
    json!({
        "id": effect.id.to_string(),
        "session": effect.session.to_string(),
        "action": effect.action.name(),
        "chat": effect.action.chat().map(address::of_jid),
        "message_id": message_id(effect).map(|id| id.to_string()),
        "kind": kind(&effect.action),
        "cause": cause(&effect.cause),
        "created_at": rfc3339(effect.created_at),
        "attempts": effect.attempts,
        "state": effect.state.name(),
        "state_detail": state(&effect.state),
    })
}

fn kind(action: &Action) -> Option<&'static str> {
    action.sent().map(|send| send.content.kind())
}

fn cause(cause: &Cause) -> Value {
    match cause {
        Cause::Plugin {
            event, installation, ..
        } => json!({ "event": event.to_string(), "installation": installation.as_str() }),
        Cause::Request { request } => json!({ "request": request.to_string() }),
    }
}

fn state(state: &EffectState) -> Value {
    match state {
        EffectState::Pending { not_before, last_error } => {
            // The beginning of time means "at once".
            let not_before = (not_before.0 > 0).then(|| rfc3339(*not_before));
            json!({ "not_before": not_before, "last_error": last_error })
        }
        EffectState::Sent { at } | EffectState::Delivered { at } | EffectState::Read { at } => {
            json!({ "at": rfc3339(*at) })
        }
        EffectState::Failed { at, reason, code } => json!({ "at": rfc3339(*at), "reason": reason, "code": code }),
    }
}
