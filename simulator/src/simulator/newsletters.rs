//! Newsletters by hand: what somebody who runs one does on a phone, and what there is.

use rand_signal::RngExt as _;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore_binary::Jid;
use whatsapp_rust::waproto::whatsapp::Message;

use crate::address::AccountId;
use crate::newsletters::{Draft, Newsletter, NewsletterId};
use crate::simulator::Simulator;
use crate::stanza::message::newsletter::send;
use crate::stanza::newsletters::notice;
use crate::world::World;

/// A newsletter could not be found or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewsletterError {
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// There is none under this JID.
    #[error("there is no newsletter {0:?}")]
    UnknownNewsletter(String),
    /// It has no post with this number, or has forgotten it.
    #[error("the newsletter has no post with the number {0}")]
    UnknownPost(u64),
}

/// A newsletter as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct NewsletterInfo {
    /// `…@newsletter`.
    pub jid: String,
    /// What it is called.
    pub name: String,
    /// What it says about itself; empty when nothing.
    pub description: String,
    /// The code its invite link ends with.
    pub invite: String,
    /// Phone digits of its owner.
    pub owner: String,
    /// Phone digits of everybody who gets its posts, its owner and admins included.
    pub followers: Vec<String>,
}

/// A post as the server has it. `Debug` does not show the text.
#[derive(Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct NewsletterPost {
    /// Its number in the newsletter.
    pub server_id: u64,
    /// The message id its author gave it.
    pub id: String,
    /// What it says, when it is a text that was not taken back.
    pub text: Option<String>,
    /// How often each emoji was given.
    pub reactions: Vec<(String, u64)>,
    /// How often it was looked at.
    pub views: u64,
}

impl std::fmt::Debug for NewsletterPost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewsletterPost")
            .field("server_id", &self.server_id)
            .field("reactions", &self.reactions)
            .field("views", &self.views)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// Makes a newsletter that `owner` (phone digits) runs.
    pub fn create_newsletter(
        &self,
        owner: &str,
        name: &str,
        description: &str,
    ) -> Result<NewsletterInfo, NewsletterError> {
        let mut world = self.inner.shared.world();
        let account = account(&world, owner)?;
        let now = world.now_ms();
        let id = world
            .newsletters
            .found(account, name.to_owned(), description.to_owned(), now);
        described(&world, id, &id.to_string())
    }

    /// All newsletters, in order of their numbers.
    pub fn newsletters(&self) -> Vec<NewsletterInfo> {
        let world = self.inner.shared.world();
        world
            .newsletters
            .all()
            .map(|newsletter| info(&world, newsletter))
            .collect()
    }

    /// Lets an account (phone digits) follow a newsletter, as done on its phone.
    pub fn follow_newsletter(&self, jid: &str, phone: &str) -> Result<NewsletterInfo, NewsletterError> {
        let mut world = self.inner.shared.world();
        let account = account(&world, phone)?;
        let id = parse(jid)?;
        world
            .newsletters
            .get_mut(id)
            .ok_or_else(|| unknown(jid))?
            .follow(account);
        described(&world, id, jid)
    }

    /// Publishes a text, as done on the owner's phone. Answers the post's number.
    pub fn publish(&self, jid: &str, text: &str) -> Result<u64, NewsletterError> {
        let mut world = self.inner.shared.world();
        let id = parse(jid)?;
        let now = world.now_s();
        let message_id = format!("3EB0{:016X}", world.rng.random::<u64>());
        let newsletter = world.newsletters.get_mut(id).ok_or_else(|| unknown(jid))?;
        let author = newsletter.owner();
        let message = Message {
            conversation: Some(text.to_owned()),
            ..Message::default()
        };
        let post = newsletter.publish(Draft {
            id: message_id,
            author,
            at_s: now,
            kind: "text".to_owned(),
            media: None,
            content: message.encode_to_vec(),
        });
        let server_id = post.server_id;
        send(&mut world, id, server_id, None);
        Ok(server_id)
    }

    /// Counts a post as seen by so many more people; devices that watch are told.
    pub fn add_views(&self, jid: &str, server_id: u64, views: u64) -> Result<(), NewsletterError> {
        let mut world = self.inner.shared.world();
        let id = parse(jid)?;
        let now = world.now_s();
        let newsletter = world.newsletters.get_mut(id).ok_or_else(|| unknown(jid))?;
        newsletter
            .post_mut(server_id)
            .ok_or(NewsletterError::UnknownPost(server_id))?
            .see(views, now);
        notice::live(&mut world, id, server_id);
        Ok(())
    }

    /// The posts of a newsletter, oldest first.
    pub fn newsletter_posts(&self, jid: &str) -> Result<Vec<NewsletterPost>, NewsletterError> {
        let world = self.inner.shared.world();
        let newsletter = world.newsletters.get(parse(jid)?).ok_or_else(|| unknown(jid))?;
        let posts = newsletter.posts().iter().map(|post| NewsletterPost {
            server_id: post.server_id,
            id: post.id.clone(),
            text: text_of(&post.content),
            reactions: post
                .reactions()
                .into_iter()
                .map(|(emoji, count)| (emoji.to_owned(), count))
                .collect(),
            views: post.views,
        });
        Ok(posts.collect())
    }
}

fn unknown(jid: &str) -> NewsletterError {
    NewsletterError::UnknownNewsletter(jid.to_owned())
}

fn parse(jid: &str) -> Result<NewsletterId, NewsletterError> {
    let parsed = jid.parse::<Jid>().map_err(|_| unknown(jid))?;
    NewsletterId::of(&parsed).ok_or_else(|| unknown(jid))
}

fn account(world: &World, phone: &str) -> Result<AccountId, NewsletterError> {
    world
        .by_phone(phone)
        .ok_or_else(|| NewsletterError::UnknownAccount(phone.to_owned()))
}

fn described(world: &World, id: NewsletterId, jid: &str) -> Result<NewsletterInfo, NewsletterError> {
    let newsletter = world.newsletters.get(id).ok_or_else(|| unknown(jid))?;
    Ok(info(world, newsletter))
}

fn info(world: &World, newsletter: &Newsletter) -> NewsletterInfo {
    let digits = |account: AccountId| world.account(account).phone.to_string();
    NewsletterInfo {
        jid: newsletter.id.to_string(),
        name: newsletter.name.text.clone(),
        description: newsletter.description.text.clone(),
        invite: newsletter.code.clone(),
        owner: digits(newsletter.owner()),
        followers: newsletter.followers().map(|(account, _)| digits(account)).collect(),
    }
}

fn text_of(content: &[u8]) -> Option<String> {
    let message = Message::decode_from_slice(content).ok()?;
    message.conversation.or_else(|| {
        let extended = message.extended_text_message.as_option()?;
        extended.text.clone()
    })
}
