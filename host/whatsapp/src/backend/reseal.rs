//! Seals all that is kept of a session's device anew, under another master key.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use waspnest_core::id::SessionId;
use waspnest_core::rekey::Reseals;
use waspnest_core::seal::Sealer;
use waspnest_core::store::Store;

use super::table::{Kind, Row, TABLES};
use super::vault::Vault;

/// Records that are written together.
const TOGETHER: usize = 200;

/// Seals the devices of sessions anew, for [`waspnest_core::rekey::rekey`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Devices;

#[async_trait]
impl Reseals for Devices {
    async fn reseal(
        &self,
        store: &Arc<dyn Store>,
        session: SessionId,
        (old, new): (&Sealer, &Sealer),
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let from = Vault::open(Arc::clone(store), session, old.clone()).await?;
        let to = Vault::open(Arc::clone(store), session, new.clone()).await?;
        let part = Row::of(Kind::Part).finish();
        for table in TABLES {
            let mut keys = from.keys(&[table]).await?;
            // Parts go with the records that they belong to.
            keys.retain(|key| !key.starts_with(&part));
            for keys in keys.chunks(TOGETHER) {
                // Read before any of them is written: a record of several parts has to be whole.
                let mut plain = Vec::with_capacity(keys.len());
                for key in keys {
                    if let Some(record) = from.get(key).await? {
                        plain.push((key.clone(), record));
                    }
                }
                let mut batch = to.batch();
                for (key, record) in plain {
                    batch.put(key, &record);
                }
                to.lazy(batch).await?;
            }
        }
        Ok(())
    }
}
