//! Files of messages: fetched from WhatsApp's servers and opened, sealed and put there.
//!
//! Both happen in memory or onto disk, within a limit the caller sets: a sender may announce less than there is.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use waspnest_core::media_store::Unfinished;
use waspnest_core::message::{Content, Media, MediaSource};
use whatsapp_rust::download::{DownloadWriter, Downloadable, MediaType};
use whatsapp_rust::{Client, UploadOptions};

/// Why a file was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no connection.
    #[error("the session is not connected")]
    NotConnected,
    /// The message has none, or does not say where it is.
    #[error("the message has no file that could be fetched")]
    NoFile,
    /// There is more of it than was asked for.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        limit: u64,
    },
    /// WhatsApp's servers did not give it, or what they gave does not fit its key.
    #[error("the file could not be fetched: {reason}")]
    Failed {
        /// Why.
        reason: Box<str>,
    },
}

/// A file of a message, what WhatsApp seals its kind as, and the content that it is.
pub(crate) struct FileOf<'a> {
    pub(crate) media: &'a Media,
    kind: MediaType,
    content: fn(Media) -> Content,
}

impl<'a> FileOf<'a> {
    pub(crate) fn message(content: &'a Content) -> Option<Self> {
        let (media, kind, content): (_, _, fn(Media) -> Content) = match content {
            Content::Image(media) => (media, MediaType::Image, Content::Image),
            Content::Video(media) => (media, MediaType::Video, Content::Video),
            Content::VideoNote(media) => (media, MediaType::Video, Content::VideoNote),
            Content::Audio(media) => (media, MediaType::Audio, Content::Audio),
            Content::Voice(media) => (media, MediaType::Audio, Content::Voice),
            Content::Document(media) => (media, MediaType::Document, Content::Document),
            Content::Sticker(media) => (media, MediaType::Sticker, Content::Sticker),
            Content::Text(_)
            | Content::StickerPack(_)
            | Content::Album(_)
            | Content::Location(_)
            | Content::LiveLocation(_)
            | Content::Contacts(_)
            | Content::Poll(_)
            | Content::PollVote(_)
            | Content::PollTally(_)
            | Content::PollOptionAdded(_)
            | Content::Reaction(_)
            | Content::Event(_)
            | Content::EventResponse(_)
            | Content::Comment(_)
            | Content::GroupInvite(_)
            | Content::NewsletterInvite(_)
            | Content::Product(_)
            | Content::Order(_)
            | Content::Payment(_)
            | Content::Interactive(_)
            | Content::InteractiveReply(_)
            | Content::CallLog(_)
            | Content::ScheduledCall(_)
            | Content::Question(_)
            | Content::Revoke(_)
            | Content::Pin(_)
            | Content::Keep(_)
            | Content::ChatTimer(_)
            | Content::PhoneShare(_)
            | Content::StatusMention(_)
            | Content::BotOutput(_)
            | Content::Unavailable(_)
            | Content::Other(_) => return None,
        };
        Some(Self { media, kind, content })
    }

    /// Fetches its bytes, at most `limit` of them.
    pub(crate) async fn fetch(&self, client: &Client, limit: u64) -> Result<Bytes, FetchError> {
        if self.media.size > limit {
            return Err(FetchError::TooLarge { limit });
        }
        if self.direct_path().is_none() {
            return Err(FetchError::NoFile);
        }
        let overflown = Arc::new(AtomicBool::new(false));
        let bounded = Bounded {
            bytes: Cursor::new(Vec::new()),
            limit,
            overflown: Arc::clone(&overflown),
        };
        match client.download_to_writer(self, bounded).await {
            Ok(bounded) => Ok(bounded.bytes.into_inner().into()),
            Err(_) if overflown.load(Ordering::Relaxed) => Err(FetchError::TooLarge { limit }),
            Err(error) => Err(FetchError::Failed {
                reason: format!("{error:#}").into(),
            }),
        }
    }

