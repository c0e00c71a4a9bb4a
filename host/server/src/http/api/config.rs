//! Configurations of installations: what holds, and what is set over the file.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::address::Jid;

use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Text, parsed};
use crate::http::operation::{AnyObject, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;
use crate::service::settings::{Seen, Whose};
use crate::settings::Findings;

/// Of what: of the installation, of a session of it, or of a chat of that.
pub(in crate::http) struct Place(Option<(Box<str>, Option<Jid>)>);

impl FromQuery for Place {
    fn from_query(params: &mut Params) -> Option<Self> {
        let session = params.optional("session", Text, "In one session.");
        let chat = params.optional("chat", parsed(), "In one chat of the session.");
        match (session, chat) {
            (Some(session), chat) => Some(Self(Some((session.into(), chat)))),
            (None, None) => Some(Self(None)),
            (None, Some(_)) => {
                params.fault("session", "is missing; a chat is of one session");
                None
            }
        }
    }
}

/// A configuration and what it is made of.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Configuration")]
pub(in crate::http) struct ShownConfig {
    /// The session it holds in; none when it is of the installation.
    session: Option<String>,
    /// The chat it holds in; none when it is of all of them.
    chat: Option<String>,
    /// What was set over this API, here.
    set: Option<ShownSet>,
    /// Why what was set does not hold: it does not fit the plugin any more.
    held_back: Vec<ShownFinding>,
    /// What the plugin warns of.
    warnings: Vec<ShownFinding>,
    /// The layers, each over the ones before.
    layers: Vec<ShownLayer>,
    /// What holds.
    effective: Value,
}

/// What was set.
#[derive(Serialize, JsonSchema)]
struct ShownSet {
    config: Value,
    /// When.
    set_at: Moment,
}

/// One layer.
#[derive(Serialize, JsonSchema)]
struct ShownLayer {
    /// Whose it is.
    from: String,
    config: Value,
}

/// Something about one value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConfigurationFinding")]
struct ShownFinding {
    /// Where, as a JSON pointer.
    pointer: String,
    /// What.
    detail: String,
    /// Whose layer it is.
    layer: String,
}

pub(in crate::http) async fn see(ctx: Ctx, Query(place): Query<Place>) -> Result<Shown<ShownConfig>, ApiError> {
    let seen = ctx.parts.settings.see(&whose(&ctx, place)?).await?;
    Ok(Shown(shown(&seen)))
}

/// The body is the layer. Answers as [`see`] does, once it is stored for good; calls that begin from then on see it.
pub(in crate::http) async fn set(
    ctx: Ctx,
    Query(place): Query<Place>,
    AnyObject(layer): AnyObject,
) -> Result<Shown<ShownConfig>, ApiError> {
    let seen = ctx.parts.settings.set(&whose(&ctx, place)?, Some(layer)).await?;
    Ok(Shown(shown(&seen)))
}

/// Answers as [`see`] does.
pub(in crate::http) async fn remove(ctx: Ctx, Query(place): Query<Place>) -> Result<Shown<ShownConfig>, ApiError> {
    let seen = ctx.parts.settings.set(&whose(&ctx, place)?, None).await?;
    Ok(Shown(shown(&seen)))
}

fn whose(ctx: &Ctx, Place(session): Place) -> Result<Whose, ApiError> {
    Ok(Whose {
        installation: super::installations::id(ctx)?,
        session,
    })
}

fn shown(seen: &Seen) -> ShownConfig {
    let layers = seen.layers.iter();
    let layers = layers.map(|(name, config)| ShownLayer {
        from: name.to_string(),
        config: config.clone(),
    });
    ShownConfig {
        session: seen.session.as_ref().map(ToString::to_string),
        chat: seen.chat.as_ref().map(ToString::to_string),
        set: seen.set.as_ref().map(|(config, at)| ShownSet {
            config: config.clone(),
            set_at: Moment(*at),
        }),
        held_back: findings(&seen.held_back),
        warnings: findings(&seen.warnings),
        layers: layers.collect(),
        effective: seen.effective.clone(),
    }
}

fn findings(findings: &Findings) -> Vec<ShownFinding> {
    let each = findings.0.iter().map(|finding| ShownFinding {
        pointer: finding.issue.pointer.to_string(),
        detail: finding.issue.problem.to_string(),
        layer: finding.layer.to_string(),
    });
    each.collect()
}
