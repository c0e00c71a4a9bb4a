//! Who is who: the phone number and the LID of the same person.
//!
//! A person is filed under the phone number where it is known, else under the LID. What was filed under a LID before its phone number
//! was known stays where it is; [`Resolved::formerly`] tells where to look for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::address::{Jid, Party};
use crate::id::SessionId;
use crate::per_session::PerSession;
use crate::schema;
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// Answers kept in memory per session; beyond that the oldest knowledge is read from the store again.
const REMEMBERED: usize = 4096;

/// The people of all sessions. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Contacts {
    store: Arc<dyn Store>,
    known: Arc<PerSession<Known>>,
}

#[derive(Debug, Default)]
struct Known(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The other address, or none when the store has none either.
    other: HashMap<Jid, Option<Jid>>,
    /// Whether anything was filed under a LID.
    filed: HashMap<Jid, Filed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filed {
    Yes,
    No,
}

impl Known {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Only inserted into and cleared, so a poisoned lock guards good maps.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an address resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The address this person (or group, …) is filed under.
    pub canonical: Jid,
    /// The same person's other address, where known.
    pub other: Option<Jid>,
    /// The LID under which earlier things are filed, from before the phone number was known.
    pub formerly: Option<Jid>,
}

impl Contacts {
    /// The people whose addresses `store` remembers.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            known: Arc::default(),
        }
    }

    /// Remembers that each pair is one person. Pairs that are known already cost nothing; pairs that are not one phone number and one
    /// LID are passed over.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn learn(&self, session: SessionId, pairs: &[(Jid, Jid)]) -> Result<(), StoreError> {
        let mut commit = Commit::lazy(Space::Session(session));
        let mut learned = Vec::new();
        for (one, two) in pairs {
            if let Some((phone, lid)) = phone_and_lid(one, two) {
                commit.ops.extend(self.pair(session, phone, lid).await?);
                learned.push((phone.clone(), lid.clone()));
            }
        }
        if !commit.ops.is_empty() {
            self.store.commit(commit).await?;
            self.remember(session, &learned);
        }
        Ok(())
    }

    /// The one address a person is filed under; any other kind of address is its own.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn canonical(&self, session: SessionId, party: &Party) -> Result<Jid, StoreError> {
        Ok(self.resolve(session, &party.jid, party.alt.as_ref()).await?.canonical)
    }

    /// Everything known of an address. `alt` is the other address where the caller knows it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn resolve(&self, session: SessionId, jid: &Jid, alt: Option<&Jid>) -> Result<Resolved, StoreError> {
        if !jid.is_person() {
            return Ok(Resolved {
                canonical: jid.clone(),
                other: None,
                formerly: None,
            });
        }
        let other = match alt.filter(|alt| phone_and_lid(jid, alt).is_some()) {
            Some(alt) => Some(alt.clone()),
            None => self.other(session, jid).await?,
        };
        let (canonical, lid) = match (jid, &other) {
            (Jid::Lid(_), Some(phone)) => (phone.clone(), Some(jid)),
            (_, lid) => (jid.clone(), lid.as_ref()),
        };
        let formerly = match lid {
            Some(lid) if self.is_filed(session, lid).await? => Some(lid.clone()),
            Some(_) | None => None,
        };
        Ok(Resolved {
            canonical,
            other,
            formerly,
        })
    }

    /// People of whom both addresses are known, by phone number, after `after` and in the order of the numbers as text; at most `limit`.
    /// Fewer than `limit` mean that there are no more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        session: SessionId,
        after: Option<&Jid>,
        limit: usize,
    ) -> Result<Vec<(Jid, Jid)>, StoreError> {
        let mut range = KeyRange::prefix(&[schema::session::CONTACT]);
        if let Some(after) = after {
            range = range.after(&schema::contact(after));
        }
        let mut found = Vec::new();
        loop {
            let rows = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = rows.last() else {
                return Ok(found);
            };
            range = range.after(last);
            for (key, value) in rows {
                // Every pair stands there twice, once under each address.
                let here = parse(&key, key.get(1..).unwrap_or_default())?;
                if matches!(here, Jid::Phone(_)) {
                    found.push((here, parse(&key, &value)?));
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.known.forget(session);
    }

    /// The writes that make a pair known; none when it is already.
    pub(crate) async fn pair(&self, session: SessionId, phone: &Jid, lid: &Jid) -> Result<Vec<Op>, StoreError> {
        if self.other(session, lid).await?.as_ref() == Some(phone)
            && self.other(session, phone).await?.as_ref() == Some(lid)
        {
            return Ok(Vec::new());
        }
        let row = |from: &Jid, to: &Jid| Op::Put(schema::contact(from), Bytes::from(to.to_string()));
        // Whoever has filed something under the LID has to hear of it: the mailbox.
        let news = Op::Put(schema::mailbox_paired(lid), Bytes::new());
        Ok(vec![row(lid, phone), row(phone, lid), news])
    }

    /// Takes pairs into memory whose writes were committed.
    pub(crate) fn remember(&self, session: SessionId, pairs: &[(Jid, Jid)]) {
        let known = self.known.of(session);
        let mut memory = known.memory();
        for (phone, lid) in pairs {
            memory.other.insert(phone.clone(), Some(lid.clone()));
            memory.other.insert(lid.clone(), Some(phone.clone()));
        }
    }

    /// The write that says something is filed under a LID; none when that is known already.
    pub(crate) async fn file(&self, session: SessionId, lid: &Jid) -> Result<Option<Op>, StoreError> {
        if self.is_filed(session, lid).await? {
            return Ok(None);
        }
        Ok(Some(Op::Put(schema::contact_filed(lid), Bytes::new())))
    }

    /// Takes into memory that the writes of [`Contacts::file`] were committed.
    pub(crate) fn remember_filed(&self, session: SessionId, lids: Vec<Jid>) {
        self.known
            .of(session)
            .memory()
            .filed
            .extend(lids.into_iter().map(|lid| (lid, Filed::Yes)));
    }

    /// Forgets whether anything is filed under these, while that is being changed.
    pub(crate) fn doubt(&self, session: SessionId, lids: &[Jid]) {
        let known = self.known.of(session);
        let mut memory = known.memory();
        for lid in lids {
            memory.filed.remove(lid);
        }
    }

    async fn other(&self, session: SessionId, jid: &Jid) -> Result<Option<Jid>, StoreError> {
        let known = self.known.of(session);
        if let Some(other) = known.memory().other.get(jid) {
            return Ok(other.clone());
        }
        let key = schema::contact(jid);
        let other = match self.store.get(Space::Session(session), &key).await? {
            None => None,
            Some(bytes) => Some(parse(&key, &bytes)?),
        };
        let mut memory = known.memory();
        if memory.other.len() >= REMEMBERED {
            memory.other.clear();
        }
        // Somebody may have learned more while this read was under way; never overwrite that with less.
        Ok(memory.other.entry(jid.clone()).or_insert(other).clone())
    }

    async fn is_filed(&self, session: SessionId, lid: &Jid) -> Result<bool, StoreError> {
        let known = self.known.of(session);
        if let Some(filed) = known.memory().filed.get(lid) {
            return Ok(*filed == Filed::Yes);
        }
        let filed = match self
            .store
            .get(Space::Session(session), &schema::contact_filed(lid))
            .await?
        {
            Some(_) => Filed::Yes,
            None => Filed::No,
        };
        let mut memory = known.memory();
        if memory.filed.len() >= REMEMBERED {
            memory.filed.clear();
        }
        Ok(*memory.filed.entry(lid.clone()).or_insert(filed) == Filed::Yes)
    }
}

/// Which of two addresses is the phone number and which the LID; none when they are not one of each.
#[must_use]
pub fn phone_and_lid<'a>(one: &'a Jid, two: &'a Jid) -> Option<(&'a Jid, &'a Jid)> {
    match (one, two) {
        (Jid::Phone(_), Jid::Lid(_)) => Some((one, two)),
        (Jid::Lid(_), Jid::Phone(_)) => Some((two, one)),
        _ => None,
    }
}

fn parse(key: &[u8], bytes: &[u8]) -> Result<Jid, StoreError> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::Damaged {
            key: key.escape_ascii().to_string().into(),
            reason: "it is not an address".into(),
        })
}

#[cfg(test)]
mod tests {
    use crate::fixture::{SESSION, World, jid, on_every_engine};

    on_every_engine! {
        async fn people_are_listed_once_and_page_by_page(world: &mut World) {
            let contacts = world.log.contacts();
            let pair = |number: u8| (jid(&format!("491510000000{number}")), jid(&format!("20000000000000{}@lid", 9 - number)));
            let pairs: Vec<_> = (1..=5).map(pair).collect();
            contacts.learn(SESSION, &pairs).await.expect("it learns");
            let mut listed = Vec::new();
            loop {
                let after = listed.last().map(|(phone, _)| phone);
                let page = contacts.list(SESSION, after, 2).await.expect("it lists");
                let more = page.len() == 2;
                listed.extend(page);
                if !more {
                    break;
                }
            }
            assert_eq!(listed, pairs);
        }
    }
}
