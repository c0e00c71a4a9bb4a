//! Files that the test gives, and those the plugin makes.

use std::cell::RefCell;

use super::granted;
use crate::testing::state::SentRequest;
use crate::types::{Error, MediaRef};

const PART: usize = 1 << 20;

/// A file to read.
#[derive(Debug)]
pub(crate) struct Blob(Vec<u8>);

impl Blob {
    pub(crate) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    pub(crate) fn read(&self, offset: u64, len: u32) -> Result<Vec<u8>, Error> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..));
        let rest = rest.ok_or_else(|| Error::Invalid("offset".into()))?;
        Ok(rest.iter().take((len as usize).min(PART)).copied().collect())
    }
}

/// A file in the making.
#[derive(Debug)]
pub(crate) struct Sink {
    mime: String,
    bytes: RefCell<Vec<u8>>,
}

impl Sink {
    pub(crate) fn new(mime: &str) -> Self {
        Self {
            mime: mime.into(),
            bytes: RefCell::default(),
        }
    }

    pub(crate) fn write(&self, chunk: &[u8]) -> Result<(), Error> {
        granted("media.write", |_| {
            if chunk.len() > PART {
                return Err(Error::TooLarge(PART as u64));
            }
            self.bytes.borrow_mut().extend_from_slice(chunk);
            Ok(())
        })
    }

    pub(crate) fn finish(sink: Self) -> Result<MediaRef, Error> {
        let Self { mime, bytes } = sink;
        granted("media.write", |state| {
            let bytes = bytes.into_inner();
            if bytes.is_empty() || !mime.contains('/') {
                return Err(Error::Invalid("a file has bytes and a type".into()));
            }
            Ok(state.keep_file(&mime, bytes))
        })
    }
}

pub(crate) fn open(handle: &str) -> Result<Blob, Error> {
    granted("media.read", |state| {
        state.files.get(handle).cloned().map(Blob).ok_or(Error::NotFound)
    })
}

pub(crate) fn from_url(url: &str, mime: Option<&str>) -> Result<MediaRef, Error> {
    granted("media.write", |state| {
        if state.denies("http") {
            return Err(Error::Denied("http".into()));
        }
        let sent = SentRequest {
            method: "GET".into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let answer = state.web.answer(&sent);
        state.requests.push(sent);
        let broken = || Error::Upstream((0, "the connection broke off".into()));
        let whole = |pieces: Vec<Option<String>>| Some(pieces.into_iter().collect::<Option<Vec<_>>>()?.concat());
        let answer = answer.map(|(status, pieces)| Ok((status, whole(pieces).ok_or_else(broken)?)));
        match answer.transpose()? {
            Some((200, body)) => Ok(state.keep_file(mime.unwrap_or("application/octet-stream"), body.into_bytes())),
            Some((status, body)) => Err(Error::Upstream((status.into(), body))),
            None => Err(Error::Upstream((0, "nobody is there".into()))),
        }
    })
}
