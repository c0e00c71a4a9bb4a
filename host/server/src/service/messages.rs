//! Sending on behalf of a caller: a request becomes an effect in the outbox, on the same path as a plugin's.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use ulid::Ulid;
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::effect::{Action, Effect, EffectState};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, EventId, InstallationId, MessageId, ScheduledMessageId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::outbox::{CommitError, Listed, Outbox};
use waspnest_core::scheduled_message::{ScheduledMessage, ScheduledMessages};
use waspnest_core::session::SessionRecord;

use super::control::{Canceled, Control};
use super::error::Error;
use super::media::Medias;
use super::outgoing::Outgoing;

/// How far ahead a message can be scheduled.
const LONGEST_AHEAD: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// How often a waiting caller looks whether an effect has left.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a repeated request is told from a new one.
#[derive(Clone, Copy)]
pub enum Repeat<'a> {
    /// It is always new.
    New,
    /// The same key in the same session is the same request, for as long as the session's outbox remembers it.
    Key(&'a str),
}

/// How far an effect shall have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Far {
    /// WhatsApp has it.
    Sent,
    /// A device of the recipient has it.
    Delivered,
}

impl Far {
    /// Whether a state is so far, or will never be.
    #[must_use]
    pub const fn is_reached(self, state: &EffectState) -> bool {
        match state {
            EffectState::Pending { .. } | EffectState::Held { .. } => false,
            EffectState::Sent { .. } => matches!(self, Self::Sent),
            EffectState::Delivered { .. } | EffectState::Read { .. } | EffectState::Failed { .. } => true,
        }
    }
}

