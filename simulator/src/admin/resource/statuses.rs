//! Status posts: made, taken back and seen by people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inbox::HeardView;
use super::media::MEDIA_LIMIT;
use super::people::Sent;
use super::{Nothing, borrowed};
use crate::Base64;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfStatus;
use crate::human::{Human, Media, MediaKind};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/people/{phone}/statuses",
            "Posts seen, oldest first; one that was taken back is followed by what did so.",
            list,
        ),
        post("/people/{phone}/statuses", "Posts a text.", text)
            .example(r#"{"text": "In the garden", "audience": ["4915199999999"]}"#),
        post(
            "/people/{phone}/statuses/media",
            "Posts a picture, film or recording.",
            media,
        )
        .example(r#"{"kind": "image", "data": "/9j/4AAQSkZJRg==", "caption": "roses", "audience": ["4915199999999"]}"#)
        .body_limit(MEDIA_LIMIT),
        post("/people/{phone}/statuses/{status}/revoke", "Takes a post back.", revoke)
            .example(r#"{"audience": ["4915199999999"]}"#),
    ]
}

/// Posts.
#[derive(Serialize, JsonSchema)]
struct Statuses {
    items: Vec<HeardView>,
}

async fn list(person: Human, _: Nothing) -> Result<Shown<Statuses>, Problem> {
    let items = person.statuses().into_iter().map(HeardView::of).collect();
    Ok(Shown(Statuses { items }))
}

/// A text to post.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PostText {
    text: String,
    /// Who sees it: phone numbers or JIDs.
    audience: Vec<String>,
}

async fn text(person: Human, post: PostText) -> Result<Created<Sent>, Problem> {
    let id = person.post_status(&post.text, &borrowed(&post.audience)).await?;
    Ok(Created(Sent { id }))
}

/// A medium to post.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PostMedia {
    kind: MediaKind,
    /// The file in base64, 32 MiB of it at most.
    data: Base64,
    /// Its type; the usual one of its kind when left out.
    mime: Option<String>,
    /// What is written under it.
    caption: Option<String>,
    /// Who sees it: phone numbers or JIDs.
    audience: Vec<String>,
}

async fn media(person: Human, post: PostMedia) -> Result<Created<Sent>, Problem> {
    let media = Media {
        caption: post.caption,
        mime: post.mime.unwrap_or_else(|| post.kind.usual_mime().to_owned()),
        ..Media::new(post.kind, post.data.0)
    };
    let id = person.post_status_media(media, &borrowed(&post.audience)).await?;
    Ok(Created(Sent { id }))
}

/// Whom to tell.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revoke {
    /// Who was shown it: phone numbers or JIDs.
    audience: Vec<String>,
}

async fn revoke(of: OfStatus, revoke: Revoke) -> Result<Created<Sent>, Problem> {
    let id = of.person.revoke_status(&of.id, &borrowed(&revoke.audience)).await?;
    Ok(Created(Sent { id }))
}
