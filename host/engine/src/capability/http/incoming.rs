//! Answers that are taken in pieces while the server still makes them.
//!
//! The beginning and each piece are kept before the guest sees them, so that a repeated call gets the same pieces, cut as they were, and
//! nothing is sent again. A connection ends with its call: behind the pieces that were kept, a repeated call learns that the rest is lost,
//! and decides itself whether to ask once more.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::component::Resource;
use waspnest_core::codec::Record;
use waspnest_core::journal::Question;

use super::{Filled, Hop, is_final, readable, refused};
use crate::bindings::waspnest::plugin::http::{Head, HostIncoming, Request};
use crate::bindings::waspnest::plugin::types::Error;
use crate::capability::{Answer, granted, invalid, spend};
use crate::host::HttpBody;
use crate::limits::HTTP_GATHER;
use crate::secret::Passing;
use crate::state::{Call, CallState};

/// What a repeated call is told behind the last piece that was kept.
const LOST: &str = "the rest of the answer was lost when the call before this one ended";

/// An answer that comes.
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub struct Incoming {
    begun: Begun,
    question: Question,
    /// Pieces that were given.
    given: u32,
    source: Source,
    /// What is answered from now on.
    ended: Option<Result<(), Error>>,
}

/// Where pieces come from.
enum Source {
    /// From what an earlier attempt at the event was given.
    Kept,
    /// From the server.
    Server(Box<Coming>),
}

/// A body on its way.
struct Coming {
    body: Box<dyn HttpBody>,
    /// What secrets are taken out by.
    passing: Passing,
    filled: Filled,
    /// How long each piece may take.
    timeout: Duration,
    /// Bytes that may still be given.
    room: usize,
    max_bytes: usize,
    then: Then,
    keeping: Keeping,
}

/// What comes behind the pieces that are out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    More,
    End,
    TooMuch,
}

/// Whether pieces are kept for a repeated call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    Yes,
    No,
}

/// The beginning of an answer, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Begun {
    status: u16,
    headers: Vec<(String, String)>,
    url: String,
}

impl Record for Begun {
    const VERSION: u8 = 1;
}

/// A piece, as it is kept.
#[derive(Serialize, Deserialize)]
enum Piece {
    Bytes(Vec<u8>),
    End,
    /// There is more than may be taken; how much that is.
    TooLarge(u64),
}

impl Record for Piece {
    const VERSION: u8 = 1;
}

impl HostIncoming for CallState {
    async fn head(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<Head> {
        let Begun { status, headers, url } = self.table.get(&incoming)?.begun.clone();
        Ok(Head { status, headers, url })
    }

    async fn next(&mut self, incoming: Resource<Incoming>, gather_ms: u32) -> Answer<Option<Vec<u8>>> {
        granted!(spend(&mut self.call.http_pieces)?);
        let gather = Duration::from_millis(gather_ms.into());
        if gather > HTTP_GATHER {
            return Ok(Err(invalid(
                "gather-ms",
                format!("at most {}", HTTP_GATHER.as_millis()),
            )));
        }
        let piece = granted!(self.call.piece(self.table.get_mut(&incoming)?, gather).await?);
        self.call.crossing.count(piece.as_ref().map_or(0, Vec::len))?;
        Ok(Ok(piece))
    }

    async fn drop(&mut self, incoming: Resource<Incoming>) -> wasmtime::Result<()> {
        self.table.delete(incoming)?;
        Ok(())
    }
}

impl Call {
    /// Sends a request, and waits until its answer begins.
    pub(super) async fn open(&mut self, request: Request) -> Answer<Incoming> {
        let (asked, terms) = granted!(self.ask(request)?);
        let question = self.question("http.open", &asked.text());
        if let Some(begun) = self.kept::<Begun>(&question).await? {
            return Ok(Ok(Incoming {
                begun,
                question,
                given: 0,
                source: Source::Kept,
                ended: None,
            }));
        }
        let (mut asked, filled) = granted!(self.leaving(asked, &question).await?);
        let (timeout, max_bytes) = (asked.request.timeout, asked.request.max_bytes);
        let until = self.clock.now().plus(timeout).min(self.deadline);
        let opened = loop {
            asked.request.timeout = until.since(self.clock.now());
            let opened = self.host.open(asked.request.clone()).await;
            let opened = granted!(opened.map_err(|failure| refused(failure, &filled)));
            match granted!(asked.hop(opened.status, &opened.headers, &filled, &terms)) {
                Hop::Goes => {}
                Hop::Ends => break opened,
            }
        };
        let headers = readable(&opened.headers).into_iter();
        let begun = Begun {
            status: opened.status,
            headers: headers.map(|(name, value)| (name, filled.redact_text(value))).collect(),
            url: filled.redact_text(asked.request.url.to_string()),
        };
        let keeping = match is_final(begun.status) {
            true => Keeping::Yes,
            false => Keeping::No,
        };
        if keeping == Keeping::Yes {
            self.keep(&question, &begun).await?;
        }
        Ok(Ok(Incoming {
            begun,
            question,
            given: 0,
            source: Source::Server(Box::new(Coming {
                body: opened.body,
                passing: filled.passing(),
                filled,
                timeout,
                room: max_bytes,
                max_bytes,
                then: Then::More,
                keeping,
            })),
            ended: None,
        }))
    }

    async fn piece(&self, incoming: &mut Incoming, gather: Duration) -> Answer<Option<Vec<u8>>> {
        if let Some(ended) = &incoming.ended {
            return Ok(ended.clone().map(|()| None));
        }
        let question = Question::new("http.piece", incoming.question.bytes(), incoming.given);
        let piece = match &mut incoming.source {
            Source::Kept => {
                let kept = self.kept::<Piece>(&question).await?;
                kept.ok_or_else(|| Error::Upstream((0, LOST.to_owned())))
            }
            Source::Server(coming) => {
                let wait = coming.timeout.min(self.deadline.since(self.clock.now()));
                let piece = coming.next(wait, gather).await;
                if let (Ok(piece), Keeping::Yes) = (&piece, coming.keeping) {
                    self.keep(&question, piece).await?;
                }
                piece
            }
        };
        incoming.given += 1;
        let ended = match piece {
            Ok(Piece::Bytes(bytes)) => return Ok(Ok(Some(bytes))),
            Ok(Piece::End) => Ok(()),
            Ok(Piece::TooLarge(limit)) => Err(Error::TooLarge(limit)),
            Err(refusal) => Err(refusal),
        };
        incoming.ended = Some(ended.clone());
        Ok(ended.map(|()| None))
    }
}

impl Coming {
    async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Piece, Error> {
        loop {
            match self.then {
                Then::More => {}
                Then::End => return Ok(Piece::End),
                Then::TooMuch => return Ok(Piece::TooLarge(self.max_bytes as u64)),
            }
            let come = self.body.next(wait, gather).await;
            let mut bytes = match come.map_err(|failure| refused(failure, &self.filled))? {
                Some(bytes) => self.passing.push(&bytes),
                None => {
                    self.then = Then::End;
                    self.passing.rest()
                }
            };
            if bytes.len() > self.room {
                bytes.truncate(self.room);
                self.then = Then::TooMuch;
            }
            self.room -= bytes.len();
            if !bytes.is_empty() {
                return Ok(Piece::Bytes(bytes));
            }
        }
    }
}
