//! What the tests of this crate stand on: one session's parts over any engine, on a clock that stands still.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use ulid::Ulid;

use crate::address::{ChatKind, Jid, Party};
use crate::clock::{ManualClock, SeededIds, UnixMs};
use crate::effect::{Action, Send};
use crate::event::{Event, EventKind};
use crate::id::{InstallationId, ScheduleId, SessionId};
use crate::kv::Quota;
use crate::log::{Incoming, Log};
use crate::message::{Content, Message, MessageKey, Origin, Text};
use crate::outbox::{Call, Outbox};
use crate::progress::{Progress, Round};
use crate::store::{
    Applied, Commit, KeyRange, MemoryStore, Order, SledOptions, SledStore, Snapshot, Space, Store, StoreError,
};

/// Runs each case on a store in memory and on one on disk.
macro_rules! on_every_engine {
    ($(async fn $name:ident($world:ident: &mut World) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn case($world: &mut World) $body

            #[tokio::test]
            async fn memory() {
                case(&mut World::in_memory()).await;
            }

            #[tokio::test]
            async fn sled() {
                case(&mut World::on_disk()).await;
            }
        }
    )+};
}
pub(crate) use on_every_engine;

pub(crate) const NOON: UnixMs = UnixMs(1_800_000_000_000);
pub(crate) const SESSION: SessionId = SessionId::new(Ulid(7));
pub(crate) const QUOTA: Quota = Quota { bytes: 1000, keys: 10 };

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) log: Log,
    pub(crate) outbox: Outbox,
    pub(crate) progress: Progress,
    dir: Option<TempDir>,
}

impl World {
    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        Self::build(
            store,
            Arc::new(ManualClock::at(NOON)),
            Arc::new(SeededIds::new(1)),
            None,
        )
    }

    pub(crate) fn in_memory() -> Self {
        Self::over(MemoryStore::new())
    }

    pub(crate) fn on_disk() -> Self {
        let dir = tempfile::tempdir().expect("there is room for a directory");
        let store = SledStore::open(dir.path(), SledOptions::default()).expect("the directory opens");
        Self::build(
            store,
            Arc::new(ManualClock::at(NOON)),
            Arc::new(SeededIds::new(1)),
            Some(dir),
        )
    }

    fn build(store: Arc<dyn Store>, clock: Arc<ManualClock>, ids: Arc<SeededIds>, dir: Option<TempDir>) -> Self {
        let log = Log::new(Arc::clone(&store), clock.clone(), ids.clone());
        let outbox = Outbox::new(Arc::clone(&store), clock.clone(), log.clone());
        let progress = Progress::new(Arc::clone(&store));
        Self {
            store,
            clock,
            ids,
            log,
            outbox,
            progress,
            dir,
        }
    }

    /// As after a restart: everything in memory is gone, and what is on disk is opened again.
    pub(crate) fn restart(&mut self) {
        let (clock, ids, dir) = (self.clock.clone(), self.ids.clone(), self.dir.take());
        let kept = Arc::clone(&self.store);
        *self = Self::in_memory();
        let store: Arc<dyn Store> = match &dir {
            None => kept,
            Some(dir) => {
                drop(kept);
                SledStore::open(dir.path(), SledOptions::default()).expect("the directory opens again")
            }
        };
        *self = Self::build(store, clock, ids, dir);
    }

    pub(crate) async fn receive(&self, kind: EventKind) -> Option<Event> {
        let appended = self
            .log
            .append(SESSION, vec![Incoming::from(kind)])
            .await
            .expect("it appends");
        appended.applied.durable().await.expect("it becomes durable");
        appended.events.into_iter().next()
    }

    /// A new message from Ada.
    pub(crate) async fn receive_text(&self, id: &str) -> Event {
        self.receive(message("4915100000001@s.whatsapp.net", id, "hello"))
            .await
            .expect("it is new")
    }
}

/// A store whose commits are applied and not answered while it is mute, as for a caller that is dropped while it waits.
#[derive(Debug)]
pub(crate) struct MuteStore {
    inner: Arc<MemoryStore>,
    mute: watch::Sender<Mute>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mute {
    No,
    Yes,
}

impl MuteStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            mute: watch::Sender::new(Mute::No),
        })
    }

    /// Runs a call until it waits for the answer of a commit, and drops it there.
    pub(crate) async fn drop_after_commit<T>(&self, call: impl Future<Output = T>) {
        self.mute.send_replace(Mute::Yes);
        {
            let mut call = std::pin::pin!(call);
            let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "a call that commits waits for the answer");
        }
        self.mute.send_replace(Mute::No);
    }
}

#[async_trait::async_trait]
impl Store for MuteStore {
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(space, key).await
    }

    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.inner.scan(space, range, order, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError> {
        let applied = self.inner.commit(commit).await?;
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.mute.subscribe().wait_for(|mute| *mute == Mute::No).await;
        Ok(applied)
    }

    async fn drop_space(&self, space: Space) -> Result<(), StoreError> {
        self.inner.drop_space(space).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush().await
    }

    async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        self.inner.spaces().await
    }

    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError> {
        self.inner.snapshot(space).await
    }
}

pub(crate) fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

pub(crate) fn installation(name: &str) -> InstallationId {
    name.parse().expect("an installation id")
}

pub(crate) fn schedule(name: &str) -> ScheduleId {
    name.parse().expect("a schedule id")
}

/// A direct message from somebody.
pub(crate) fn message(from: &str, id: &str, body: &str) -> EventKind {
    message_of(jid(from), Party::known_as(jid(from)), id, body)
}

pub(crate) fn message_of(chat: Jid, sender: Party, id: &str, body: &str) -> EventKind {
    let chat_kind = chat.chat_kind();
    let participant = (chat_kind == ChatKind::Group).then(|| sender.jid.clone());
    let key = MessageKey {
        chat,
        id: id.parse().expect("a message id"),
        from: Origin::Them,
        participant,
    };
    EventKind::Message(Box::new(Message {
        key,
        chat_kind,
        chat_name: None,
        sender,
        timestamp: NOON,
        content: Content::Text(Text {
            body: body.into(),
            preview: None,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: None,
        spoiler: false,
        offline: false,
        history: false,
        device: Some(0),
    }))
}

pub(crate) fn in_message(event: &Event) -> &Message {
    match &event.kind {
        EventKind::Message(message) => message,
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => panic!("not a message but {event:?}"),
    }
}

pub(crate) fn send(to: &str, body: &str) -> Action {
    Action::Send(Box::new(Send {
        to: jid(to),
        content: Content::Text(Text {
            body: body.into(),
            preview: None,
        }),
        quote: None,
        mentions: Vec::new(),
        ephemeral_s: None,
        typing_ms: None,
    }))
}

pub(crate) fn call<'a>(event: &'a Event, installation: &'a InstallationId) -> Call<'a> {
    Call {
        event,
        installation,
        quota: QUOTA,
        dialogue_quota: QUOTA,
        round: Round::First,
        also_done: &[],
    }
}
