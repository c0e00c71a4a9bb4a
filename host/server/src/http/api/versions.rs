//! Versions of an installation's plugin: which there are, which is at work, and changing that.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Canary, Choice, Shadow, Version, Versions};

use super::installations::id;
use crate::http::address::Moment;
use crate::http::archive::ArchiveOr;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, Text, integer, parsed};
use crate::http::operation::{Json, MaybeJson};
use crate::http::reply::{Created, Shown};
use crate::rollout::Backwards;
use crate::service::error::Error;
use crate::service::versions::{Arrival, Coming, Standing, standing};

/// Versions of an installation's plugin.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Versions")]
pub(in crate::http) struct ShownVersions {
    /// The digest of the version at work.
    active: String,
    /// The digest of the one before it.
    previous: Option<String>,
    /// `source` when the version in the configured source is put to work at each start, `choice` when an operator has chosen.
    follows: &'static str,
    /// The version that is tried in a share of the chats.
    canary: Option<ShownShare>,
    /// The version that is called beside the one at work.
    shadow: Option<ShownShare>,
    /// All that are installed, the latest first.
    items: Vec<ShownVersion>,
}

/// A version and a share of the chats.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VersionShare")]
struct ShownShare {
    /// The version's digest.
    digest: String,
    /// Of a hundred chats.
    percent: u8,
}

/// An installed version.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstalledVersion")]
pub(in crate::http) struct ShownVersion {
    /// Its digest.
    digest: String,
    /// What its author calls it.
    version: Box<str>,
    /// The form of the data it keeps.
    data_version: u32,
    /// When it was installed.
    installed_at: Moment,
    /// Where it came from, in words.
    origin: Box<str>,
    /// Whose signature was good.
    signed_by: Option<Box<str>>,
    /// `active`, `previous`, `waiting` or `installed`.
    state: &'static str,
    /// What it asks for that the version at work did not.
    waits_because: Option<Vec<Box<str>>>,
}

/// All that are installed, the latest first.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Shown<ShownVersions>, ApiError> {
    let versions = ctx.parts.versions.versions(&id(&ctx)?).await.map_err(Error::from)?;
    reply(&ctx, &versions).await
}

impl FromFields for Coming {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let directory = fields.optional("directory", Text, "A package in the host's directory of plugins.");
        let url = fields.optional("url", parsed(), "Where to fetch the package.");
        let digest = fields.optional("digest", parsed::<PackageDigest>(), "The digest of what `url` names.");
        let reference = fields.optional("oci", parsed(), "The package in a registry.");
        let uploaded = fields.optional(
            "uploaded",
            parsed::<PackageDigest>(),
            "The digest of one that was uploaded.",
        );
        let signature = fields.optional("signature", Text, "A signature, if none lies in the package.");
        let arrival = match (directory, url, digest, reference, uploaded) {
            (None, None, None, None, None) => Arrival::Source,
            (Some(name), None, None, None, None) => Arrival::Directory(name.into()),
            (None, Some(url), Some(digest), None, None) => Arrival::Url { url, digest },
            (None, None, None, Some(reference), None) => Arrival::Registry(reference),
            (None, None, None, None, Some(digest)) => Arrival::Uploaded(digest),
            (None, Some(_), None, None, None) => {
                fields.fault("digest", "is missing: what a URL names can change");
                return None;
            }
            (None, None, Some(_), None, None) => {
                fields.fault("url", "is missing");
                return None;
            }
            (_, _, _, _, _) => {
                fields.fault("", "a version comes from one place: directory, url, oci or uploaded");
                return None;
            }
        };
        Some(Self {
            arrival,
            signature: signature.map(Bytes::from),
        })
    }
}

/// Without anything said, what is in the configured source now.
pub(in crate::http) async fn install(ctx: Ctx, from: ArchiveOr<Coming>) -> Result<Created<ShownVersion>, ApiError> {
    let id = id(&ctx)?;
    let coming = match from {
        ArchiveOr::Said(coming) => coming,
        // An empty body is no archive, whatever it is called.
        ArchiveOr::Archive(archive) if archive.is_empty() => Coming {
            arrival: Arrival::Source,
            signature: None,
        },
        ArchiveOr::Archive(archive) => Coming {
            arrival: Arrival::Archive(archive),
            signature: None,
        },
    };
    let installed = ctx.parts.versions.install(&id, coming).await.map_err(Error::from)?;
    let version = installed.versions.get(installed.digest);
    let version = version.ok_or_else(|| Error::Internal("what was installed is not there".into()))?;
    Ok(Created {
        shown: shown_version(&installed.versions, version),
        at: None,
    })
}

