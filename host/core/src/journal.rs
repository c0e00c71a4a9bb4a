//! Answers that were given inside a plugin call, so that a repeated call gets the same ones and does nothing outside twice.
//!
//! Most of what a plugin asks for waits in its draft. Some calls have to answer while the handler runs: a request over HTTP, a group that
//! is made. Their answers are kept here, for each event and installation, until the event is done: the commit of the call's draft removes
//! them, and [`crate::progress::Progress::advance`] those of events that were given up. A commit of answers comes before the commit of the draft that rests on them, and commits of
//! a session become durable in order: whoever sees the draft's effects can rely on the answers being kept.
//!
//! Answers are found by what was asked and not by a number, because a repeated call may be one of another version of the plugin.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::event::Position;
use crate::id::{InstallationId, SessionId};
use crate::schema::{self, Key, session};
use crate::store::{Applied, Commit, KeyRange, MAX_SCAN, MAX_VALUE, Op, Order, Space, Store, StoreError};

/// First byte of an answer's first row: the version of this form.
const VERSION: u8 = 1;
/// Rows of the largest answer.
const MAX_PARTS: usize = 128;

/// The largest answer, in bytes.
pub const MAX_ANSWER: usize = MAX_PARTS * MAX_VALUE - 1;

/// What was asked, and for the how-many-th time in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question([u8; 16]);

impl Question {
    /// Names a question: `kind` is the capability asked, `text` everything that makes two questions different, and `nth` how often
    /// the same was asked before in the same call.
    #[must_use]
    pub fn new(kind: &str, text: &[u8], nth: u32) -> Self {
        let mut hash = Sha256::new();
        hash.update(kind);
        hash.update([0]);
        hash.update(text);
        hash.update(nth.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self(first)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Whose answers: one installation's for one event.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The session of the event.
    pub session: SessionId,
    /// The installation that is called.
    pub installation: &'a InstallationId,
    /// Where the event is in the session's log.
    pub position: Position,
}

/// The answers of all calls. Clones are the same.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Arc<dyn Store>,
}

impl Journal {
    /// The answers in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The answer an earlier attempt got.
    ///
    /// # Errors
    /// Those of the store, and [`StoreError::Damaged`] for a form this version does not know.
    pub async fn answer(&self, asker: Asker<'_>, question: &Question) -> Result<Option<Bytes>, StoreError> {
        let key = key(asker, question);
        let rows = self
            .store
            .scan(
                Space::Session(asker.session),
                KeyRange::prefix(key.as_slice()),
                Order::Ascending,
                MAX_SCAN.min(MAX_PARTS),
            )
            .await?;
        let mut parts = rows.into_iter().map(|(_, part)| part);
        let Some(mut first) = parts.next() else {
            return Ok(None);
        };
        if first.first() != Some(&VERSION) {
            return Err(StoreError::Damaged {
                key: key.as_slice().escape_ascii().to_string().into(),
                reason: "its form is not one this version knows".into(),
            });
        }
        let first = first.split_off(1);
        let mut rest = parts.peekable();
        if rest.peek().is_none() {
            return Ok(Some(first));
        }
        let mut whole = BytesMut::from(first);
        whole.extend(rest.flatten());
        Ok(Some(whole.freeze()))
    }

    /// Keeps an answer. It is kept for good as soon as a later commit of the session is.
    ///
    /// # Errors
    /// Those of the store, and [`StoreError::TooLarge`] past [`MAX_ANSWER`].
    pub async fn keep(&self, asker: Asker<'_>, question: &Question, answer: &[u8]) -> Result<Applied, StoreError> {
        let commit = Commit::lazy(Space::Session(asker.session));
        self.write(asker, question, answer, commit).await
    }

    /// Keeps an answer and returns when it is kept for good: for what must be known before something is done.
    ///
    /// # Errors
    /// As for [`Journal::keep`].
    pub async fn keep_for_good(&self, asker: Asker<'_>, question: &Question, answer: &[u8]) -> Result<(), StoreError> {
        let commit = Commit::durable(Space::Session(asker.session));
        self.write(asker, question, answer, commit).await?.durable().await
    }

