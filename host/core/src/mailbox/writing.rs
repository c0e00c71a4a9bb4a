//! One turn of writing a session's mailbox: finding, adding and removing messages, whatever made them.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::batch::Batch;
use super::postings;
use super::read::Reading;
use super::record::{Author, ChatNumber, ChatRecord, Number, Stored, Usage, key};
use super::words::{self, MAX_WORDS};
use crate::address::{ChatKind, Jid, Party};
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::contact::Contacts;
use crate::files::FileName;
use crate::id::{EffectId, MessageId, SessionId};
use crate::long_record;
use crate::message::{Content, Message, MessageKey, Origin};
use crate::schema::trailing_number;
use crate::store::{KeyRange, Order, Space, Store, StoreError};

/// Rows after which a turn is committed in between.
const MANY: usize = 4000;

/// In a row of a message in its chat: whether it counts as unread.
pub(super) const COUNTS: u8 = 1;
pub(super) const COUNTS_NOT: u8 = 0;

pub(super) struct Writing<'a> {
    pub(super) batch: Arc<Batch>,
    pub(super) contacts: &'a Contacts,
    pub(super) session: SessionId,
    pub(super) space: Space,
    pub(super) me: Option<Party>,
    pub(super) now: UnixMs,
    usage: Usage,
    used: Usage,
    fresh: Vec<Number>,
}

/// How a message got here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It came just now.
    Live,
    /// The account sends it.
    Sent(EffectId),
    /// A phone told of it.
    Past,
}

impl<'a> Writing<'a> {
    pub(super) async fn begin(
        store: Arc<dyn Store>,
        contacts: &'a Contacts,
        session: SessionId,
        me: Option<Party>,
        now: UnixMs,
    ) -> Result<Self, StoreError> {
        let space = Space::Session(session);
        let mut this = Self {
            batch: Arc::new(Batch::new(store, space)),
            contacts,
            session,
            space,
            me,
            now,
            usage: Usage::default(),
            used: Usage::default(),
            fresh: Vec::new(),
        };
        this.usage = this.record(&key::usage()).await?.unwrap_or_default();
        this.used = this.usage;
        Ok(this)
    }

    /// Commits what is left; answers whether anything was.
    pub(super) async fn finish(self) -> Result<bool, StoreError> {
        if self.usage != self.used {
            self.put(&key::usage(), &self.usage);
        }
        let any = self.batch.len() > 0;
        self.batch.write().await?;
        Ok(any)
    }

    /// Commits what there is when that has become much. Only between things that may be repeated.
    pub(super) async fn breathe(&mut self) -> Result<(), StoreError> {
        if self.batch.len() > MANY {
            self.put(&key::usage(), &self.usage);
            self.used = self.usage;
            self.batch.write().await?;
        }
        Ok(())
    }

    /// Messages with files that came in this turn.
    pub(super) fn take_fresh(&mut self) -> Vec<Number> {
        std::mem::take(&mut self.fresh)
    }

    pub(super) const fn usage(&self) -> Usage {
        self.usage
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        Reading {
            store: &*self.batch,
            contacts: self.contacts,
            session: self.session,
        }
    }

