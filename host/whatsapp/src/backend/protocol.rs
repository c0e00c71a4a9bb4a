//! What the protocol remembers of others: who has our group keys, who is who, device lists, sent messages for retries.
//!
//! All of it can be asked for again or does without, so nothing here waits for durability. What is written is still durable before
//! anything written later is: a sent message before the effect that is told it was sent.

use async_trait::async_trait;
use bytes::Bytes;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};

use super::pending::{self, Removed};
use super::table::{Kind, Row, body, take_text};
use super::{Backend, damaged, from_json, to_json};

const HAS_KEY: u8 = 1;

fn lid(lid: &str) -> Bytes {
    Row::of(Kind::LidMapping).last(lid.as_bytes()).finish()
}

fn phone(phone: &str) -> Bytes {
    Row::of(Kind::PhoneMapping).last(phone.as_bytes()).finish()
}

fn base_key(address: &str, message: &str) -> Bytes {
    Row::of(Kind::BaseKey).then(address).last(message.as_bytes()).finish()
}

fn devices(user: &str) -> Bytes {
    Row::of(Kind::DeviceList).last(user.as_bytes()).finish()
}

fn group(jid: &str) -> Bytes {
    Row::of(Kind::Group).last(jid.as_bytes()).finish()
}

fn sent(chat: &str, message: &str) -> Bytes {
    Row::of(Kind::SentMessage).then(chat).last(message.as_bytes()).finish()
}

fn holder(group: &str, device: &str) -> Bytes {
    Row::of(Kind::SenderKeyDevice)
        .then(group)
        .last(device.as_bytes())
        .finish()
}

/// Whether a record starts with a time before `cutoff`, in seconds since 1970.
fn is_older(record: &[u8], cutoff: i64) -> bool {
    pending::parse(record).is_none_or(|(made, _)| made < cutoff)
}

