//! Votes in polls and answers to events, opened with what the host has of the message they belong to, before they become events.
//!
//! What the account asked from here is an effect, and its secret is derived from that; what came in is in the log, and the client keeps its
//! secret. What neither has, or what does not open, stays as it is: [`decode`](crate::decode) has read it as a message of no known kind.

use waspnest_core::address::Party;
use waspnest_core::effect::Action;
use waspnest_core::event::EventKind;
use waspnest_core::id::SessionId;
use waspnest_core::log::{Log, LogError};
use waspnest_core::master_key::MasterKey;
use waspnest_core::message::{Content, MessageKey, Origin, Poll};
use waspnest_core::outbox::Outbox;
use whatsapp_rust::Client;
use whatsapp_rust::types::durability_hook::InboundMessage;

use crate::decode::sealed::{self, Sealed};
use crate::secret;

/// Where questions are kept.
pub(crate) struct Unsealer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) session: SessionId,
    pub(crate) log: &'a Log,
    pub(crate) outbox: &'a Outbox,
    pub(crate) key: &'a MasterKey,
    pub(crate) me: Option<&'a Party>,
}

/// A message that others answer.
struct Question {
    secret: [u8; 32],
    author: Party,
    /// Its options, where it is a poll.
    poll: Option<Poll>,
}

impl Unsealer<'_> {
    /// What a message says that is sealed with the secret of another one; none when it is not, or cannot be opened.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn open(&self, inbound: &InboundMessage) -> Result<Option<Content>, LogError> {
        let Some(sealed) = sealed::find(&inbound.message, &inbound.info, self.me) else {
            return Ok(None);
        };
        let Some(question) = self.question(&sealed).await? else {
            tracing::debug!(session = %self.session, kind = ?sealed.kind, "what is answered is not known here, or its secret is not");
            return Ok(None);
        };
        match sealed.open(&question.secret, &question.author, question.poll.as_ref()) {
            Ok(content) => Ok(Some(content)),
            Err(error) => {
                tracing::debug!(session = %self.session, kind = ?sealed.kind, %error, "an answer stays sealed");
                Ok(None)
            }
        }
    }

    async fn question(&self, sealed: &Sealed<'_>) -> Result<Option<Question>, LogError> {
        match sealed.target.from {
            Origin::Me => match self.asked_here(&sealed.target).await? {
                Some(question) => Ok(Some(question)),
                None => self.received(&sealed.target).await,
            },
            Origin::Them => self.received(&sealed.target).await,
        }
    }

    /// One that this host sent.
    async fn asked_here(&self, key: &MessageKey) -> Result<Option<Question>, LogError> {
        let Some(me) = self.me else { return Ok(None) };
        let Some(id) = self.outbox.by_message(self.session, &key.id).await? else {
            return Ok(None);
        };
        let Some(effect) = self.outbox.get(self.session, id).await? else {
            return Ok(None);
        };
        let content = match effect.action {
            Action::Send(send) => send.content,
            Action::SendMarked(marked) => marked.send.content,
            // Nothing else is made with a derived secret.
            Action::SendRaw(_)
            | Action::Change(_)
            | Action::React { .. }
            | Action::MarkRead { .. }
            | Action::MarkPlayed { .. }
            | Action::SetTyping { .. }
            | Action::Webhook(_) => return Ok(None),
        };
        Ok(Some(Question {
            secret: self.key.derive("message secret", &id.ulid().to_bytes()),
            author: me.clone(),
            poll: poll_of(content),
        }))
    }

    /// One that came in, from others or from another device of the account.
    async fn received(&self, key: &MessageKey) -> Result<Option<Question>, LogError> {
        let Some(event) = self.log.find_message(self.session, key).await? else {
            return Ok(None);
        };
        let EventKind::Message(message) = event.kind else {
            return Ok(None);
        };
        let author = match (message.key.from, self.me) {
            (Origin::Me, Some(me)) => me.clone(),
            (Origin::Me, None) | (Origin::Them, _) => message.sender,
        };
        let secret = match secret::of(self.client, &message.key, &author).await {
            Ok(found) => found.map(|(secret, _)| secret),
            Err(error) => {
                tracing::warn!(session = %self.session, %error, "the secret of a message could not be read");
                None
            }
        };
        let poll = poll_of(message.content);
        Ok(secret.map(|secret| Question { secret, author, poll }))
    }
}

fn poll_of(content: Content) -> Option<Poll> {
    if let Content::Poll(poll) = content {
        Some(poll)
    } else {
        None
    }
}
