//! Newsletters, which the apps call channels.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::affairs::{
    Newsletter, NewsletterEdit, NewsletterMessage, NewsletterRole, NewsletterState, ServerId,
};
use waspnest_core::event::Switch;

use crate::http::address::{Address, Moment};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{LARGEST, integer, text_of};
use crate::http::operation::{Json, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Created, NoContent, Shown};

const LONGEST_NAME: usize = 400;
const LONGEST_DESCRIPTION: usize = 8192;
const LONGEST_EMOJI: usize = 64;
const USUAL_MESSAGES: u64 = 50;
const MOST_MESSAGES: u64 = 200;

/// A newsletter.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Newsletter")]
pub(in crate::http) struct ShownNewsletter {
    newsletter: Address,
    name: String,
    description: Option<String>,
    /// How many follow it.
    followers: u64,
    /// Whether WhatsApp verified who it is.
    verified: bool,
    /// `active`, `suspended`, `geosuspended` or `other`.
    state: &'static str,
    /// What the account is in it: `owner`, `admin`, `follower` or `guest`; none when that is not told.
    role: Option<&'static str>,
    /// Where its picture is for a while.
    picture: Option<String>,
    /// The link that leads to it.
    link: Option<String>,
    created_at: Option<Moment>,
}

/// Newsletters.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Newsletters {
    items: Vec<ShownNewsletter>,
}

/// A message of a newsletter.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewsletterMessage")]
struct ShownMessage {
    /// Its number; later messages have larger ones.
    server_id: u64,
    /// Its id, where it is told.
    id: Option<String>,
    at: Moment,
    /// What kind it is, in WhatsApp's word.
    kind: String,
    /// What it says, or what is said about its file.
    text: Option<String>,
    /// Whether the account wrote it.
    from_me: bool,
    reactions: Vec<ShownReaction>,
}

/// How many took a message the same way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewsletterReaction")]
struct ShownReaction {
    emoji: String,
    count: u64,
}

/// Messages of a newsletter, newest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct NewsletterMessages {
    items: Vec<ShownMessage>,
    /// What to give as `before` for the page behind this one; none when there is none.
    next: Option<u64>,
}

/// A newsletter to be made.
pub(in crate::http) struct NewNewsletter {
    name: String,
    description: Option<String>,
}

impl FromFields for NewNewsletter {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", text_of(1, LONGEST_NAME), "What it is called.");
        let description = fields.optional("description", text_of(1, LONGEST_DESCRIPTION), "What it is about.");
        Some(Self {
            name: name?,
            description,
        })
    }
}

impl FromFields for NewsletterEdit {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", text_of(1, LONGEST_NAME), "What it is called.");
        let says = "What it is about; the empty text takes it away.";
        let description = fields.optional("description", text_of(0, LONGEST_DESCRIPTION), says);
        Some(Self {
            name: name.map(Into::into),
            description: description.map(Into::into),
        })
    }
}

/// A reaction to a message.
pub(in crate::http) struct Reaction {
    message: ServerId,
    emoji: Option<String>,
}

impl FromFields for Reaction {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let message = fields.required("server_id", integer(1, LARGEST), "The number of the message.");
        let says = "With what; left out, the reaction is taken back.";
        let emoji = fields.optional("emoji", text_of(1, LONGEST_EMOJI), says);
        Some(Self {
            message: ServerId(message?),
            emoji,
        })
    }
}

/// Which messages.
pub(in crate::http) struct Wanted {
    limit: u64,
    before: Option<ServerId>,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "The most messages; 50 if nothing is said.";
        let limit = params.optional("limit", integer(1, MOST_MESSAGES), says);
        let says = "Only those before the one of this number.";
        let before = params.optional("before", integer(1, LARGEST), says);
        Some(Self {
            limit: limit.unwrap_or(USUAL_MESSAGES),
            before: before.map(ServerId),
        })
    }
}

pub(in crate::http) async fn list_all(ctx: Ctx) -> Result<Shown<Newsletters>, ApiError> {
    let account = ctx.account().await?;
    let all = account.told(account.affairs().newsletters()).await?;
    Ok(Shown(Newsletters {
        items: all.into_iter().map(shown).collect(),
    }))
}

