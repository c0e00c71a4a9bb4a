//! Installations, and what becomes of their dead letters.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, SessionId};

use crate::http::body::{self, Fields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::page::Page;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::service::installations::{Condition, Described, Letters, Parked, Settlement};

/// All of them, in the order of the configuration.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<InstallationId>::of(&ctx.query)?;
    ctx.query.finish()?;
    let all = ctx.parts.installations.list();
    let behind = match &page.after {
        None => 0,
        Some(after) => all
            .iter()
            .position(|described| described.id == *after)
            .map_or(all.len(), |at| at + 1),
    };
    let found: Vec<Described> = all.into_iter().skip(behind).take(page.look_ahead()).collect();
    let now = ctx.parts.clock.now();
    Ok(Reply::ok(&page.answer(
        found,
        |described| described.id.clone(),
        |described| shown(&described, now),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let described = ctx.parts.installations.get(&id(&ctx)?)?;
    Ok(Reply::ok(&shown(&described, ctx.parts.clock.now())))
}

/// By session and then oldest first; `?session=` leaves one session.
pub(in crate::http) async fn dead_letters(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<Place>::of(&ctx.query)?;
    let session = ctx.query.get("session");
    ctx.query.finish()?;
    let installations = &ctx.parts.installations;
    let only = match session {
        Some(given) => Some(installations.session(given).await?),
        None => None,
    };
    let after = page.after.map(|Place(session, position)| (session, position));
    let found = installations
        .dead_letters(&id(&ctx)?, only, after, page.look_ahead())
        .await?;
    Ok(Reply::ok(&page.answer(
        found,
        |parked| Place(parked.session, parked.position),
        |parked| shown_letter(&parked),
    )))
}

/// Has events handled again that were parked, by the plugin as it is now: 202 with how many. `{ "session"?, "position"? }` says which;
/// an empty body means all.
pub(in crate::http) async fn replay(ctx: Ctx) -> Result<Reply, ApiError> {
    let replayed = settle(&ctx, Settlement::Replay).await?;
    Ok(Reply::accepted(&json!({ "replayed": replayed })))
}

/// Throws dead letters away: 200 with how many. Which, is said as for [`replay`].
pub(in crate::http) async fn discard(ctx: Ctx) -> Result<Reply, ApiError> {
    let discarded = settle(&ctx, Settlement::Discard).await?;
    Ok(Reply::ok(&json!({ "discarded": discarded })))
}

async fn settle(ctx: &Ctx, how: Settlement) -> Result<u64, ApiError> {
    ctx.query.finish()?;
    let id = id(ctx)?;
    let installations = &ctx.parts.installations;
    let (session, position) = if ctx.body.is_empty() {
        (None, None)
    } else {
        letters(ctx.fields()?)?
    };
    let which = match (session, position) {
        (None, _) => Letters::All,
        (Some(session), None) => Letters::Of(installations.session(&session).await?),
        (Some(session), Some(position)) => Letters::One(installations.session(&session).await?, Position(position)),
    };
    Ok(installations.settle(&id, which, how).await?)
}

fn letters(mut fields: Fields) -> Result<(Option<String>, Option<u64>), ApiError> {
    let session = fields.optional("session", body::text);
    let position = fields.optional("position", body::integer);
    if session.is_none() && position.is_some() {
        fields.fault("position", "is of one session: say which");
    }
    fields.finish(Some((session, position)))
}

pub(super) fn id(ctx: &Ctx) -> Result<InstallationId, ApiError> {
    let given = ctx.param("i");
    given
        .parse()
        .map_err(|_| ApiError::unknown("unknown_installation", format!("there is no installation {given:?}")))
}

fn shown(described: &Described, now: UnixMs) -> Value {
    let condition = match described.breaker.condition(now) {
        Condition::Working => json!({ "state": "working" }),
        Condition::Resting { until } => json!({ "state": "resting", "until": rfc3339(until) }),
    };
    json!({
        "id": described.id.as_str(),
        "plugin": { "id": described.plugin.as_str(), "name": described.name, "version": described.version, "digest": described.digest },
        "granted": described.granted,
        "binds": described.binds,
        "condition": condition,
    })
}

fn shown_letter(parked: &Parked) -> Value {
    json!({
        "session": parked.session.to_string(),
        "position": parked.position.0,
        "event": parked.letter.event.to_string(),
        "kind": parked.letter.kind,
        "attempts": parked.letter.attempts,
        "error": parked.letter.error,
        "at": rfc3339(parked.letter.at),
    })
}

/// Where a page of dead letters ended: `ses_…:17`.
#[derive(Debug, Clone, Copy)]
struct Place(SessionId, Position);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1.0)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (session, position) = text.split_once(':').ok_or(())?;
        Ok(Self(
            session.parse().map_err(|_| ())?,
            Position(position.parse().map_err(|_| ())?),
        ))
    }
}
