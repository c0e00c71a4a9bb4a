//! The messages of one chat, newest first.
//!
//! Each message has a row under its chat, ordered by when WhatsApp took it and then by position, so that a page costs what it shows however
//! long the log is. Messages that were recorded before there were such rows are not found here; they are found by their names as ever.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Log, LogError};
use crate::address::Jid;
use crate::clock::UnixMs;
use crate::event::{Event, Position};
use crate::id::SessionId;
use crate::message::Message;
use crate::schema::{Key, session};
use crate::store::{KeyRange, Op, Order, Space, StoreError};

/// A place among the messages of a chat; they are ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When WhatsApp took the message.
    pub at: UnixMs,
    /// Where it is in the log.
    pub position: Position,
}

impl Place {
    /// Behind everything.
    pub const END: Self = Self {
        at: UnixMs(u64::MAX),
        position: Position(u64::MAX),
    };

    /// Before everything of a moment and of later ones.
    #[must_use]
    pub const fn before(at: UnixMs) -> Self {
        Self {
            at,
            position: Position(0),
        }
    }
}

impl Log {
    /// Up to `limit` (at most 1000) messages of a chat that come before a place, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn history(
        &self,
        session: SessionId,
        chat: &Jid,
        before: Place,
        limit: usize,
    ) -> Result<Vec<Event>, LogError> {
        let chat = self.contacts.resolve(session, chat, None).await?;
        let mut places = Vec::new();
        // Before its phone number was known a person's chat was filed under the LID.
        for filed in std::iter::once(&chat.canonical).chain(&chat.formerly) {
            places.extend(self.places(session, filed, before, limit).await?);
        }
        places.sort_unstable_by(|one, two| two.cmp(one));
        places.truncate(limit);
        let mut events = Vec::with_capacity(places.len());
        for place in places {
            events.extend(self.get(session, place.position).await?);
        }
        Ok(events)
    }

    async fn places(
        &self,
        session: SessionId,
        chat: &Jid,
        before: Place,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let all = KeyRange::prefix(rows(chat).as_slice());
        let range = KeyRange {
            end: Some(key(chat, before)),
            ..all
        };
        let found = self
            .store
            .scan(Space::Session(session), range, Order::Descending, limit)
            .await?;
        found.iter().map(|(key, _)| place(key)).collect()
    }
}

/// The row of a message that is recorded at `position`.
pub(crate) fn row(message: &Message, position: Position) -> Op {
    Op::Put(row_key(message, position), Bytes::new())
}

/// The key of that row.
pub(super) fn row_key(message: &Message, position: Position) -> Bytes {
    let place = Place {
        at: message.timestamp,
        position,
    };
    key(&message.key.chat, place)
}

fn rows(chat: &Jid) -> Key {
    let digest = Sha256::digest(chat.to_string());
    Key::table(session::CHAT_MESSAGE).bytes(&digest[..16])
}

fn key(chat: &Jid, place: Place) -> Bytes {
    rows(chat).number(place.at.0).number(place.position.0).finish()
}

fn place(key: &[u8]) -> Result<Place, StoreError> {
    let numbers = key.last_chunk::<16>().ok_or_else(|| StoreError::Damaged {
        key: key.escape_ascii().to_string().into(),
        reason: "it is not the place of a message".into(),
    })?;
    let number = u128::from_be_bytes(*numbers);
    Ok(Place {
        at: UnixMs((number >> 64) as u64),
        position: Position(number as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Party;
    use crate::fixture::{NOON, SESSION, World, jid, message_of, on_every_engine};
    use crate::store::Commit;

    const ADA: &str = "4915100000001@s.whatsapp.net";
    const ADA_LID: &str = "100000000000001@lid";
    const BOB: &str = "4915100000002@s.whatsapp.net";

    fn said(chat: &str, id: &str, at: u64) -> crate::event::EventKind {
        let mut kind = message_of(jid(chat), Party::known_as(jid(chat)), id, id);
        if let crate::event::EventKind::Message(message) = &mut kind {
            message.timestamp = UnixMs(at);
        }
        kind
    }

    async fn ids(world: &World, chat: &str, before: Place, limit: usize) -> Vec<String> {
        let events = world
            .log
            .history(SESSION, &jid(chat), before, limit)
            .await
            .expect("it reads");
        let id = |event: &Event| match &event.kind {
            crate::event::EventKind::Message(message) => message.key.id.to_string(),
            other => panic!("not a message but {other:?}"),
        };
        events.iter().map(id).collect()
    }

    on_every_engine! {
        async fn a_chats_messages_come_newest_first_and_page_by_page(world: &mut World) {
            for (id, at) in [("A1", 10), ("A2", 30), ("A3", 20), ("A4", 30)] {
                world.receive(said(ADA, id, at)).await.expect("it is new");
                world.receive(said(BOB, &format!("B{at}"), at)).await;
            }
            assert_eq!(ids(world, ADA, Place::END, 10).await, ["A4", "A2", "A3", "A1"]);
            assert_eq!(ids(world, ADA, Place::END, 2).await, ["A4", "A2"]);
            let second = Place { at: UnixMs(30), position: Position(3) };
            assert_eq!(ids(world, ADA, second, 2).await, ["A3", "A1"]);
            assert_eq!(ids(world, ADA, Place::before(UnixMs(20)), 10).await, ["A1"]);
            assert_eq!(ids(world, ADA, Place::before(UnixMs(10)), 10).await, [""; 0]);
        }

        async fn a_person_is_one_chat_under_both_addresses(world: &mut World) {
            world.receive(said(ADA_LID, "A1", 10)).await.expect("it is new");
            let both = Party { jid: jid(ADA_LID), alt: Some(jid(ADA)), push_name: None };
            let mut second = message_of(jid(ADA_LID), both, "A2", "hi");
            if let crate::event::EventKind::Message(message) = &mut second {
                message.timestamp = NOON;
            }
            world.receive(second).await.expect("it is new");
            for chat in [ADA, ADA_LID] {
                assert_eq!(ids(world, chat, Place::END, 10).await, ["A2", "A1"]);
            }
        }

        async fn what_was_recorded_before_there_were_rows_is_left_out(world: &mut World) {
            let first = world.receive(said(ADA, "A1", 10)).await.expect("it is new");
            world.receive(said(ADA, "A2", 20)).await.expect("it is new");
            let place = Place { at: UnixMs(10), position: first.position };
            let old = Commit::durable(Space::Session(SESSION)).delete(key(&jid(ADA), place));
            world.store.commit(old).await.expect("it commits");
            assert_eq!(ids(world, ADA, Place::END, 10).await, ["A2"]);
        }
    }
}
