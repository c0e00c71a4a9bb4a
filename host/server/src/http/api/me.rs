//! Who is calling, as the host sees it.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::audit::Actor;
use waspnest_core::caller::Scope;

use super::tenants::{self, ShownTenant};
use super::users::LONGEST;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::text_of;
use crate::http::operation::Json;
use crate::http::reply::{NoContent, Shown};
use crate::service::caller::{Caller, Reach};

/// Who is calling.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Me")]
pub(in crate::http) struct ShownMe {
    #[serde(flatten)]
    actor: ShownActor,
    /// The caller's tenant; none for the operator.
    tenant: Option<ShownTenant>,
    /// What the caller may do with what is theirs.
    scopes: Vec<&'static str>,
    /// The only sessions the caller knows of, by id; none for all of the tenant's.
    sessions: Option<Vec<String>>,
}

/// What was shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Actor")]
pub(in crate::http) struct ShownActor {
    /// `admin`, `user`, `api-key`, `session`, or `nobody`.
    kind: &'static str,
    /// The id of the user, the key or the session.
    id: Option<String>,
}

impl From<Actor> for ShownActor {
    fn from(actor: Actor) -> Self {
        let (kind, id) = match actor {
            Actor::Nobody => ("nobody", None),
            Actor::Admin => ("admin", None),
            Actor::User(id) => ("user", Some(id.to_string())),
            Actor::ApiKey(id) => ("api-key", Some(id.to_string())),
            Actor::Session(id) => ("session", Some(id.to_string())),
        };
        Self { kind, id }
    }
}

/// Another password for oneself.
pub(in crate::http) struct Passwords {
    old: String,
    new: String,
}

impl FromFields for Passwords {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let old = fields.required("current_password", text_of(1, LONGEST), "The password as it is.");
        let new = fields.required(
            "password",
            text_of(1, LONGEST),
            "The password from now on: 10 characters or more.",
        );
        Some(Self { old: old?, new: new? })
    }
}

pub(in crate::http) async fn show(ctx: Ctx) -> Result<Shown<ShownMe>, ApiError> {
    let Caller {
        actor, reach, scopes, ..
    } = &ctx.caller;
    let tenant = match ctx.caller.tenant() {
        Some(tenant) => Some(ctx.parts.callers.tenants.get(&tenant.to_string()).await?),
        None => None,
    };
    let sessions = match reach {
        Reach::Nothing | Reach::Host | Reach::Tenant(_) => None,
        Reach::Sessions(_, sessions) => Some(sessions.iter().map(ToString::to_string).collect()),
    };
    Ok(Shown(ShownMe {
        actor: (*actor).into(),
        tenant: tenant.as_ref().map(tenants::shown),
        scopes: scopes.iter().map(Scope::name).collect(),
        sessions,
    }))
}

/// Users alone have one.
pub(in crate::http) async fn change_password(
    ctx: Ctx,
    Json(passwords): Json<Passwords>,
) -> Result<NoContent, ApiError> {
    let Actor::User(user) = ctx.caller.actor else {
        return Err(ApiError::no_login());
    };
    let users = &ctx.parts.callers.users;
    users.change_own_password(user, &passwords.old, &passwords.new).await?;
    Ok(NoContent)
}
