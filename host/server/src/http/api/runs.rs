//! Records of plugin calls, and their replays.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::id::{InstallationId, RunId};
use waspnest_engine::Usage;
use waspnest_engine::record::Bodies;

use crate::http::address::Moment;
use crate::http::archive::ArchiveOr;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::Text;
use crate::http::operation::Query;
use crate::http::page::{Listed as ListedPage, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;
use crate::rollout;
use crate::service::error::Error;
use crate::service::runs::{Against, Difference, Listed, Which};

/// One recorded call.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub(in crate::http) struct ShownRun {
    /// Its id.
    id: String,
    /// The session.
    session: String,
    /// The installation.
    installation: String,
    /// The event it was called for.
    event: String,
    /// Where that is in the session's log.
    position: u64,
    /// What kind of event that is.
    kind: Box<str>,
    plugin: ShownVersion,
    /// 1 at the first call for this event.
    attempt: u32,
    /// When it began.
    started: Moment,
    /// How long it took, in microseconds.
    duration_us: u64,
    /// Instructions, where they were counted.
    fuel: Option<u64>,
    /// Bytes of memory at most.
    memory_bytes: u64,
    /// Bytes that it handed to the host and got from it.
    hostcall_bytes: u64,
    /// `committed`, `conflict`, `already_done`, `kv_quota`, or the class of its error.
    outcome: Box<str>,
    /// How many effects its draft had.
    effects: u32,
    /// What it was given, asked and drafted, as far as it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

/// Which version of a plugin.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PluginVersion")]
struct ShownVersion {
    /// The author's version.
    version: Box<str>,
    /// Digest of its component.
    digest: Box<str>,
}

/// What is different between two calls.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
pub(in crate::http) struct ShownDifference {
    /// Whether nothing is.
    same: bool,
    /// `redacted` or `full`: how what people wrote is shown.
    bodies: &'static str,
    plugin: ShownVersion,
    outcome: Outcomes,
    /// How it failed this time.
    error: Option<String>,
    /// What of the drafts is different.
    changes: Vec<Change>,
    /// Host functions that were asked now and whose answers are not in the record.
    not_recorded: Vec<&'static str>,
    /// Host functions that were asked then and not now.
    not_asked: Vec<&'static str>,
    /// Instructions this time, where they were counted.
    fuel: Option<u64>,
    /// Bytes of memory this time.
    memory_bytes: u64,
    /// Bytes handed over and got this time.
    hostcall_bytes: u64,
}

/// How two calls ended.
#[derive(Serialize, JsonSchema)]
struct Outcomes {
    recorded: Box<str>,
    replayed: Box<str>,
}

/// One part of a draft that is different.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DraftChange")]
struct Change {
    /// Which, such as `effects/0`.
    at: String,
    /// As it was recorded; null for nothing.
    recorded: Value,
    /// As it is now; null for nothing.
    replayed: Value,
}

/// What came of a replay.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub(in crate::http) struct ShownReplay {
    /// The run that was replayed.
    run: String,
    #[serde(flatten)]
    difference: ShownDifference,
}

/// Some of the runs.
pub(in crate::http) struct Wanted {
    page: Page<RunId>,
    session: Option<String>,
    outcome: Option<String>,
    event: Option<String>,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let session = params.optional("session", Text, "Only those of one session.");
        let outcome = params.optional("outcome", Text, "Only those that ended so.");
        let event = params.optional("event", Text, "Only those for one event.");
        Some(Self {
            page: page?,
            session,
            outcome,
            event,
        })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<ListedPage<ShownRun>>, ApiError> {
    let runs = &ctx.parts.runs;
    let page = wanted.page;
    let which = Which {
        session: match wanted.session {
            Some(given) => Some(runs.session(&given).await?),
            None => None,
        },
        outcome: wanted.outcome.map(Into::into),
        event: wanted.event.map(Into::into),
        before: page.after,
    };
    let given = ctx.param("i");
    let unknown = || ApiError::unknown("unknown_installation", format!("there is no installation {given:?}"));
    let id: InstallationId = given.parse().map_err(|_| unknown())?;
    ctx.parts.installations.get(&id)?;
    let found = runs.list(&id, &which, page.look_ahead()).await?;
    Ok(Shown(page.answer(
        found,
        |listed| listed.run.id,
        |listed| shown(&listed, None),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownRun>, ApiError> {
    let whole = ctx.parts.runs.get(id(&ctx)?).await?;
    Ok(Shown(shown(&whole.listed, Some(whole.detail.shown()))))
}

/// Another package to replay with.
pub(in crate::http) struct Other(Option<String>);

impl FromFields for Other {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "A package in the host's directory of plugins; the plugin as it is at work if nothing is said.";
        Some(Self(fields.optional("plugin", Text, says)))
    }
}

pub(in crate::http) async fn replay(ctx: Ctx, with: ArchiveOr<Other>) -> Result<Shown<ShownReplay>, ApiError> {
    let id = id(&ctx)?;
    let against = match with {
        ArchiveOr::Archive(archive) => Against::Package(rollout::look(archive).await.map_err(Error::from)?),
        ArchiveOr::Said(Other(None)) => Against::AtWork,
        ArchiveOr::Said(Other(Some(name))) => Against::Directory(name.into()),
    };
    let difference = ctx.parts.runs.replay(id, against).await?;
    Ok(Shown(ShownReplay {
        run: id.to_string(),
        difference: shown_difference(&difference),
    }))
}

fn id(ctx: &Ctx) -> Result<RunId, ApiError> {
    let given = ctx.param("r");
    given
        .parse()
        .map_err(|_| ApiError::unknown("unknown_run", format!("there is no run {given:?}")))
}

fn shown(Listed { session, run }: &Listed, detail: Option<Value>) -> ShownRun {
    ShownRun {
        id: run.id.to_string(),
        session: session.to_string(),
        installation: run.installation.to_string(),
        event: run.event.to_string(),
        position: run.position.0,
        kind: run.kind.clone(),
        plugin: ShownVersion {
            version: run.version.clone(),
            digest: run.digest.clone(),
        },
        attempt: run.attempt,
        started: Moment(run.started),
        duration_us: run.duration_us,
        fuel: run.fuel,
        memory_bytes: run.memory_bytes,
        hostcall_bytes: run.hostcall_bytes,
        outcome: run.outcome.clone(),
        effects: run.effects,
        detail,
    }
}

pub(super) fn shown_difference(difference: &Difference) -> ShownDifference {
    let Difference {
        plugin: (version, digest),
        outcome: (then, now),
        error,
        unlike,
        not_recorded,
        not_asked,
        usage: Usage {
            fuel,
            memory_bytes,
            hostcall_bytes,
        },
        bodies,
    } = difference;
    let changes = unlike.iter().map(|unlike| Change {
        at: unlike.at.clone(),
        recorded: unlike.recorded.clone(),
        replayed: unlike.replayed.clone(),
    });
    ShownDifference {
        same: difference.is_none(),
        bodies: match bodies {
            Bodies::Redacted => "redacted",
            Bodies::Full => "full",
        },
        plugin: ShownVersion {
            version: version.clone(),
            digest: digest.clone(),
        },
        outcome: Outcomes {
            recorded: then.clone(),
            replayed: now.clone(),
        },
        error: error.clone(),
        changes: changes.collect(),
        not_recorded: not_recorded.clone(),
        not_asked: not_asked.clone(),
        fuel: *fuel,
        memory_bytes: *memory_bytes,
        hostcall_bytes: *hostcall_bytes,
    }
}
