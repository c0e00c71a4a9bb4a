//! The app state: what all devices of an account agree on.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::affairs::{Collection, Dirty, Label};

use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{integer, one_of, text_of};
use crate::http::operation::{AnyObject, Json};
use crate::http::reply::{NoContent, Shown};

/// Bytes of the longest name of a label.
const LONGEST_NAME: usize = 400;
/// WhatsApp's largest number of a colour.
const COLOURS: u64 = 19;
/// Digits of the longest id of a label.
const LONGEST_LABEL: usize = 20;

/// The collections that can be synced.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct AppState {
    /// WhatsApp's names of them.
    collections: Vec<&'static str>,
    /// What can be marked as taken in.
    dirty: Vec<&'static str>,
}

/// A collection to be synced.
pub(in crate::http) struct Wanted(Collection);

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let names = one_of(&[
            ("critical_block", Collection::CriticalBlock),
            ("critical_unblock_low", Collection::CriticalUnblockLow),
            ("regular_low", Collection::RegularLow),
            ("regular_high", Collection::RegularHigh),
            ("regular", Collection::Regular),
        ]);
        let says =
            "Names and blocks, contacts, what is archived and pinned, what is muted and starred, everything else.";
        Some(Self(fields.required("collection", names, says)?))
    }
}

/// What is to be marked as taken in.
pub(in crate::http) struct Taken(Dirty);

impl FromFields for Taken {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let names = one_of(&[
            ("account_sync", Dirty::AccountSync),
            ("groups", Dirty::Groups),
            ("syncd_app_state", Dirty::AppState),
            ("newsletter_metadata", Dirty::Newsletters),
        ]);
        let says = "What WhatsApp's server calls changed until it is told otherwise.";
        Some(Self(fields.required("type", names, says)?))
    }
}

/// A label, without its id.
pub(in crate::http) struct NewLabel {
    name: String,
    color: u8,
}

impl FromFields for NewLabel {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", text_of(1, LONGEST_NAME), "What it is called.");
        let color = fields.optional(
            "color",
            integer(0, COLOURS),
            "WhatsApp's number of its colour; 0 if nothing is said.",
        );
        Some(Self {
            name: name?,
            color: color.and_then(|color| u8::try_from(color).ok()).unwrap_or_default(),
        })
    }
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<AppState>, ApiError> {
    ctx.session().await?;
    Ok(Shown(AppState {
        collections: Collection::ALL.iter().map(|one| one.name()).collect(),
        dirty: Dirty::ALL.iter().map(|one| one.name()).collect(),
    }))
}

pub(in crate::http) async fn sync(ctx: Ctx, Json(Wanted(collection)): Json<Wanted>) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    account.told(account.affairs().sync(collection)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn mark_clean(ctx: Ctx, Json(Taken(dirty)): Json<Taken>) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    account.told(account.affairs().mark_clean(dirty)).await?;
    Ok(NoContent)
}

/// Always 501: what can be changed has calls of its own.
pub(in crate::http) async fn patch(ctx: Ctx, AnyObject(_): AnyObject) -> Result<NoContent, ApiError> {
    ctx.session().await?;
    Err(ApiError::not_supported(
        "whatsapp-rust 0.7 takes no patches of others: their hashes rest on a state that is its own. What it can change has calls of its own: chats (PATCH, DELETE), labels, the profile's name",
    ))
}

pub(in crate::http) async fn set_label(
    ctx: Ctx,
    Json(NewLabel { name, color }): Json<NewLabel>,
) -> Result<NoContent, ApiError> {
    let id = label(&ctx)?;
    let account = ctx.account().await?;
    let label = Label {
        id,
        name: name.into(),
        color,
    };
    account.told(account.affairs().set_label(label)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn remove_label(ctx: Ctx) -> Result<NoContent, ApiError> {
    let id = label(&ctx)?;
    let account = ctx.account().await?;
    account.told(account.affairs().remove_label(&id)).await?;
    Ok(NoContent)
}

fn label(ctx: &Ctx) -> Result<Box<str>, ApiError> {
    let given = ctx.param("label");
    let fits = given.len() <= LONGEST_LABEL && given.bytes().all(|byte| byte.is_ascii_digit());
    match fits && !given.is_empty() {
        true => Ok(given.into()),
        false => Err(ApiError::invalid_path(format!(
            "{given:?} is not the id of a label: a number"
        ))),
    }
}
