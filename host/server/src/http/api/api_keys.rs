//! API keys of tenants, and the token of a session. What is secret is shown once, when it is made.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::caller::{ApiKey, Credential, Network, Scope, Scopes};
use waspnest_core::clock::UnixMs;
use waspnest_core::id::{ApiKeyId, SessionId};

use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, integer, list as list_of, moment, parsed, text_of};
use crate::http::operation::{Json, MaybeJson, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{Created, NoContent, Shown};
use crate::service::api_keys::{ApiKeyChange, NewApiKey as New};

/// The longest a replaced secret may still open, in seconds.
const LONGEST_OVERLAP: u64 = 30 * 24 * 60 * 60;
/// How long it opens if nothing is said.
const USUAL_OVERLAP: u64 = 24 * 60 * 60;

/// An API key, without its secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
pub(in crate::http) struct ShownApiKey {
    /// Its id.
    id: String,
    /// Its tenant's id.
    tenant: String,
    /// What people call it.
    name: Box<str>,
    /// What it opens.
    scopes: Vec<&'static str>,
    /// The only sessions it knows of; none for all of the tenant's.
    sessions: Option<Vec<String>>,
    /// Networks it may be used from; anywhere when there are none.
    networks: Vec<String>,
    /// When it was made.
    created_at: Moment,
    /// When its secret was made.
    secret_at: Moment,
    /// Until when the secret before still opens.
    previous_until: Option<Moment>,
    /// When it ends.
    expires_at: Option<Moment>,
}

/// An API key with its secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyWithSecret")]
pub(in crate::http) struct FreshApiKey {
    /// What is sent as `Authorization: Bearer …`. It is never shown again.
    key: String,
    #[serde(flatten)]
    shown: ShownApiKey,
}

/// A session's token with its secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionToken")]
pub(in crate::http) struct FreshToken {
    /// What is sent as `Authorization: Bearer …`. It is never shown again.
    token: String,
    /// The session it opens.
    session: String,
    /// What may be done there.
    scopes: Vec<&'static str>,
    /// When it ends.
    expires_at: Option<Moment>,
}

fn scopes() -> impl Form<Out = Scopes> {
    let all = list_of(parsed::<Scope>(), Scope::ALL.len());
    all.checked(
        serde_json::json!({ "minItems": 1 }),
        |scopes: Vec<Scope>| match scopes.is_empty() {
            true => Err("must not be empty".to_owned()),
            false => Ok(scopes.into_iter().collect()),
        },
    )
}

fn networks() -> impl Form<Out = Vec<Network>> {
    list_of(parsed::<Network>(), 100)
}

/// A key to be made.
pub(in crate::http) struct NewApiKey {
    tenant: Option<String>,
    name: String,
    scopes: Scopes,
    sessions: Option<Vec<SessionId>>,
    networks: Option<Vec<Network>>,
    expires_at: Option<UnixMs>,
}

impl FromFields for NewApiKey {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let tenant = fields.optional(
            "tenant",
            text_of(1, 64),
            "Whose it is, by id or name; the caller's own tenant, or `default`, if nothing is said.",
        );
        let name = fields.required("name", text_of(1, 100), "What people call it.");
        let scopes = fields.required("scopes", scopes(), "What it opens; no more than the caller may.");
        let sessions = fields.optional(
            "sessions",
            list_of(parsed(), 1000),
            "The only sessions it knows of, by id; all of the tenant's if nothing is said.",
        );
        let networks = fields.optional(
            "networks",
            networks(),
            "Networks it may be used from; anywhere if nothing is said.",
        );
        let expires_at = fields.optional("expires_at", moment(), "When it ends; never if nothing is said.");
        Some(Self {
            tenant,
            name: name?,
            scopes: scopes?,
            sessions,
            networks,
            expires_at,
        })
    }
}

/// What is to be different.
pub(in crate::http) struct Changed(ApiKeyChange);

impl FromFields for Changed {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", text_of(1, 100), "What people call it.");
        let scopes = fields.optional("scopes", scopes(), "What it opens; no more than the caller may.");
        let networks = fields.optional(
            "networks",
            networks(),
            "Networks it may be used from; an empty list for anywhere.",
        );
        Some(Self(ApiKeyChange {
            name: name.map(Into::into),
            scopes,
            networks,
        }))
    }
}

/// How a key is rotated.
pub(in crate::http) struct Rotation {
    overlap: Duration,
}

impl FromFields for Rotation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "Seconds for which the secret before still opens; a day if nothing is said, 0 for not at all.";
        let overlap = fields.optional("overlap_seconds", integer(0, LONGEST_OVERLAP), says);
        Some(Self {
            overlap: Duration::from_secs(overlap.unwrap_or(USUAL_OVERLAP)),
        })
    }
}

