//! Another master key for a data directory: everything that is sealed is sealed anew, in a copy that then takes the place of the store.
//!
//! Nothing that opens under the former key is left in the store's files. What was derived from that key for messages that are out in the world
//! (the secrets of polls, the keys of files) has to stay: it goes on being derived from the former key, which is kept for that, sealed.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::id::SessionId;
use crate::master_key::MasterKey;
use crate::schema::{Key, system};
use crate::seal::{KeyCheckError, Sealer, Unopened};
use crate::store::{
    Class, Commit, CompactError, Compacted, KeyRange, MAX_SCAN, Op, Order, SledOptions, Space, Store, StoreError,
    compact_changed,
};
use crate::webhook::{WebhookError, WebhookRegister};

/// Why a store was not brought under another key. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// The key that is given is not the store's.
    #[error(transparent)]
    Key(#[from] KeyCheckError),
    /// Both are the same.
    #[error("the store is under this master key already")]
    Same,
    /// The copy was not made, or did not take its place.
    #[error(transparent)]
    Copy(#[from] CompactError),
    /// Something does not open.
    #[error("the record at {key} in {space:?} does not open under the master key: `waspnest store check` says more")]
    Unopened {
        /// Where.
        space: Space,
        /// Its key, with what is not ASCII escaped.
        key: Box<str>,
    },
    /// The webhooks cannot be sealed anew.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The store failed.
    #[error("the copy of the store cannot be used")]
    Store(#[from] StoreError),
    /// What others seal in a session's space cannot be sealed anew.
    #[error("the device of session {session} cannot be sealed anew")]
    Device {
        /// Which.
        session: SessionId,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Who seals records in the spaces of sessions whose form is not known here.
#[async_trait]
pub trait Reseals: Send + Sync {
    /// Seals them anew.
    ///
    /// # Errors
    /// In whoever's own words.
    async fn reseal(
        &self,
        store: &Arc<dyn Store>,
        session: SessionId,
        keys: (&Sealer, &Sealer),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Brings the store in `dir` from one master key under another. Nobody else may use it, and there has to be room for two copies. A crash leaves
/// all of it under the one or all of it under the other.
///
/// # Errors
/// [`RekeyError`].
pub async fn rekey(
    dir: &Path,
    options: SledOptions,
    (from, to): (&MasterKey, &MasterKey),
    others: &dyn Reseals,
) -> Result<Compacted, RekeyError> {
    if from == to {
        return Err(RekeyError::Same);
    }
    compact_changed(dir, options, async |store| {
        let old = Sealer::checked(from, &*store).await?;
        let new = Sealer::new(to);
        let deriving = deriving_key(&*store, &old, from).await?;
        for table in [system::SECRET, system::ANSWERED] {
            reseal(&*store, table, (&old, &new)).await?;
        }
        let webhooks = WebhookRegister::new(Arc::clone(&store), old.clone()).list().await?;
        let register = WebhookRegister::new(Arc::clone(&store), new.clone());
        for (id, webhook) in webhooks {
            register.set(id, &webhook).await?;
        }
        for space in store.spaces().await? {
            let Space::Session(session) = space else { continue };
            let resealed = others.reseal(&store, session, (&old, &new)).await;
            resealed.map_err(|source| RekeyError::Device { session, source })?;
        }
        let place = Key::table(system::DERIVING_KEY).finish();
        let sealed = new.seal(Space::System, &place, deriving.bytes());
        let check = Key::table(system::MASTER_KEY_CHECK).finish();
        // The check is made anew under the key that now opens everything.
        let commit = Commit::durable(Space::System).put(place, sealed).delete(check);
        store.commit(commit).await?.durable().await?;
        Sealer::checked(to, &*store).await?;
        Ok(())
    })
    .await
}

/// What secrets of messages are derived from: the master key, or the one before the first other one.
///
/// # Errors
/// [`RekeyError::Unopened`], [`RekeyError::Store`].
pub async fn deriving_key(store: &dyn Store, sealer: &Sealer, master: &MasterKey) -> Result<MasterKey, RekeyError> {
    let place = Key::table(system::DERIVING_KEY).finish();
    let Some(sealed) = store.get(Space::System, &place).await? else {
        return Ok(master.clone());
    };
    let opened = sealer.open(Space::System, &place, &sealed);
    let bytes = opened.ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(MasterKey::from_bytes).ok_or_else(|| unopened(&place))
}

/// Seals the rows of a table of the system's anew, each of which is sealed whole.
async fn reseal(store: &dyn Store, table: u8, (old, new): (&Sealer, &Sealer)) -> Result<(), RekeyError> {
    let mut range = KeyRange::prefix(&[table]);
    loop {
        let page = store
            .scan(Space::System, range.clone(), Order::Ascending, MAX_SCAN)
            .await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        range = range.after(last);
        let rows = page.into_iter().map(|(key, value)| {
            let plain = old.open(Space::System, &key, &value);
            let plain = plain.map_err(|Unopened| unopened(&key))?;
            let sealed = new.seal(Space::System, &key, &plain);
            Ok(Op::Put(key, Bytes::from(sealed)))
        });
        let commit = Commit {
            space: Space::System,
            expect: Vec::new(),
            ops: rows.collect::<Result<_, RekeyError>>()?,
            class: Class::Lazy,
        };
        store.commit(commit).await?;
    }
}

fn unopened(key: &[u8]) -> RekeyError {
    RekeyError::Unopened {
        space: Space::System,
        key: key.escape_ascii().to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::StoredSecrets;
    use crate::store::SledStore;

    /// Nobody has linked anything.
    struct Nobody;

    #[async_trait]
    impl Reseals for Nobody {
        async fn reseal(
            &self,
            _: &Arc<dyn Store>,
            _: SessionId,
            _: (&Sealer, &Sealer),
        ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Ok(())
        }
    }

    fn open(dir: &Path) -> Arc<dyn Store> {
        SledStore::open(dir, SledOptions::default()).expect("it opens")
    }

    async fn secret(store: &Arc<dyn Store>, sealer: Sealer) -> Option<String> {
        let secrets = StoredSecrets::new(Arc::clone(store), sealer);
        let text = secrets.get(&"token".parse().expect("a name")).await.expect("it opens");
        text.map(|text| text.expose().to_owned())
    }

    #[tokio::test]
    async fn everything_opens_under_the_new_key_and_nothing_under_the_old_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let keys = [1, 2, 3].map(|byte| MasterKey::from_bytes([byte; 32]));
        {
            let store = open(dir.path());
            let sealer = Sealer::checked(&keys[0], &*store).await.expect("it is new");
            let secrets = StoredSecrets::new(Arc::clone(&store), sealer);
            let text = "swordfish".parse().expect("a text");
            secrets
                .set(&"token".parse().expect("a name"), &text)
                .await
                .expect("it is written");
        }
        let wrong = rekey(dir.path(), SledOptions::default(), (&keys[1], &keys[2]), &Nobody).await;
        assert!(
            matches!(wrong, Err(RekeyError::Key(KeyCheckError::WrongKey))),
            "{wrong:?}"
        );
        let same = rekey(dir.path(), SledOptions::default(), (&keys[0], &keys[0]), &Nobody).await;
        assert!(matches!(same, Err(RekeyError::Same)), "{same:?}");
        // Twice, and what is derived stays that of the first.
        for (from, to) in [(&keys[0], &keys[1]), (&keys[1], &keys[2])] {
            rekey(dir.path(), SledOptions::default(), (from, to), &Nobody)
                .await
                .expect("it is the key");
            let store = open(dir.path());
            let old = Sealer::checked(from, &*store).await;
            assert!(matches!(old, Err(KeyCheckError::WrongKey)), "{old:?}");
            let sealer = Sealer::checked(to, &*store).await.expect("it is the key now");
            assert_eq!(secret(&store, sealer.clone()).await.as_deref(), Some("swordfish"));
            let deriving = deriving_key(&*store, &sealer, to).await.expect("it opens");
            assert!(deriving == keys[0]);
        }
    }
}
