//! Privacy tokens: what a contact gave us so that we may write to them, and when we last gave them ours.
//!
//! Two writers own one half of a record each, so every change reads, decides and writes under one lock.

use bytes::Bytes;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::TcTokenEntry;

use super::table::{Kind, Row, body};
use super::{Backend, damaged, from_json, to_json};

fn key(jid: &str) -> Bytes {
    Row::of(Kind::Token).last(jid.as_bytes()).finish()
}

impl Backend {
    pub(super) async fn token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        match self.vault.get(&key(jid)).await? {
            Some(record) => from_json(&record).map(Some),
            None => Ok(None),
        }
    }

    /// With the lock held.
    pub(super) async fn put_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(key(jid), &to_json(entry)?);
        self.vault.lazy(batch).await
    }

    /// With the lock held.
    pub(super) async fn delete_token(&self, jid: &str) -> Result<()> {
        self.remove(vec![key(jid)]).await
    }

    pub(super) async fn token_holders(&self) -> Result<Vec<String>> {
        let keys = self.vault.keys(&Row::of(Kind::Token).finish()).await?;
        keys.iter()
            .map(|key| String::from_utf8(body(key).to_vec()).map_err(|_| damaged("token")))
            .collect()
    }

    pub(super) async fn expire_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        let _deciding = self.deciding.lock().await;
        let mut dead = Vec::new();
        for (key, record) in self.vault.records(&Row::of(Kind::Token).finish()).await? {
            let entry: TcTokenEntry = from_json(&record)?;
            let token_lives = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
            let sender_lives = entry.sender_timestamp.is_some_and(|at| at >= sender_cutoff);
            if !token_lives && !sender_lives {
                dead.push(key);
            }
        }
        let count = u32::try_from(dead.len()).unwrap_or(u32::MAX);
        self.remove(dead).await?;
        Ok(count)
    }

    pub(super) async fn touch_token(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        let entry = match self.token(jid).await? {
            Some(entry) => {
                let at = entry
                    .sender_timestamp
                    .map_or(sender_timestamp, |before| before.max(sender_timestamp));
                TcTokenEntry {
                    sender_timestamp: Some(at),
                    ..entry
                }
            }
            None => TcTokenEntry {
                token: Vec::new(),
                token_timestamp: sender_timestamp,
                sender_timestamp: Some(sender_timestamp),
            },
        };
        self.put_token(jid, &entry).await
    }

    pub(super) async fn receive_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        let before = self.token(jid).await?;
        if before
            .as_ref()
            .is_some_and(|before| !before.token.is_empty() && token_timestamp < before.token_timestamp)
        {
            return Ok(());
        }
        let sender_timestamp = before.and_then(|before| before.sender_timestamp);
        self.put_token(
            jid,
            &TcTokenEntry {
                token: token.to_vec(),
                token_timestamp,
                sender_timestamp,
            },
        )
        .await
    }
}