/// A token to be made.
pub(in crate::http) struct NewToken {
    scopes: Option<Scopes>,
    expires_at: Option<UnixMs>,
}

impl FromFields for NewToken {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "What may be done in the session; everything that the caller may do there if nothing is said.";
        let scopes = fields.optional("scopes", scopes(), says);
        let expires_at = fields.optional("expires_at", moment(), "When it ends; never if nothing is said.");
        Some(Self { scopes, expires_at })
    }
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewApiKey>) -> Result<Created<FreshApiKey>, ApiError> {
    let callers = &ctx.parts.callers;
    let tenant = callers.tenants.of(&ctx.caller, new.tenant.as_deref()).await?;
    let new = New {
        tenant: tenant.id,
        name: new.name.into(),
        scopes: new.scopes,
        sessions: new.sessions,
        networks: new.networks.unwrap_or_default(),
        expires_at: new.expires_at,
    };
    let (key, secret) = callers.api_keys.create(&ctx.caller, new).await?;
    Ok(Created::at(format!("/v1/api-keys/{}", key.id), fresh(&key, &secret)))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<ApiKeyId>>,
) -> Result<Shown<Listed<ShownApiKey>>, ApiError> {
    let keys = &ctx.parts.callers.api_keys;
    let found = keys.list(&ctx.caller, page.after, page.look_ahead()).await?;
    Ok(Shown(page.answer(found, |key| key.id, |key| shown(&key))))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownApiKey>, ApiError> {
    let key = ctx.parts.callers.api_keys.get(&ctx.caller, ctx.param("k")).await?;
    Ok(Shown(shown(&key)))
}

pub(in crate::http) async fn change(
    ctx: Ctx,
    Json(Changed(change)): Json<Changed>,
) -> Result<Shown<ShownApiKey>, ApiError> {
    let keys = &ctx.parts.callers.api_keys;
    let changed = keys.change(&ctx.caller, ctx.param("k"), change).await?;
    Ok(Shown(shown(&changed)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    ctx.parts.callers.api_keys.remove(&ctx.caller, ctx.param("k")).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn rotate(
    ctx: Ctx,
    MaybeJson(rotation): MaybeJson<Rotation>,
) -> Result<Shown<FreshApiKey>, ApiError> {
    let keys = &ctx.parts.callers.api_keys;
    let (key, secret) = keys.rotate(&ctx.caller, ctx.param("k"), rotation.overlap).await?;
    Ok(Shown(fresh(&key, &secret)))
}

pub(in crate::http) async fn session_token(
    ctx: Ctx,
    MaybeJson(new): MaybeJson<NewToken>,
) -> Result<Shown<FreshToken>, ApiError> {
    let session = ctx.session().await?;
    let all = || {
        ctx.caller
            .scopes
            .iter()
            .filter(|scope| scope.is_of_sessions())
            .collect()
    };
    let scopes = new.scopes.unwrap_or_else(all);
    let keys = &ctx.parts.callers.api_keys;
    let (token, secret) = keys
        .session_token(&ctx.caller, session.id, scopes, new.expires_at)
        .await?;
    Ok(Shown(FreshToken {
        token: secret.expose().to_owned(),
        session: token.session.to_string(),
        scopes: token.scopes.iter().map(Scope::name).collect(),
        expires_at: token.expires_at.map(Moment),
    }))
}

pub(in crate::http) async fn remove_session_token(ctx: Ctx) -> Result<NoContent, ApiError> {
    let session = ctx.session().await?;
    ctx.parts.callers.api_keys.remove_session_token(session.id).await?;
    Ok(NoContent)
}

fn fresh(key: &ApiKey, secret: &Credential) -> FreshApiKey {
    FreshApiKey {
        key: secret.expose().to_owned(),
        shown: shown(key),
    }
}

fn shown(key: &ApiKey) -> ShownApiKey {
    let texts = |sessions: &Vec<SessionId>| sessions.iter().map(ToString::to_string).collect();
    ShownApiKey {
        id: key.id.to_string(),
        tenant: key.tenant.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.iter().map(Scope::name).collect(),
        sessions: key.sessions.as_ref().map(texts),
        networks: key.networks.iter().map(ToString::to_string).collect(),
        created_at: Moment(key.created_at),
        secret_at: Moment(key.secret_at),
        previous_until: key.previous.map(|overlap| Moment(overlap.until)),
        expires_at: key.expires_at.map(Moment),
    }
}
