//! Installations and their dead letters, to be looked at.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, SessionId};

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::moment::rfc3339;
use crate::http::page::Page;
use crate::http::reply::Reply;
use crate::service::installations::{Described, Parked};

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
    let found: Vec<&Described> = all[behind..].iter().take(page.look_ahead()).collect();
    Ok(Reply::ok(&page.answer(found, |described| described.id.clone(), shown)))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(ctx.parts.installations.get(&id(&ctx)?)?)))
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

fn id(ctx: &Ctx) -> Result<InstallationId, ApiError> {
    let given = ctx.param("i");
    given
        .parse()
        .map_err(|_| ApiError::unknown("unknown_installation", format!("there is no installation {given:?}")))
}

fn shown(described: &Described) -> Value {
    json!({
        "id": described.id.as_str(),
        "plugin": { "id": described.plugin.as_str(), "name": described.name, "version": described.version, "digest": described.digest },
        "granted": described.granted,
        "binds": described.binds,
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