    async fn write(
        &self,
        asker: Asker<'_>,
        question: &Question,
        answer: &[u8],
        mut commit: Commit,
    ) -> Result<Applied, StoreError> {
        if answer.len() > MAX_ANSWER {
            return Err(StoreError::TooLarge { size: answer.len() });
        }
        let mut record = BytesMut::with_capacity(answer.len() + 1);
        record.extend_from_slice(&[VERSION]);
        record.extend_from_slice(answer);
        let record = record.freeze();
        for (number, part) in (0_u8..).zip(record.chunks(MAX_VALUE)) {
            let row = key(asker, question).bytes(&[number]).finish();
            commit.ops.push(Op::Put(row, record.slice_ref(part)));
        }
        self.store.commit(commit).await
    }
}

/// The writes that remove every answer of one call.
///
/// # Errors
/// Those of the store.
pub(crate) async fn forgetting(store: &dyn Store, asker: Asker<'_>) -> Result<Vec<Op>, StoreError> {
    let call = schema::of_at(session::JOURNAL, asker.installation, asker.position);
    let mut range = KeyRange::prefix(&call);
    let mut ops = Vec::new();
    loop {
        let rows = store
            .scan(Space::Session(asker.session), range.clone(), Order::Ascending, MAX_SCAN)
            .await?;
        let Some((last, _)) = rows.last() else {
            return Ok(ops);
        };
        range = range.after(last);
        ops.extend(rows.into_iter().map(|(key, _)| Op::Delete(key)));
    }
}

fn key(asker: Asker<'_>, question: &Question) -> Key {
    schema::of(session::JOURNAL, asker.installation)
        .number(asker.position.0)
        .bytes(question.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Draft;
    use crate::fixture::{SESSION, World, call, installation, on_every_engine};

    async fn kept(journal: &Journal, asker: Asker<'_>, question: &Question) -> Option<Vec<u8>> {
        let answer = journal.answer(asker, question).await.expect("it reads");
        answer.map(|answer| answer.to_vec())
    }

    on_every_engine! {
        async fn an_answer_is_found_by_its_question(world: &mut World) {
            let journal = Journal::new(Arc::clone(&world.store));
            let (echo, other) = (installation("echo"), installation("other"));
            let asker = Asker { session: SESSION, installation: &echo, position: Position(3) };
            let question = Question::new("http", b"GET /", 0);
            assert_eq!(kept(&journal, asker, &question).await, None);
            journal.keep(asker, &question, b"200").await.expect("it keeps");
            assert_eq!(kept(&journal, asker, &question).await.as_deref(), Some(&b"200"[..]));
            for unlike in [Question::new("http", b"GET /", 1), Question::new("http", b"GET /a", 0), Question::new("groups", b"GET /", 0)] {
                assert_eq!(kept(&journal, asker, &unlike).await, None);
            }
            assert_eq!(kept(&journal, Asker { position: Position(4), ..asker }, &question).await, None);
            assert_eq!(kept(&journal, Asker { installation: &other, ..asker }, &question).await, None);
        }

        async fn answers_of_every_size_come_back_whole(world: &mut World) {
            let journal = Journal::new(Arc::clone(&world.store));
            let echo = installation("echo");
            let asker = Asker { session: SESSION, installation: &echo, position: Position(1) };
            for (nth, size) in (0..).zip([0, 1, MAX_VALUE - 1, MAX_VALUE, 3 * MAX_VALUE + 7]) {
                let question = Question::new("http", b"", nth);
                let answer: Vec<u8> = (0..size).map(|byte| (byte % 251) as u8).collect();
                journal.keep(asker, &question, &answer).await.expect("it keeps");
                assert_eq!(kept(&journal, asker, &question).await, Some(answer));
            }
            let huge = vec![0; MAX_ANSWER + 1];
            let refused = journal.keep(asker, &Question::new("http", b"", 9), &huge).await;
            assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
        }

        async fn the_commit_of_a_draft_forgets_the_answers_of_its_call(world: &mut World) {
            let journal = Journal::new(Arc::clone(&world.store));
            let (echo, other) = (installation("echo"), installation("other"));
            let event = world.receive_text("A1").await;
            let asker = |installation, position| Asker { session: SESSION, installation, position };
            let (large, small) = (Question::new("http", b"large", 0), Question::new("http", b"small", 0));
            let next = event.position.next();
            for asker in [asker(&echo, event.position), asker(&echo, next), asker(&other, event.position)] {
                journal.keep(asker, &large, &vec![7; 2 * MAX_VALUE]).await.expect("it keeps");
                journal.keep(asker, &small, b"yes").await.expect("it keeps");
            }
            let draft = Draft { questions: 2, ..Draft::default() };
            world.outbox.commit_draft(SESSION, call(&event, &echo), draft).await.expect("it commits");
            for question in [large, small] {
                assert_eq!(kept(&journal, asker(&echo, event.position), &question).await, None);
                assert!(kept(&journal, asker(&echo, next), &question).await.is_some());
                assert!(kept(&journal, asker(&other, event.position), &question).await.is_some());
            }
        }

        async fn answers_are_forgotten_with_the_events_below_the_mark(world: &mut World) {
            let journal = Journal::new(Arc::clone(&world.store));
            let echo = installation("echo");
            world.progress.start_at(SESSION, &echo, Position(0)).await.expect("it starts");
            let question = Question::new("http", b"", 0);
            let at = |position| Asker { session: SESSION, installation: &echo, position: Position(position) };
            for position in [1, 2, 3] {
                journal.keep(at(position), &question, b"yes").await.expect("it keeps");
            }
            world.progress.advance(SESSION, &echo, Position(2)).await.expect("it advances");
            assert_eq!(kept(&journal, at(1), &question).await, None);
            assert_eq!(kept(&journal, at(2), &question).await, None);
            assert!(kept(&journal, at(3), &question).await.is_some());
        }
    }
}
