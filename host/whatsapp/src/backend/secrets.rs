//! Message secrets: what later poll votes, edits and encrypted reactions to a message are decrypted with.

use async_trait::async_trait;
use bytes::Bytes;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::{
    MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry, merge_msg_secret_message_ts,
};

use super::table::{Kind, Row};
use super::{Backend, damaged};

/// The times of a secret, in seconds since 1970 (0 for never and unknown), and the secret.
struct Secret {
    expires_at: i64,
    message_ts: i64,
    secret: [u8; 32],
}

impl Secret {
    fn to_bytes(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&self.expires_at.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.message_ts.to_be_bytes());
        bytes[16..].copy_from_slice(&self.secret);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let parts = || {
            let (expires_at, rest) = bytes.split_first_chunk::<8>()?;
            let (message_ts, rest) = rest.split_first_chunk::<8>()?;
            let secret = rest.try_into().ok()?;
            Some(Self {
                expires_at: i64::from_be_bytes(*expires_at),
                message_ts: i64::from_be_bytes(*message_ts),
                secret,
            })
        };
        parts().ok_or_else(|| damaged("message secret"))
    }
}

fn key(chat: &str, sender: &str, id: &str) -> Bytes {
    Row::of(Kind::MessageSecret)
        .then(chat)
        .then(sender)
        .last(id.as_bytes())
        .finish()
}

#[async_trait]
impl MsgSecretStore for Backend {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let _deciding = self.deciding.lock().await;
        let count = entries.len();
        let mut merged: std::collections::HashMap<Bytes, Secret> = std::collections::HashMap::with_capacity(count);
        for entry in entries {
            let key = key(&entry.chat, &entry.sender, &entry.msg_id);
            let before = match merged.remove(&key) {
                Some(before) => Some(before),
                None => self
                    .vault
                    .get(&key)
                    .await?
                    .map(|record| Secret::from_bytes(&record))
                    .transpose()?,
            };
            let (expires_at, message_ts) = match before {
                Some(before) => (
                    merge_msg_secret_expiry(before.expires_at, entry.expires_at),
                    merge_msg_secret_message_ts(before.message_ts, entry.message_ts),
                ),
                None => (entry.expires_at, entry.message_ts),
            };
            merged.insert(
                key,
                Secret {
                    expires_at,
                    message_ts,
                    secret: entry.secret,
                },
            );
        }
        let mut batch = self.vault.batch();
        for (key, secret) in merged {
            batch.put(key, &secret.to_bytes());
        }
        self.vault.lazy(batch).await?;
        Ok(count)
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self
            .get_msg_secret_with_ts(chat, sender, msg_id)
            .await?
            .map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<(Vec<u8>, i64)>> {
        let Some(record) = self.vault.get(&key(chat, sender, msg_id)).await? else {
            return Ok(None);
        };
        let secret = Secret::from_bytes(&record)?;
        Ok(Some((secret.secret.to_vec(), secret.message_ts)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        let _deciding = self.deciding.lock().await;
        self.remove_those(Kind::MessageSecret, |record| {
            let expires_at = Secret::from_bytes(record)?.expires_at;
            Ok(expires_at != 0 && expires_at <= cutoff_timestamp)
        })
        .await
    }
}
