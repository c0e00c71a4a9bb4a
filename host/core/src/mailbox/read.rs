//! What is shown of a mailbox: page by page, newest first, every person under one address.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::record::{
    Author, ChatNumber, ChatRecord, Come, Contact, Group, Mark, MarkKind, Number, Receipt, Stored, Usage, key,
};
use super::view::{Chat, Mail, Member, Person, Reaction, State, Vote};
use super::{Mailbox, UnixMs};
use crate::address::{ChatKind, Jid};
use crate::codec::{self, Record};
use crate::contact::Contacts;
use crate::effect::EffectState;
use crate::files::FileName;
use crate::id::{EffectId, MessageId, SessionId};
use crate::long_record;
use crate::message::{MessageKey, Origin};
use crate::schema::{Key, session, trailing_number};
use crate::store::{KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// Messages of one id that are looked at: ids are unique to their sender and chat.
const NAMESAKES: usize = 50;

/// Marks of one kind on one message that are read.
const MARKS: usize = MAX_SCAN;

/// Reads records, of the store or of a batch.
pub(super) struct Reading<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) contacts: &'a Contacts,
    pub(super) session: SessionId,
}

impl Reading<'_> {
    const fn space(&self) -> Space {
        Space::Session(self.session)
    }

    pub(super) async fn record<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        let value = self.store.get(self.space(), key).await?;
        value.map(|value| codec::decode(key, &value)).transpose()
    }

    pub(super) async fn canonical(&self, jid: &Jid) -> Result<Jid, StoreError> {
        Ok(self.contacts.resolve(self.session, jid, None).await?.canonical)
    }

    pub(super) async fn stored(&self, number: Number) -> Result<Option<Stored>, StoreError> {
        let key = key::message(number);
        let Some(value) = self.store.get(self.space(), &key).await? else {
            return Ok(None);
        };
        let value = long_record::get(self.store, self.space(), &key, value).await?;
        codec::decode(&key, &value).map(Some)
    }

    /// Messages of an id, newest first.
    pub(super) async fn named(&self, id: &MessageId) -> Result<Vec<(Number, Stored)>, StoreError> {
        let range = KeyRange::prefix(key::named(id).as_slice());
        let rows = self
            .store
            .scan(self.space(), range, Order::Descending, NAMESAKES)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for (key, _) in rows {
            let number = Number(trailing_number(&key).unwrap_or_default());
            found.extend(self.stored(number).await?.map(|stored| (number, stored)));
        }
        Ok(found)
    }

    /// Any message that has a file.
    pub(super) async fn has_media(&self, name: &FileName) -> Result<bool, StoreError> {
        let range = KeyRange::prefix(key::media(name).as_slice());
        let rows = self.store.scan(self.space(), range, Order::Ascending, 1).await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn chat_record(&self, jid: &Jid) -> Result<Option<(ChatNumber, ChatRecord)>, StoreError> {
        let known = self.contacts.resolve(self.session, jid, None).await?;
        for jid in std::iter::once(&known.canonical).chain(&known.other) {
            let Some(number) = self.record::<ChatNumber>(&key::chat_of(jid)).await? else {
                continue;
            };
            if let Some(record) = self.record(&key::chat(number)).await? {
                return Ok(Some((number, record)));
            }
        }
        Ok(None)
    }

    pub(super) async fn numbers_in(
        &self,
        chat: ChatNumber,
        before: Number,
        limit: usize,
    ) -> Result<Vec<Number>, StoreError> {
        let rows = KeyRange::prefix(key::messages_of(chat).as_slice());
        let range = rows.before(&key::in_chat(chat, before));
        let rows = self.store.scan(self.space(), range, Order::Descending, limit).await?;
        Ok(rows
            .iter()
            .filter_map(|(key, _)| trailing_number(key))
            .map(Number)
            .collect())
    }

    /// What people did about a message, each person once.
    async fn marks(&self, number: Number, kind: MarkKind) -> Result<Vec<(Author, Mark)>, StoreError> {
        let prefix = key::mark_kind(number, kind);
        let range = KeyRange::prefix(prefix.as_slice());
        let rows = self.store.scan(self.space(), range, Order::Ascending, MARKS).await?;
        let mut marks: BTreeMap<Author, Mark> = BTreeMap::new();
        for (key, value) in rows {
            let mark: Mark = codec::decode(&key, &value)?;
            let author = std::str::from_utf8(key.get(prefix.as_slice().len()..).unwrap_or_default());
            let author = match author.ok().and_then(|text| text.parse().ok()) {
                Some(Author::Person(jid)) => Author::Person(self.canonical(&jid).await?),
                Some(Author::Me) => Author::Me,
                None => continue,
            };
            if marks.get(&author).is_none_or(|known| known.at() < mark.at()) {
                marks.insert(author, mark);
            }
        }
        Ok(marks.into_iter().collect())
    }
}

