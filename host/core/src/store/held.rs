//! A store whose durability can be held back, released and made to fail, for tests of what must wait for it.
//!
//! Commits are applied to the store inside as always; what is held is only the news that they are durable.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{oneshot, watch};

use super::{Applied, Commit, KeyRange, Order, Snapshot, Space, Store, StoreError};

/// See the module documentation.
#[derive(Debug)]
pub struct HeldStore {
    inner: Arc<dyn Store>,
    state: Mutex<State>,
    held: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    flushed: oneshot::Sender<Result<(), StoreError>>,
    /// The commit of the store inside; none for a flush.
    applied: Option<Applied>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Open,
    Held,
    Failed,
}

impl HeldStore {
    /// A store that passes everything through until [`HeldStore::hold`].
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            state: Mutex::default(),
            held: watch::Sender::new(0),
        })
    }

    /// From now on nothing becomes durable.
    pub fn hold(&self) {
        let mut state = self.lock();
        if state.mode == Mode::Open {
            state.mode = Mode::Held;
        }
    }

    /// Lets everything become durable that was held, and whatever comes.
    pub async fn release(&self) {
        let waiting = {
            let mut state = self.lock();
            if state.mode == Mode::Held {
                state.mode = Mode::Open;
            }
            std::mem::take(&mut state.waiting)
        };
        for Waiting { flushed, applied } in waiting {
            let durable = match applied {
                Some(applied) => applied.durable().await,
                None => self.inner.flush().await,
            };
            // Whoever does not wait any more needs no answer.
            let _ = flushed.send(durable);
        }
        self.held.send_replace(0);
    }

    /// Fails everything that is held and everything that comes, as a disk does that is gone.
    pub fn fail(&self) {
        let waiting = {
            let mut state = self.lock();
            state.mode = Mode::Failed;
            std::mem::take(&mut state.waiting)
        };
        for Waiting { flushed, .. } in waiting {
            let _ = flushed.send(Err(failed()));
        }
        self.held.send_replace(0);
    }

    /// Resolves when at least `count` commits or flushes are held back.
    pub async fn until_held(&self, count: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.held.subscribe().wait_for(|held| *held >= count).await;
    }

    fn pass(&self, applied: Option<Applied>) -> Result<Applied, StoreError> {
        let mut state = self.lock();
        match state.mode {
            Mode::Open => Ok(applied.unwrap_or(Applied::already_durable())),
            Mode::Failed => Err(failed()),
            Mode::Held => {
                let (flushed, durable) = oneshot::channel();
                state.waiting.push(Waiting { flushed, applied });
                self.held.send_replace(state.waiting.len());
                Ok(Applied::coming(durable))
            }
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.lock().mode {
            Mode::Failed => Err(failed()),
            Mode::Open | Mode::Held => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every field is good by itself at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed() -> StoreError {
    StoreError::Lost {
        reason: "a test made it fail".into(),
    }
}

#[async_trait]
impl Store for HeldStore {
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.check()?;
        self.inner.get(space, key).await
    }

    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.check()?;
        self.inner.scan(space, range, order, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError> {
        self.check()?;
        let applied = self.inner.commit(commit).await?;
        self.pass(Some(applied))
    }

    async fn drop_space(&self, space: Space) -> Result<(), StoreError> {
        self.check()?;
        self.inner.drop_space(space).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.check()?;
        self.pass(None)?.durable().await?;
        self.inner.flush().await
    }

    async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        self.inner.spaces().await
    }

    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError> {
        self.inner.snapshot(space).await
    }
}
