//! Records of plugin calls, and their replays.

use serde_json::{Map, Value, json};
use waspnest_core::id::{InstallationId, RunId};
use waspnest_engine::Usage;
use waspnest_engine::record::Bodies;

use super::versions;
use crate::http::body::{self, Fields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::page::Page;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::rollout;
use crate::service::error::Error;
use crate::service::runs::{Against, Difference, Listed, Which};

/// Latest first; `?session=`, `?outcome=` and `?event=` leave some.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<RunId>::of(&ctx.query)?;
    let runs = &ctx.parts.runs;
    let (session, outcome, event) = (
        ctx.query.get("session"),
        ctx.query.get("outcome"),
        ctx.query.get("event"),
    );
    ctx.query.finish()?;
    let which = Which {
        session: match session {
            Some(given) => Some(runs.session(given).await?),
            None => None,
        },
        outcome: outcome.map(Into::into),
        event: event.map(Into::into),
        before: page.after,
    };
    let given = ctx.param("i");
    let unknown = || ApiError::unknown("unknown_installation", format!("there is no installation {given:?}"));
    let id: InstallationId = given.parse().map_err(|_| unknown())?;
    ctx.parts.installations.get(&id)?;
    let found = runs.list(&id, &which, page.look_ahead()).await?;
    Ok(Reply::ok(&page.answer(
        found,
        |listed| listed.run.id,
        |listed| shown(&listed),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let whole = ctx.parts.runs.get(id(&ctx)?).await?;
    let mut told = shown(&whole.listed);
    told["detail"] = whole.detail.shown();
    Ok(Reply::ok(&told))
}

/// Makes the call once more without any power and tells what is different: `{ "plugin"? }` names another package in plugins.dir, and an
/// archive as the body is one.
pub(in crate::http) async fn replay(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let id = id(&ctx)?;
    let against = match versions::archive(&ctx) {
        Some(archive) => Against::Package(rollout::look(archive).await.map_err(Error::from)?),
        None if ctx.body.is_empty() => Against::AtWork,
        None => directory(ctx.fields()?)?.map_or(Against::AtWork, |name| Against::Directory(name.into())),
    };
    let difference = ctx.parts.runs.replay(id, against).await?;
    let mut told = Map::from_iter([("run".to_owned(), id.to_string().into())]);
    told.extend(shown_difference(&difference));
    Ok(Reply::ok(&told.into()))
}

fn directory(mut fields: Fields) -> Result<Option<String>, ApiError> {
    let plugin = fields.optional("plugin", body::text);
    fields.finish(Some(plugin))
}

fn id(ctx: &Ctx) -> Result<RunId, ApiError> {
    let given = ctx.param("r");
    given
        .parse()
        .map_err(|_| ApiError::unknown("unknown_run", format!("there is no run {given:?}")))
}

fn shown(Listed { session, run }: &Listed) -> Value {
    json!({
        "id": run.id.to_string(),
        "session": session.to_string(),
        "installation": run.installation.as_str(),
        "event": run.event.to_string(),
        "position": run.position.0,
        "kind": run.kind,
        "plugin": { "version": run.version, "digest": run.digest },
        "attempt": run.attempt,
        "started": rfc3339(run.started),
        "duration_us": run.duration_us,
        "fuel": run.fuel,
        "memory_bytes": run.memory_bytes,
        "hostcall_bytes": run.hostcall_bytes,
        "outcome": run.outcome,
        "effects": run.effects,
    })
}

/// What is different between two calls.
pub(super) fn shown_difference(difference: &Difference) -> Map<String, Value> {
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
    let changes = unlike
        .iter()
        .map(|unlike| json!({ "at": unlike.at, "recorded": unlike.recorded, "replayed": unlike.replayed }));
    let told = json!({
        "same": difference.is_none(),
        "bodies": match bodies {
            Bodies::Redacted => "redacted",
            Bodies::Full => "full",
        },
        "plugin": { "version": version, "digest": digest },
        "outcome": { "recorded": then, "replayed": now },
        "error": error,
        "changes": changes.collect::<Value>(),
        "not_recorded": not_recorded,
        "not_asked": not_asked,
        "fuel": fuel,
        "memory_bytes": memory_bytes,
        "hostcall_bytes": hostcall_bytes,
    });
    match told {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
