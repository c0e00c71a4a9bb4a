//! A version in shadow over the API: putting one there, and what was found of it.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::version::Shadow;

use super::installations::id;
use super::runs::{ShownDifference, shown_difference};
use super::versions::{ShownVersions, digest, reply};
use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::integer;
use crate::http::operation::MaybeJson;
use crate::http::reply::Shown;
use crate::router::{Apart, Counts, Report};
use crate::service::error::Error;

/// How much a version in shadow hears.
pub(in crate::http) struct Share(u8);

impl FromFields for Share {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "Of so many of a hundred chats; all if nothing is said.";
        let percent = fields.optional("percent", integer(1, 100), says);
        Some(Self(
            percent.and_then(|percent| u8::try_from(percent).ok()).unwrap_or(100),
        ))
    }
}

/// What was found of a version in shadow.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShadowReport")]
pub(in crate::http) struct ShownReport {
    /// Which version.
    digest: String,
    /// What its author calls it.
    version: Box<str>,
    /// Of so many of a hundred chats.
    percent: u8,
    /// Since when it is counted.
    since: Moment,
    /// Calls that came to the same as those of the version at work.
    same: u64,
    /// Calls that came to something else.
    different: u64,
    /// Calls that asked what the version at work had not asked.
    undecided: u64,
    /// Calls that were not made, for want of room.
    left_out: u64,
    /// The latest differences, the latest first.
    differences: Vec<ShownApart>,
}

/// A call that came to something else, or was undecided.
#[derive(Serialize, JsonSchema)]
struct ShownApart {
    /// When the version at work was called.
    at: Moment,
    /// In which session.
    session: String,
    /// For what.
    event: String,
    /// What kind of event that is.
    kind: Box<str>,
    /// What is different, in words.
    words: Vec<String>,
    #[serde(flatten)]
    difference: ShownDifference,
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownReport>, ApiError> {
    let id = id(&ctx)?;
    let report = ctx.parts.versions.shadow(&id).await.map_err(Error::from)?;
    let report = report.ok_or_else(|| ApiError::unknown("no_shadow", format!("{id} has no version in shadow")))?;
    Ok(Shown(shown(&report)))
}

pub(in crate::http) async fn put(
    ctx: Ctx,
    MaybeJson(Share(percent)): MaybeJson<Share>,
) -> Result<Shown<ShownVersions>, ApiError> {
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let shadow = Some(Shadow { digest, percent });
    let changed = ctx.parts.versions.set_shadow(&id, shadow).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

pub(in crate::http) async fn delete(ctx: Ctx) -> Result<Shown<ShownVersions>, ApiError> {
    let changed = ctx.parts.versions.set_shadow(&id(&ctx)?, None).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

fn shown(report: &Report) -> ShownReport {
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
    ShownReport {
        digest: digest.to_string(),
        version: version.clone(),
        percent: *percent,
        since: Moment(*since),
        same: *same,
        different: *different,
        undecided: *undecided,
        left_out: *left_out,
        differences: apart.iter().map(shown_apart).collect(),
    }
}

fn shown_apart(apart: &Apart) -> ShownApart {
    let Apart {
        at,
        session,
        event,
        kind,
        difference,
    } = apart;
    ShownApart {
        at: Moment(*at),
        session: session.to_string(),
        event: event.to_string(),
        kind: kind.clone(),
        words: difference.words(),
        difference: shown_difference(difference),
    }
}
