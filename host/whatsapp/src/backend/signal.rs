//! Signal state: identities, sessions, prekeys, sender keys.
//!
//! A session or sender key that whatsapp-rust was told is stored, and that a crash takes back, lets a message key be used twice. All of
//! these writes are therefore durable before they return, and take the messages along that whatsapp-rust has decrypted but not yet
//! delivered (see [`super::pending`]).

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::{ProtocolStore, SignalStore};
use whatsapp_rust::wacore::types::jid::JidExt;
use whatsapp_rust::{Jid, Server};

use super::table::{Kind, Row, body};
use super::{Backend, damaged};

const UPLOADED: u8 = 1;

fn address(kind: Kind, address: &str) -> Bytes {
    Row::of(kind).last(address.as_bytes()).finish()
}

fn numbered(kind: Kind, id: u32) -> Bytes {
    Row::of(kind).number(id).finish()
}

fn prekey(record: &[u8], uploaded: bool) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + record.len());
    value.push(if uploaded { UPLOADED } else { 0 });
    value.extend_from_slice(record);
    value
}

impl Backend {
    /// The sessions with a device that are on disk, under the device's own address and its LID.
    pub(crate) async fn sessions_on_disk(&self, with: &Jid) -> Result<Vec<Bytes>> {
        let lid = match with.server {
            Server::Pn => Some(Server::Lid),
            Server::Hosted => Some(Server::HostedLid),
            _ => None,
        };
        let mut addresses = vec![with.to_protocol_address()];
        if let Some(server) = lid
            && let Some(mapping) = self.get_pn_mapping(&with.user).await?
        {
            let mut lid = with.clone();
            lid.user = mapping.lid.as_str().into();
            lid.server = server;
            addresses.push(lid.to_protocol_address());
        }
        let mut sessions = Vec::new();
        for with in addresses {
            sessions.extend(self.session_on_disk(&address(Kind::Session, with.as_str())).await?);
        }
        Ok(sessions)
    }

    async fn session_on_disk(&self, key: &Bytes) -> Result<Option<Bytes>> {
        loop {
            self.landing.landed(key).await;
            let session = self.vault.get(key).await?;
            if !self.landing.is_aloft(key) {
                return Ok(session.map(Bytes::from));
            }
        }
    }

    async fn put_addressed(&self, kind: Kind, records: &[(Arc<str>, Bytes)]) -> Result<()> {
        let turn = self.landing.turn().await;
        self.pending.let_arrive().await;
        let mut batch = self.vault.batch();
        self.pending.write_into(&mut batch);
        let mut keys = HashSet::with_capacity(records.len());
        for (name, record) in records {
            let key = address(kind, name);
            batch.put(key.clone(), record);
            keys.insert(key);
        }
        turn.takes_off(keys);
        self.vault.durable(batch).await
    }

    async fn delete_durably(&self, key: Bytes) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.delete(key);
        self.vault.durable(batch).await
    }

    async fn put_durably(&self, key: Bytes, record: &[u8]) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(key, record);
        self.vault.durable(batch).await
    }

    async fn numbers(&self, kind: Kind) -> Result<Vec<(u32, Vec<u8>)>> {
        let records = self.vault.records(&Row::of(kind).finish()).await?;
        records
            .into_iter()
            .map(|(key, record)| match body(&key).first_chunk::<4>() {
                Some(id) => Ok((u32::from_be_bytes(*id), record)),
                None => Err(damaged("signed prekey")),
            })
            .collect()
    }
}

#[async_trait]
impl SignalStore for Backend {
    async fn put_identity(&self, name: &str, key: [u8; 32]) -> Result<()> {
        self.put_identities_batch(&[(name.into(), key)]).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let mut batch = self.vault.batch();
        for (name, key) in identities {
            batch.put(address(Kind::Identity, name), key);
        }
        self.vault.lazy(batch).await
    }

    async fn load_identity(&self, name: &str) -> Result<Option<[u8; 32]>> {
        match self.vault.get(&address(Kind::Identity, name)).await? {
            Some(key) => key.try_into().map(Some).map_err(|_| damaged("identity")),
            None => Ok(None),
        }
    }

    async fn delete_identity(&self, name: &str) -> Result<()> {
        self.delete_durably(address(Kind::Identity, name)).await
    }

    async fn get_session(&self, name: &str) -> Result<Option<Bytes>> {
        Ok(self.vault.get(&address(Kind::Session, name)).await?.map(Bytes::from))
    }

    async fn put_session(&self, name: &str, session: &[u8]) -> Result<()> {
        self.put_addressed(Kind::Session, &[(name.into(), Bytes::copy_from_slice(session))])
            .await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        self.put_addressed(Kind::Session, sessions).await
    }

    async fn delete_session(&self, name: &str) -> Result<()> {
        self.delete_durably(address(Kind::Session, name)).await
    }

    async fn has_session(&self, name: &str) -> Result<bool> {
        self.vault.has(&address(Kind::Session, name)).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        for kind in [Kind::Session, Kind::Identity] {
            // An address is `user@server` or `user:device@server`.
            for mark in [b"@", b":"] {
                let prefix = Row::of(kind).last(user.as_bytes()).last(mark).finish();
                if self.vault.has_any(&prefix).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        self.put_durably(numbered(Kind::Prekey, id), &prekey(record, uploaded))
            .await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        let mut batch = self.vault.batch();
        for (id, record) in keys {
            batch.put(numbered(Kind::Prekey, *id), &prekey(record, uploaded));
        }
        self.vault.durable(batch).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        let record = self.vault.get(&numbered(Kind::Prekey, id)).await?;
        Ok(record.map(|record| Bytes::from(record).slice(1..)))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(record) = self.load_prekey(*id).await? {
                found.push((*id, record));
            }
        }
        Ok(found)
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        let mut batch = self.vault.batch();
        for id in ids {
            let key = numbered(Kind::Prekey, *id);
            // A key that was used meanwhile is gone and stays so.
            if let Some(mut record) = self.vault.get(&key).await? {
                *record.first_mut().ok_or_else(|| damaged("prekey"))? = UPLOADED;
                batch.put(key, &record);
            }
        }
        self.vault.lazy(batch).await
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        let mut batch = self.vault.batch();
        batch.delete(numbered(Kind::Prekey, id));
        // The session that used it is durable already; a key that a crash brings back is only never used again.
        self.vault.lazy(batch).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        match self.vault.last_key(&Row::of(Kind::Prekey).finish()).await? {
            Some(key) => body(&key)
                .first_chunk::<4>()
                .map(|id| u32::from_be_bytes(*id))
                .ok_or_else(|| damaged("prekey")),
            None => Ok(0),
        }
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        self.put_durably(numbered(Kind::SignedPrekey, id), record).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.vault.get(&numbered(Kind::SignedPrekey, id)).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        self.numbers(Kind::SignedPrekey).await
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.delete_durably(numbered(Kind::SignedPrekey, id)).await
    }

    async fn put_sender_key(&self, name: &str, record: &[u8]) -> Result<()> {
        self.put_addressed(Kind::SenderKey, &[(name.into(), Bytes::copy_from_slice(record))])
            .await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        self.put_addressed(Kind::SenderKey, sender_keys).await
    }

    async fn get_sender_key(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.vault.get(&address(Kind::SenderKey, name)).await
    }

    async fn delete_sender_key(&self, name: &str) -> Result<()> {
        self.delete_durably(address(Kind::SenderKey, name)).await
    }
}