impl FromFields for Backwards {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "Whether it may meet data of a later form than its own.";
        Some(match fields.optional("force", Flag, says) {
            Some(true) => Self::Forced,
            Some(false) | None => Self::Refused,
        })
    }
}

pub(in crate::http) async fn activate(
    ctx: Ctx,
    MaybeJson(backwards): MaybeJson<Backwards>,
) -> Result<Shown<ShownVersions>, ApiError> {
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let changed = ctx.parts.versions.activate(&id, digest, backwards).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

pub(in crate::http) async fn approve(ctx: Ctx) -> Result<Shown<ShownVersions>, ApiError> {
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let changed = ctx.parts.versions.approve(&id, digest).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

pub(in crate::http) async fn roll_back(
    ctx: Ctx,
    MaybeJson(backwards): MaybeJson<Backwards>,
) -> Result<Shown<ShownVersions>, ApiError> {
    let changed = ctx.parts.versions.roll_back(&id(&ctx)?, backwards).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// Which share of the chats.
pub(in crate::http) struct Share(u8);

impl FromFields for Share {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let some = integer(0, 100).checked(serde_json::json!({ "minimum": 1, "maximum": 99 }), |percent| {
            let percent = u8::try_from(percent).ok().filter(|percent| (1..=99).contains(percent));
            percent.ok_or_else(|| "must be 1 to 99; a version for all chats is activated".to_owned())
        });
        fields.required("percent", some, "Of a hundred chats.").map(Self)
    }
}

pub(in crate::http) async fn try_in_some(
    ctx: Ctx,
    Json(Share(percent)): Json<Share>,
) -> Result<Shown<ShownVersions>, ApiError> {
    let (id, digest) = (id(&ctx)?, digest(&ctx)?);
    let canary = Some(Canary { digest, percent });
    let changed = ctx.parts.versions.set_canary(&id, canary).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

pub(in crate::http) async fn try_none(ctx: Ctx) -> Result<Shown<ShownVersions>, ApiError> {
    let changed = ctx.parts.versions.set_canary(&id(&ctx)?, None).await;
    reply(&ctx, &changed.map_err(Error::from)?).await
}

/// All versions, with the one that is tried and the one in shadow.
pub(super) async fn reply(ctx: &Ctx, versions: &Versions) -> Result<Shown<ShownVersions>, ApiError> {
    let canary = ctx.parts.versions.canary(&id(ctx)?).await.map_err(Error::from)?;
    let shadow = ctx.parts.versions.shadow(&id(ctx)?).await.map_err(Error::from)?;
    let share = |digest: PackageDigest, percent| ShownShare {
        digest: digest.to_string(),
        percent,
    };
    let items = versions.installed.iter().rev();
    Ok(Shown(ShownVersions {
        active: versions.active.to_string(),
        previous: versions.previous.map(|digest| digest.to_string()),
        follows: match versions.choice {
            Choice::Source => "source",
            Choice::Operator => "choice",
        },
        canary: canary.map(|Canary { digest, percent }| share(digest, percent)),
        shadow: shadow.map(|report| {
            let Shadow { digest, percent } = report.shadow;
            share(digest, percent)
        }),
        items: items.map(|version| shown_version(versions, version)).collect(),
    }))
}

pub(super) fn digest(ctx: &Ctx) -> Result<PackageDigest, ApiError> {
    let given = ctx.param("v");
    given
        .parse()
        .map_err(|error| ApiError::unknown("unknown_version", format!("there is no version {given:?}: {error}")))
}

fn shown_version(versions: &Versions, version: &Version) -> ShownVersion {
    let (state, because) = match standing(versions, version) {
        Standing::Active => ("active", None),
        Standing::Previous => ("previous", None),
        Standing::Waiting(because) => ("waiting", Some(because.to_vec())),
        Standing::Installed => ("installed", None),
    };
    ShownVersion {
        digest: version.digest.to_string(),
        version: version.number.clone(),
        data_version: version.data_version,
        installed_at: Moment(version.installed_at),
        origin: version.origin.clone(),
        signed_by: version.signed_by.clone(),
        state,
        waits_because: because,
    }
}
