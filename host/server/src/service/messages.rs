//! Sending on behalf of a caller: a request becomes an effect in the outbox, on the same path as a plugin's.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use ulid::Ulid;
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::effect::{Action, Effect, QuoteOf, Send};
use waspnest_core::event::EventKind;
use waspnest_core::id::{EffectId, EventId, InstallationId, MessageId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::message::{Content, MessageKey, Origin, Text};
use waspnest_core::outbox::{CommitError, Outbox};
use waspnest_core::session::SessionRecord;

use super::control::Control;
use super::error::Error;

/// How often a waiting caller looks whether an effect has left.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A text to send.
#[derive(Clone)]
pub struct TextMessage {
    /// To whom.
    pub to: Jid,
    /// What it says.
    pub text: Box<str>,
    /// The message it answers.
    pub quote: Option<Quote>,
    /// Who is mentioned.
    pub mentions: Vec<Jid>,
}

/// Names the message that is answered; it is in the chat the answer goes to.
#[derive(Debug, Clone)]
pub struct Quote {
    /// WhatsApp's id.
    pub id: MessageId,
    /// Which side it came from.
    pub from: Origin,
    /// Who wrote it, in a group.
    pub participant: Option<Jid>,
}

/// How a repeated request is told from a new one.
#[derive(Clone, Copy)]
pub enum Repeat<'a> {
    /// It is always new.
    New,
    /// The same key in the same session is the same request, for as long as the session's outbox remembers it.
    Key(&'a str),
}

/// The use cases of messages. Clones are the same.
#[derive(Clone)]
pub struct Messages {
    log: Log,
    outbox: Outbox,
    control: Arc<dyn Control>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Messages {
    /// Over the log (for quotes), the outbox and the sessions at work.
    #[must_use]
    pub fn new(log: Log, outbox: Outbox, control: Arc<dyn Control>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            log,
            outbox,
            control,
            clock,
            ids,
        }
    }

    /// Accepts a text for sending: durable when this returns, sent when the session is connected.
    ///
    /// # Errors
    /// [`Error::UnknownQuote`], [`Error::KeyReused`], [`Error::Store`].
    pub async fn send_text(
        &self,
        session: &SessionRecord,
        message: TextMessage,
        repeat: Repeat<'_>,
    ) -> Result<Effect, Error> {
        let quote = match &message.quote {
            Some(quote) => Some(self.quoted(session, &message.to, quote).await?),
            None => None,
        };
        let action = Action::Send(Box::new(Send {
            to: message.to,
            content: Content::Text(Text {
                body: message.text,
                preview: None,
            }),
            quote,
            mentions: message.mentions,
            ephemeral_s: None,
            typing_ms: None,
        }));
        let request = match repeat {
            Repeat::New => EventId::new(self.ids.ulid(self.clock.now())),
            Repeat::Key(key) => request_of(session.id, key),
        };
        match self.control.submit(session.id, request, vec![action.clone()]).await {
            Ok(effects) => effects
                .into_iter()
                .next()
                .ok_or_else(|| Error::Internal("a request with one action made no effect".into())),
            Err(CommitError::AlreadyDone) => {
                let id = EffectId::derive(request, &by_request(), 0);
                let effect = self
                    .outbox
                    .get(session.id, id)
                    .await?
                    .ok_or(Error::UnknownEffect { id })?;
                if effect.action == action {
                    Ok(effect)
                } else {
                    Err(Error::KeyReused)
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One effect of a session.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::Store`].
    pub async fn effect(&self, session: SessionId, id: EffectId) -> Result<Effect, Error> {
        self.outbox.get(session, id).await?.ok_or(Error::UnknownEffect { id })
    }

    /// The effect as soon as it is not pending any more, or as it is after `wait`.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::Store`].
    pub async fn settled(&self, session: SessionId, id: EffectId, wait: Duration) -> Result<Effect, Error> {
        let until = self.clock.now().plus(wait);
        loop {
            let effect = self.effect(session, id).await?;
            if !effect.state.is_pending() || self.clock.now() >= until {
                return Ok(effect);
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    async fn quoted(&self, session: &SessionRecord, chat: &Jid, quote: &Quote) -> Result<QuoteOf, Error> {
        let key = MessageKey {
            chat: chat.clone(),
            id: quote.id.clone(),
            from: quote.from,
            participant: quote.participant.clone(),
        };
        let event = self
            .log
            .find_message(session.id, &key)
            .await?
            .ok_or(Error::UnknownQuote)?;
        match event.kind {
            EventKind::Message(message) => Ok(QuoteOf {
                key: message.key,
                sender: message.sender.jid,
                content: Some(Box::new(message.content)),
            }),
            EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => Err(Error::UnknownQuote),
        }
    }
}

/// The id of the request that a key names in a session.
fn request_of(session: SessionId, key: &str) -> EventId {
    let mut hash = Sha256::new();
    hash.update(b"waspnest.request.1\0");
    hash.update(session.ulid().to_bytes());
    hash.update(key.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    EventId::new(Ulid::from_bytes(bytes))
}

/// Whose effects the outbox says those of requests are (see [`Outbox::submit`]).
#[expect(clippy::expect_used, reason = "a constant that is a valid id")]
fn by_request() -> InstallationId {
    "rest".parse().expect("a slug is an installation id")
}