impl Mailbox {
    pub(super) fn reading(&self, session: SessionId) -> Reading<'_> {
        Reading {
            store: &*self.store,
            contacts: self.log.contacts(),
            session,
        }
    }

    /// One message.
    ///
    /// # Errors
    /// Those of the store, as with everything that reads here.
    pub async fn get(&self, session: SessionId, number: Number) -> Result<Option<Mail>, StoreError> {
        match self.reading(session).stored(number).await? {
            Some(stored) => self.mail(session, number, stored).await,
            None => Ok(None),
        }
    }

    /// The messages of an id, newest first: mostly one, as ids are unique within a chat and its senders alone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn named(&self, session: SessionId, id: &MessageId) -> Result<Vec<Mail>, StoreError> {
        let mut found = Vec::new();
        for (number, stored) in self.reading(session).named(id).await? {
            found.extend(self.mail(session, number, stored).await?);
        }
        Ok(found)
    }

    /// The message of a name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find(&self, session: SessionId, name: &MessageKey) -> Result<Option<Mail>, StoreError> {
        match self.writing(session).await?.find(name).await? {
            Some((number, stored)) => self.mail(session, number, stored).await,
            None => Ok(None),
        }
    }

    /// Up to `limit` (at most 1000) messages of a chat before one, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn of_chat(
        &self,
        session: SessionId,
        chat: &Jid,
        before: Number,
        limit: usize,
    ) -> Result<Vec<Mail>, StoreError> {
        let reading = self.reading(session);
        let Some((chat, _)) = reading.chat_record(chat).await? else {
            return Ok(Vec::new());
        };
        let mut mails = Vec::new();
        let mut before = before;
        while mails.len() < limit {
            let numbers = reading.numbers_in(chat, before, limit - mails.len()).await?;
            let Some(last) = numbers.last() else { break };
            before = *last;
            for number in numbers {
                mails.extend(self.get(session, number).await?);
            }
        }
        Ok(mails)
    }

    /// The oldest message of a chat.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn oldest(&self, session: SessionId, chat: &Jid) -> Result<Option<Mail>, StoreError> {
        let Some((chat, _)) = self.reading(session).chat_record(chat).await? else {
            return Ok(None);
        };
        let range = KeyRange::prefix(key::messages_of(chat).as_slice());
        let rows = self
            .store
            .scan(Self::space(session), range, Order::Ascending, 1)
            .await?;
        match rows.first().and_then(|(key, _)| trailing_number(key)) {
            Some(number) => self.get(session, Number(number)).await,
            None => Ok(None),
        }
    }

    /// How far a message has come with each person.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn receipts(&self, session: SessionId, number: Number) -> Result<Vec<(Jid, Receipt)>, StoreError> {
        let marks = self.reading(session).marks(number, MarkKind::Receipt).await?;
        Ok(marks
            .into_iter()
            .filter_map(|(author, mark)| match (author, mark) {
                (Author::Person(jid), Mark::Receipt(receipt)) => Some((jid, receipt)),
                (Author::Person(_) | Author::Me, _) => None,
            })
            .collect())
    }

    /// Up to `limit` chats behind a place, the one with the latest message first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn chats(
        &self,
        session: SessionId,
        after: Option<(UnixMs, u32)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError> {
        let mut range = KeyRange::prefix(&[session::MAILBOX_CHAT_AT]);
        if let Some((at, chat)) = after {
            range = range.before(&key::chat_at(at, ChatNumber(chat)));
        }
        let rows = self
            .store
            .scan(Self::space(session), range, Order::Descending, limit)
            .await?;
        let mut chats = Vec::with_capacity(rows.len());
        for (row, _) in rows {
            let Some(number) = row.last_chunk::<4>() else { continue };
            let number = ChatNumber(u32::from_be_bytes(*number));
            if let Some(record) = self.reading(session).record(&key::chat(number)).await? {
                chats.push(self.shown(session, number, record).await?);
            }
        }
        Ok(chats)
    }

    /// One chat.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn chat(&self, session: SessionId, jid: &Jid) -> Result<Option<Chat>, StoreError> {
        match self.reading(session).chat_record(jid).await? {
            Some((number, record)) => self.shown(session, number, record).await.map(Some),
            None => Ok(None),
        }
    }

    /// Up to `limit` people behind one, in the order of their addresses.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn people(
        &self,
        session: SessionId,
        after: Option<&Jid>,
        limit: usize,
    ) -> Result<Vec<Person>, StoreError> {
        let mut range = KeyRange::prefix(&[session::MAILBOX_CONTACT]);
        if let Some(after) = after {
            range = range.after(&key::contact(after));
        }
        let rows = self
            .store
            .scan(Self::space(session), range, Order::Ascending, limit)
            .await?;
        let mut people = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let jid = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
            let Some(jid) = jid.and_then(|jid| jid.parse::<Jid>().ok()) else {
                continue;
            };
            people.push(Person {
                other: self.log.contacts().resolve(session, &jid, None).await?.other,
                jid,
                contact: codec::decode(&key, &value)?,
            });
        }
        Ok(people)
    }

    /// One person, as far as anything is known of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn person(&self, session: SessionId, jid: &Jid) -> Result<Option<Person>, StoreError> {
        let known = self.log.contacts().resolve(session, jid, None).await?;
        let contact: Option<Contact> = self.reading(session).record(&key::contact(&known.canonical)).await?;
        if contact.is_none() && known.other.is_none() {
            return Ok(None);
        }
        Ok(Some(Person {
            jid: known.canonical,
            other: known.other,
            contact: contact.unwrap_or_default(),
        }))
    }

    /// What is known of a group beside its chat.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn group(&self, session: SessionId, jid: &Jid) -> Result<Option<Group>, StoreError> {
        self.reading(session).record(&key::group(jid)).await
    }

    /// Up to `limit` people of a group behind one, as far as they were told.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn members(
        &self,
        session: SessionId,
        group: &Jid,
        after: Option<&Jid>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let prefix = key::members(group);
        let mut range = KeyRange::prefix(prefix.as_slice());
        if let Some(after) = after {
            range = range.after(&key::member(group, after));
        }
        let rows = self
            .store
            .scan(Self::space(session), range, Order::Ascending, limit)
            .await?;
        self.members_in(session, &prefix, rows).await
    }

    /// Everybody in a group, as far as they were told.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn all_members(&self, session: SessionId, group: &Jid) -> Result<Vec<Member>, StoreError> {
        let prefix = key::members(group);
        let mut range = KeyRange::prefix(prefix.as_slice());
        let mut members = Vec::new();
        loop {
            let rows = self
                .store
                .scan(Self::space(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = rows.last() else {
                return Ok(members);
            };
            range = range.after(last);
            members.extend(self.members_in(session, &prefix, rows).await?);
        }
    }

    async fn members_in(
        &self,
        session: SessionId,
        prefix: &Key,
        rows: Vec<(Bytes, Bytes)>,
    ) -> Result<Vec<Member>, StoreError> {
        let mut members = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let jid = std::str::from_utf8(key.get(prefix.as_slice().len()..).unwrap_or_default()).ok();
            let Some(jid) = jid.and_then(|jid| jid.parse::<Jid>().ok()) else {
                continue;
            };
            let known = self.log.contacts().resolve(session, &jid, None).await?;
            members.push(Member {
                jid: known.canonical,
                other: known.other,
                role: codec::decode(&key, &value)?,
            });
        }
        Ok(members)
    }

    /// How much there is in a session.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn usage(&self, session: SessionId) -> Result<Usage, StoreError> {
        Ok(self.reading(session).record(&key::usage()).await?.unwrap_or_default())
    }

    async fn shown(&self, session: SessionId, number: ChatNumber, record: ChatRecord) -> Result<Chat, StoreError> {
        let known = self.log.contacts().resolve(session, &record.jid, None).await?;
        let mut name = record.name;
        if record.kind == ChatKind::Direct {
            let contact: Option<Contact> = self.reading(session).record(&key::contact(&known.canonical)).await?;
            let contact = contact.unwrap_or_default();
            name = contact.name.or(name).or(contact.push_name);
        }
        let mut last = self.of_chat(session, &record.jid, Number::END, 1).await?;
        Ok(Chat {
            place: (record.last_at, number.0),
            jid: known.canonical,
            other: known.other,
            kind: record.kind,
            name,
            last_at: record.last_at,
            unread: record.unread,
            marked_unread: record.marked_unread,
            archived: record.archived,
            pinned_at: record.pinned_at,
            muted: record.muted,
            ephemeral_s: record.ephemeral_s,
            labels: record.labels,
            complete: record.complete,
            last: last.pop().map(Box::new),
        })
    }

    /// A message with what is kept beside it; none once it has disappeared.
    pub(super) async fn mail(
        &self,
        session: SessionId,
        number: Number,
        stored: Stored,
    ) -> Result<Option<Mail>, StoreError> {
        let now = self.clock.now();
        let expires_at = stored.expires_at();
        if expires_at.is_some_and(|at| at <= now) {
            return Ok(None);
        }
        let reading = self.reading(session);
        let mut mail = Mail {
            number,
            chat_other: None,
            state: None,
            effect: stored.effect,
            edited_at: stored.edited_at,
            edits: stored.edits,
            revoked: stored.revoked,
            starred: stored.starred,
            pinned: stored
                .pinned
                .filter(|pinned| pinned.until.is_none_or(|until| until > now)),
            expires_at,
            reactions: Vec::new(),
            votes: Vec::new(),
            tally: stored.tally,
            answers: Vec::new(),
            message: stored.message,
        };
        let chat = self
            .log
            .contacts()
            .resolve(session, &mail.message.key.chat, None)
            .await?;
        mail.message.key.chat = chat.canonical;
        mail.chat_other = chat.other;
        let sender = &mut mail.message.sender;
        if sender.alt.is_none() {
            sender.alt = self.log.contacts().resolve(session, &sender.jid, None).await?.other;
        }
        if mail.message.key.from == Origin::Me {
            mail.state = Some(self.state(session, mail.effect, stored.come).await?);
        }
        if stored.marked && mail.revoked.is_none() {
            self.add_marks(&reading, &mut mail).await?;
        }
        Ok(Some(mail))
    }

    async fn add_marks(&self, reading: &Reading<'_>, mail: &mut Mail) -> Result<(), StoreError> {
        for kind in [MarkKind::Reaction, MarkKind::Vote, MarkKind::Answer] {
            for (by, mark) in reading.marks(mail.number, kind).await? {
                match mark {
                    Mark::Reaction { emoji, at } => mail.reactions.push(Reaction { by, emoji, at }),
                    Mark::Vote { options, at } => mail.votes.push(Vote { by, options, at }),
                    Mark::Answer { going, guests, .. } => mail.answers.push((by, going, guests)),
                    Mark::Receipt(_) => {}
                }
            }
        }
        mail.reactions.sort_by_key(|reaction| reaction.at);
        Ok(())
    }

    async fn state(&self, session: SessionId, effect: Option<EffectId>, come: Come) -> Result<State, StoreError> {
        let told = match come {
            Come::Sent => State::Sent,
            Come::Delivered => State::Delivered,
            Come::Read => State::Read,
            Come::Played => State::Played,
        };
        let Some(effect) = effect else { return Ok(told) };
        let effect = self.outbox.get(session, effect).await?;
        Ok(match effect.map(|effect| effect.state) {
            None => told,
            Some(EffectState::Failed { reason, .. }) => State::Failed { reason },
            Some(EffectState::Pending { .. } | EffectState::Held { .. }) if come == Come::Sent => State::Pending,
            Some(EffectState::Read { .. }) if come < Come::Read => State::Read,
            Some(EffectState::Delivered { .. }) if come < Come::Delivered => State::Delivered,
            Some(
                EffectState::Pending { .. }
                | EffectState::Held { .. }
                | EffectState::Sent { .. }
                | EffectState::Delivered { .. }
                | EffectState::Read { .. },
            ) => told,
        })
    }
}
