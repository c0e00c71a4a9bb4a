//! The past, as phones tell it: chats with messages from before the session was linked, or from before what is here.
//!
//! It goes into the mailbox and nowhere else: to plugins it is nothing that happens. Told twice it is there once.

use serde::{Deserialize, Serialize};

use super::about::At;
use super::record::{Author, Come, Mark, Muted, Role, key};
use super::writing::{Way, Writing};
use super::{Mailbox, UnixMs};
use crate::address::{Jid, Party};
use crate::codec::Record;
use crate::id::SessionId;
use crate::message::Message;
use crate::store::StoreError;

/// A chat as a phone tells of it.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its address.
    pub chat: Jid,
    /// Its other address, where it is a person's.
    pub other: Option<Jid>,
    /// Its name.
    pub name: Option<Box<str>>,
    /// Unread messages.
    pub unread: u32,
    /// Whether the account marked it as unread.
    pub marked_unread: bool,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Since when it is at the top.
    pub pinned_at: Option<UnixMs>,
    /// That it makes no sound.
    pub muted: Option<Muted>,
    /// Seconds until messages in it disappear.
    pub ephemeral_s: Option<u32>,
    /// When its last message was.
    pub last_at: Option<UnixMs>,
    /// Whether the phone has nothing older.
    pub complete: bool,
    /// Who is in it, where it is a group.
    pub members: Vec<(Party, Role)>,
    /// Its messages, in any order.
    pub messages: Vec<Imported>,
}

/// A message of the past.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The message.
    pub message: Message,
    /// Whether the account starred it.
    pub starred: bool,
    /// How far it had come, where it is the account's.
    pub come: Come,
    /// Reactions to it.
    pub reactions: Vec<PastReaction>,
    /// Votes, where it is a poll and they could be opened.
    pub votes: Vec<(Author, Vec<Box<str>>, UnixMs)>,
    /// With whom it had come how far.
    pub receipts: Vec<(Party, Come, UnixMs)>,
}

/// A reaction of the past.
#[derive(Debug, Clone)]
pub struct PastReaction {
    /// Whose.
    pub by: Author,
    /// The emoji.
    pub emoji: Box<str>,
    /// When.
    pub at: UnixMs,
}

/// What a piece of the past is beside its chats.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Names people gave themselves.
    pub names: Vec<(Jid, Box<str>)>,
    /// Phone numbers and LIDs of the same people.
    pub pairs: Vec<(Jid, Jid)>,
}

/// How far the telling of the past has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// What the phone tells now.
    pub round: Round,
    /// How much of it was told, in percent, where the phone says so.
    pub percent: Option<u32>,
    /// Pieces that were taken so far.
    pub pieces: u64,
    /// Chats in them.
    pub chats: u64,
    /// Messages in them that were new.
    pub messages: u64,
    /// Pieces that could not be read.
    pub failed: u64,
    /// When the last one was taken.
    pub last_at: Option<UnixMs>,
    /// Chats of which older messages were asked for, and when; the oldest question first.
    pub asked: Vec<(Jid, UnixMs)>,
}

/// What a phone tells of its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Round {
    /// Nothing yet.
    #[default]
    None,
    /// The chats, with a few messages each.
    Start,
    /// The last weeks.
    Recent,
    /// Everything else.
    Full,
    /// What was asked for.
    Asked,
    /// Names, statuses and the like.
    Other,
}

/// Questions that are remembered.
const ASKED: usize = 100;

impl Record for Progress {
    const VERSION: u8 = 1;
}