pub(in crate::http) async fn create(
    ctx: Ctx,
    Json(NewNewsletter { name, description }): Json<NewNewsletter>,
) -> Result<Created<ShownNewsletter>, ApiError> {
    let session = ctx.session().await?;
    let account = ctx.account().await?;
    let made = account.affairs().create_newsletter(&name, description.as_deref());
    let made = account.told(made).await?;
    let path = format!("/v1/sessions/{}/newsletters/{}", session.id, made.newsletter);
    Ok(Created::at(path, shown(made)))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownNewsletter>, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    let told = account.told(account.affairs().newsletter(&newsletter)).await?;
    Ok(Shown(shown(told)))
}

pub(in crate::http) async fn behind(ctx: Ctx) -> Result<Shown<ShownNewsletter>, ApiError> {
    let account = ctx.account().await?;
    let told = account.affairs().newsletter_behind(ctx.param("code"));
    let told = account.told(told).await?;
    Ok(Shown(shown(told)))
}

pub(in crate::http) async fn update(
    ctx: Ctx,
    Json(edit): Json<NewsletterEdit>,
) -> Result<Shown<ShownNewsletter>, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    // WhatsApp tells only what changed.
    account
        .told(account.affairs().update_newsletter(&newsletter, edit))
        .await?;
    let told = account.told(account.affairs().newsletter(&newsletter)).await?;
    Ok(Shown(shown(told)))
}

pub(in crate::http) async fn follow(ctx: Ctx) -> Result<NoContent, ApiError> {
    followed(&ctx, Switch::On).await
}

pub(in crate::http) async fn unfollow(ctx: Ctx) -> Result<NoContent, ApiError> {
    followed(&ctx, Switch::Off).await
}

async fn followed(ctx: &Ctx, on: Switch) -> Result<NoContent, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    account.told(account.affairs().follow(&newsletter, on)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn mute(ctx: Ctx) -> Result<NoContent, ApiError> {
    muted(&ctx, Switch::On).await
}

pub(in crate::http) async fn unmute(ctx: Ctx) -> Result<NoContent, ApiError> {
    muted(&ctx, Switch::Off).await
}

async fn muted(ctx: &Ctx, on: Switch) -> Result<NoContent, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    account.told(account.affairs().mute_newsletter(&newsletter, on)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn messages(
    ctx: Ctx,
    Query(Wanted { limit, before }): Query<Wanted>,
) -> Result<Shown<NewsletterMessages>, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    let count = u32::try_from(limit).unwrap_or(u32::MAX);
    let told = account.affairs().newsletter_messages(&newsletter, count, before);
    let told = account.told(told).await?;
    let full = u64::try_from(told.len()).is_ok_and(|found| found >= limit);
    let next = told.last().filter(|_| full).map(|last| last.server_id.0);
    Ok(Shown(NewsletterMessages {
        items: told.into_iter().map(message).collect(),
        next,
    }))
}

pub(in crate::http) async fn react(
    ctx: Ctx,
    Json(Reaction { message, emoji }): Json<Reaction>,
) -> Result<NoContent, ApiError> {
    let newsletter = ctx.newsletter()?;
    let account = ctx.account().await?;
    let reacted = account
        .affairs()
        .react_in_newsletter(&newsletter, message, emoji.as_deref());
    account.told(reacted).await?;
    Ok(NoContent)
}

fn shown(told: Newsletter) -> ShownNewsletter {
    ShownNewsletter {
        newsletter: Address::from(&told.newsletter),
        name: told.name.into(),
        description: told.description.map(Into::into),
        followers: told.followers,
        verified: told.verified,
        state: match told.state {
            NewsletterState::Active => "active",
            NewsletterState::Suspended => "suspended",
            NewsletterState::Geosuspended => "geosuspended",
            NewsletterState::Other => "other",
        },
        role: told.role.map(|role| match role {
            NewsletterRole::Owner => "owner",
            NewsletterRole::Admin => "admin",
            NewsletterRole::Follower => "follower",
            NewsletterRole::Guest => "guest",
        }),
        picture: told.picture.map(Into::into),
        link: told.invite.map(|code| format!("https://whatsapp.com/channel/{code}")),
        created_at: told.created_at.map(Moment),
    }
}

fn message(told: NewsletterMessage) -> ShownMessage {
    let reactions = told.reactions.into_iter().map(|reaction| ShownReaction {
        emoji: reaction.emoji.into(),
        count: reaction.count,
    });
    ShownMessage {
        server_id: told.server_id.0,
        id: told.id.map(Into::into),
        at: Moment(told.at),
        kind: told.kind.into(),
        text: told.text.map(Into::into),
        from_me: told.from_me,
        reactions: reactions.collect(),
    }
}