    /// Writes its bytes into a file, at most as many as that takes.
    pub(crate) async fn fetch_into(&self, client: &Client, into: Unfinished) -> Result<Unfinished, FetchError> {
        let limit = into.limit();
        if self.media.size > limit {
            return Err(FetchError::TooLarge { limit });
        }
        if self.direct_path().is_none() {
            return Err(FetchError::NoFile);
        }
        let overflown = Arc::new(AtomicBool::new(false));
        let onto = OntoDisk {
            file: into,
            overflown: Arc::clone(&overflown),
        };
        match client.download_to_writer(self, onto).await {
            Ok(onto) => Ok(onto.file),
            Err(_) if overflown.load(Ordering::Relaxed) => Err(FetchError::TooLarge { limit }),
            Err(error) => Err(FetchError::Failed {
                reason: format!("{error:#}").into(),
            }),
        }
    }

    /// Seals bytes as this kind under a key and puts them on WhatsApp's servers. The same bytes and key give the same file there.
    pub(crate) async fn put(&self, client: &Client, bytes: &Bytes, key: [u8; 32]) -> Result<Content, String> {
        let options = UploadOptions::new().with_media_key(key);
        let put = client
            .upload(bytes.to_vec(), self.kind, options)
            .await
            .map_err(|error| format!("{error:#}"))?;
        Ok((self.content)(Media {
            source: MediaSource {
                url: Some(put.url.into()),
                direct_path: Some(put.direct_path.into()),
                media_key: Some(put.media_key.to_vec()),
                enc_sha256: Some(put.file_enc_sha256.to_vec()),
                key_timestamp: Some(put.media_key_timestamp),
            },
            size: put.file_length,
            sha256: Some(put.file_sha256.to_vec()),
            ..self.media.clone()
        }))
    }
}

impl Downloadable for FileOf<'_> {
    /// Old messages carry the whole address only; what is behind its host is the path.
    fn direct_path(&self) -> Option<&str> {
        let source = &self.media.source;
        source.direct_path.as_deref().or_else(|| {
            let (_, behind) = source.url.as_deref()?.split_once("://")?;
            behind.find('/').map(|start| &behind[start..])
        })
    }

    fn media_key(&self) -> Option<&[u8]> {
        self.media.source.media_key.as_deref()
    }

    fn file_enc_sha256(&self) -> Option<&[u8]> {
        self.media.source.enc_sha256.as_deref()
    }

    fn file_sha256(&self) -> Option<&[u8]> {
        self.media.sha256.as_deref()
    }

    fn file_length(&self) -> Option<u64> {
        Some(self.media.size)
    }

    fn app_info(&self) -> MediaType {
        self.kind
    }
}

/// A file on disk that says when more came than it takes.
struct OntoDisk {
    file: Unfinished,
    overflown: Arc<AtomicBool>,
}

impl Write for OntoDisk {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.file.write(part);
        self.overflown.fetch_or(self.file.has_overflown(), Ordering::Relaxed);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for OntoDisk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl DownloadWriter for OntoDisk {
    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.file.truncate(size)
    }
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Cursor<Vec<u8>>,
    limit: u64,
    overflown: Arc<AtomicBool>,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.position() + part.len() as u64 > self.limit {
            self.overflown.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the file is larger than it may be"));
        }
        self.bytes.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl DownloadWriter for Bounded {
    fn truncate(&mut self, size: u64) -> io::Result<()> {
        DownloadWriter::truncate(&mut self.bytes, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_was_asked_for() {
        let overflown = Arc::new(AtomicBool::new(false));
        let mut bounded = Bounded {
            bytes: Cursor::default(),
            limit: 4,
            overflown: Arc::clone(&overflown),
        };
        bounded.write_all(b"abcd").expect("it fits");
        bounded.write_all(b"e").expect_err("it does not fit");
        assert!(overflown.load(Ordering::Relaxed));
        bounded.truncate(0).expect("it shrinks");
        bounded.rewind().expect("it rewinds");
        bounded.write_all(b"efgh").expect("it fits again");
        assert_eq!(bounded.bytes.into_inner(), b"efgh");
    }

    #[test]
    fn the_path_is_what_is_behind_the_host() {
        let media = Media {
            source: MediaSource {
                url: Some("https://mmg.whatsapp.net/v/t62/1?ccb=11".into()),
                ..MediaSource::default()
            },
            mime: "image/jpeg".into(),
            size: 0,
            sha256: None,
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
        };
        let content = Content::Image(media);
        let file = FileOf::message(&content).expect("a file");
        assert_eq!(file.direct_path(), Some("/v/t62/1?ccb=11"));
    }
}
