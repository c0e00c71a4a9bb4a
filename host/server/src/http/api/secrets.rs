//! Secrets that the host keeps itself. They go in and never come out.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::id::SecretName;
use waspnest_core::secret::SecretText;

use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::parsed;
use crate::http::operation::{Json, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{NoContent, Shown};

/// A secret to keep.
pub(in crate::http) struct NewSecret(SecretText);

impl FromFields for NewSecret {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("value", parsed(), "The secret itself.").map(Self)
    }
}

/// A secret, as far as it is shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Secret")]
pub(in crate::http) struct ShownSecret {
    /// Its name.
    name: String,
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<SecretName>>,
) -> Result<Shown<Listed<ShownSecret>>, ApiError> {
    let names = ctx.parts.secrets.list().await?.into_iter();
    let behind = names.filter(|name| page.after.as_ref().is_none_or(|after| name > after));
    let found = behind.take(page.look_ahead()).collect();
    let shown = |name: SecretName| ShownSecret { name: name.to_string() };
    Ok(Shown(page.answer(found, SecretName::clone, shown)))
}

pub(in crate::http) async fn set(ctx: Ctx, Json(NewSecret(value)): Json<NewSecret>) -> Result<NoContent, ApiError> {
    ctx.parts.secrets.set(&name(&ctx)?, &value).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    ctx.parts.secrets.remove(&name(&ctx)?).await?;
    Ok(NoContent)
}

fn name(ctx: &Ctx) -> Result<SecretName, ApiError> {
    ctx.param("n")
        .parse()
        .map_err(|error| ApiError::unknown("unknown_secret", format!("{error}")))
}
