//! What a phone shows of a session: its messages, chats and people, their files, and the past that is fetched on demand.
//!
//! Reading takes in first what has just happened, so that whoever has sent something finds it. Nothing here looks into more than one
//! session; who may see which is asked before.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::files::FileName;
use waspnest_core::id::{MessageId, SessionId};
use waspnest_core::mailbox::{
    Chat, Filter, Found, Group, Mail, Mailbox as Store, Member, Number, Person, Progress, Receipt,
};
use waspnest_core::media_store::{MediaError, MediaFile, MediaStore, Unfinished};
use waspnest_core::message::{Content, Message};
use waspnest_core::store::StoreError;
use waspnest_whatsapp::{AskError, FetchError, SessionHandle};

use super::error::Error;
use crate::sessions::RunningSessions;

/// Files that are fetched at the same time.
const FETCHES: usize = 8;

/// What has to be asked of WhatsApp.
#[async_trait]
pub trait Line: Send + Sync {
    /// Writes the file of a message into `file`.
    async fn fetch_into(
        &self,
        session: SessionId,
        content: &Content,
        file: Unfinished,
    ) -> Result<Unfinished, FetchError>;

    /// Asks the phone for messages that come before one.
    async fn ask_past(&self, session: SessionId, before: &Message, count: u32) -> Result<(), AskError>;
}

#[async_trait]
impl Line for SessionHandle {
    async fn fetch_into(&self, _: SessionId, content: &Content, file: Unfinished) -> Result<Unfinished, FetchError> {
        Self::fetch_into(self, content, file).await
    }

    async fn ask_past(&self, _: SessionId, before: &Message, count: u32) -> Result<(), AskError> {
        Self::ask_past(self, before, count).await
    }
}

#[async_trait]
impl Line for RunningSessions {
    async fn fetch_into(
        &self,
        session: SessionId,
        content: &Content,
        file: Unfinished,
    ) -> Result<Unfinished, FetchError> {
        let running = self.get(session).ok_or(FetchError::NotConnected)?;
        running.handle.fetch_into(content, file).await
    }

    async fn ask_past(&self, session: SessionId, before: &Message, count: u32) -> Result<(), AskError> {
        let running = self.get(session).ok_or(AskError::NotConnected)?;
        running.handle.ask_past(before, count).await
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The message has none.
    #[error("the message has no file")]
    None,
    /// WhatsApp was asked for it and did not give it.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The disk failed.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no older messages were asked for.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// There is no message in the chat that older ones could come before.
    #[error("there is no message in this chat yet that older ones could come before")]
    Empty,
    /// The phone has told everything.
    #[error("the phone has nothing older of this chat")]
    Complete,
    /// The phone could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The files of messages: those that are here, and those that WhatsApp still has. Clones are the same.
#[derive(Clone)]
pub struct Library {
    mailbox: Store,
    media: MediaStore,
    line: Arc<dyn Line>,
    limit: u64,
    slots: Arc<Semaphore>,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Library {
    /// Fetches files of at most `limit` bytes over `line`.
    #[must_use]
    pub fn new(mailbox: Store, media: MediaStore, line: Arc<dyn Line>, limit: u64) -> Self {
        Self {
            mailbox,
            media,
            line,
            limit,
            slots: Arc::new(Semaphore::new(FETCHES)),
        }
    }

    /// The file of a message and its name, fetched if it is not here.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn file(&self, session: SessionId, mail: &Mail) -> Result<(FileName, MediaFile), FileError> {
        let content = &mail.message.content;
        let media = content.file().ok_or(FileError::None)?;
        let told: Option<[u8; 32]> = media.sha256.as_deref().and_then(|digest| digest.try_into().ok());
        if let Some(name) = told.map(FileName::from)
            && self.media.touch(session, &name).await?.is_some()
            && let Some(file) = self.media.get(session, &name).await?
        {
            return Ok((name, file));
        }
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        let file = self.media.begin(session, self.limit).await?;
        let file = self.line.fetch_into(session, content, file).await?;
        let name = file.finish().await?.name;
        let file = self.media.get(session, &name).await?.ok_or(FileError::None)?;
        Ok((name, file))
    }

    /// Fetches the file of a message, if it has one and that is not here.
    pub(crate) async fn fetch_numbered(&self, session: SessionId, number: Number) -> Result<(), FileError> {
        match self.mailbox.get(session, number).await? {
            Some(mail) => self.file(session, &mail).await.map(drop),
            None => Ok(()),
        }
    }
}

/// The use cases of the mailbox. Clones are the same.
#[derive(Debug, Clone)]
pub struct Mailbox {
    store: Store,
    library: Library,
    clock: Arc<dyn Clock>,
}

impl Mailbox {
    /// Over the mailboxes and the files of their messages.
    #[must_use]
    pub const fn new(store: Store, library: Library, clock: Arc<dyn Clock>) -> Self {
        Self { store, library, clock }
    }

    /// The files of messages.
    #[must_use]
    pub const fn library(&self) -> &Library {
        &self.library
    }

    /// The newest message of an id, in a chat if one is given.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn message(&self, session: SessionId, id: &MessageId, chat: Option<&Jid>) -> Result<Option<Mail>, Error> {
        self.store.settle(session).await?;
        let chat = match chat {
            Some(chat) => match self.store.chat(session, chat).await? {
                Some(chat) => Some(chat.jid),
                None => return Ok(None),
            },
            None => None,
        };
        let named = self.store.named(session, id).await?;
        let is_there = |mail: &Mail| chat.as_ref().is_none_or(|chat| mail.message.key.chat == *chat);
        Ok(named.into_iter().find(is_there))
    }

    /// Messages that fit, newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn search(
        &self,
        session: SessionId,
        filter: &Filter,
        before: Number,
        limit: usize,
    ) -> Result<Found, Error> {
        self.store.settle(session).await?;
        Ok(self.store.search(session, filter, before, limit).await?)
    }

