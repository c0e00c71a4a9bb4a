//! Versions of an installation's plugin: which there are, which is at work, and changing that.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::Url;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Canary, Choice, Shadow, Version, Versions};

use super::installations::id;
use crate::http::body;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::rollout::{Backwards, Reference};
use crate::service::error::Error;
use crate::service::versions::{Arrival, Coming, Standing, standing};

/// Media types of an uploaded package: a tar archive, compressed by gzip or not.
const ARCHIVES: [&str; 4] = [
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/octet-stream",
];

/// All that are installed, the latest first.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let versions = ctx.parts.versions.versions(&id(&ctx)?).await.map_err(Error::from)?;
    reply(&ctx, &versions).await
}

/// Brings a version in: an archive as the body, or one of `{ "directory" }`, `{ "url", "digest" }` and `{ "oci" }`, with a `"signature"` if
/// none lies in the package; without any of it, what is in the configured source now. 201 with it.
pub(in crate::http) async fn install(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let id = id(&ctx)?;
    let coming = coming(&ctx)?;
    let installed = ctx.parts.versions.install(&id, coming).await.map_err(Error::from)?;
    let version = installed.versions.get(installed.digest);
    let version = version.map(|version| shown_version(&installed.versions, version));
    Ok(Reply::created(&version.unwrap_or_default()))
}

/// Puts a version to work. `{ "force"? }` lets it meet data of a later form than its own.
pub(in crate::http) async fn activate(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let (id, digest, backwards) = (id(&ctx)?, digest(&ctx)?, backwards(&ctx)?);
    let changed = ctx.parts.versions.activate(&id, digest, backwards).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Approves of what a version asks for, and puts it to work.
pub(in crate::http) async fn approve(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let changed = ctx.parts.versions.approve(&id, digest).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Puts the version to work that was before the one at work. `{ "force"? }` as for [`activate`].
pub(in crate::http) async fn roll_back(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let (id, backwards) = (id(&ctx)?, backwards(&ctx)?);
    let changed = ctx.parts.versions.roll_back(&id, backwards).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Tries a version in so many of a hundred chats: `{ "percent" }`.
pub(in crate::http) async fn try_in_some(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let mut fields = ctx.fields()?;
    let percent = fields.required("percent", |value| {
        let percent = body::integer(value)?;
        let percent = u8::try_from(percent).ok().filter(|percent| (1..=99).contains(percent));
        percent.ok_or_else(|| "must be 1 to 99; a version for all chats is activated".to_owned())
    });
    let percent = fields.finish(percent)?;
    let canary = Some(Canary { digest, percent });
    let changed = ctx.parts.versions.set_canary(&id, canary).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Tries no version any more.
pub(in crate::http) async fn try_none(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let changed = ctx.parts.versions.set_canary(&id(&ctx)?, None).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// All versions, with the one that is tried and the one in shadow.
pub(super) async fn reply(ctx: &Ctx, versions: &Versions) -> Result<Reply, ApiError> {
    let canary = ctx.parts.versions.canary(&id(ctx)?).await.map_err(Error::from)?;
    let mut answer = shown(versions);
    answer["canary"] = match canary {
        Some(Canary { digest, percent }) => json!({ "digest": digest.to_string(), "percent": percent }),
        None => Value::Null,
    };
    let shadow = ctx.parts.versions.shadow(&id(ctx)?).await.map_err(Error::from)?;
    answer["shadow"] = match shadow.map(|report| report.shadow) {
        Some(Shadow { digest, percent }) => json!({ "digest": digest.to_string(), "percent": percent }),
        None => Value::Null,
    };
    Ok(Reply::ok(&answer))
}

/// The body, where it is an archive.
pub(super) fn archive(ctx: &Ctx) -> Option<Bytes> {
    let kind = ctx.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    ARCHIVES.contains(&kind.trim()).then(|| ctx.body.clone())
}

fn coming(ctx: &Ctx) -> Result<Coming, ApiError> {
    let from = |arrival| Coming {
        arrival,
        signature: None,
    };
    if ctx.body.is_empty() {
        return Ok(from(Arrival::Source));
    }
    if let Some(archive) = archive(ctx) {
        return Ok(from(Arrival::Archive(archive)));
    }
    let mut fields = ctx.fields()?;
    let directory = fields.optional("directory", body::text);
    let url = fields.optional("url", body::parsed::<Url>);
    let digest = fields.optional("digest", body::parsed::<PackageDigest>);
    let reference = fields.optional("oci", body::parsed::<Reference>);
    let signature = fields.optional("signature", body::text);
    let arrival = match (directory, url, digest, reference) {
        (None, None, None, None) => Some(Arrival::Source),
        (Some(name), None, None, None) => Some(Arrival::Directory(name.into())),
        (None, Some(url), Some(digest), None) => Some(Arrival::Url { url, digest }),
        (None, None, None, Some(reference)) => Some(Arrival::Registry(reference)),
        (None, Some(_), None, None) => {
            fields.fault("digest", "is missing: what a URL names can change");
            None
        }
        (None, None, Some(_), None) => {
            fields.fault("url", "is missing");
            None
        }
        (_, _, _, _) => {
            fields.fault("", "a version comes from one place: directory, url or oci");
            None
        }
    };
    fields.finish(arrival.map(|arrival| Coming {
        arrival,
        signature: signature.map(Bytes::from),
    }))
}

fn backwards(ctx: &Ctx) -> Result<Backwards, ApiError> {
    if ctx.body.is_empty() {
        return Ok(Backwards::Refused);
    }
    let mut fields = ctx.fields()?;
    let force = fields.optional("force", body::boolean);
    fields.finish(Some(match force {
        Some(true) => Backwards::Forced,
        Some(false) | None => Backwards::Refused,
    }))
}

pub(super) fn digest(ctx: &Ctx) -> Result<PackageDigest, ApiError> {
    let given = ctx.param("v");
    given
        .parse()
        .map_err(|error| ApiError::unknown("unknown_version", format!("there is no version {given:?}: {error}")))
}

fn shown(versions: &Versions) -> Value {
    let items = versions.installed.iter().rev();
    json!({
        "active": versions.active.to_string(),
        "previous": versions.previous.map(|digest| digest.to_string()),
        "follows": match versions.choice {
            Choice::Source => "source",
            Choice::Operator => "choice",
        },
        "canary": Value::Null,
        "shadow": Value::Null,
        "items": items.map(|version| shown_version(versions, version)).collect::<Value>(),
    })
}

fn shown_version(versions: &Versions, version: &Version) -> Value {
    let (state, because) = match standing(versions, version) {
        Standing::Active => ("active", Value::Null),
        Standing::Previous => ("previous", Value::Null),
        Standing::Waiting(because) => ("waiting", json!(because)),
        Standing::Installed => ("installed", Value::Null),
    };
    json!({
        "digest": version.digest.to_string(),
        "version": version.number,
        "data_version": version.data_version,
        "installed_at": rfc3339(version.installed_at),
        "origin": version.origin,
        "signed_by": version.signed_by,
        "state": state,
        "waits_because": because,
    })
}
