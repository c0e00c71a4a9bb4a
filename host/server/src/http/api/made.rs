//! Installations that are made, changed and removed here, beside those of the configuration file.
//!
//! What is said of one are the keys of `[[plugin]]` in the file, read by the rules of the file; the schema only tells which there are.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::installations::{self, ShownInstallation};
use crate::http::address::Moment;
use crate::http::body::object;
use crate::http::context::Ctx;
use crate::http::error::{ApiError, Fault};
use crate::http::form::kind;
use crate::http::operation::{Description, Input};
use crate::http::query::Params;
use crate::http::reply::{Created, NoContent, Shown};
use crate::service::error::Error;

/// What is said of an installation.
pub(in crate::http) struct Definition(Map<String, Value>);

/// What is changed about one.
pub(in crate::http) struct Change(Map<String, Value>);

/// The keys, what each must be, and what it says.
const KEYS: [(&str, &str, &str); 19] = [
    ("id", "string", "Its name, which stays: 1 to 64 of a-z, 0-9, '-', '_'."),
    (
        "plugin",
        "string",
        "The plugin: its digest, or its id for the latest version that was uploaded.",
    ),
    (
        "tenant",
        "string",
        "Whose it is, by id or name: it works in the sessions of that tenant and in no others, ever. Of everybody's if nothing is said.",
    ),
    (
        "enabled",
        "boolean",
        "Whether it works; true if nothing is said. What comes meanwhile waits.",
    ),
    (
        "priority",
        "integer",
        "Which of several installations gets an event first, where one may stop it: the higher.",
    ),
    ("mode", "string", "`active`, or `observe` to have it take no part."),
    (
        "lane",
        "string",
        "What is kept in order: `chat`, `sender`, `message` or `all`.",
    ),
    (
        "pin",
        "string",
        "Which versions have to be looked at: `requests`, `publisher` or `digest`.",
    ),
    (
        "limits",
        "object",
        "Limits of its own, such as `{ \"memory\": \"32MiB\" }`.",
    ),
    (
        "reuse",
        "object",
        "Whether sandboxes are used again: `{ \"max-calls\": 100 }`.",
    ),
    (
        "commands",
        "object",
        "How its commands are called, and by whom those for operators may be used.",
    ),
    ("hook", "object", "How requests from outside reach it."),
    (
        "grants",
        "object",
        "What the plugin may do: capabilities by name, `true` or terms.",
    ),
    ("config", "object", "The plugin's own settings, over its defaults."),
    (
        "session",
        "object",
        "Settings of single sessions, by name: `{ \"main\": { \"config\": {} } }`.",
    ),
    (
        "chat",
        "array",
        "Settings of chats, over those; the first that fits holds.",
    ),
    (
        "schedule",
        "object",
        "What is changed about the schedules of its manifest, by name.",
    ),
    (
        "binds",
        "array",
        "Which events reach it: the keys of `[[bind]]` without `plugin`.",
    ),
    (
        "schedules",
        "array",
        "Schedules of its own: the keys of `[[schedule]]` without `plugin`.",
    ),
];

fn schema(required: &[&str], left_out: &[&str]) -> Value {
    let keys = KEYS.iter().filter(|(key, ..)| !left_out.contains(key));
    let properties: Map<String, Value> = keys
        .map(|(key, kind, says)| {
            let kinds = match required.contains(key) {
                true => json!(kind),
                false => json!([kind, "null"]),
            };
            let mut told = json!({ "type": kinds, "description": says });
            if *kind == "array" {
                told["items"] = json!({ "type": "object" });
            }
            ((*key).to_owned(), told)
        })
        .collect();
    let mut told = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        told["required"] = json!(required);
    }
    json!({ "required": true, "content": { "application/json": { "schema": told } } })
}

impl Input for Definition {
    fn read(ctx: &Ctx, _: &mut Params) -> Result<Self, ApiError> {
        ctx.is_json()?;
        object(&ctx.body).map(Self)
    }

    fn tell(told: &mut Description) {
        told.body = Some(schema(&["id", "plugin"], &[]));
    }
}

impl Input for Change {
    fn read(ctx: &Ctx, _: &mut Params) -> Result<Self, ApiError> {
        ctx.is_json()?;
        object(&ctx.body).map(Self)
    }

    fn tell(told: &mut Description) {
        told.body = Some(schema(&[], &["id", "plugin", "tenant"]));
    }
}

/// An installation with what was said of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstallationDetail")]
pub(in crate::http) struct ShownDetail {
    #[serde(flatten)]
    installation: ShownInstallation,
    /// What was said of it over the API, but for its configuration, which is shown at `/config`; none for one of the file's.
    definition: Option<Map<String, Value>>,
    /// When it was made over the API.
    made_at: Option<Moment>,
    /// When that was changed last.
    changed_at: Option<Moment>,
}

/// Keys with settings, which may hold what is not for everybody.
const SETTINGS: [&str; 3] = ["config", "session", "chat"];

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownDetail>, ApiError> {
    detail(&ctx).map(Shown)
}

fn detail(ctx: &Ctx) -> Result<ShownDetail, ApiError> {
    let id = installations::id(ctx)?;
    detail_of(ctx, &id)
}

fn detail_of(ctx: &Ctx, id: &waspnest_core::id::InstallationId) -> Result<ShownDetail, ApiError> {
    let described = ctx.parts.installations.get(id)?;
    let (definition, record) = ctx.parts.made.definition(id).unzip();
    Ok(ShownDetail {
        installation: installations::shown(&described, ctx.parts.clock.now()),
        definition: definition.map(|mut definition| {
            definition.retain(|key, _| !SETTINGS.contains(&key.as_str()));
            definition
        }),
        made_at: record.as_ref().map(|record| Moment(record.made_at)),
        changed_at: record.as_ref().map(|record| Moment(record.changed_at)),
    })
}

pub(in crate::http) async fn create(
    ctx: Ctx,
    Definition(mut definition): Definition,
) -> Result<Created<ShownDetail>, ApiError> {
    let tenant = match definition.remove("tenant") {
        None | Some(Value::Null) => None,
        Some(Value::String(given)) => Some(ctx.parts.callers.tenants.get(&given).await?.id),
        Some(other) => {
            let detail = format!("expected a text, found {}", kind(&other));
            let pointer = "/tenant".to_owned();
            return Err(ApiError::invalid_body(vec![Fault { pointer, detail }]));
        }
    };
    let id = ctx.parts.made.make(definition, tenant).await.map_err(Error::from)?;
    Ok(Created::at(
        format_args!("/v1/installations/{id}"),
        detail_of(&ctx, &id)?,
    ))
}

pub(in crate::http) async fn change(ctx: Ctx, Change(change): Change) -> Result<Shown<ShownDetail>, ApiError> {
    let id = installations::id(&ctx)?;
    ctx.parts.made.change_made(&id, change).await.map_err(Error::from)?;
    detail(&ctx).map(Shown)
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    let id = installations::id(&ctx)?;
    ctx.parts.made.remove_made(&id).await.map_err(Error::from)?;
    Ok(NoContent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::made::Made;

    #[test]
    fn the_document_tells_every_key_there_is() {
        let told: BTreeSet<String> = KEYS.iter().map(|(key, ..)| (*key).to_owned()).collect();
        let read = Made::keys().into_iter().chain(["tenant".to_owned()]);
        let read: BTreeSet<String> = read
            .map(|key| key.split(['.', '[']).next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(told, read);
    }
}