#[async_trait]
impl ProtocolStore for Backend {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        let prefix = Row::of(Kind::SenderKeyDevice).then(group_jid).finish();
        let records = self.vault.records(&prefix).await?;
        records
            .into_iter()
            .map(|(key, record)| {
                let device = key
                    .get(prefix.len()..)
                    .and_then(|device| std::str::from_utf8(device).ok())
                    .ok_or_else(|| damaged("sender-key holder"))?;
                Ok((device.to_owned(), record.first() == Some(&HAS_KEY)))
            })
            .collect()
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        let mut batch = self.vault.batch();
        for (device, has_key) in entries {
            batch.put(holder(group_jid, device), &[u8::from(*has_key) * HAS_KEY]);
        }
        self.vault.lazy(batch).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        self.clear(&Row::of(Kind::SenderKeyDevice).then(group_jid).finish())
            .await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        // Rare (a device was removed): looking through all groups is cheaper than an index on every group send.
        let keys = self.vault.keys(&Row::of(Kind::SenderKeyDevice).finish()).await?;
        let gone = keys.into_iter().filter(|key| {
            let device = take_text(body(key)).and_then(|(_, device)| std::str::from_utf8(device).ok());
            device.is_some_and(|device| device_jids.contains(&device))
        });
        self.remove(gone.collect()).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        self.clear(&Row::of(Kind::SenderKeyDevice).finish()).await
    }

    async fn get_lid_mapping(&self, of: &str) -> Result<Option<LidPnMappingEntry>> {
        match self.vault.get(&lid(of)).await? {
            Some(record) => from_json(&record).map(Some),
            None => Ok(None),
        }
    }

    async fn get_pn_mapping(&self, of: &str) -> Result<Option<LidPnMappingEntry>> {
        let Some(found) = self.vault.get(&phone(of)).await? else {
            return Ok(None);
        };
        let found = String::from_utf8(found).map_err(|_| damaged("phone mapping"))?;
        self.get_lid_mapping(&found).await
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        let mut batch = self.vault.batch();
        // A batch may move a LID to another phone more than once: what an earlier entry says counts for the later ones.
        let mut said: std::collections::HashMap<&str, &str> = std::collections::HashMap::new();
        for entry in entries {
            let before = match said.get(entry.lid.as_str()) {
                Some(phone) => Some((*phone).to_owned()),
                None => self
                    .get_lid_mapping(&entry.lid)
                    .await?
                    .map(|before| before.phone_number),
            };
            if let Some(before) = before.filter(|before| *before != entry.phone_number) {
                batch.delete(phone(&before));
            }
            batch.put(phone(&entry.phone_number), entry.lid.as_bytes());
            batch.put(lid(&entry.lid), &to_json(entry)?);
            said.insert(&entry.lid, &entry.phone_number);
        }
        self.vault.lazy(batch).await
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        let records = self.vault.records(&Row::of(Kind::LidMapping).finish()).await?;
        records.iter().map(|(_, record)| from_json(record)).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, key: &[u8]) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(base_key(address, message_id), key);
        self.vault.lazy(batch).await
    }

    async fn has_same_base_key(&self, address: &str, message_id: &str, current_base_key: &[u8]) -> Result<bool> {
        Ok(self
            .vault
            .get(&base_key(address, message_id))
            .await?
            .is_some_and(|key| key == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.remove(vec![base_key(address, message_id)]).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let mut batch = self.vault.batch();
        for record in &records {
            batch.put(devices(&record.user), &to_json(record)?);
        }
        self.vault.lazy(batch).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        match self.vault.get(&devices(user)).await? {
            Some(record) => from_json(&record).map(Some),
            None => Ok(None),
        }
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.remove(vec![devices(user)]).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        self.vault.get(&group(group_jid)).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(group(group_jid), blob);
        self.vault.lazy(batch).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.remove(vec![group(group_jid)]).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        self.token(jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        self.put_token(jid, entry).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        let _deciding = self.deciding.lock().await;
        self.delete_token(jid).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        self.token_holders().await
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        self.expire_tokens(token_cutoff, sender_cutoff).await
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        self.touch_token(jid, sender_timestamp).await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        self.receive_token(jid, token, token_timestamp).await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(sent(chat_jid, message_id), &pending::record(self.now_secs(), payload));
        self.vault.lazy(batch).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        // Of two retry receipts for one message, one gets it.
        let _deciding = self.deciding.lock().await;
        let key = sent(chat_jid, message_id);
        let Some(record) = self.vault.get(&key).await? else {
            return Ok(None);
        };
        self.remove(vec![key]).await?;
        let (_, payload) = pending::parse(&record).ok_or_else(|| damaged("sent message"))?;
        Ok(Some(payload.to_vec()))
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.remove_those(Kind::SentMessage, |record| Ok(is_older(record, cutoff_timestamp)))
            .await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        // It must not take the place of a copy that came meanwhile.
        if self.stand_in.as_deref() == Some(message) {
            return Ok(());
        }
        self.pending.put(
            pending::key(chat, sender, id),
            pending::record(self.now_secs(), message),
        );
        Ok(())
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        let key = pending::key(chat, sender, id);
        let record = match self.pending.get(&key) {
            Some(record) => Some(record),
            None => self.vault.get(&key).await?,
        };
        let Some(record) = record else {
            return Ok(self.stand_in.clone());
        };
        let (_, message) = pending::parse(&record).ok_or_else(|| damaged("undelivered message"))?;
        Ok(Some(message.to_vec()))
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }])
            .await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        let mut old = self.pending.expire(cutoff_timestamp);
        let stored = self.vault.records(&Row::of(Kind::PendingInbound).finish()).await?;
        let stored = stored
            .into_iter()
            .filter(|(_, record)| is_older(record, cutoff_timestamp));
        old.extend(stored.map(|(key, _)| key));
        old.sort_unstable();
        old.dedup();
        let count = u32::try_from(old.len()).unwrap_or(u32::MAX);
        self.remove(old).await?;
        Ok(count)
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        for row in rows {
            self.store_pending_inbound(row.chat, row.sender, row.id, row.message)
                .await?;
        }
        Ok(())
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let keys = keys.iter().map(|key| pending::key(key.chat, key.sender, key.id));
        let stored = keys.filter(|key| self.pending.remove(key) == Removed::FromMemory);
        self.remove(stored.collect()).await
    }
}
