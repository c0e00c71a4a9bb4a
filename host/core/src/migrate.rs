//! From old schemas to the present one, step by step.
//!
//! Each migration leads from one schema to the next. It works in small steps, each of which may be repeated, and its place is stored
//! after every step, so that a crash costs one step. A store of a newer schema is refused before anything is written.

use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::codec::{self, Record};
use crate::schema::{Key, system};
use crate::store::{Commit, Space, Store, StoreError};

/// One step under way; resolves to the place to go on from.
pub type Stepping = BoxFuture<'static, Result<Option<Bytes>, StoreError>>;

/// One way from a schema to the next.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The schema it leads to; it starts from the one before.
    pub to: u32,
    /// What it changes, for the operator.
    pub about: &'static str,
    /// Does a bounded part of the work, from the place the last step gave (none: from the beginning). Answers the place to go on from, or
    /// none when everything is done. Must stand being repeated.
    pub step: fn(Arc<dyn Store>, Option<Bytes>) -> Stepping,
}

/// The migrations there are. Schema 1 is the first.
pub const MIGRATIONS: &[Migration] = &[];

/// Why a store was not brought up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MigrateError {
    /// It was written by a newer program. Nothing was changed.
    #[error("the store has schema {found}, this program knows up to {known}")]
    NewerSchema {
        /// The store's schema.
        found: u32,
        /// The newest one known.
        known: u32,
    },
    /// The store failed.
    #[error("the store could not be brought to the present schema")]
    Store(#[from] StoreError),
}

/// The stored schema version.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SchemaRecord {
    schema: u32,
}

impl Record for SchemaRecord {
    const VERSION: u8 = 1;
}

/// Brings a store to schema `known`. A store without a schema is new and is given it.
///
/// # Errors
/// See [`MigrateError`].
pub async fn bring_up(store: &Arc<dyn Store>, known: u32, migrations: &[Migration]) -> Result<(), MigrateError> {
    let key = Key::table(system::SCHEMA).finish();
    let found = match store.get(Space::System, &key).await? {
        Some(value) => codec::decode::<SchemaRecord>(&key, &value)?.schema,
        None => {
            let commit = Commit::durable(Space::System).put(key, codec::encode(&SchemaRecord { schema: known }));
            store.commit(commit).await?.durable().await?;
            return Ok(());
        }
    };
    if found > known {
        return Err(MigrateError::NewerSchema { found, known });
    }
    for migration in migrations
        .iter()
        .filter(|migration| migration.to > found && migration.to <= known)
    {
        tracing::info!(schema = migration.to, about = migration.about, "bringing the store up");
        run(store, migration).await?;
    }
    Ok(())
}

async fn run(store: &Arc<dyn Store>, migration: &Migration) -> Result<(), StoreError> {
    let place_key = Key::table(system::MIGRATION).number(migration.to.into()).finish();
    let mut place = store.get(Space::System, &place_key).await?;
    loop {
        place = (migration.step)(Arc::clone(store), place).await?;
        let Some(next) = &place else { break };
        store
            .commit(Commit::lazy(Space::System).put(place_key.clone(), next.clone()))
            .await?;
    }
    let done = Commit::durable(Space::System)
        .put(
            Key::table(system::SCHEMA),
            codec::encode(&SchemaRecord { schema: migration.to }),
        )
        .delete(place_key);
    store.commit(done).await?.durable().await
}
