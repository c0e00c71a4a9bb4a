//! The body of an answer, taken in pieces while the server still makes it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use waspnest_core::clock::Clock;

use crate::exchange::{EgressError, failure};
use crate::played::PlayedBody;

/// Bytes at which a piece is not added to any more.
const PIECE_BYTES: usize = 64 << 10;

/// A body that comes. Dropping it ends the connection.
pub struct Body(Source);

enum Source {
    Network(Network),
    Played(PlayedBody),
}

struct Network {
    answer: reqwest::Response,
    clock: Arc<dyn Clock>,
    /// What was met behind the bytes that were given last.
    behind: Option<Result<(), EgressError>>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

impl Body {
    pub(crate) const fn of_network(answer: reqwest::Response, clock: Arc<dyn Clock>) -> Self {
        Self(Source::Network(Network {
            answer,
            clock,
            behind: None,
        }))
    }

    pub(crate) const fn of_played(played: PlayedBody) -> Self {
        Self(Source::Played(played))
    }

    /// Waits for more for at most `wait`, then gathers what comes within `gather`, or up to about 64 KiB; none at the end. A failure behind
    /// what was gathered is answered the next time.
    ///
    /// # Errors
    /// [`EgressError::TimedOut`] when nothing came, [`EgressError::Unreachable`] when the body breaks off.
    pub async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Option<Bytes>, EgressError> {
        match &mut self.0 {
            Source::Network(network) => network.next(wait, gather).await,
            Source::Played(played) => played.next(wait, gather),
        }
    }
}

impl Network {
    async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Option<Bytes>, EgressError> {
        if let Some(behind) = self.behind.take() {
            return behind.map(|()| None);
        }
        let late = self.clock.sleep(wait);
        let first = tokio::select! {
            biased;
            chunk = self.answer.chunk() => chunk.map_err(failure)?,
            () = late => return Err(EgressError::TimedOut(wait)),
        };
        let Some(first) = first else {
            return Ok(None);
        };
        let mut piece = BytesMut::from(first);
        let mut enough = self.clock.sleep(gather);
        while piece.len() < PIECE_BYTES {
            let more = tokio::select! {
                biased;
                chunk = self.answer.chunk() => chunk,
                () = &mut enough => break,
            };
            match more {
                Ok(Some(more)) => piece.extend_from_slice(&more),
                Ok(None) => {
                    self.behind = Some(Ok(()));
                    break;
                }
                Err(error) => {
                    self.behind = Some(Err(failure(error)));
                    break;
                }
            }
        }
        Ok(Some(piece.freeze()))
    }
}
