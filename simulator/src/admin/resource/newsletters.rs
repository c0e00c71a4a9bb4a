//! Newsletters: what there is, what their owners publish, and who follows them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::OfNewsletter;
use crate::human::Human;
use crate::{NewsletterInfo, NewsletterPost};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/newsletters", "All newsletters.", list),
        post("/newsletters", "A newsletter that an account runs.", create)
            .example(r#"{"owner": "4915112345678", "name": "News", "description": "What is new"}"#),
        get("/newsletters/{newsletter}/posts", "Its posts, oldest first.", posts),
        post(
            "/newsletters/{newsletter}/posts",
            "Publishes a text, as its owner's phone would.",
            publish,
        )
        .example(r#"{"text": "Good morning"}"#),
        post(
            "/newsletters/{newsletter}/followers",
            "Lets an account follow it, as its phone would.",
            follow,
        )
        .example(r#"{"phone": "4915112345678"}"#),
        post(
            "/newsletters/{newsletter}/views",
            "Counts a post as seen by so many more people.",
            views,
        )
        .example(r#"{"server_id": 100, "views": 7}"#),
        post(
            "/people/{phone}/newsletters",
            "The person follows a newsletter, leaves it, or reacts to a post.",
            deal,
        )
        .example(r#"{"follow": "120363012345678901@newsletter"}"#),
    ]
}

/// Newsletters.
#[derive(Serialize, JsonSchema)]
struct Newsletters {
    items: Vec<NewsletterInfo>,
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<Newsletters>, Problem> {
    let items = state.simulator.newsletters();
    Ok(Shown(Newsletters { items }))
}

/// What to make a newsletter from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateNewsletter {
    /// Phone number of whoever runs it.
    owner: String,
    name: String,
    #[serde(default)]
    description: String,
}

async fn create(state: Arc<State>, create: CreateNewsletter) -> Result<Created<NewsletterInfo>, Problem> {
    let made = state
        .simulator
        .create_newsletter(&create.owner, &create.name, &create.description)?;
    Ok(Created(made))
}

/// Posts.
#[derive(Serialize, JsonSchema)]
struct Posts {
    items: Vec<NewsletterPost>,
}

async fn posts(newsletter: OfNewsletter, _: Nothing) -> Result<Shown<Posts>, Problem> {
    let items = newsletter.simulator.newsletter_posts(&newsletter.jid)?;
    Ok(Shown(Posts { items }))
}

/// What to publish.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Publish {
    text: String,
}

/// Which post it became.
#[derive(Serialize, JsonSchema)]
struct Published {
    /// Its number in the newsletter.
    server_id: u64,
}

async fn publish(newsletter: OfNewsletter, publish: Publish) -> Result<Created<Published>, Problem> {
    let server_id = newsletter.simulator.publish(&newsletter.jid, &publish.text)?;
    Ok(Created(Published { server_id }))
}

/// Who.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Follower {
    /// Phone number.
    phone: String,
}

async fn follow(newsletter: OfNewsletter, follower: Follower) -> Result<Shown<NewsletterInfo>, Problem> {
    let followed = newsletter
        .simulator
        .follow_newsletter(&newsletter.jid, &follower.phone)?;
    Ok(Shown(followed))
}

/// Who looked at what.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Views {
    /// Number of the post.
    server_id: u64,
    /// How many more people have seen it.
    views: u64,
}

async fn views(newsletter: OfNewsletter, more: Views) -> Result<Shown<Views>, Problem> {
    newsletter
        .simulator
        .add_views(&newsletter.jid, more.server_id, more.views)?;
    Ok(Shown(more))
}

/// What a person does with a newsletter, by its JID. Publishing in one's own is `say` to its JID.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Deal {
    Follow(String),
    Unfollow(String),
    React {
        /// JID of the newsletter.
        newsletter: String,
        /// Number of the post.
        server_id: u64,
        /// An empty one takes the reaction back.
        emoji: String,
    },
}

async fn deal(person: Human, deal: Deal) -> Result<Shown<Deal>, Problem> {
    match &deal {
        Deal::Follow(jid) => person.follow(jid).await?,
        Deal::Unfollow(jid) => person.unfollow(jid).await?,
        Deal::React {
            newsletter,
            server_id,
            emoji,
        } => person.react_to_post(newsletter, *server_id, emoji).await?,
    }
    Ok(Shown(deal))
}
