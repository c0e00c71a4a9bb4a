//! What a session's send policy has to remember: what was let go when, to whom the session wrote, since when the account is linked,
//! and what was set of the policy itself.
//!
//! Only kept here; what follows from it the sink decides. Departures are kept lazily: a crash can take those of the last moment.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{EffectId, SessionId};
use crate::schema::{Key, session};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// Old departures that one new one removes.
const REMOVED: usize = 8;

/// How a message stands to the chat it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Somebody wrote there lately.
    Answer,
    /// Nobody did, but they know each other.
    Known,
    /// The first message to a person who never wrote.
    New,
}

/// A message that was let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// When.
    pub at: UnixMs,
    /// Which.
    pub effect: EffectId,
    /// Where to.
    pub chat: Jid,
    /// What it counts as.
    pub standing: Standing,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DepartureRecord {
    chat: Jid,
    standing: Standing,
}

impl Record for DepartureRecord {
    const VERSION: u8 = 1;
}

/// Which account is linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// By the address it is filed under.
    pub account: Jid,
    /// When that was first seen.
    pub since: UnixMs,
}

impl Record for Linked {
    const VERSION: u8 = 1;
}

/// What was set of a policy, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    json: Box<str>,
}

impl Record for PolicyRecord {
    const VERSION: u8 = 1;
}

/// What send policies remember. Clones are the same.
#[derive(Debug, Clone)]
pub struct SendLedger {
    store: Arc<dyn Store>,
}

impl SendLedger {
    /// What is in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// What was let go since, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn departures(&self, session: SessionId, since: UnixMs) -> Result<Vec<Departure>, StoreError> {
        let mut range = KeyRange {
            start: Key::table(session::DEPARTURE).number(since.0).finish(),
            ..KeyRange::prefix(&[session::DEPARTURE])
        };
        let mut departures = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else {
                return Ok(departures);
            };
            range = range.after(last);
            for (key, value) in page {
                let DepartureRecord { chat, standing } = codec::decode(&key, &value)?;
                let (at, effect) = named(&key).ok_or_else(|| StoreError::Damaged {
                    key: key.escape_ascii().to_string().into(),
                    reason: "it names no departure".into(),
                })?;
                departures.push(Departure {
                    at,
                    effect,
                    chat,
                    standing,
                });
            }
        }
    }

    /// Notes that a message is let go, and forgets some that were let go before `old`. Lazy.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note(&self, session: SessionId, departure: &Departure, old: UnixMs) -> Result<(), StoreError> {
        let space = Space::Session(session);
        let record = DepartureRecord {
            chat: departure.chat.clone(),
            standing: departure.standing,
        };
        let mut commit = Commit::lazy(space).put(row(departure.at, departure.effect), codec::encode(&record));
        if departure.chat.is_person() {
            commit = commit.put(written_to(&departure.chat), Bytes::new());
        }
        let range = KeyRange {
            end: Some(Key::table(session::DEPARTURE).number(old.0).finish()),
            ..KeyRange::prefix(&[session::DEPARTURE])
        };
        let gone = self.store.scan(space, range, Order::Ascending, REMOVED).await?;
        commit.ops.extend(gone.into_iter().map(|(key, _)| Op::Delete(key)));
        self.store.commit(commit).await.map(drop)
    }

    /// Takes back a departure that did not come about. Lazy.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take_back(&self, session: SessionId, departure: &Departure) -> Result<(), StoreError> {
        let mut commit = Commit::lazy(Space::Session(session)).delete(row(departure.at, departure.effect));
        if departure.standing == Standing::New {
            commit = commit.delete(written_to(&departure.chat));
        }
        self.store.commit(commit).await.map(drop)
    }

    /// Whether a message to this person was let go before.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_written_to(&self, session: SessionId, person: &Jid) -> Result<bool, StoreError> {
        let row = self.store.get(Space::Session(session), &written_to(person)).await?;
        Ok(row.is_some())
    }

    /// Which account is linked, as far as that was noted.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn linked(&self, session: SessionId) -> Result<Option<Linked>, StoreError> {
        let key = Key::table(session::LINKED).finish();
        let value = self.store.get(Space::Session(session), &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// Notes which account is linked.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn link(&self, session: SessionId, linked: &Linked) -> Result<(), StoreError> {
        let commit = Commit::lazy(Space::Session(session)).put(Key::table(session::LINKED), codec::encode(linked));
        self.store.commit(commit).await.map(drop)
    }

    /// What was set of the session's policy, as JSON.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn policy(&self, session: SessionId) -> Result<Option<Box<str>>, StoreError> {
        let key = Key::table(session::SEND_POLICY).finish();
        let Some(value) = self.store.get(Space::Session(session), &key).await? else {
            return Ok(None);
        };
        let PolicyRecord { json } = codec::decode(&key, &value)?;
        Ok(Some(json))
    }

    /// Keeps what is set of the session's policy for good; none forgets it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_policy(&self, session: SessionId, json: Option<Box<str>>) -> Result<(), StoreError> {
        let (commit, key) = (
            Commit::durable(Space::Session(session)),
            Key::table(session::SEND_POLICY),
        );
        let commit = match json {
            Some(json) => commit.put(key, codec::encode(&PolicyRecord { json })),
            None => commit.delete(key),
        };
        self.store.commit(commit).await?.durable().await
    }
}

