//! Files that a guest makes, or has fetched from a URL.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use waspnest_core::codec::Record;
use waspnest_core::files::FileName;

use super::handle_of;
use crate::bindings::waspnest::plugin::types::Error;
use crate::capability::http::{Asked, Filled};
use crate::capability::{Answer, denied, granted, invalid, spend};
use crate::host::KeepFailure;
use crate::limits::{BLOB_PART_BYTES, HTTP_REDIRECTS, HTTP_TIMEOUT, MIME_BYTES};
use crate::manifest::Capability;
use crate::state::Call;

/// What a file is that nobody has told the type of.
const SOME_BYTES: &str = "application/octet-stream";

/// A file in the making.
#[derive(Debug)]
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub struct OpenSink {
    mime: String,
    bytes: BytesMut,
}

impl OpenSink {
    pub(super) fn new(mime: String) -> Self {
        Self {
            mime,
            bytes: BytesMut::new(),
        }
    }

    pub(super) fn write(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }
}

/// What was made of a URL, as it is kept for a repeated call.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    name: [u8; 32],
    mime: String,
}

impl Record for Kept {
    const VERSION: u8 = 1;
}

impl Call {
    /// Whether so many bytes more may be made in this call.
    pub(super) fn room(&mut self, more: usize) -> Result<(), Error> {
        let terms = self.effective.media_write.as_ref();
        let terms = terms.ok_or_else(|| denied(Capability::MediaWrite))?;
        if more > BLOB_PART_BYTES {
            return Err(Error::TooLarge(BLOB_PART_BYTES as u64));
        }
        let after = self.opened.made + more as u64;
        if after > terms.max_bytes {
            return Err(Error::TooLarge(terms.max_bytes));
        }
        self.opened.made = after;
        Ok(())
    }

    pub(super) async fn finish(&mut self, sink: OpenSink) -> Answer<String> {
        if self.effective.media_write.is_none() {
            return Ok(Err(denied(Capability::MediaWrite)));
        }
        granted!(spend(&mut self.file_operations)?);
        if !valid_mime(&sink.mime) {
            return Ok(Err(invalid("mime", "must look like image/png")));
        }
        if sink.bytes.is_empty() {
            return Ok(Err(invalid("sink", "is empty")));
        }
        granted!(self.rate(Capability::MediaWrite));
        let name = granted!(self.keep_file(sink.bytes.freeze()).await?);
        Ok(Ok(handle_of(&name, &sink.mime)))
    }

    pub(super) async fn grab(&mut self, url: String, mime: Option<String>) -> Answer<String> {
        let Some(terms) = &self.effective.media_write else {
            return Ok(Err(denied(Capability::MediaWrite)));
        };
        let max_bytes = terms.max_bytes;
        let Some(http) = self.effective.http.clone() else {
            return Ok(Err(denied(Capability::Http)));
        };
        granted!(spend(&mut self.file_operations)?);
        granted!(spend(&mut self.http_requests)?);
        if mime.as_deref().is_some_and(|mime| !valid_mime(mime)) {
            return Ok(Err(invalid("mime", "must look like image/png")));
        }
        let left = max_bytes.saturating_sub(self.opened.made);
        let asked = granted!(Asked::get(
            &url,
            usize::try_from(left).unwrap_or(usize::MAX),
            HTTP_REDIRECTS
        ));
        granted!(asked.check(&http));
        let text = format!("{url} {}", mime.as_deref().unwrap_or_default());
        let question = self.question("media-store.from-url", text.as_bytes());
        if let Some(Kept { name, mime }) = self.kept(&question).await? {
            let name = FileName::from(name);
            // What was swept meanwhile is fetched again.
            if self.host.touch_file(&name).await?.is_some() {
                return Ok(Ok(handle_of(&name, &mime)));
            }
        }
        granted!(self.rate(Capability::Http));
        // The request leaves, whatever becomes of the call.
        self.taken.keep_last();
        granted!(self.rate(Capability::MediaWrite));
        let until = self.clock.now().plus(HTTP_TIMEOUT).min(self.deadline);
        let answer = granted!(self.follow(asked, &Filled::default(), &http, until).await);
        if answer.status() != 200 {
            return Ok(Err(Error::Upstream((
                answer.status().into(),
                "it did not answer with a file".to_owned(),
            ))));
        }
        if answer.is_truncated() {
            return Ok(Err(Error::TooLarge(max_bytes)));
        }
        let told = answer.header("content-type").filter(|told| valid_mime(told));
        let mime = mime.unwrap_or_else(|| told.unwrap_or(SOME_BYTES).to_owned());
        let bytes = answer.into_body();
        if bytes.is_empty() {
            return Ok(Err(Error::Upstream((200, "the file is empty".to_owned()))));
        }
        self.opened.made += bytes.len() as u64;
        let name = granted!(self.keep_file(bytes.into()).await?);
        let kept = Kept {
            name: *name.bytes(),
            mime,
        };
        self.keep(&question, &kept).await?;
        Ok(Ok(handle_of(&name, &kept.mime)))
    }

    async fn keep_file(&self, bytes: Bytes) -> Answer<FileName> {
        let limit = self.effective.media_write.as_ref().map_or(0, |terms| terms.max_stored);
        match self.host.keep_file(bytes, limit).await {
            Ok(name) => Ok(Ok(name)),
            Err(KeepFailure::Full) => Ok(Err(Error::Quota(format!("files kept: {limit} bytes")))),
            Err(KeepFailure::Host(error)) => Err(error.into()),
        }
    }
}

/// Whether a text can be a type: two words of printable characters, and perhaps parameters.
pub(super) fn valid_mime(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    text.len() <= MIME_BYTES
        && text.bytes().all(plain)
        && matches!(text.split_once('/'), Some((kind, rest)) if !kind.is_empty() && !rest.is_empty())
}
