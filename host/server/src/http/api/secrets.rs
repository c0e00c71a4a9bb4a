//! Secrets that the host keeps itself. They go in and never come out.

use serde_json::json;
use waspnest_core::id::SecretName;
use waspnest_core::secret::SecretText;

use crate::http::body;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::page::Page;
use crate::http::reply::Reply;

/// The names there are, in order.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<SecretName>::of(&ctx.query)?;
    ctx.query.finish()?;
    let names = ctx.parts.secrets.list().await?.into_iter();
    let behind = names.filter(|name| page.after.as_ref().is_none_or(|after| name > after));
    let found = behind.take(page.look_ahead()).collect();
    Ok(Reply::ok(&page.answer(
        found,
        SecretName::clone,
        |name| json!({ "name": name.as_str() }),
    )))
}

/// `{ "value": "…" }`: keeps it under the name in the path, in place of what was there.
pub(in crate::http) async fn set(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let name = name(&ctx)?;
    let mut fields = ctx.fields()?;
    let value = fields.required("value", body::parsed::<SecretText>);
    let value = fields.finish(value)?;
    ctx.parts.secrets.set(&name, &value).await?;
    Ok(Reply::no_content())
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    ctx.parts.secrets.remove(&name(&ctx)?).await?;
    Ok(Reply::no_content())
}

fn name(ctx: &Ctx) -> Result<SecretName, ApiError> {
    ctx.param("n")
        .parse()
        .map_err(|error| ApiError::unknown("unknown_secret", format!("{error}")))
}
