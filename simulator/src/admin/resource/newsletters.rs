//! Newsletters: what there is, what their owners publish, and who follows them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whatsapp_rust::features::{NewsletterMetadata, NewsletterRole};

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::OfNewsletter;
use crate::human::{Human, text_of};
use crate::{NewsletterInfo, NewsletterPost};

/// Posts per answer when the call does not say.
const DEFAULT_POSTS: u32 = 50;

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
        get(
            "/people/{phone}/newsletters",
            "The newsletters the person runs or follows, as its client is told.",
            mine,
        ),
        get(
            "/people/{phone}/newsletter",
            "A newsletter the person's client looks up, by JID or by the code of its link.",
            look_up,
        )
        .example("which=120363012345678901%40newsletter"),
        get(
            "/people/{phone}/newsletter/posts",
            "Its latest posts as the person's client is told, oldest first.",
            read,
        )
        .example("newsletter=120363012345678901%40newsletter&limit=10"),
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
    /// Asks to be told of changes to its posts, for some minutes.
    Watch(String),
    /// Makes one; it stands among the person's from then on.
    Create {
        name: String,
        description: Option<String>,
    },
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
        Deal::Watch(jid) => {
            person.watch_newsletter(jid).await?;
        }
        Deal::Create { name, description } => {
            person.create_newsletter(name, description.as_deref()).await?;
        }
        Deal::React {
            newsletter,
            server_id,
            emoji,
        } => person.react_to_post(newsletter, *server_id, emoji).await?,
    }
    Ok(Shown(deal))
}

/// A newsletter as a client is told of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FollowedNewsletter")]
struct NewsletterView {
    jid: String,
    name: String,
    description: Option<String>,
    /// The code its invite link ends with.
    invite: Option<String>,
    /// How many follow it.
    followers: u64,
    /// What the person is there, in one word; nothing when it is nobody.
    role: Option<&'static str>,
}

impl NewsletterView {
    fn of(told: NewsletterMetadata) -> Self {
        Self {
            jid: told.jid.to_string(),
            name: told.name,
            description: told.description,
            invite: told.invite_code,
            followers: told.subscriber_count,
            role: told.role.map(|role| match role {
                NewsletterRole::Owner => "owner",
                NewsletterRole::Admin => "admin",
                NewsletterRole::Subscriber => "follower",
                NewsletterRole::Guest => "guest",
                // The library's enum is open.
                _ => "other",
            }),
        }
    }
}

/// Newsletters of a person.
#[derive(Serialize, JsonSchema)]
struct Mine {
    items: Vec<NewsletterView>,
}

async fn mine(person: Human, _: Nothing) -> Result<Shown<Mine>, Problem> {
    let items = person
        .newsletters()
        .await?
        .into_iter()
        .map(NewsletterView::of)
        .collect();
    Ok(Shown(Mine { items }))
}

/// Which newsletter.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Its JID, or the code its invite link ends with.
    which: String,
}

async fn look_up(person: Human, which: Which) -> Result<Shown<NewsletterView>, Problem> {
    let told = person.newsletter(&which.which).await?;
    Ok(Shown(NewsletterView::of(told)))
}

/// Which posts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadPosts {
    /// JID of the newsletter.
    newsletter: String,
    /// How many at most; 50 unless told.
    limit: Option<u32>,
    /// Only those before the post with this number.
    before: Option<u64>,
}

/// A post as a client is told of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HeardPost")]
struct PostView {
    /// Its number in the newsletter.
    server_id: u64,
    /// The message id its author gave it.
    id: String,
    /// What it says, when it says something.
    text: Option<String>,
    /// How often each emoji was given.
    reactions: Vec<(String, u64)>,
}

/// Posts as a client is told of them.
#[derive(Serialize, JsonSchema)]
struct ReadPage {
    items: Vec<PostView>,
}

async fn read(person: Human, which: ReadPosts) -> Result<Shown<ReadPage>, Problem> {
    let limit = which.limit.unwrap_or(DEFAULT_POSTS);
    let posts = person
        .newsletter_history(&which.newsletter, limit, which.before)
        .await?;
    let items = posts.into_iter().map(|post| PostView {
        server_id: post.server_id,
        id: post.message_id,
        text: post.message.as_ref().and_then(text_of),
        reactions: post
            .reactions
            .into_iter()
            .map(|given| (given.code, given.count))
            .collect(),
    });
    Ok(Shown(ReadPage { items: items.collect() }))
}
