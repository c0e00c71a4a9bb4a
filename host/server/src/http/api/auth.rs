//! Logging in and out.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::id::{TenantName, UserName};

use super::users::ShownRole;
use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{parsed, text_of};
use crate::http::operation::Json;
use crate::http::reply::{NoContent, Shown};
use crate::service::caller::Tokens;

/// Bytes of the longest text that is taken for a password.
const LONGEST: usize = 1024;

/// Who wants in.
pub(in crate::http) struct Known {
    tenant: Option<TenantName>,
    username: UserName,
    password: String,
}

impl FromFields for Known {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let tenant = fields.optional(
            "tenant",
            parsed(),
            "The user's tenant; `default` unless another is named.",
        );
        let username = fields.required("username", parsed(), "The user's name in the tenant.");
        let password = fields.required("password", text_of(1, LONGEST), "The user's password.");
        Some(Self {
            tenant,
            username: username?,
            password: password?,
        })
    }
}

/// What a login goes on with.
pub(in crate::http) struct Refresh(String);

impl FromFields for Refresh {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "The `refresh_token` of the login or of its last refresh. It works once.";
        fields.required("refresh_token", text_of(1, LONGEST), says).map(Self)
    }
}

/// What a login gives.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Login")]
pub(in crate::http) struct ShownTokens {
    /// What is sent with every request, as `Authorization: Bearer …`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// When the access token ends.
    expires_at: Moment,
    /// What the login is refreshed with, once.
    refresh_token: String,
    /// When the login ends unless it is refreshed.
    refresh_expires_at: Moment,
    user: ShownLoggedIn,
}

/// Who logged in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoggedIn")]
struct ShownLoggedIn {
    /// The user's id.
    id: String,
    /// Its name.
    username: String,
    /// Its tenant's id.
    tenant: String,
    role: ShownRole,
}

pub(in crate::http) async fn log_in(ctx: Ctx, Json(known): Json<Known>) -> Result<Shown<ShownTokens>, ApiError> {
    let tenant = known.tenant.unwrap_or_else(TenantName::usual);
    let logins = &ctx.parts.callers.logins;
    let tokens = logins
        .log_in(tenant, known.username, &known.password, ctx.address)
        .await?;
    Ok(Shown(shown(tokens)))
}

pub(in crate::http) async fn refresh(
    ctx: Ctx,
    Json(Refresh(shown_token)): Json<Refresh>,
) -> Result<Shown<ShownTokens>, ApiError> {
    let tokens = ctx.parts.callers.logins.refresh(&shown_token, ctx.address).await?;
    Ok(Shown(shown(tokens)))
}

/// Ends the login whose access token was sent; other credentials have none.
pub(in crate::http) async fn log_out(ctx: Ctx) -> Result<NoContent, ApiError> {
    let login = ctx.caller.login.ok_or_else(ApiError::no_login)?;
    ctx.parts.callers.logins.log_out(login).await?;
    Ok(NoContent)
}

fn shown(tokens: Tokens) -> ShownTokens {
    ShownTokens {
        access_token: tokens.access,
        token_type: "Bearer",
        expires_at: Moment(tokens.access_until),
        refresh_token: tokens.refresh.expose().to_owned(),
        refresh_expires_at: Moment(tokens.refresh_until),
        user: ShownLoggedIn {
            id: tokens.user.id.to_string(),
            username: tokens.user.name.to_string(),
            tenant: tokens.user.tenant.to_string(),
            role: tokens.user.role.into(),
        },
    }
}
