//! `media-store`: files of messages read, and files made to be sent.
//!
//! What is read of a message is fetched from WhatsApp's servers and stays in the host's memory for the call; reading changes nothing and is
//! not kept for a repeated call. What is made is kept by its content before the guest is told its handle, so that making it again makes
//! nothing new; it is sent by an effect like any other. Only what comes from a URL is answered from what an earlier attempt got.

mod make;

use std::collections::HashMap;

use bytes::Bytes;
use wasmtime::component::Resource;
use waspnest_core::files::FileName;
use waspnest_core::message::{Content, Media, MediaSource};

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::media_store::{Host, HostBlob, HostSink};
use crate::bindings::waspnest::plugin::types::Error;
use crate::convert::FileOf;
use crate::host::FetchFailure;
use crate::limits::BLOB_PART_BYTES;
use crate::manifest::Capability;
use crate::state::{Call, CallState};
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub use make::OpenSink;

/// A file a guest reads.
#[derive(Debug)]
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub struct OpenBlob {
    bytes: Bytes,
}

/// Files of one call.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// By handle, so that opening one twice fetches it once.
    files: HashMap<String, Bytes>,
    read: u64,
    pub(super) made: u64,
}

/// A file that the host can send.
pub(crate) enum Held {
    /// Of a message, with the kind it is encrypted as.
    Message { file: Media, kind: &'static str },
    /// Made by the installation.
    Made(Media),
}

impl Host for CallState {
    async fn open(&mut self, handle: String) -> Answer<Resource<OpenBlob>> {
        let bytes = granted!(self.call.file(handle).await?);
        Ok(Ok(self.table.push(OpenBlob { bytes })?))
    }

    async fn from_url(&mut self, url: String, mime: Option<String>) -> Answer<String> {
        self.call.grab(url, mime).await
    }
}

impl HostBlob for CallState {
    async fn size(&mut self, blob: Resource<OpenBlob>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&blob)?.bytes.len() as u64)
    }

    async fn read(&mut self, blob: Resource<OpenBlob>, offset: u64, len: u32) -> Answer<Vec<u8>> {
        let bytes = &self.table.get(&blob)?.bytes;
        let Some(rest) = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)) else {
            return Ok(Err(invalid("offset", format!("the file has {} bytes", bytes.len()))));
        };
        let end = rest.len().min(len as usize).min(BLOB_PART_BYTES);
        let part = rest.get(..end).unwrap_or_default().to_vec();
        self.call.crossing.count(part.len())?;
        Ok(Ok(part))
    }

    async fn drop(&mut self, blob: Resource<OpenBlob>) -> wasmtime::Result<()> {
        self.table.delete(blob)?;
        Ok(())
    }
}

impl HostSink for CallState {
    async fn new(&mut self, mime: String) -> wasmtime::Result<Resource<OpenSink>> {
        Ok(self.table.push(OpenSink::new(mime))?)
    }

    async fn write(&mut self, sink: Resource<OpenSink>, chunk: Vec<u8>) -> Answer<()> {
        self.call.crossing.count(chunk.len())?;
        granted!(self.call.room(chunk.len()));
        self.table.get_mut(&sink)?.write(&chunk);
        Ok(Ok(()))
    }

    async fn finish(&mut self, sink: Resource<OpenSink>) -> Answer<String> {
        let sink = self.table.delete(sink)?;
        self.call.finish(sink).await
    }

    async fn drop(&mut self, sink: Resource<OpenSink>) -> wasmtime::Result<()> {
        self.table.delete(sink)?;
        Ok(())
    }
}

impl Call {
    /// The bytes of a file that may be read.
    async fn file(&mut self, handle: String) -> Answer<Bytes> {
        let capability = Capability::MediaRead;
        let Some(terms) = &self.effective.media_read else {
            return Ok(Err(denied(capability)));
        };
        let max_bytes = terms.max_bytes;
        granted!(spend(&mut self.file_operations)?);
        if let Some(bytes) = self.opened.files.get(&handle) {
            return Ok(Ok(bytes.clone()));
        }
        let left = max_bytes.saturating_sub(self.opened.read);
        let bytes = if let Some((name, _)) = made(&handle) {
            match self.host.file(&name).await? {
                Some(bytes) if bytes.len() as u64 > left => return Ok(Err(Error::TooLarge(max_bytes))),
                Some(bytes) => bytes,
                None => return Ok(Err(Error::NotFound)),
            }
        } else {
            let content = granted!(self.message_of(&handle, capability).await?);
            if content.file().is_none() {
                return Ok(Err(Error::NotFound));
            }
            granted!(self.rate(capability));
            match self.host.fetch(&content, left).await {
                Ok(bytes) => bytes,
                Err(failure) => return Ok(Err(refused(failure, max_bytes))),
            }
        };
        self.opened.read += bytes.len() as u64;
        self.opened.files.insert(handle, bytes.clone());
        Ok(Ok(bytes))
    }

    /// A file that the host can send: the event's own, one of a message the plugin may read, or one it made.
    pub(super) async fn held(&self, handle: &str) -> Answer<Held> {
        if let Some((name, mime)) = made(handle) {
            return Ok(match self.host.touch_file(&name).await? {
                Some(size) => Ok(Held::Made(blank(name, mime, size))),
                None => Err(Error::NotFound),
            });
        }
        let content = granted!(self.message_of(handle, Capability::MessagesHistory).await?);
        Ok(content
            .file()
            .map(|file| Held::Message {
                file: file.clone(),
                kind: content.kind(),
            })
            .ok_or(Error::NotFound))
    }

    /// What the message says whose file has this handle, if it is of the event's chat or of one that a capability reaches.
    async fn message_of(&self, handle: &str, capability: Capability) -> Answer<Content> {
        let Ok(named) = handle.parse::<FileOf>() else {
            return Ok(Err(Error::NotFound));
        };
        let message = match &self.scene.message {
            Some(message) if named.event == self.event => message.as_ref().clone(),
            Some(_) | None => match self.host.message_at(named.position).await? {
                Some(recorded) if recorded.event == named.event => recorded.message,
                Some(_) | None => return Ok(Err(Error::NotFound)),
            },
        };
        if capability == Capability::MediaRead || !self.scene.is_chat(&message.key.chat) {
            granted!(self.may(capability, &message.key.chat));
        }
        Ok(Ok(message.content))
    }
}

/// The handle of a file that was made.
pub(super) fn handle_of(name: &FileName, mime: &str) -> String {
    format!("file_{name}_{mime}")
}

/// What the handle of a file that was made says.
fn made(handle: &str) -> Option<(FileName, &str)> {
    let (name, mime) = handle.strip_prefix("file_")?.split_once('_')?;
    Some((name.parse().ok()?, make::valid_mime(mime).then_some(mime)?))
}

/// A file of which only its type and its size are known.
fn blank(name: FileName, mime: &str, size: u64) -> Media {
    Media {
        source: MediaSource::default(),
        mime: mime.into(),
        size,
        sha256: Some(name.bytes().to_vec()),
        caption: None,
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    }
}

fn refused(failure: FetchFailure, max_bytes: u64) -> Error {
    match failure {
        FetchFailure::Offline => Error::Offline,
        FetchFailure::Gone => Error::NotFound,
        FetchFailure::TooLarge => Error::TooLarge(max_bytes),
        FetchFailure::Failed(why) => Error::Upstream((0, why)),
    }
}