    pub(super) async fn record<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        let value = self.batch.get(self.space, key).await?;
        value.map(|value| codec::decode(key, &value)).transpose()
    }

    pub(super) fn put<R: Record>(&self, key: &Bytes, record: &R) {
        self.batch.put(key.clone(), codec::encode(record));
    }

    /// The person or chat an address stands for.
    pub(super) async fn canonical(&self, jid: &Jid) -> Result<Jid, StoreError> {
        Ok(self.contacts.resolve(self.session, jid, None).await?.canonical)
    }

    /// Whether an address is the account's own.
    pub(super) fn is_me(&self, jid: &Jid) -> bool {
        let is = |me: &Party| me.jid == *jid || me.alt.as_ref() == Some(jid);
        self.me.as_ref().is_some_and(is)
    }

    pub(super) async fn author_of(&self, jid: &Jid) -> Result<Author, StoreError> {
        if self.is_me(jid) {
            return Ok(Author::Me);
        }
        Ok(Author::Person(self.canonical(jid).await?))
    }

    pub(super) async fn author(&self, message: &Message) -> Result<Author, StoreError> {
        match message.key.from {
            Origin::Me => Ok(Author::Me),
            Origin::Them => Ok(Author::Person(
                self.contacts.canonical(self.session, &message.sender).await?,
            )),
        }
    }

    /// The message of a name.
    pub(super) async fn find(&self, wanted: &MessageKey) -> Result<Option<(Number, Stored)>, StoreError> {
        let chat = self.canonical(&wanted.chat).await?;
        let writer = match (&wanted.participant, wanted.from) {
            (Some(participant), Origin::Them) if !chat.is_person() => Some(self.canonical(participant).await?),
            (Some(_) | None, _) => None,
        };
        for (number, stored) in self.reading().named(&wanted.id).await? {
            let key = &stored.message.key;
            if key.from != wanted.from || self.canonical(&key.chat).await? != chat {
                continue;
            }
            let same = match &writer {
                None => true,
                Some(writer) => self.author(&stored.message).await? == Author::Person(writer.clone()),
            };
            if same {
                return Ok(Some((number, stored)));
            }
        }
        Ok(None)
    }

    /// Adds a message, unless it is there; answers its number if it is new.
    pub(super) async fn add(&mut self, message: Message, way: &Way) -> Result<Option<Number>, StoreError> {
        let mut key = message.key.clone();
        // In groups whoever wrote it is part of its name.
        if key.from == Origin::Them && !key.chat.is_person() {
            key.participant = Some(message.sender.canonical().clone());
        }
        if self.find(&key).await?.is_some() {
            return Ok(None);
        }
        let (chat, mut record) = self.open_chat(&message.key.chat).await?;
        let number = self.free_number(message.timestamp).await?;
        let counts = counts(&message, way);
        let row = Bytes::from_static(if counts { &[COUNTS] } else { &[COUNTS_NOT] });
        self.batch.put(key::in_chat(chat, number), row);
        self.batch
            .put(key::named(&message.key.id).number(number.0).finish(), Bytes::new());
        if counts && number > record.read_to {
            record.unread += 1;
        }
        if let Some(name) = &message.chat_name {
            record.name = Some(name.clone());
        }
        let before = record.last_at;
        record.last_at = record.last_at.max(message.timestamp);
        if !record.shown || *way != Way::Past {
            record.shown = true;
        }
        self.put_chat(chat, before, &record);
        if *way == Way::Live && message.key.from == Origin::Them && message.content.file().is_some() {
            self.fresh.push(number);
        }
        if let Some(name) = file_of(&message.content) {
            self.batch
                .put(key::media(&name).number(number.0).finish(), Bytes::new());
        }
        let stored = Stored {
            effect: match way {
                Way::Sent(effect) => Some(*effect),
                Way::Live | Way::Past => None,
            },
            ..Stored::new(message)
        };
        if let Some(at) = stored.expires_at() {
            self.batch.put(key::expiring(at, number), Bytes::new());
        }
        self.index(number, &stored.message.content).await?;
        let bytes = self.put_message(number, &stored)?;
        self.usage.messages += 1;
        self.usage.bytes += bytes;
        Ok(Some(number))
    }

    /// Writes a message that is there in its changed form.
    pub(super) async fn change(&mut self, number: Number, stored: &Stored) -> Result<(), StoreError> {
        let before = self.size(number).await?;
        let after = self.put_message(number, stored)?;
        self.usage.bytes = (self.usage.bytes + after).saturating_sub(before);
        Ok(())
    }

    fn put_message(&self, number: Number, stored: &Stored) -> Result<u64, StoreError> {
        let record = codec::encode(stored);
        let size = record.len() as u64;
        let mut ops = Vec::new();
        long_record::put(&mut ops, key::message(number), record)?;
        self.batch.take(ops);
        Ok(size)
    }

    async fn size(&self, number: Number) -> Result<u64, StoreError> {
        let key = key::message(number);
        let Some(value) = self.batch.get(self.space, &key).await? else {
            return Ok(0);
        };
        Ok(long_record::get(&*self.batch, self.space, &key, value).await?.len() as u64)
    }

    /// Removes a message and everything about it; answers the file that no other message has.
    pub(super) async fn remove(&mut self, number: Number) -> Result<Option<FileName>, StoreError> {
        let Some(stored) = self.reading().stored(number).await? else {
            return Ok(None);
        };
        let size = self.size(number).await?;
        self.usage.messages = self.usage.messages.saturating_sub(1);
        self.usage.bytes = self.usage.bytes.saturating_sub(size);
        self.unindex(number, &stored.message.content).await?;
        let row = key::message(number);
        if let Some(value) = self.batch.get(self.space, &row).await? {
            let mut ops = Vec::new();
            long_record::delete(&mut ops, row, &value);
            self.batch.take(ops);
        }
        self.batch
            .delete(key::named(&stored.message.key.id).number(number.0).finish());
        if let Some((chat, mut record)) = self.chat(&stored.message.key.chat).await? {
            let place = key::in_chat(chat, number);
            let counted = self.batch.get(self.space, &place).await?;
            if counted.as_deref() == Some(&[COUNTS]) && number > record.read_to {
                record.unread = record.unread.saturating_sub(1);
                self.put_chat(chat, record.last_at, &record);
            }
            self.batch.delete(place);
        }
        if let Some(at) = stored.expires_at() {
            self.batch.delete(key::expiring(at, number));
        }
        let about = KeyRange::prefix(key::marks_of(number).as_slice());
        loop {
            let rows = self
                .batch
                .scan(self.space, about.clone(), Order::Ascending, 500)
                .await?;
            if rows.is_empty() {
                break;
            }
            rows.into_iter().for_each(|(key, _)| self.batch.delete(key));
        }
        let Some(name) = file_of(&stored.message.content) else {
            return Ok(None);
        };
        self.batch.delete(key::media(&name).number(number.0).finish());
        Ok((!self.reading().has_media(&name).await?).then_some(name))
    }

    /// Gives a message a place behind all that came in the same second.
    async fn free_number(&self, at: UnixMs) -> Result<Number, StoreError> {
        let (start, end) = Number::second_of(at);
        let range = KeyRange {
            start: key::message(start),
            end: Some(key::message(end)),
        };
        let last = self.batch.scan(self.space, range, Order::Descending, 1).await?;
        let last = last.first().and_then(|(key, _)| trailing_number(key));
        Ok(last.map_or(start, |last| Number(last + 1)))
    }

    pub(super) async fn index(&self, number: Number, content: &Content) -> Result<(), StoreError> {
        for word in distinct(content) {
            postings::add(&self.batch, self.space, &word, number).await?;
        }
        Ok(())
    }

    pub(super) async fn unindex(&self, number: Number, content: &Content) -> Result<(), StoreError> {
        for word in distinct(content) {
            postings::remove(&self.batch, self.space, &word, number).await?;
        }
        Ok(())
    }

    /// The chat of an address; none when there has never been anything in it.
    pub(super) async fn chat(&self, jid: &Jid) -> Result<Option<(ChatNumber, ChatRecord)>, StoreError> {
        self.reading().chat_record(jid).await
    }

    /// Reads a chat up to the last message of an id, if it has one.
    pub(super) async fn read_up_to_named(&self, chat: &Jid, id: &MessageId) -> Result<(), StoreError> {
        let chat = self.canonical(chat).await?;
        for (number, stored) in self.reading().named(id).await? {
            if self.canonical(&stored.message.key.chat).await? == chat {
                self.read_up_to(&chat, number).await?;
            }
        }
        Ok(())
    }
}

fn distinct(content: &Content) -> BTreeSet<String> {
    words::words(&words::text(content))
        .into_iter()
        .take(MAX_WORDS)
        .collect()
}

/// Whether a message makes its chat unread: something somebody else wrote.
fn counts(message: &Message, way: &Way) -> bool {
    let chat = match message.chat_kind {
        ChatKind::Direct | ChatKind::Group | ChatKind::Community | ChatKind::Bot | ChatKind::Newsletter => true,
        ChatKind::Broadcast | ChatKind::Status | ChatKind::Other => false,
    };
    let notice = matches!(
        message.content,
        Content::ChatTimer(_) | Content::CallLog(_) | Content::PhoneShare(_)
    );
    *way == Way::Live && message.key.from == Origin::Them && chat && !notice
}

/// The name of a message's file, where its sender told the digest.
pub(super) fn file_of(content: &Content) -> Option<FileName> {
    let digest: [u8; 32] = content.file()?.sha256.as_deref()?.try_into().ok()?;
    Some(digest.into())
}
