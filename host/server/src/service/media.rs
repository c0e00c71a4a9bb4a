//! Media that callers put here to send, and read again: bytes in [`MediaStore`], what is known of them beside.
//!
//! Bytes are never wholly in memory, but for what is fetched from a server or comes within a request, which are bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use url::Url;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::files::FileName;
use waspnest_core::id::SessionId;
use waspnest_core::media_store::{Kept, MediaError, MediaFile, MediaStore, Unfinished};
use waspnest_core::message::LinkPreview;
use waspnest_core::upload::{Upload, Uploads};
use waspnest_egress::{Egress, Inbound, Outbound, Rest};

use super::error::Error;
use super::outgoing::FileSource;
use crate::link_page;

/// How long a server may take to give a file.
const PATIENCE: Duration = Duration::from_secs(30);
/// Redirects that are followed; each is guarded like the first address.
const REDIRECTS: usize = 5;
/// Bytes of a page that are looked at for a preview.
const PAGE: usize = 512 << 10;
/// What a file is of which nothing is known.
pub const SOME_BYTES: &str = "application/octet-stream";

/// How large media may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLimits {
    /// Bytes of one that is put here.
    pub upload: u64,
    /// Bytes of one that is fetched from a server.
    pub fetch: usize,
}

/// What a caller says of media.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Their type.
    pub mime: Option<Box<str>>,
    /// Their name.
    pub file_name: Option<Box<str>>,
}

/// The use cases of media. Clones are the same.
#[derive(Debug, Clone)]
pub struct Medias {
    store: MediaStore,
    uploads: Uploads,
    egress: Egress,
    limits: MediaLimits,
    clock: Arc<dyn Clock>,
}

