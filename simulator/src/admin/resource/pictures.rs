//! Pictures of people and groups: shown and taken away by people and by phones, and seen by others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::Base64;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, get, post};
use crate::admin::subject::OfAccount;
use crate::human::{Human, PictureSize};

/// Largest body that carries a picture, in bytes: 1 MiB as base64, and something around it.
const PICTURE_LIMIT: usize = 3 << 19;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/people/{phone}/picture",
            "The picture of somebody or of a group, as the person sees it; the own one unless told.",
            see,
        )
        .example("of=4915199999999&size=preview"),
        post(
            "/people/{phone}/picture",
            "Shows another picture of the person, or of a group.",
            show,
        )
        .example(r#"{"jpeg": "/9j/4AAQSkZJRg=="}"#)
        .body_limit(PICTURE_LIMIT),
        delete(
            "/people/{phone}/picture",
            "Shows no picture of the person any more, or of a group.",
            hide,
        )
        .example("group=120363012345678901%40g.us"),
        get(
            "/accounts/{phone}/picture",
            "The picture the account shows now.",
            of_account,
        ),
        post(
            "/accounts/{phone}/picture",
            "Its phone shows another picture; whoever may see it is told.",
            by_phone,
        )
        .example(r#"{"jpeg": "/9j/4AAQSkZJRg=="}"#)
        .body_limit(PICTURE_LIMIT),
        delete(
            "/accounts/{phone}/picture",
            "Its phone shows no picture any more.",
            away_by_phone,
        ),
    ]
}

/// Whose picture.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct See {
    /// A phone number or a JID, such as a group's; the person itself when left out.
    of: Option<String>,
    /// The whole one unless told.
    #[serde(default)]
    size: PictureSize,
}

/// A picture as the person got it.
#[derive(Serialize, JsonSchema)]
struct Picture {
    /// Another picture has another one; nothing when there is no picture, or the person may not see it.
    id: Option<String>,
    /// The picture.
    jpeg: Option<Base64>,
}

async fn see(person: Human, see: See) -> Result<Shown<Picture>, Problem> {
    let of = see.of.as_deref().unwrap_or(&person.account().phone);
    let (id, jpeg) = person
        .picture_of(of, see.size)
        .await?
        .map(|picture| (picture.id, Base64(picture.jpeg)))
        .unzip();
    Ok(Shown(Picture { id, jpeg }))
}

/// A picture to show.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Show {
    /// The picture, 1 MiB at most.
    jpeg: Base64,
    /// JID of the group it is of; the person itself when left out.
    group: Option<String>,
}

/// Which picture.
#[derive(Serialize, JsonSchema)]
struct PictureId {
    id: String,
}

async fn show(person: Human, show: Show) -> Result<Created<PictureId>, Problem> {
    let id = match &show.group {
        None => person.set_picture(&show.jpeg.0).await?,
        Some(group) => person.set_group_picture(group, &show.jpeg.0).await?,
    };
    Ok(Created(PictureId { id }))
}

/// Whose picture to take away.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Hide {
    /// JID of the group it is of; the person itself when left out.
    group: Option<String>,
}

async fn hide(person: Human, hide: Hide) -> Result<Shown<Hide>, Problem> {
    match &hide.group {
        None => person.remove_picture().await?,
        Some(group) => person.remove_group_picture(group).await?,
    }
    Ok(Shown(hide))
}

/// A picture as the server has it.
#[derive(Serialize, JsonSchema)]
struct Stored {
    /// Nothing when there is no picture.
    jpeg: Option<Base64>,
}

async fn of_account(account: OfAccount, _: Nothing) -> Result<Shown<Stored>, Problem> {
    let jpeg = account.simulator.picture(&account.phone)?.map(Base64);
    Ok(Shown(Stored { jpeg }))
}

/// A picture to show.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShowByPhone {
    /// The picture, 1 MiB at most.
    jpeg: Base64,
}

async fn by_phone(account: OfAccount, show: ShowByPhone) -> Result<Created<PictureId>, Problem> {
    let id = account.simulator.set_picture(&account.phone, show.jpeg.0)?;
    Ok(Created(PictureId { id: id.to_string() }))
}

async fn away_by_phone(account: OfAccount, _: Nothing) -> Result<Shown<Stored>, Problem> {
    account.simulator.remove_picture(&account.phone)?;
    of_account(account, Nothing {}).await
}
