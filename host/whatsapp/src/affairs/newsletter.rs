//! Newsletters.

use waspnest_core::affairs::{
    Newsletter, NewsletterEdit, NewsletterMessage, NewsletterReaction, NewsletterRole, NewsletterState, ServerId,
};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Switch;
use waspnest_core::live::Refusal;
use whatsapp_rust::wacore::proto_helpers::MessageExt;
use whatsapp_rust::{
    Client, Jid as WireJid, NewsletterMessage as WireMessage, NewsletterMetadata, NewsletterRole as WireRole,
    NewsletterState as WireState, NewsletterVerification,
};

use crate::live::group::address;
use crate::live::refusal::of_newsletter;

pub(super) async fn all(client: &Client) -> Result<Vec<Newsletter>, Refusal> {
    let told = client.newsletter().list_subscribed().await.map_err(of_newsletter)?;
    let mut all = told.into_iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable_by(|one, other| one.newsletter.cmp(&other.newsletter));
    Ok(all)
}

pub(super) async fn get(client: &Client, newsletter: &WireJid) -> Result<Newsletter, Refusal> {
    let told = client.newsletter().get_metadata(newsletter).await;
    shown(told.map_err(of_newsletter)?)
}

/// Links are `https://whatsapp.com/channel/CODE`.
pub(super) async fn behind(client: &Client, link: &str) -> Result<Newsletter, Refusal> {
    let code = link.trim_end_matches('/').rsplit('/').next().unwrap_or(link);
    let told = client.newsletter().get_metadata_by_invite(code).await;
    shown(told.map_err(of_newsletter)?)
}

pub(super) async fn create(client: &Client, name: &str, description: Option<&str>) -> Result<Newsletter, Refusal> {
    let made = client.newsletter().create(name, description).await;
    shown(made.map_err(of_newsletter)?)
}

pub(super) async fn update(client: &Client, newsletter: &WireJid, edit: NewsletterEdit) -> Result<Newsletter, Refusal> {
    let NewsletterEdit { name, description } = edit;
    let told = client
        .newsletter()
        .update(newsletter, name.as_deref(), description.as_deref())
        .await;
    shown(told.map_err(of_newsletter)?)
}

pub(super) async fn follow(client: &Client, newsletter: &WireJid, on: Switch) -> Result<(), Refusal> {
    let done = match on {
        Switch::On => client.newsletter().join(newsletter).await.map(drop),
        Switch::Off => client.newsletter().leave(newsletter).await,
    };
    done.map_err(of_newsletter)
}

pub(super) async fn mute(client: &Client, newsletter: &WireJid, on: Switch) -> Result<(), Refusal> {
    let muted = client.newsletter().set_follower_mute(newsletter, on.is_on()).await;
    muted.map_err(of_newsletter)
}

pub(super) async fn messages(
    client: &Client,
    newsletter: WireJid,
    count: u32,
    before: Option<ServerId>,
) -> Result<Vec<NewsletterMessage>, Refusal> {
    let before = before.map(|ServerId(id)| id);
    let told = client.newsletter().get_messages(newsletter, count, before).await;
    let mut messages: Vec<_> = told.map_err(of_newsletter)?.into_iter().map(message).collect();
    messages.sort_unstable_by_key(|message| std::cmp::Reverse(message.server_id));
    Ok(messages)
}

pub(super) async fn react(
    client: &Client,
    newsletter: &WireJid,
    ServerId(message): ServerId,
    emoji: Option<&str>,
) -> Result<(), Refusal> {
    let reacted = client
        .newsletter()
        .send_reaction(newsletter, message, emoji.unwrap_or_default())
        .await;
    reacted.map_err(of_newsletter)
}

fn shown(told: NewsletterMetadata) -> Result<Newsletter, Refusal> {
    Ok(Newsletter {
        newsletter: address(&told.jid)?,
        name: told.name.into(),
        description: told.description.filter(|text| !text.is_empty()).map(Into::into),
        followers: told.subscriber_count,
        verified: told.verification == NewsletterVerification::Verified,
        state: match told.state {
            WireState::Active => NewsletterState::Active,
            WireState::Suspended => NewsletterState::Suspended,
            WireState::Geosuspended => NewsletterState::Geosuspended,
            _ => NewsletterState::Other,
        },
        role: told.role.and_then(|role| match role {
            WireRole::Owner => Some(NewsletterRole::Owner),
            WireRole::Admin => Some(NewsletterRole::Admin),
            WireRole::Subscriber => Some(NewsletterRole::Follower),
            WireRole::Guest => Some(NewsletterRole::Guest),
            _ => None,
        }),
        picture: told.picture_url.or(told.preview_url).map(Into::into),
        invite: told.invite_code.map(Into::into),
        created_at: told.creation_time.map(of_seconds),
    })
}

fn message(told: WireMessage) -> NewsletterMessage {
    let content = told.message.as_ref();
    let text = content.and_then(|content| content.text_content().or_else(|| content.get_caption()));
    NewsletterMessage {
        server_id: ServerId(told.server_id),
        text: text.map(Into::into),
        kind: told.message_type.as_str().into(),
        at: of_seconds(told.timestamp),
        from_me: told.is_sender,
        reactions: told
            .reactions
            .into_iter()
            .map(|told| NewsletterReaction {
                emoji: told.code.into(),
                count: told.count,
            })
            .collect(),
        id: Some(told.message_id).filter(|id| !id.is_empty()).map(Into::into),
    }
}

const fn of_seconds(seconds: u64) -> UnixMs {
    UnixMs(seconds.saturating_mul(1000))
}
