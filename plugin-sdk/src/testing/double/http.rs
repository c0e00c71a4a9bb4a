//! Servers that answer what the test says.

use std::cell::RefCell;

use super::granted;
use crate::bindings::imports::waspnest::plugin::http::{Head, Request, Response};
use crate::testing::state::{Pieces, SentRequest};
use crate::types::Error;

/// The longest time a piece is gathered for.
const GATHER_MS: u32 = 10_000;

pub(crate) fn fetch(request: &Request) -> Result<Response, Error> {
    let (status, pieces) = ask(request)?;
    let whole: Option<Vec<String>> = pieces.into_iter().collect();
    let body = whole.ok_or_else(broken)?.concat();
    Ok(Response {
        status,
        headers: Vec::new(),
        body: body.into_bytes(),
        truncated: false,
        url: request.url.clone(),
    })
}

pub(crate) fn open(request: &Request) -> Result<Incoming, Error> {
    let (status, mut pieces) = ask(request)?;
    pieces.reverse();
    Ok(Incoming {
        head: Head {
            status,
            headers: Vec::new(),
            url: request.url.clone(),
        },
        coming: RefCell::new(pieces),
    })
}

/// An answer that comes in the pieces that the test says, whatever time is said.
#[derive(Debug)]
pub(crate) struct Incoming {
    head: Head,
    /// The last piece first.
    coming: RefCell<Pieces>,
}

impl Incoming {
    pub(crate) fn head(&self) -> Head {
        self.head.clone()
    }

    pub(crate) fn next(&self, gather_ms: u32) -> Result<Option<Vec<u8>>, Error> {
        granted("http", |_| {
            if gather_ms > GATHER_MS {
                return Err(Error::Invalid("gather-ms".into()));
            }
            let mut coming = self.coming.borrow_mut();
            match coming.pop() {
                None => Ok(None),
                Some(Some(piece)) => Ok(Some(piece.into_bytes())),
                Some(None) => {
                    coming.push(None);
                    Err(broken())
                }
            }
        })
    }
}

fn ask(request: &Request) -> Result<(u16, Pieces), Error> {
    granted("http", |state| {
        let sent = SentRequest {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default(),
        };
        let answer = state.web.answer(&sent);
        state.requests.push(sent);
        answer.ok_or_else(|| Error::Upstream((0, "nobody is there".into())))
    })
}

fn broken() -> Error {
    Error::Upstream((0, "the connection broke off".into()))
}
