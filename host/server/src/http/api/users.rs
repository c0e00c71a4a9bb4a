//! Users of tenants.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::caller::{Role, Standing, User};
use waspnest_core::id::{UserId, UserName};

use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, one_of, parsed, text_of};
use crate::http::operation::{Json, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{Created, NoContent, Shown};
use crate::service::users::{NewUser as New, UserChange};

/// Bytes of the longest text that is taken for a password.
pub(super) const LONGEST: usize = 256;

/// What a user may do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Role")]
pub(in crate::http) enum ShownRole {
    /// Everything in the tenant, users and keys included.
    Owner,
    /// Everything but what is about who may call.
    Member,
    /// Look at what a member may change.
    Viewer,
}

impl From<Role> for ShownRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Member => Self::Member,
            Role::Viewer => Self::Viewer,
        }
    }
}

fn role() -> impl Form<Out = Role> {
    one_of(&[
        ("owner", Role::Owner),
        ("member", Role::Member),
        ("viewer", Role::Viewer),
    ])
}

/// A user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(in crate::http) struct ShownUser {
    /// Its id.
    id: String,
    /// Its tenant's id.
    tenant: String,
    /// What it types at a login; unique in the tenant.
    username: String,
    role: ShownRole,
    /// Whether it may not log in.
    suspended: bool,
    /// When it was made.
    created_at: Moment,
}

/// A user to be made.
pub(in crate::http) struct NewUser {
    tenant: Option<String>,
    name: UserName,
    password: String,
    role: Role,
}

impl FromFields for NewUser {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let tenant = fields.optional(
            "tenant",
            text_of(1, 64),
            "Whose it is, by id or name; the caller's own tenant, or `default`, if nothing is said.",
        );
        let name = fields.required("username", parsed(), "What it types at a login; unique in the tenant.");
        let password = fields.required("password", text_of(1, LONGEST), "Its password: 10 characters or more.");
        let role = fields.optional("role", role(), "What it may do; `member` if nothing is said.");
        Some(Self {
            tenant,
            name: name?,
            password: password?,
            role: role.unwrap_or(Role::Member),
        })
    }
}

/// What is to be different.
pub(in crate::http) struct Changed(UserChange);

impl FromFields for Changed {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let password = fields.optional("password", text_of(1, LONGEST), "Another password; ends its logins.");
        let role = fields.optional("role", role(), "What it may do from the next request on.");
        let suspended = fields.optional("suspended", Flag, "Whether it may not log in; ends its logins.");
        let standing = |suspended| match suspended {
            true => Standing::Suspended,
            false => Standing::Active,
        };
        Some(Self(UserChange {
            password,
            role,
            standing: suspended.map(standing),
        }))
    }
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewUser>) -> Result<Created<ShownUser>, ApiError> {
    let callers = &ctx.parts.callers;
    let tenant = callers.tenants.of(&ctx.caller, new.tenant.as_deref()).await?;
    let new = New {
        tenant: tenant.id,
        name: new.name,
        password: new.password,
        role: new.role,
    };
    let user = callers.users.create(&ctx.caller, new).await?;
    Ok(Created::at(format!("/v1/users/{}", user.id), shown(&user)))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<UserId>>,
) -> Result<Shown<Listed<ShownUser>>, ApiError> {
    let users = &ctx.parts.callers.users;
    let found = users.list(&ctx.caller, page.after, page.look_ahead()).await?;
    Ok(Shown(page.answer(found, |user| user.id, |user| shown(&user))))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownUser>, ApiError> {
    let user = ctx.parts.callers.users.get(&ctx.caller, ctx.param("u")).await?;
    Ok(Shown(shown(&user)))
}

pub(in crate::http) async fn change(
    ctx: Ctx,
    Json(Changed(change)): Json<Changed>,
) -> Result<Shown<ShownUser>, ApiError> {
    let users = &ctx.parts.callers.users;
    let changed = users.change(&ctx.caller, ctx.param("u"), change).await?;
    Ok(Shown(shown(&changed)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    ctx.parts.callers.users.remove(&ctx.caller, ctx.param("u")).await?;
    Ok(NoContent)
}

fn shown(user: &User) -> ShownUser {
    ShownUser {
        id: user.id.to_string(),
        tenant: user.tenant.to_string(),
        username: user.name.to_string(),
        role: user.role.into(),
        suspended: user.standing == Standing::Suspended,
        created_at: Moment(user.created_at),
    }
}
