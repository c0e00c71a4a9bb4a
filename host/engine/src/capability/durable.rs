//! Calls that are answered inside the handler, once for each event.
//!
//! An answer is kept with the event before the guest sees it. When the handler is called again for the same event, the same question gets
//! the kept answer and nothing is done a second time. Answers are found by what is asked, because a repeated call may be made by
//! another version of the plugin; the same question asked twice in one call is two questions.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use waspnest_core::codec::{self, Record};
use waspnest_core::journal::Question;
use waspnest_core::message::Message;

use crate::state::Call;

/// What a call has asked so far, and how often.
#[derive(Debug, Default)]
pub(crate) struct Asked(HashMap<[u8; 16], u32>);

impl Asked {
    /// How many questions there were.
    pub(crate) fn count(&self) -> u32 {
        self.0.values().sum()
    }

    fn next(&mut self, kind: &str, text: &[u8]) -> Question {
        let count = self.0.entry(*Question::new(kind, text, 0).bytes()).or_default();
        let question = Question::new(kind, text, *count);
        *count += 1;
        question
    }
}

impl Call {
    /// Names what the guest asks; `text` is everything that makes two questions of a kind different.
    pub(crate) fn question(&mut self, kind: &str, text: &[u8]) -> Question {
        self.asked.next(kind, text)
    }

    /// The answer an earlier attempt got. One in a form that is not known any more is asked for again.
    pub(crate) async fn kept<A: Record>(&self, question: &Question) -> wasmtime::Result<Option<A>> {
        let kept = self.host.kept(question).await?;
        Ok(kept.and_then(|bytes| codec::decode(question.bytes(), &bytes).ok()))
    }

    /// Keeps an answer.
    pub(crate) async fn keep<A: Record>(&self, question: &Question, answer: &A) -> wasmtime::Result<()> {
        Ok(self.host.keep(question, &codec::encode(answer)).await?)
    }

    /// Keeps an answer for good before anything else is done.
    pub(crate) async fn keep_for_good<A: Record>(&self, question: &Question, answer: &A) -> wasmtime::Result<()> {
        Ok(self.host.keep_for_good(question, &codec::encode(answer)).await?)
    }

    /// A name for the doing of what is asked, the same for every attempt and for a message that is delivered once more: for servers that
    /// can tell repetitions.
    pub(crate) fn idempotency_key(&self, question: &Question) -> String {
        self.token(question).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same name as bytes.
    pub(crate) fn token(&self, question: &Question) -> [u8; 16] {
        let mut hash = Sha256::new();
        match &self.scene.message {
            // What the process loses before it is on disk comes again as another event. It is the same message.
            Some(message) => {
                let Message { key, timestamp, .. } = message.as_ref();
                hash.update(self.session.as_str());
                hash.update([0]);
                hash.update(serde_json::to_vec(&(key, &message.sender.jid, timestamp)).unwrap_or_default());
            }
            None => hash.update(self.event.to_string()),
        }
        hash.update([0]);
        hash.update(self.installation.as_str());
        hash.update([0]);
        hash.update(question.bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        first
    }
}
