//! Installations, and what becomes of their dead letters.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Position;
use waspnest_core::id::InstallationId;

use super::dead_letters::{Chosen, Discarded, LettersWanted, Place, Replayed, ShownLetter, shown_letter};
use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::{MaybeJson, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{Accepted, Shown};
use crate::service::dead_letters::{Letters, Settlement};
use crate::service::installations::{Condition, Described, Origin, Standing};

/// An installation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Installation")]
pub(in crate::http) struct ShownInstallation {
    /// The operator's name of it.
    id: String,
    /// `file` when the configuration file says that it should be, `api` when a caller did.
    origin: &'static str,
    /// Whose it is; none for the operator's, which work in everybody's sessions.
    tenant: Option<String>,
    /// None where that is not known any more.
    plugin: Option<ShownPlugin>,
    /// Capabilities that are requested and granted.
    granted: Vec<Box<str>>,
    /// The binds that bring it events.
    binds: Vec<Box<str>>,
    condition: ShownCondition,
}

/// The plugin an installation puts to work.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstalledPlugin")]
struct ShownPlugin {
    /// The author's name of it.
    id: String,
    /// Its name for people.
    name: Box<str>,
    /// The author's version.
    version: Box<str>,
    /// Digest of its package.
    digest: Box<str>,
}

/// Whether an installation gets calls.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstallationCondition")]
struct ShownCondition {
    /// `working`, `resting` after many failures, `paused` as it was told to, `broken` when it cannot be put to work, or `leaving` while it
    /// is removed.
    state: &'static str,
    /// Until when it rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
    /// Why it cannot be put to work.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Box<str>>,
}

/// All of them, those of higher priority first, and then those that are not at work.
pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<InstallationId>>,
) -> Result<Shown<Listed<ShownInstallation>>, ApiError> {
    // They are the operator's, and so not there for anybody else.
    let all = match ctx.caller.is_admin() {
        true => ctx.parts.installations.list(),
        false => Vec::new(),
    };
    let behind = match &page.after {
        None => 0,
        Some(after) => all
            .iter()
            .position(|described| described.id == *after)
            .map_or(all.len(), |at| at + 1),
    };
    let found: Vec<Described> = all.into_iter().skip(behind).take(page.look_ahead()).collect();
    let now = ctx.parts.clock.now();
    Ok(Shown(page.answer(
        found,
        |described| described.id.clone(),
        |described| shown(&described, now),
    )))
}

pub(in crate::http) async fn dead_letters(
    ctx: Ctx,
    Query(LettersWanted { page, session }): Query<LettersWanted>,
) -> Result<Shown<Listed<ShownLetter>>, ApiError> {
    let installations = &ctx.parts.installations;
    let only = match session {
        Some(given) => Some(installations.session(&given).await?),
        None => None,
    };
    let after = page.after.map(|Place(session, position)| (session, position));
    let found = installations
        .dead_letters(&id(&ctx)?, only, after, page.look_ahead())
        .await?;
    Ok(Shown(page.answer(
        found,
        |parked| Place(parked.session, parked.position),
        |parked| shown_letter(&parked),
    )))
}

pub(in crate::http) async fn replay(
    ctx: Ctx,
    MaybeJson(chosen): MaybeJson<Chosen>,
) -> Result<Accepted<Replayed>, ApiError> {
    let replayed = settle(&ctx, chosen, Settlement::Replay).await?;
    Ok(Accepted(Replayed { replayed }))
}

pub(in crate::http) async fn discard(
    ctx: Ctx,
    MaybeJson(chosen): MaybeJson<Chosen>,
) -> Result<Shown<Discarded>, ApiError> {
    let discarded = settle(&ctx, chosen, Settlement::Discard).await?;
    Ok(Shown(Discarded { discarded }))
}

async fn settle(ctx: &Ctx, Chosen { session, position }: Chosen, how: Settlement) -> Result<u64, ApiError> {
    let id = id(ctx)?;
    let installations = &ctx.parts.installations;
    let session = match session {
        Some(given) => Some(installations.session(&given).await?),
        None => None,
    };
    let which = Letters::named(session, position.map(Position));
    Ok(installations.settle(&id, which, how).await?)
}

pub(super) fn id(ctx: &Ctx) -> Result<InstallationId, ApiError> {
    let given = ctx.param("i");
    given
        .parse()
        .map_err(|_| ApiError::unknown("unknown_installation", format!("there is no installation {given:?}")))
}

pub(super) fn shown(described: &Described, now: UnixMs) -> ShownInstallation {
    let (state, until, problem) = match &described.standing {
        Standing::AtWork(breaker) => match breaker.condition(now) {
            Condition::Working => ("working", None, None),
            Condition::Resting { until } => ("resting", Some(Moment(until)), None),
        },
        Standing::Paused => ("paused", None, None),
        Standing::Broken { problem } => ("broken", None, Some(problem.clone())),
        Standing::Leaving => ("leaving", None, None),
    };
    ShownInstallation {
        id: described.id.to_string(),
        origin: match described.origin {
            Origin::File => "file",
            Origin::Api => "api",
        },
        tenant: described.tenant.map(|tenant| tenant.to_string()),
        plugin: described.plugin.as_ref().map(|plugin| ShownPlugin {
            id: plugin.id.to_string(),
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            digest: plugin.digest.clone(),
        }),
        granted: described.granted.clone(),
        binds: described.binds.clone(),
        condition: ShownCondition { state, until, problem },
    }
}