impl Medias {
    /// Over where bytes are, what is known of them, and the way out.
    #[must_use]
    pub const fn new(
        store: MediaStore,
        uploads: Uploads,
        egress: Egress,
        limits: MediaLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            uploads,
            egress,
            limits,
            clock,
        }
    }

    /// Bytes of the largest one that can be put here.
    #[must_use]
    pub const fn largest(&self) -> u64 {
        self.limits.upload
    }

    /// Begins to take media; [`Medias::finish`] keeps them.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub async fn begin(&self, session: SessionId) -> Result<Unfinished, Error> {
        Ok(self.store.begin(session, self.limits.upload).await?)
    }

    /// Keeps media with what was said of them; durable when this returns.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::EmptyMedia`], [`Error::Store`].
    pub async fn finish(
        &self,
        session: SessionId,
        unfinished: Unfinished,
        said: Said,
    ) -> Result<(FileName, Upload), Error> {
        let kept = unfinished.finish().await?;
        self.know(session, kept, said).await
    }

    async fn know(&self, session: SessionId, kept: Kept, said: Said) -> Result<(FileName, Upload), Error> {
        if kept.size == 0 {
            self.store.remove(session, &kept.name).await?;
            return Err(Error::EmptyMedia);
        }
        let upload = Upload {
            mime: match said.mime {
                Some(mime) => mime,
                None => self.kind(session, &kept.name).await?.into(),
            },
            file_name: said.file_name,
            size: kept.size,
            created_at: self.clock.now(),
        };
        self.uploads.put(session, &kept.name, &upload).await?;
        Ok((kept.name, upload))
    }

    /// What media of a session are, with their bytes. Asked for, they stay.
    ///
    /// # Errors
    /// [`Error::UnknownMedia`], [`Error::Media`], [`Error::Store`].
    pub async fn get(&self, session: SessionId, name: &FileName) -> Result<(Upload, MediaFile), Error> {
        let Some(file) = self.store.get(session, name).await? else {
            return Err(Error::UnknownMedia);
        };
        let known = self.uploads.get(session, name).await?;
        let upload = match known {
            Some(upload) => upload,
            None => Upload {
                mime: self.kind(session, name).await?.into(),
                file_name: None,
                size: file.size(),
                created_at: UnixMs(0),
            },
        };
        Ok((upload, file))
    }

    /// Puts a file that is to be sent where the session finds it.
    pub(super) async fn bring_in(&self, session: SessionId, source: &FileSource) -> Result<(FileName, Upload), Error> {
        match source {
            FileSource::Media(name) => {
                let (upload, _) = self.get(session, name).await?;
                self.store.touch(session, name).await?;
                Ok((*name, upload))
            }
            FileSource::Bytes(bytes) => self.keep(session, bytes.clone(), Said::default()).await,
            FileSource::Url(url) => {
                let (url, answer) = self.ask(url, self.limits.fetch).await?;
                if answer.rest == Rest::Left {
                    return Err(MediaError::TooLarge {
                        limit: self.limits.fetch as u64,
                    }
                    .into());
                }
                let said = Said {
                    mime: answer
                        .headers
                        .get(CONTENT_TYPE)
                        .and_then(|kind| mime_of(kind.to_str().ok()?)),
                    file_name: url
                        .path_segments()
                        .and_then(|mut path| path.next_back())
                        .and_then(name_of),
                };
                self.keep(session, answer.body, said).await
            }
        }
    }

    async fn keep(&self, session: SessionId, bytes: Bytes, said: Said) -> Result<(FileName, Upload), Error> {
        let kept = self.store.put(session, bytes, self.limits.upload).await?;
        self.know(session, kept, said).await
    }

    /// What is found of a link, for those who get it.
    pub(super) async fn preview(&self, url: &Url) -> Result<LinkPreview, Error> {
        let (_, answer) = self.ask(url, PAGE).await?;
        let link_page::Told { title, description } = link_page::told(&String::from_utf8_lossy(&answer.body));
        Ok(LinkPreview {
            url: url.as_str().into(),
            title,
            description,
            thumbnail: None,
        })
    }

    /// A server's answer, wherever it sends us.
    async fn ask(&self, url: &Url, most: usize) -> Result<(Url, Inbound), Error> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let request = Outbound {
                method: Method::GET,
                url: url.clone(),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                timeout: PATIENCE,
                max_bytes: most,
            };
            let answer = self.egress.exchange(request).await.map_err(|error| Error::NotFetched {
                why: error.to_string().into(),
            })?;
            match link_page::next(&url, answer.status, &answer.headers) {
                Some(next) => url = next,
                None if answer.status == StatusCode::OK => return Ok((url, answer)),
                None => {
                    return Err(Error::NotFetched {
                        why: format!("the server answered {}", answer.status.as_u16()).into(),
                    });
                }
            }
        }
        Err(Error::NotFetched {
            why: "the server sends from one address to the next".into(),
        })
    }

    /// What the first bytes of a file say that it is.
    async fn kind(&self, session: SessionId, name: &FileName) -> Result<&'static str, Error> {
        let file = self.store.get(session, name).await?;
        let first = match file {
            Some(file) => file.read(0, 16).await?,
            None => Bytes::new(),
        };
        Ok(sniffed(&first))
    }
}

/// A type without its parameters, if it is one.
#[must_use]
pub fn mime_of(text: &str) -> Option<Box<str>> {
    let plain = text.split(';').next().unwrap_or_default().trim();
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let (kind, rest) = plain.split_once('/')?;
    (plain.len() <= 127 && word(kind) && word(rest)).then(|| plain.to_ascii_lowercase().into())
}

/// A name of a file that names no other place.
#[must_use]
pub fn name_of(text: &str) -> Option<Box<str>> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let fit =
        !last.is_empty() && last.len() <= 255 && !last.chars().any(char::is_control) && last != "." && last != "..";
    fit.then(|| last.into())
}

fn sniffed(first: &[u8]) -> &'static str {
    match first {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [b'I', b'D', b'3', ..] => "audio/mpeg",
        _ => SOME_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_names_are_judged() {
        for (text, mime) in [
            ("image/PNG; charset=x", Some("image/png")),
            ("audio/ogg", Some("audio/ogg")),
            ("image", None),
            ("image/", None),
            ("a/b c", None),
        ] {
            assert_eq!(mime_of(text).as_deref(), mime, "{text}");
        }
        for (text, name) in [
            ("a.png", Some("a.png")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\x\\y.txt", Some("y.txt")),
            ("..", None),
            ("", None),
            ("a\nb", None),
        ] {
            assert_eq!(name_of(text).as_deref(), name, "{text}");
        }
        assert_eq!(sniffed(b"\x89PNG\r\n"), "image/png");
        assert_eq!(sniffed(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(sniffed(b""), SOME_BYTES);
    }
}
