//! What plugins answer to requests from outside, from the commit of their draft until somebody has fetched it.
//!
//! In memory alone: whoever asked is gone when the process is, and asks again. Nobody may ever fetch an answer, so the oldest are
//! forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use waspnest_core::draft::Response;
use waspnest_core::id::EventId;

/// Answers that are kept.
const MOST: usize = 1000;
/// Bytes of them.
const MOST_BYTES: usize = 32 << 20;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The plugin answered.
    Answered(Response),
    /// The plugin failed for good.
    Failed,
}

impl Reply {
    fn bytes(&self) -> usize {
        match self {
            Self::Answered(response) => response.body.len(),
            Self::Failed => 0,
        }
    }
}

/// The answers of all sessions. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Replies(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    replies: HashMap<EventId, Reply>,
    order: VecDeque<EventId>,
    bytes: usize,
}

impl Replies {
    /// Keeps what became of a request, for whoever waits or comes.
    pub fn put(&self, event: EventId, reply: Reply) {
        let mut kept = self.kept();
        kept.bytes += reply.bytes();
        kept.order.push_back(event);
        if let Some(before) = kept.replies.insert(event, reply) {
            kept.bytes -= before.bytes();
        }
        while (kept.order.len() > MOST || kept.bytes > MOST_BYTES)
            && let Some(oldest) = kept.order.pop_front()
        {
            if let Some(reply) = kept.replies.remove(&oldest) {
                kept.bytes -= reply.bytes();
            }
        }
        drop(kept);
        self.0.news.notify_waiters();
    }

    /// Waits for what becomes of a request, and takes it.
    pub async fn take(&self, event: EventId) -> Reply {
        loop {
            let mut news = std::pin::pin!(self.0.news.notified());
            // From here on nothing is missed.
            news.as_mut().enable();
            if let Some(reply) = self.take_now(event) {
                return reply;
            }
            news.await;
        }
    }

    fn take_now(&self, event: EventId) -> Option<Reply> {
        let mut kept = self.kept();
        let reply = kept.replies.remove(&event)?;
        kept.bytes -= reply.bytes();
        kept.order.retain(|known| *known != event);
        Some(reply)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing can panic in the middle of a change to it.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    fn answer(bytes: usize) -> Reply {
        Reply::Answered(Response {
            status: 200,
            headers: Vec::new(),
            body: vec![0; bytes],
        })
    }

    fn event(number: u128) -> EventId {
        EventId::new(Ulid(number))
    }

    #[tokio::test]
    async fn an_answer_is_taken_once_whoever_is_first() {
        let replies = Replies::default();
        replies.put(event(1), answer(1));
        assert_eq!(replies.take(event(1)).await, answer(1));
        assert_eq!(replies.take_now(event(1)), None);
        let waiting = replies.take(event(2));
        let (taken, ()) = tokio::join!(waiting, async { replies.put(event(2), Reply::Failed) });
        assert_eq!(taken, Reply::Failed);
    }

    #[tokio::test]
    async fn answers_that_nobody_fetches_are_forgotten() {
        let replies = Replies::default();
        for number in 0..40 {
            replies.put(event(number), answer(1 << 20));
        }
        assert_eq!(replies.take_now(event(7)), None);
        assert!(replies.take_now(event(8)).is_some());
        for number in 100..1200 {
            replies.put(event(number), Reply::Failed);
        }
        assert_eq!(replies.kept().replies.len(), MOST);
        assert_eq!(replies.kept().bytes, 0);
    }
}
