//! Answers that stay the same while the process lives: the document, and the files of its page. Their tag and what they are in gzip is made
//! once, by the first caller who needs it.

use std::sync::OnceLock;

use bytes::Bytes;

use super::{compression, etag};

/// What was made of such an answer.
#[derive(Debug)]
pub(super) struct Lasting {
    tag: OnceLock<String>,
    pressed: OnceLock<Bytes>,
}

impl Lasting {
    /// Nothing was made yet.
    pub(super) const fn new() -> Self {
        Self {
            tag: OnceLock::new(),
            pressed: OnceLock::new(),
        }
    }

    /// The tag of the answer, which has these bytes each time.
    pub(super) fn tag(&self, body: &[u8]) -> String {
        self.tag.get_or_init(|| etag::tag(body)).clone()
    }

    /// The answer in gzip.
    pub(super) fn pressed(&self, body: &[u8]) -> Bytes {
        self.pressed.get_or_init(|| compression::pressed(body)).clone()
    }
}