    /// Chats, the one with the latest message first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn chats(
        &self,
        session: SessionId,
        after: Option<(UnixMs, u32)>,
        limit: usize,
    ) -> Result<Vec<Chat>, Error> {
        self.store.settle(session).await?;
        Ok(self.store.chats(session, after, limit).await?)
    }

    /// One chat.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn chat(&self, session: SessionId, jid: &Jid) -> Result<Option<Chat>, Error> {
        self.store.settle(session).await?;
        Ok(self.store.chat(session, jid).await?)
    }

    /// How far a message has come with each person.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn receipts(&self, session: SessionId, mail: &Mail) -> Result<Vec<(Jid, Receipt)>, Error> {
        Ok(self.store.receipts(session, mail.number).await?)
    }

    /// People behind one, in the order of their addresses.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn people(&self, session: SessionId, after: Option<&Jid>, limit: usize) -> Result<Vec<Person>, Error> {
        self.store.settle(session).await?;
        Ok(self.store.people(session, after, limit).await?)
    }

    /// What is known of a group beside its chat, and who is in it as far as that was told; none when nothing is.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn group(&self, session: SessionId, jid: &Jid) -> Result<Option<(Group, Vec<Member>)>, Error> {
        let Some(group) = self.store.group(session, jid).await? else {
            return Ok(None);
        };
        Ok(Some((group, self.store.all_members(session, jid).await?)))
    }

    /// How far the telling of the past has come.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn progress(&self, session: SessionId) -> Result<Progress, Error> {
        Ok(self.store.progress(session).await?)
    }

    /// Asks the phone for messages that come before all that are here of a chat. They come later, into the mailbox.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn ask_past(&self, session: SessionId, jid: &Jid, count: u32) -> Result<(), PastError> {
        self.store.settle(session).await?;
        let chat = self.store.chat(session, jid).await?.ok_or(PastError::Empty)?;
        if chat.complete {
            return Err(PastError::Complete);
        }
        let oldest = self.store.oldest(session, &chat.jid).await?.ok_or(PastError::Empty)?;
        let now = self.clock.now();
        // Before the question leaves: the answer may be here before this call goes on.
        self.store
            .note_progress(session, |progress| {
                progress.asked.retain(|(asked, _)| *asked != chat.jid);
                progress.asked.push((chat.jid.clone(), now));
            })
            .await?;
        let asked = self.library.line.ask_past(session, &oldest.message, count).await;
        if asked.is_err() {
            self.store
                .note_progress(session, |progress| {
                    progress.asked.retain(|(asked, _)| *asked != chat.jid);
                })
                .await?;
        }
        Ok(asked?)
    }
}
