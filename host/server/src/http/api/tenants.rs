//! Tenants: who shares the host without knowing of each other.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::caller::{Tenant, TenantLimits};
use waspnest_core::id::{TenantId, TenantName};

use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{integer, parsed};
use crate::http::operation::{Json, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{Created, NoContent, Shown};
use crate::service::error::Error;

/// More than that is no limit.
const MOST: u64 = 1_000_000_000;

/// A tenant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub(in crate::http) struct ShownTenant {
    /// Its id.
    pub(super) id: String,
    /// The operator's name for it.
    pub(super) name: String,
    /// When it was made.
    created_at: Moment,
    limits: ShownLimits,
}

/// How much a tenant may have.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TenantLimits")]
struct ShownLimits {
    /// Sessions; none for as many as it likes.
    sessions: Option<u32>,
    /// Messages an hour that its callers send, over all its sessions; none for as many as they like.
    messages_per_hour: Option<u32>,
}

/// A tenant to be made.
pub(in crate::http) struct NewTenant {
    name: TenantName,
    limits: TenantLimits,
}

impl FromFields for NewTenant {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", parsed(), "The name it is called by; unique in the host.");
        let limits = fields.object(
            "limits",
            "How much it may have; as much as it likes if nothing is said.",
            limits,
        );
        Some(Self {
            name: name?,
            limits: limits.unwrap_or_default(),
        })
    }
}

/// Other limits.
pub(in crate::http) struct Limited(Option<TenantLimits>);

impl FromFields for Limited {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "How much it may have, in place of all limits before.";
        Some(Self(fields.object("limits", says, limits)))
    }
}

fn limits(fields: &mut Fields) -> Option<TenantLimits> {
    let sessions = fields.optional("sessions", integer(0, MOST), "Sessions.");
    let says = "Messages an hour that its callers send.";
    let messages = fields.optional("messages_per_hour", integer(0, MOST), says);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Some(TenantLimits {
        sessions: sessions.map(small),
        messages_per_hour: messages.map(small),
    })
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewTenant>) -> Result<Created<ShownTenant>, ApiError> {
    let tenant = ctx.parts.callers.tenants.create(new.name, new.limits).await?;
    Ok(Created::at(format!("/v1/tenants/{}", tenant.id), shown(&tenant)))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<TenantId>>,
) -> Result<Shown<Listed<ShownTenant>>, ApiError> {
    let found = ctx.parts.callers.tenants.list(page.after, page.look_ahead()).await?;
    Ok(Shown(page.answer(found, |tenant| tenant.id, |tenant| shown(&tenant))))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownTenant>, ApiError> {
    Ok(Shown(shown(&ctx.parts.callers.tenants.get(ctx.param("t")).await?)))
}

pub(in crate::http) async fn change(
    ctx: Ctx,
    Json(Limited(limits)): Json<Limited>,
) -> Result<Shown<ShownTenant>, ApiError> {
    let tenants = &ctx.parts.callers.tenants;
    let changed = match limits {
        Some(limits) => tenants.limit(ctx.param("t"), limits).await?,
        None => tenants.get(ctx.param("t")).await?,
    };
    Ok(Shown(shown(&changed)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    let tenant = ctx.parts.callers.tenants.get(ctx.param("t")).await?;
    let all = ctx.parts.installations.list().into_iter();
    let its: Vec<String> = all
        .filter(|described| described.tenant == Some(tenant.id))
        .map(|described| described.id.to_string())
        .collect();
    if !its.is_empty() {
        let why = format!("the tenant has installations: {}; remove them first", its.join(", "));
        return Err(Error::NotPossible { why: why.into() }.into());
    }
    ctx.parts.callers.tenants.remove(ctx.param("t")).await?;
    ctx.parts.webhooks.remove_all_of(tenant.id).await?;
    Ok(NoContent)
}

pub(super) fn shown(tenant: &Tenant) -> ShownTenant {
    ShownTenant {
        id: tenant.id.to_string(),
        name: tenant.name.to_string(),
        created_at: Moment(tenant.created_at),
        limits: ShownLimits {
            sessions: tenant.limits.sessions,
            messages_per_hour: tenant.limits.messages_per_hour,
        },
    }
}