/// The use cases of messages. Clones are the same.
#[derive(Clone)]
pub struct Messages {
    pub(super) log: Log,
    pub(super) outbox: Outbox,
    pub(super) mailbox: Mailbox,
    scheduled: ScheduledMessages,
    pub(super) media: Medias,
    control: Arc<dyn Control>,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// What the use cases of messages are made of.
pub struct MessagesParts {
    /// For quotes.
    pub log: Log,
    /// What is to be done.
    pub outbox: Outbox,
    /// What there is that something can be done to.
    pub mailbox: Mailbox,
    /// What is to be done later.
    pub scheduled: ScheduledMessages,
    /// Files to send.
    pub media: Medias,
    /// The sessions at work.
    pub control: Arc<dyn Control>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl Messages {
    /// Over `parts`.
    #[must_use]
    pub fn new(parts: MessagesParts) -> Self {
        let MessagesParts {
            log,
            outbox,
            mailbox,
            scheduled,
            media,
            control,
            clock,
            ids,
        } = parts;
        Self {
            log,
            outbox,
            mailbox,
            scheduled,
            media,
            control,
            clock,
            ids,
        }
    }

    /// Accepts messages for sending: durable when this returns, sent when the session is connected. One effect for each recipient, in their
    /// order, of one request.
    ///
    /// # Errors
    /// [`Error::UnknownQuote`], [`Error::KeyReused`], [`Error::Store`], and those of files.
    pub async fn send(
        &self,
        session: &SessionRecord,
        outgoing: &Outgoing,
        repeat: Repeat<'_>,
    ) -> Result<Vec<Effect>, Error> {
        let actions = self.actions(session, outgoing).await?;
        self.submit(session, actions, repeat).await
    }

    /// Accepts messages for sending at their moment; durable when this returns.
    ///
    /// # Errors
    /// Those of [`Messages::send`].
    pub async fn send_later(
        &self,
        session: &SessionRecord,
        outgoing: &Outgoing,
        due: UnixMs,
    ) -> Result<Vec<ScheduledMessage>, Error> {
        let now = self.clock.now();
        if due > now.plus(LONGEST_AHEAD) {
            return Err(Error::NotPossible {
                why: "send_at is more than a year ahead".into(),
            });
        }
        let actions = self.actions(session, outgoing).await?;
        let scheduled = actions.into_iter().map(|action| ScheduledMessage {
            id: ScheduledMessageId::new(self.ids.ulid(now)),
            due,
            action,
            created_at: now,
        });
        let scheduled: Vec<_> = scheduled.collect();
        self.scheduled.add(session.id, &scheduled).await?;
        Ok(scheduled)
    }

    /// Messages that are to be sent later, by their ids.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn scheduled(
        &self,
        session: SessionId,
        after: Option<ScheduledMessageId>,
        limit: usize,
    ) -> Result<Vec<ScheduledMessage>, Error> {
        Ok(self.scheduled.list(session, after, limit).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::UnknownScheduledMessage`], [`Error::Store`].
    pub async fn scheduled_message(
        &self,
        session: SessionId,
        id: ScheduledMessageId,
    ) -> Result<ScheduledMessage, Error> {
        let found = self.scheduled.get(session, id).await?;
        found.ok_or(Error::UnknownScheduledMessage { id })
    }

    /// Calls one off.
    ///
    /// # Errors
    /// [`Error::UnknownScheduledMessage`], [`Error::Store`].
    pub async fn call_off(&self, session: SessionId, id: ScheduledMessageId) -> Result<(), Error> {
        let found = self.scheduled.call_off(session, id).await?;
        found.map(drop).ok_or(Error::UnknownScheduledMessage { id })
    }

    /// Puts actions of one request into the outbox.
    pub(super) async fn submit(
        &self,
        session: &SessionRecord,
        actions: Vec<Action>,
        repeat: Repeat<'_>,
    ) -> Result<Vec<Effect>, Error> {
        let request = match repeat {
            Repeat::New => EventId::new(self.ids.ulid(self.clock.now())),
            Repeat::Key(key) => request_of(session.id, key),
        };
        match self.control.submit(session.id, request, actions.clone()).await {
            Ok(effects) => Ok(effects),
            Err(CommitError::AlreadyDone) => {
                let mut effects = Vec::with_capacity(actions.len());
                for (index, action) in (0..).zip(&actions) {
                    let id = EffectId::derive(request, &by_request(), index);
                    let effect = self.outbox.get(session.id, id).await?;
                    effects.push(
                        effect
                            .filter(|effect| effect.action == *action)
                            .ok_or(Error::KeyReused)?,
                    );
                }
                Ok(effects)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The effect of the host's that a message came from.
    pub(super) async fn sent(&self, session: SessionId, message: &MessageId) -> Result<Option<Effect>, Error> {
        match self.outbox.by_message(session, message).await? {
            Some(id) => Ok(self.outbox.get(session, id).await?),
            None => Ok(None),
        }
    }

    /// Effects of a session, newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn effects(
        &self,
        session: SessionId,
        before: Option<Position>,
        limit: usize,
        state: Option<&str>,
    ) -> Result<Listed, Error> {
        let fits = |effect: &Effect| state.is_none_or(|state| effect.state.name() == state);
        Ok(self.outbox.list(session, before, limit, fits).await?)
    }

    /// Calls an effect off that has not left.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::NotPossible`], [`Error::Store`].
    pub async fn cancel(&self, session: SessionId, id: EffectId) -> Result<Effect, Error> {
        let effect = self.effect(session, id).await?;
        let refused = |why: &str| Err(Error::NotPossible { why: why.into() });
        if !effect.state.is_pending() {
            return refused("it is not pending any more");
        }
        match self.control.cancel(session, id).await? {
            Canceled::Yes => self.effect(session, id).await,
            Canceled::No => refused("it is on its way"),
        }
    }

    /// Does once more what failed, as an effect of its own.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::NotPossible`], [`Error::Store`].
    pub async fn retry(&self, session: SessionId, id: EffectId) -> Result<Effect, Error> {
        let effect = self.effect(session, id).await?;
        if !matches!(effect.state, EffectState::Failed { .. }) {
            return Err(Error::NotPossible {
                why: "it has not failed".into(),
            });
        }
        let request = EventId::new(self.ids.ulid(self.clock.now()));
        Ok(self.control.resubmit(effect, request).await?)
    }

    /// One effect of a session.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::Store`].
    pub async fn effect(&self, session: SessionId, id: EffectId) -> Result<Effect, Error> {
        self.outbox.get(session, id).await?.ok_or(Error::UnknownEffect { id })
    }

    /// The effect as soon as it has come so far, or as it is after `wait`.
    ///
    /// # Errors
    /// [`Error::UnknownEffect`], [`Error::Store`].
    pub async fn settled(&self, session: SessionId, id: EffectId, far: Far, wait: Duration) -> Result<Effect, Error> {
        let until = self.clock.now().plus(wait);
        loop {
            let effect = self.effect(session, id).await?;
            if far.is_reached(&effect.state) || self.clock.now() >= until {
                return Ok(effect);
            }
            self.clock.sleep(LOOK_EVERY).await;
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