fn row(at: UnixMs, effect: EffectId) -> Bytes {
    Key::table(session::DEPARTURE)
        .number(at.0)
        .bytes(&effect.ulid().to_bytes())
        .finish()
}

fn named(key: &[u8]) -> Option<(UnixMs, EffectId)> {
    let at = u64::from_be_bytes(key.get(1..9)?.try_into().ok()?);
    let effect: [u8; 16] = key.get(9..)?.try_into().ok()?;
    Some((UnixMs(at), EffectId::new(ulid::Ulid::from_bytes(effect))))
}

fn written_to(person: &Jid) -> Bytes {
    Key::table(session::WRITTEN_TO)
        .bytes(person.to_string().as_bytes())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, SESSION, World, jid, on_every_engine};

    fn departure(number: u64, standing: Standing) -> Departure {
        Departure {
            at: UnixMs(NOON.0 + number),
            effect: EffectId::new(ulid::Ulid(number.into())),
            chat: jid(&format!("491510000000{number}")),
            standing,
        }
    }

    on_every_engine! {
        async fn departures_are_remembered_until_they_are_old_or_taken_back(world: &mut World) {
            let ledger = SendLedger::new(world.store.clone());
            let all = [departure(1, Standing::New), departure(2, Standing::Answer), departure(3, Standing::New)];
            for departure in &all {
                ledger.note(SESSION, departure, NOON).await.expect("it notes");
            }
            assert_eq!(ledger.departures(SESSION, UnixMs(NOON.0 + 2)).await.expect("it reads"), all[1..]);
            ledger.take_back(SESSION, &all[2]).await.expect("it takes back");
            assert_eq!(ledger.departures(SESSION, NOON).await.expect("it reads"), all[..2]);
            assert!(ledger.has_written_to(SESSION, &all[0].chat).await.expect("it reads"));
            assert!(!ledger.has_written_to(SESSION, &all[2].chat).await.expect("it reads"));
            let last = departure(4, Standing::Known);
            ledger.note(SESSION, &last, UnixMs(NOON.0 + 2)).await.expect("it notes");
            assert_eq!(ledger.departures(SESSION, NOON).await.expect("it reads"), [all[1].clone(), last]);
        }

        async fn a_policy_is_kept_until_it_is_forgotten(world: &mut World) {
            let ledger = SendLedger::new(world.store.clone());
            assert_eq!(ledger.policy(SESSION).await.expect("it reads"), None);
            ledger.set_policy(SESSION, Some("{}".into())).await.expect("it is kept");
            let linked = Linked { account: jid("4915100000009"), since: NOON };
            ledger.link(SESSION, &linked).await.expect("it is kept");
            assert_eq!(ledger.policy(SESSION).await.expect("it reads").as_deref(), Some("{}"));
            assert_eq!(ledger.linked(SESSION).await.expect("it reads"), Some(linked));
            ledger.set_policy(SESSION, None).await.expect("it is forgotten");
            assert_eq!(ledger.policy(SESSION).await.expect("it reads"), None);
        }
    }

    #[test]
    fn bytes_of_the_records_are_these() {
        let record = DepartureRecord {
            chat: jid("4915100000001"),
            standing: Standing::New,
        };
        let linked = Linked {
            account: jid("4915100000001"),
            since: NOON,
        };
        let policy = PolicyRecord { json: "{}".into() };
        let bytes = [codec::encode(&record), codec::encode(&linked), codec::encode(&policy)];
        assert_eq!(
            bytes.map(|bytes| bytes.escape_ascii().to_string()),
            [
                "\\x01\\x1c4915100000001@s.whatsapp.net\\x02",
                "\\x01\\x1c4915100000001@s.whatsapp.net\\x80\\xa0\\xf1\\xc2\\xb14",
                "\\x01\\x02{}",
            ]
        );
    }
}
