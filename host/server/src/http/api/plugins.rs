//! Plugins that were uploaded, for installations that are made here.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::event::Family;
use waspnest_core::given::Given;
use waspnest_core::id::PluginId;
use waspnest_core::package::PackageDigest;
use waspnest_core::uploaded_plugin::UploadedVersion;
use waspnest_engine::Plugin;
use waspnest_engine::manifest::{Capability, Need};

use crate::http::address::Moment;
use crate::http::archive::ArchiveOr;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::parsed;
use crate::http::operation::Query;
use crate::http::page::{Listed, Plain};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Created, NoContent, Shown};
use crate::rollout::Uploaded;
use crate::service::error::Error;
use crate::service::versions::{Arrival, Coming};

/// A plugin that was uploaded.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Plugin")]
pub(in crate::http) struct ShownPlugin {
    /// The author's name of it.
    id: String,
    /// Its name for people.
    name: Box<str>,
    /// Installations made over the API that are of it.
    used_by: Vec<String>,
    /// Its versions, the latest first.
    versions: Vec<ShownVersion>,
}

/// A version that was uploaded.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PluginVersion")]
struct ShownVersion {
    /// Its digest, which names it.
    digest: String,
    /// What its author calls it.
    version: Box<str>,
    /// When it came first.
    uploaded_at: Moment,
    /// Where it came from, in words.
    origin: Box<str>,
    /// The trusted key that signed it.
    signed_by: Option<Box<str>>,
}

/// A plugin with what is in one of its versions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PluginDetail")]
pub(in crate::http) struct ShownDetail {
    #[serde(flatten)]
    plugin: ShownPlugin,
    inside: Inside,
}

/// What is in a version.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PluginContents")]
struct Inside {
    /// The version's digest.
    digest: String,
    /// What it asks for.
    requests: Vec<ShownRequest>,
    /// Families of events that it handles.
    events: Vec<&'static str>,
    /// Commands that it hears.
    commands: Vec<String>,
    /// Schedules of its manifest.
    schedules: Vec<String>,
    /// Interfaces that its component imports.
    imports: Vec<Box<str>>,
    /// Interfaces that its component exports.
    exports: Vec<Box<str>>,
    /// The configuration it has of itself.
    defaults: serde_json::Map<String, Value>,
}

/// A capability that a plugin asks for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PluginRequest")]
struct ShownRequest {
    /// Its name, as grants have it.
    capability: &'static str,
    /// Whether the plugin cannot be put to work without it.
    required: bool,
    /// The terms it asks for, if any.
    terms: String,
    /// Why, in its author's words.
    reason: Option<String>,
}

/// A plugin that comes.
pub(in crate::http) struct Upload(Coming);

impl FromFields for Upload {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let coming = Coming::from_fields(fields)?;
        match coming.arrival {
            Arrival::Source => {
                fields.fault(
                    "",
                    "say where it is (directory, url or oci), or send the archive itself",
                );
                None
            }
            Arrival::Directory(_)
            | Arrival::Archive(_)
            | Arrival::Url { .. }
            | Arrival::Registry(_)
            | Arrival::Uploaded(_) => Some(Self(coming)),
        }
    }
}

pub(in crate::http) async fn create(ctx: Ctx, from: ArchiveOr<Upload>) -> Result<Created<ShownPlugin>, ApiError> {
    let coming = match from {
        ArchiveOr::Said(Upload(coming)) => coming,
        ArchiveOr::Archive(archive) => Coming {
            arrival: Arrival::Archive(archive),
            signature: None,
        },
    };
    let (uploaded, _) = ctx.parts.made.bring(coming).await.map_err(Error::from)?;
    let at = format!("/v1/plugins/{}", uploaded.id);
    Ok(Created::at(at, shown(&uploaded)))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<PluginId>>,
) -> Result<Shown<Listed<ShownPlugin>>, ApiError> {
    let all = ctx.parts.made.uploads().await.map_err(Error::from)?.into_iter();
    let behind = |uploaded: &Uploaded| page.after.as_ref().is_none_or(|after| uploaded.id > *after);
    let found: Vec<Uploaded> = all.filter(behind).take(page.look_ahead()).collect();
    Ok(Shown(page.answer(
        found,
        |uploaded| uploaded.id.clone(),
        |uploaded| shown(&uploaded),
    )))
}

