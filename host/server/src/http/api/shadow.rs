//! A version in shadow over the API: putting one there, and what was found of it.

use serde_json::{Value, json};
use waspnest_core::version::Shadow;

use super::installations::id;
use super::runs::shown_difference;
use super::versions::{digest, reply};
use crate::http::body;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::router::{Apart, Counts, Report};
use crate::service::error::Error;

/// What was found of the version in shadow.
pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let id = id(&ctx)?;
    let report = ctx.parts.versions.shadow(&id).await.map_err(Error::from)?;
    let report = report.ok_or_else(|| ApiError::unknown("no_shadow", format!("{id} has no version in shadow")))?;
    Ok(Reply::ok(&shown(&report)))
}

/// Puts a version in shadow, of so many of a hundred chats: `{ "percent"? }`, which is all.
pub(in crate::http) async fn put(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let percent = match ctx.body.is_empty() {
        true => 100,
        false => {
            let mut fields = ctx.fields()?;
            let percent = fields.optional("percent", |value| {
                let percent = u8::try_from(body::integer(value)?).ok();
                percent
                    .filter(|percent| (1..=100).contains(percent))
                    .ok_or_else(|| "must be 1 to 100".to_owned())
            });
            fields.finish(Some(percent.unwrap_or(100)))?
        }
    };
    let shadow = Some(Shadow { digest, percent });
    let changed = ctx.parts.versions.set_shadow(&id, shadow).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Has none in shadow any more.
pub(in crate::http) async fn delete(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let changed = ctx.parts.versions.set_shadow(&id(&ctx)?, None).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

fn shown(report: &Report) -> Value {
    let Report {
        shadow: Shadow { digest, percent },
        version,
        since,
        counts: Counts {
            same,
            different,
            undecided,
            left_out,
        },
        apart,
    } = report;
    json!({
        "digest": digest.to_string(),
        "version": version,
        "percent": percent,
        "since": rfc3339(*since),
        "same": same,
        "different": different,
        "undecided": undecided,
        "left_out": left_out,
        "differences": apart.iter().map(shown_apart).collect::<Value>(),
    })
}

fn shown_apart(apart: &Apart) -> Value {
    let Apart {
        at,
        session,
        event,
        kind,
        difference,
    } = apart;
    let mut told = json!({
        "at": rfc3339(*at),
        "session": session.as_str(),
        "event": event.to_string(),
        "kind": kind,
        "words": difference.words(),
    });
    if let Value::Object(told) = &mut told {
        told.extend(shown_difference(difference));
    }
    told
}
