//! Answers that come in pieces: taken down as they come, and given again as they came.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::function::{Function, PieceOf};
use super::replay::{NOT_RECORDED, State};
use super::{Notes, locked, replay};
use crate::host::{HttpBody, HttpFailure};
use crate::secret::Passing;

/// A body of which each piece is taken down, without secrets.
pub(super) struct Recorded {
    pub(super) body: Box<dyn HttpBody>,
    pub(super) notes: Arc<Mutex<Notes>>,
    pub(super) next: PieceOf,
    pub(super) passing: Passing,
}

impl Recorded {
    fn note(&mut self, told: &Result<Option<Vec<u8>>, HttpFailure>) {
        locked(&self.notes).note(Function::Piece, &self.next, told);
        self.next.piece += 1;
    }
}

#[async_trait]
impl HttpBody for Recorded {
    async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Option<Bytes>, HttpFailure> {
        let piece = self.body.next(wait, gather).await;
        let told = match &piece {
            Ok(Some(bytes)) => Ok(Some(self.passing.push(bytes))),
            Ok(None) => {
                let rest = self.passing.rest();
                if !rest.is_empty() {
                    self.note(&Ok(Some(rest)));
                }
                Ok(None)
            }
            Err(failure) => Err(failure.clone()),
        };
        self.note(&told);
        piece
    }
}

/// A body that is in a record.
pub(super) struct Replayed {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) next: PieceOf,
}

#[async_trait]
impl HttpBody for Replayed {
    async fn next(&mut self, _: Duration, _: Duration) -> Result<Option<Bytes>, HttpFailure> {
        let told: Option<Result<Option<Vec<u8>>, HttpFailure>> =
            replay::locked(&self.state).find(Function::Piece, &self.next);
        self.next.piece += 1;
        match told {
            Some(told) => told.map(|bytes| bytes.map(Into::into)),
            None => Err(HttpFailure::Unreachable(NOT_RECORDED.to_owned())),
        }
    }
}
