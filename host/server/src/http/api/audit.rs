//! The audit log.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::audit::{AuditEntry, Outcome, Which};
use waspnest_core::id::AuditId;

use super::me::ShownActor;
use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::one_of;
use crate::http::operation::Query;
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;

/// An entry of the audit log.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(in crate::http) struct ShownEntry {
    /// Its id.
    id: String,
    /// When it happened.
    at: Moment,
    /// `denied` or `changed`.
    outcome: &'static str,
    /// Why it was denied: the `code` that was answered.
    reason: Option<Box<str>>,
    actor: ShownActor,
    /// Whose it was; none when it was nobody's or the host's.
    tenant: Option<String>,
    /// What was called, such as `DELETE /v1/users/{u}`.
    call: Box<str>,
    /// The path of what it was about.
    target: Box<str>,
    /// From where.
    address: Option<String>,
    /// The request's id.
    request_id: Box<str>,
}

/// Some of the entries.
pub(in crate::http) struct Wanted {
    page: Page<AuditId>,
    which: Which,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let words = one_of(&[
            ("denied", Which::Denied),
            ("changed", Which::Changed),
            ("all", Which::All),
        ]);
        let which = params.optional("outcome", words, "Which entries; `all` if nothing is said.");
        Some(Self {
            page: page?,
            which: which.unwrap_or(Which::All),
        })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<Listed<ShownEntry>>, ApiError> {
    let Wanted { page, which } = wanted;
    let audit = &ctx.parts.callers.audit;
    let found = audit.list(&ctx.caller, which, page.after, page.look_ahead()).await?;
    Ok(Shown(page.answer(found, |entry| entry.id, |entry| shown(&entry))))
}

fn shown(entry: &AuditEntry) -> ShownEntry {
    let (outcome, reason) = match &entry.outcome {
        Outcome::Denied(reason) => ("denied", Some(reason.clone())),
        Outcome::Changed => ("changed", None),
    };
    ShownEntry {
        id: entry.id.to_string(),
        at: Moment(entry.at()),
        outcome,
        reason,
        actor: entry.actor.into(),
        tenant: entry.tenant.map(|tenant| tenant.to_string()),
        call: entry.call.clone(),
        target: entry.target.clone(),
        address: entry.address.as_ref().map(IpAddr::to_string),
        request_id: entry.request.clone(),
    }
}