/// Which version is meant.
pub(in crate::http) struct Which(Option<PackageDigest>);

impl FromQuery for Which {
    fn from_query(params: &mut Params) -> Option<Self> {
        let version = params.optional("version", parsed::<PackageDigest>(), "The digest of one version.");
        Some(Self(version))
    }
}

pub(in crate::http) async fn get(
    ctx: Ctx,
    Query(Which(version)): Query<Which>,
) -> Result<Shown<ShownDetail>, ApiError> {
    let uploaded = ctx.parts.made.uploaded(&id(&ctx)?).await.map_err(Error::from)?;
    let latest = uploaded.plugin.versions.last().map(|version| version.digest);
    let digest = match version {
        Some(digest) if uploaded.plugin.get(digest).is_none() => {
            return Err(ApiError::unknown(
                "unknown_version",
                format!("the version {digest} was not uploaded"),
            ));
        }
        Some(digest) => Some(digest),
        None => latest,
    };
    let digest = digest.ok_or_else(|| Error::Internal("a plugin without versions".into()))?;
    let plugin = ctx.parts.made.look_into(digest).await.map_err(Error::from)?;
    Ok(Shown(ShownDetail {
        plugin: shown(&uploaded),
        inside: inside(&plugin),
    }))
}

pub(in crate::http) async fn remove(ctx: Ctx, Query(Which(version)): Query<Which>) -> Result<NoContent, ApiError> {
    let removed = ctx.parts.made.remove_upload(&id(&ctx)?, version).await;
    removed.map_err(Error::from)?;
    Ok(NoContent)
}

fn id(ctx: &Ctx) -> Result<PluginId, ApiError> {
    let given = ctx.param("p");
    given.parse().map_err(|_| {
        ApiError::unknown(
            "unknown_plugin",
            format!("no plugin {:?} was uploaded", Given::of(given)),
        )
    })
}

fn shown(uploaded: &Uploaded) -> ShownPlugin {
    let version = |version: &UploadedVersion| {
        let mut signers = uploaded.signed_by.iter();
        let signed_by = signers.find(|(digest, _)| *digest == version.digest);
        ShownVersion {
            digest: version.digest.to_string(),
            version: version.number.clone(),
            uploaded_at: Moment(version.uploaded_at),
            origin: version.origin.clone(),
            signed_by: signed_by.and_then(|(_, key)| key.clone()),
        }
    };
    ShownPlugin {
        id: uploaded.id.to_string(),
        name: uploaded.plugin.name.clone(),
        used_by: uploaded.used_by.iter().map(ToString::to_string).collect(),
        versions: uploaded.plugin.versions.iter().rev().map(version).collect(),
    }
}

fn inside(plugin: &Plugin) -> Inside {
    let manifest = &plugin.manifest;
    let request = |capability: Capability| {
        let need = manifest.requests.need(capability)?;
        Some(ShownRequest {
            capability: capability.name(),
            required: need == Need::Required,
            terms: manifest.requests.terms(capability).to_owned(),
            reason: manifest.requests.reason(capability).map(str::to_owned),
        })
    };
    Inside {
        digest: plugin.digest.to_string(),
        requests: Capability::ALL.into_iter().filter_map(request).collect(),
        events: plugin.handlers.families().into_iter().map(Family::name).collect(),
        commands: manifest
            .commands
            .iter()
            .map(|command| command.name.to_string())
            .collect(),
        schedules: manifest
            .schedules
            .iter()
            .map(|schedule| schedule.id.as_str().to_owned())
            .collect(),
        imports: plugin.imports(),
        exports: plugin.exports(),
        defaults: manifest.defaults.clone(),
    }
}
