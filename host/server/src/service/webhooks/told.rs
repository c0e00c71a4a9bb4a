//! What webhooks were told, what they could not be told, and telling them again.

use waspnest_core::clock::UnixMs;
use waspnest_core::delivery::{Again, At, Delivery};
use waspnest_core::event::{Event, Position};
use waspnest_core::id::SessionId;

use super::Webhooks;
use crate::delivery::Counts;
use crate::public_event::{EventSession, PublicEvent};
use crate::service::caller::Caller;
use crate::service::dead_letters::{Letters, Parked, Settlement};
use crate::service::error::Error;

/// Dead letters that are counted in each session.
const COUNTED: usize = 1000;

/// A delivery, and where its event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The session.
    pub session: SessionId,
    /// The event's position in its log.
    pub position: Position,
    /// What became of it.
    pub delivery: Delivery,
}

/// How a webhook is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// What became of deliveries since the host started.
    pub counts: Counts,
    /// Until when its server is left alone, if it is.
    pub resting_until: Option<UnixMs>,
    /// Events of logs that it has not come to yet, wanted or not.
    pub behind: u64,
    /// Dead letters; of each session at most so many are counted.
    pub dead_letters: usize,
}

impl Webhooks {
    /// Up to `limit` deliveries behind a place, by session and then the latest first; of one session alone, if one is named.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::Store`].
    pub async fn deliveries(
        &self,
        caller: &Caller,
        given: &str,
        only: Option<SessionId>,
        after: Option<(SessionId, Position)>,
        limit: usize,
    ) -> Result<Vec<Delivered>, Error> {
        let endpoint = self.get(caller, given)?;
        let mut found = Vec::new();
        for session in self.its_sessions(&endpoint, only).await? {
            let before = match after {
                Some((earlier, _)) if session < earlier => continue,
                Some((same, position)) if session == same => Some(position),
                Some(_) | None => None,
            };
            let page = self
                .parts
                .deliveries
                .list(session, endpoint.id, before, limit - found.len())
                .await?;
            found.extend(page.into_iter().map(|(position, delivery)| Delivered {
                session,
                position,
                delivery,
            }));
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// One delivery, and the event as it is told now, where the log still has it.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::UnknownDelivery`], [`Error::Store`].
    pub async fn delivery(
        &self,
        caller: &Caller,
        given: &str,
        session: SessionId,
        position: Position,
    ) -> Result<(Delivered, Option<PublicEvent>), Error> {
        let endpoint = self.get(caller, given)?;
        let sessions = self.its_sessions(&endpoint, Some(session)).await?;
        let webhook = endpoint.id;
        let at = At {
            session,
            webhook,
            position,
        };
        let found = match sessions.contains(&session) {
            true => self.parts.deliveries.get(at).await?,
            false => None,
        };
        let delivery = found.ok_or(Error::UnknownDelivery)?;
        let event = self.parts.log.get(session, position).await?;
        let record = self.parts.register.get(session).await?;
        let shown = |(event, record): (Event, _)| PublicEvent::recorded(&event, &EventSession::from(&record));
        let delivered = Delivered {
            session,
            position,
            delivery,
        };
        Ok((delivered, event.zip(record).map(shown)))
    }

    /// Has a webhook told of a range of a session's log once more, as far as the log goes and it wants that.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::TellsTooMuch`], [`Error::UnknownSession`], [`Error::Store`].
    pub async fn tell_again(
        &self,
        caller: &Caller,
        given: &str,
        session: SessionId,
        from: Option<Position>,
        to: Option<Position>,
    ) -> Result<Again, Error> {
        let endpoint = self.own(caller, given)?;
        if !self.its_sessions(&endpoint, Some(session)).await?.contains(&session) {
            return Err(Error::UnknownSession {
                given: session.to_string().into(),
            });
        }
        let head = self.parts.log.head(session).await?;
        let range = Again {
            next: from.unwrap_or_default().max(Position(1)),
            to: to.unwrap_or(head).min(head),
        };
        if range.next <= range.to {
            self.parts.deliveries.tell_again(session, endpoint.id, range).await?;
        }
        Ok(range)
    }

    /// Up to `limit` dead letters behind a place, by session and then oldest first; of one session alone, if one is named.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::Store`].
    pub async fn dead_letters(
        &self,
        caller: &Caller,
        given: &str,
        only: Option<SessionId>,
        after: Option<(SessionId, Position)>,
        limit: usize,
    ) -> Result<Vec<Parked>, Error> {
        let endpoint = self.get(caller, given)?;
        let sessions = self.its_sessions(&endpoint, only).await?;
        self.letters.list(&endpoint.id.into(), &sessions, after, limit).await
    }

    /// Does something with one dead letter, or with all of a session, or with all there are. Answers with how many.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::TellsTooMuch`], [`Error::Store`].
    pub async fn settle(&self, caller: &Caller, given: &str, which: Letters, how: Settlement) -> Result<u64, Error> {
        let endpoint = self.own(caller, given)?;
        let sessions = self.its_sessions(&endpoint, which.session()).await?;
        self.letters.settle(&endpoint.id.into(), &sessions, which, how).await
    }

    /// How a webhook is doing.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::Store`].
    pub async fn statistics(&self, caller: &Caller, given: &str) -> Result<Statistics, Error> {
        let endpoint = self.get(caller, given)?;
        let (mut behind, mut dead_letters) = (0, 0);
        for session in self.its_sessions(&endpoint, None).await? {
            let cursor = self.parts.progress.load(session, endpoint.id).await?;
            let head = self.parts.log.head(session).await?;
            behind += head.0.saturating_sub(cursor.low.0);
            let letters = self
                .parts
                .progress
                .dead_letters(session, endpoint.id, Position::default(), COUNTED);
            dead_letters += letters.await?.len();
        }
        let condition = endpoint.server.breaker.condition(self.parts.clock.now());
        Ok(Statistics {
            counts: endpoint.server.counts(),
            resting_until: condition.until(),
            behind,
            dead_letters,
        })
    }
}
