//! The logs of sessions, as far as a caller may read them.

use waspnest_core::address::Jid;
use waspnest_core::event::Position;
use waspnest_core::log::Log;
use waspnest_core::session::SessionRecord;

use super::error::Error;
use crate::public_event::{EventSession, EventType, Filter, PublicEvent, chat_of};

/// Events that are read at a time.
const TOGETHER: usize = 200;
/// Events that one question looks at; where hardly any is wanted, the next page goes on behind them.
const AT_MOST: usize = 2000;

/// The use cases of events. Clones are the same.
#[derive(Debug, Clone)]
pub struct Events {
    log: Log,
}

/// Some of the events of a session.
#[derive(Debug)]
pub struct Found {
    /// In the order of the log.
    pub events: Vec<PublicEvent>,
    /// Behind which the next page begins; none at the end of the log.
    pub next: Option<Position>,
}

impl Events {
    /// Over the logs.
    #[must_use]
    pub const fn new(log: Log) -> Self {
        Self { log }
    }

    /// Up to `limit` events of a session behind `after` that a filter lets through. There can be fewer, or none, and a next page.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(
        &self,
        session: &SessionRecord,
        filter: &Filter,
        after: Position,
        limit: usize,
    ) -> Result<Found, Error> {
        let shown = EventSession::from(session);
        let chats = self.chats(session, filter.chat.as_ref()).await?;
        let mut found = Vec::new();
        let mut behind = after;
        for _ in 0..AT_MOST / TOGETHER {
            let events = self.log.read(session.id, behind, TOGETHER).await?;
            let last = events.len() < TOGETHER;
            for event in events {
                if found.len() == limit {
                    let next = Some(behind);
                    return Ok(Found { events: found, next });
                }
                behind = event.position;
                let (chat, other) = chat_of(&event.kind);
                let kind = EventType::of(&event.kind);
                let of_chat =
                    chats.is_empty() || chats.iter().any(|wanted| chat == Some(wanted) || other == Some(wanted));
                if of_chat && filter.types.is_none_or(|types| types.has(kind)) {
                    found.push(PublicEvent::recorded(&event, &shown));
                }
            }
            if last {
                return Ok(Found {
                    events: found,
                    next: None,
                });
            }
        }
        Ok(Found {
            events: found,
            next: Some(behind),
        })
    }

    /// Every address under which events of a chat may be filed.
    async fn chats(&self, session: &SessionRecord, chat: Option<&Jid>) -> Result<Vec<Jid>, Error> {
        let Some(chat) = chat else { return Ok(Vec::new()) };
        let known = self.log.contacts().resolve(session.id, chat, None).await?;
        Ok(std::iter::once(known.canonical).chain(known.other).collect())
    }
}
