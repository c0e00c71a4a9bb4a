//! Chats: opened, put in order, read, emptied, and made one when their addresses turn out to be one person's.

use bytes::Bytes;

use super::record::{ChatNumber, ChatRecord, Contact, Number, key};
use super::writing::{COUNTS, Writing};
use crate::address::Jid;
use crate::clock::UnixMs;
use crate::schema::{Key, session, trailing_number};
use crate::store::{KeyRange, MAX_SCAN, Order, Store, StoreError};

/// Rows of a chat taken at a time.
const PAGE: usize = 200;

impl Writing<'_> {
    /// The chat of an address, made if there is none.
    pub(super) async fn open_chat(&self, jid: &Jid) -> Result<(ChatNumber, ChatRecord), StoreError> {
        if let Some(chat) = self.chat(jid).await? {
            return Ok(chat);
        }
        let jid = self.canonical(jid).await?;
        let all = KeyRange::prefix(&[session::MAILBOX_CHAT]);
        let last = self.batch.scan(self.space, all, Order::Descending, 1).await?;
        let last = last.first().and_then(|(key, _)| key.last_chunk::<4>());
        let number = ChatNumber(last.map_or(1, |last| u32::from_be_bytes(*last).saturating_add(1)));
        self.put(&key::chat_of(&jid), &number);
        let record = ChatRecord::new(jid);
        self.put(&key::chat(number), &record);
        Ok((number, record))
    }

    /// Writes a chat whose last message was at `before` until now.
    pub(super) fn put_chat(&self, chat: ChatNumber, before: UnixMs, record: &ChatRecord) {
        if before != record.last_at || !record.shown {
            self.batch.delete(key::chat_at(before, chat));
        }
        if record.shown {
            self.batch.put(key::chat_at(record.last_at, chat), Bytes::new());
        }
        self.put(&key::chat(chat), record);
    }

    /// Changes a chat, if it is there.
    pub(super) async fn change_chat(
        &self,
        jid: &Jid,
        change: impl FnOnce(&mut ChatRecord) + Send,
    ) -> Result<(), StoreError> {
        if let Some((chat, mut record)) = self.chat(jid).await? {
            let before = record.last_at;
            change(&mut record);
            self.put_chat(chat, before, &record);
        }
        Ok(())
    }

    /// Marks everything up to a message as read.
    pub(super) async fn read_up_to(&self, jid: &Jid, number: Number) -> Result<(), StoreError> {
        let Some((chat, mut record)) = self.chat(jid).await? else {
            return Ok(());
        };
        record.marked_unread = false;
        if number > record.read_to {
            record.read_to = number;
            record.unread = self.unread_behind(chat, number).await?;
        }
        self.put_chat(chat, record.last_at, &record);
        Ok(())
    }

    /// Marks all that is there as read.
    pub(super) async fn read_all(&self, jid: &Jid) -> Result<(), StoreError> {
        match self.chat(jid).await? {
            Some((chat, _)) => {
                let last = self.last_in(chat).await?.unwrap_or(Number(0));
                self.read_up_to(jid, last).await
            }
            None => Ok(()),
        }
    }

    /// Marks what is here of the time until a moment as read.
    pub(super) async fn read_until(&self, jid: &Jid, moment: UnixMs) -> Result<(), StoreError> {
        let Some((chat, _)) = self.chat(jid).await? else {
            return Ok(());
        };
        let (_, behind) = Number::second_of(moment);
        match self.reading().numbers_in(chat, behind, 1).await?.pop() {
            Some(last) => self.read_up_to(jid, last).await,
            None => Ok(()),
        }
    }

    async fn last_in(&self, chat: ChatNumber) -> Result<Option<Number>, StoreError> {
        let rows = KeyRange::prefix(key::messages_of(chat).as_slice());
        let last = self.batch.scan(self.space, rows, Order::Descending, 1).await?;
        Ok(last.first().and_then(|(key, _)| trailing_number(key)).map(Number))
    }

    async fn unread_behind(&self, chat: ChatNumber, number: Number) -> Result<u32, StoreError> {
        let rows = KeyRange::prefix(key::messages_of(chat).as_slice());
        let mut rest = rows.after(&key::in_chat(chat, number));
        let mut unread = 0;
        loop {
            let page = self
                .batch
                .scan(self.space, rest.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else {
                return Ok(unread);
            };
            rest = rest.after(last);
            let counted = page.iter().filter(|(_, counts)| counts.as_ref() == [COUNTS]).count();
            unread += u32::try_from(counted).unwrap_or_default();
        }
    }

    /// Removes every message of a chat that is there now.
    pub(super) async fn clear_chat(&mut self, jid: &Jid) -> Result<(), StoreError> {
        let Some((chat, _)) = self.chat(jid).await? else {
            return Ok(());
        };
        let rows = KeyRange::prefix(key::messages_of(chat).as_slice());
        loop {
            let page = self
                .batch
                .scan(self.space, rows.clone(), Order::Ascending, PAGE)
                .await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, _) in page {
                // Files are removed by the next sweep, when nothing has them.
                let number = Number(trailing_number(&key).unwrap_or_default());
                self.remove(number).await?;
                self.batch.delete(key);
            }
            self.breathe().await?;
        }
    }

    /// Takes note of phone numbers that were learned: what is filed under the LID belongs to the number.
    pub(super) async fn take_pairs(&mut self) -> Result<(), StoreError> {
        let rows = KeyRange::prefix(&[session::MAILBOX_PAIRED]);
        let page = self.batch.scan(self.space, rows, Order::Ascending, PAGE).await?;
        for (row, _) in page {
            let lid = std::str::from_utf8(row.get(1..).unwrap_or_default()).ok();
            if let Some(lid) = lid.and_then(|lid| lid.parse::<Jid>().ok()) {
                let phone = self.canonical(&lid).await?;
                if phone != lid {
                    self.unite_chats(&lid, &phone).await?;
                    self.unite_contacts(&lid, &phone).await?;
                }
            }
            self.batch.delete(row);
            self.breathe().await?;
        }
        Ok(())
    }

    async fn unite_contacts(&self, lid: &Jid, phone: &Jid) -> Result<(), StoreError> {
        let (old, new) = (key::contact(lid), key::contact(phone));
        let Some(known) = self.record::<Contact>(&old).await? else {
            return Ok(());
        };
        let now: Contact = self.record(&new).await?.unwrap_or_default();
        let both = Contact {
            name: now.name.or(known.name),
            push_name: now.push_name.or(known.push_name),
            about: now.about.or(known.about),
            picture: now.picture.or(known.picture),
        };
        self.put(&new, &both);
        self.batch.delete(old);
        Ok(())
    }

    async fn unite_chats(&mut self, lid: &Jid, phone: &Jid) -> Result<(), StoreError> {
        let Some(old) = self.record::<ChatNumber>(&key::chat_of(lid)).await? else {
            return Ok(());
        };
        let Some(mut moved) = self.record::<ChatRecord>(&key::chat(old)).await? else {
            return Ok(());
        };
        let Some(kept) = self.record::<ChatNumber>(&key::chat_of(phone)).await? else {
            moved.jid = phone.clone();
            self.put(&key::chat(old), &moved);
            self.put(&key::chat_of(phone), &old);
            self.batch.delete(key::chat_of(lid));
            return Ok(());
        };
        let rows = KeyRange::prefix(key::messages_of(old).as_slice());
        loop {
            let page = self
                .batch
                .scan(self.space, rows.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            if page.is_empty() {
                break;
            }
            for (row, counts) in page {
                let number = Number(trailing_number(&row).unwrap_or_default());
                self.batch.put(key::in_chat(kept, number), counts);
                self.batch.delete(row);
            }
            self.breathe().await?;
        }
        let Some(mut record) = self.record::<ChatRecord>(&key::chat(kept)).await? else {
            return Ok(());
        };
        let before = record.last_at;
        record.last_at = record.last_at.max(moved.last_at);
        record.shown |= moved.shown;
        record.name = record.name.or(moved.name);
        record.pinned_at = record.pinned_at.or(moved.pinned_at);
        record.muted = record.muted.or(moved.muted);
        record.ephemeral_s = record.ephemeral_s.or(moved.ephemeral_s);
        // What was read under one address has nothing unread before it under the other.
        record.read_to = record.read_to.max(moved.read_to);
        record.unread = self.unread_behind(kept, record.read_to).await?;
        self.put_chat(kept, before, &record);
        self.batch.delete(key::chat_at(moved.last_at, old));
        self.batch.delete(key::chat(old));
        self.batch.delete(
            Key::table(session::MAILBOX_CHAT_OF)
                .bytes(lid.to_string().as_bytes())
                .finish(),
        );
        Ok(())
    }
}