impl Mailbox {
    /// How far the telling of the past has come.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn progress(&self, session: SessionId) -> Result<Progress, StoreError> {
        Ok(self.reading(session).record(&key::history()).await?.unwrap_or_default())
    }

    /// Changes how far the telling has come.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note_progress(
        &self,
        session: SessionId,
        note: impl FnOnce(&mut Progress) + Send,
    ) -> Result<(), StoreError> {
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let writing = self.writing(session).await?;
        let mut progress: Progress = writing.record(&key::history()).await?.unwrap_or_default();
        note(&mut progress);
        let forgotten = progress.asked.len().saturating_sub(ASKED);
        progress.asked.drain(..forgotten);
        writing.put(&key::history(), &progress);
        writing.finish().await?;
        desk.changed.send_modify(|changed| *changed = changed.wrapping_add(1));
        Ok(())
    }

    /// Takes one chat of the past; answers how many of its messages were new.
    ///
    /// # Errors
    /// Those of the store. What was taken before stays; the same may be told again.
    pub async fn import(&self, session: SessionId, conversation: Conversation) -> Result<u64, StoreError> {
        if let Some(other) = &conversation.other {
            let pair = [(conversation.chat.clone(), other.clone())];
            self.log.contacts().learn(session, &pair).await?;
        }
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let mut writing = self.writing(session).await?;
        writing.take_pairs().await?;
        let new = writing.import(conversation).await?;
        writing.finish().await?;
        desk.changed.send_modify(|changed| *changed = changed.wrapping_add(1));
        Ok(new)
    }

    /// Takes what a phone tells beside chats.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn import_people(&self, session: SessionId, past: Past) -> Result<(), StoreError> {
        self.log.contacts().learn(session, &past.pairs).await?;
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let mut writing = self.writing(session).await?;
        writing.take_pairs().await?;
        for (jid, name) in past.names {
            let jid = writing.canonical(&jid).await?;
            writing
                .change_contact(&jid, |contact| {
                    contact.push_name.get_or_insert(name);
                })
                .await?;
            writing.breathe().await?;
        }
        writing.finish().await.map(drop)
    }
}

impl Writing<'_> {
    async fn import(&mut self, conversation: Conversation) -> Result<u64, StoreError> {
        let chat = self.canonical(&conversation.chat).await?;
        let known = self.chat(&chat).await?.is_some_and(|(_, record)| record.shown);
        let mut new = 0;
        for imported in conversation.messages {
            new += u64::from(self.import_message(imported).await?);
            self.breathe().await?;
        }
        for (party, role) in conversation.members {
            self.members(&chat, std::slice::from_ref(&party), Some(role)).await?;
        }
        let (number, mut record) = self.open_chat(&chat).await?;
        let before = record.last_at;
        if record.name.is_none() {
            record.name = conversation.name;
        }
        record.complete |= conversation.complete;
        // What is known of a chat that has been in use is newer than what was packed on the phone.
        if !known {
            record.unread = conversation.unread;
            record.marked_unread = conversation.marked_unread;
            record.archived = conversation.archived;
            record.pinned_at = conversation.pinned_at;
            record.muted = conversation.muted;
            record.ephemeral_s = conversation.ephemeral_s;
            record.last_at = record.last_at.max(conversation.last_at.unwrap_or(UnixMs(0)));
            record.shown = true;
        }
        self.put_chat(number, before, &record);
        Ok(new)
    }

    async fn import_message(&mut self, imported: Imported) -> Result<bool, StoreError> {
        let Some(number) = self.take_message(imported.message, &Way::Past).await? else {
            return Ok(false);
        };
        if (imported.starred || imported.come > Come::Sent)
            && let Some(mut stored) = self.reading().stored(number).await?
        {
            stored.starred = imported.starred;
            stored.come = imported.come;
            self.change(number, &stored).await?;
        }
        let marked = !imported.reactions.is_empty() || !imported.votes.is_empty();
        for PastReaction { by, emoji, at } in imported.reactions {
            let by = self.told_author(by).await?;
            self.tell(number, &by, At::Put(Mark::Reaction { emoji, at })).await?;
        }
        for (by, options, at) in imported.votes {
            let by = self.told_author(by).await?;
            self.tell(number, &by, At::Put(Mark::Vote { options, at })).await?;
        }
        for (party, come, at) in imported.receipts {
            let person = Author::Person(self.contacts.canonical(self.session, &party).await?);
            self.receive(number, &person, come, at).await?;
        }
        if marked && let Some(mut stored) = self.reading().stored(number).await? {
            stored.marked = true;
            self.change(number, &stored).await?;
        }
        Ok(true)
    }

    async fn told_author(&self, author: Author) -> Result<Author, StoreError> {
        match author {
            Author::Me => Ok(Author::Me),
            Author::Person(jid) => self.author_of(&jid).await,
        }
    }
}
