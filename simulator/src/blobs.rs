//! Media the server holds: what clients uploaded and what it made itself (pictures, app-state snapshots, history).
//!
//! A blob is addressed by its direct path, the form in which messages carry it, and found again by its digest when it is uploaded
//! twice. The bytes are whatever was uploaded, as a rule encrypted: nothing here may look inside them. Everything is bounded; what
//! does not fit is refused to whoever uploads, never taken from somebody else.

mod kind;
pub(crate) mod saved;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;

pub(crate) use kind::BlobKind;

/// Uploads that were cut off and may be continued; the oldest go first.
const MAX_PARTIALS: usize = 64;

/// SHA-256 of a blob's bytes: the name an upload has before it has a path.
pub(crate) type Sum = [u8; 32];

/// The digest of a blob.
pub(crate) fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// Where a blob is, in the words of a message or a notification that points to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Path and query below any media host.
    pub(crate) direct_path: String,
    /// The same with scheme and host.
    pub(crate) url: String,
    /// SHA-256 of the bytes (`fileEncSha256` where they are encrypted).
    pub(crate) sha256: Sum,
    /// Number of bytes.
    pub(crate) size: usize,
}

/// What is at a path.
pub(crate) enum Found {
    Live {
        kind: BlobKind,
        bytes: Bytes,
    },
    /// It was there and is not served any more.
    Expired,
    Nothing,
}

/// How far an upload is.
pub(crate) enum Progress {
    Complete(Stored),
    /// That many bytes are here.
    Partial(usize),
}

/// There is no room left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Served until this second.
    Until(u64),
    /// Not served any more; the bytes stay, because the phones that sent and received them still have them.
    Over,
    /// Neither served nor here: it is at another path by now, or the phones have lost it too.
    Gone,
}

struct Blob {
    kind: BlobKind,
    stored: Stored,
    bytes: Bytes,
    life: Life,
}

/// See the module.
pub(crate) struct Blobs {
    clock: Arc<dyn Clock>,
    host: String,
    lifetime: Duration,
    limit: usize,
    /// Bytes of blobs and partial uploads together.
    held: usize,
    /// By path without the query.
    by_path: HashMap<String, Blob>,
    /// The newest path of each content.
    by_sum: HashMap<(BlobKind, Sum), String>,
    partial: VecDeque<(Sum, BytesMut)>,
    last: u64,
}

impl Blobs {
    /// `host` is host and port of the media server, `limit` in bytes.
    pub(crate) fn new(clock: Arc<dyn Clock>, host: String, lifetime: Duration, limit: usize) -> Self {
        Self {
            clock,
            host,
            lifetime,
            limit,
            held: 0,
            by_path: HashMap::new(),
            by_sum: HashMap::new(),
            partial: VecDeque::new(),
            last: 0,
        }
    }

    /// Host and port of the media server.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Keeps what the server made itself. Such bytes always find room.
    pub(crate) fn put(&mut self, kind: BlobKind, bytes: impl Into<Bytes>) -> Stored {
        let bytes = bytes.into();
        let sum = sum(&bytes);
        self.keep(kind, sum, bytes)
    }

    /// Keeps what a client uploaded, if it fits. `sum` is its digest, which the caller has verified.
    pub(crate) fn take_in(&mut self, kind: BlobKind, sum: Sum, bytes: Bytes) -> Result<Stored, Full> {
        if self.live(kind, sum).is_none() && !self.fits(bytes.len()) {
            return Err(Full);
        }
        Ok(self.keep(kind, sum, bytes))
    }

    /// What is at a direct path, with or without its query.
    pub(crate) fn get(&self, direct_path: &str) -> Found {
        match self.by_path.get(without_query(direct_path)) {
            None => Found::Nothing,
            Some(blob) if self.is_live(blob) => Found::Live {
                kind: blob.kind,
                bytes: blob.bytes.clone(),
            },
            Some(_) => Found::Expired,
        }
    }

    /// Where what is at a direct path is, or was while it was served.
    pub(crate) fn stored(&self, direct_path: &str) -> Option<&Stored> {
        Some(&self.by_path.get(without_query(direct_path))?.stored)
    }

    /// Stops serving what is at a direct path. Answers whether there was such a blob.
    pub(crate) fn expire(&mut self, direct_path: &str) -> bool {
        let Some(blob) = self.by_path.get_mut(without_query(direct_path)) else {
            return false;
        };
        match blob.life {
            Life::Until(_) => blob.life = Life::Over,
            Life::Over | Life::Gone => {}
        }
        true
    }

    /// Serves what was at a direct path again, below a fresh one unless it is served somewhere. `None` when nobody has it any more.
    pub(crate) fn revive(&mut self, direct_path: &str) -> Option<Stored> {
        let blob = self.by_path.get(without_query(direct_path))?;
        let (kind, sum) = (blob.kind, blob.stored.sha256);
        if let Some(stored) = self.live(kind, sum) {
            return Some(stored.clone());
        }
        let bytes = self.let_go(kind, sum)?;
        Some(self.keep(kind, sum, bytes))
    }

    /// Stops serving what is at a direct path, and forgets the bytes: as if every phone had lost them. Answers whether there was such
    /// a blob.
    pub(crate) fn lose(&mut self, direct_path: &str) -> bool {
        let Some(blob) = self.by_path.get(without_query(direct_path)) else {
            return false;
        };
        let (kind, sum) = (blob.kind, blob.stored.sha256);
        self.let_go(kind, sum);
        true
    }

    /// Takes the bytes of a content out of the newest path it has.
    fn let_go(&mut self, kind: BlobKind, sum: Sum) -> Option<Bytes> {
        let newest = self.by_sum.remove(&(kind, sum))?;
        let blob = self.by_path.get_mut(&newest)?;
        blob.life = Life::Gone;
        self.held -= blob.bytes.len();
        Some(std::mem::take(&mut blob.bytes))
    }

    /// How far the upload of this content is.
    pub(crate) fn progress(&self, kind: BlobKind, sum: Sum) -> Progress {
        if let Some(stored) = self.live(kind, sum) {
            return Progress::Complete(stored.clone());
        }
        let partial = self.partial.iter().find(|(of, _)| *of == sum);
        Progress::Partial(partial.map_or(0, |(_, bytes)| bytes.len()))
    }

    /// Takes out what has arrived of an upload that was cut off.
    pub(crate) fn resume(&mut self, sum: Sum) -> BytesMut {
        let Some(index) = self.partial.iter().position(|(of, _)| *of == sum) else {
            return BytesMut::new();
        };
        let (_, bytes) = self.partial.remove(index).expect("the index was found");
        self.held -= bytes.len();
        bytes
    }

    /// Keeps what has arrived of an upload that was cut off, if there is room.
    pub(crate) fn suspend(&mut self, sum: Sum, bytes: BytesMut) {
        // A second upload of the same content may have come further.
        let other = self.resume(sum);
        let bytes = if other.len() > bytes.len() { other } else { bytes };
        if bytes.is_empty() {
            return;
        }
        while self.partial.len() >= MAX_PARTIALS || (!self.partial.is_empty() && !self.fits(bytes.len())) {
            let (oldest, _) = self.partial[0];
            self.resume(oldest);
        }
        if self.fits(bytes.len()) {
            self.held += bytes.len();
            self.partial.push_back((sum, bytes));
        }
    }

    fn keep(&mut self, kind: BlobKind, sum: Sum, bytes: Bytes) -> Stored {
        if let Some(stored) = self.live(kind, sum) {
            return stored.clone();
        }
        self.last += 1;
        let until = self.clock.now_ms() / 1000 + self.lifetime.as_secs();
        let name = URL_SAFE_NO_PAD.encode(&sum[..12]);
        // Modelled: the shape is that of real paths; nothing in it is checked but the part before the query.
        let path = format!("/v/{}/{}_{name}_n.{}", kind.directory(), self.last, kind.extension());
        let direct_path = format!("{path}?ccb=11-4&oh=01_{name}&oe={until:X}&_nc_sid=5e03e0");
        let stored = Stored {
            url: format!("https://{}{direct_path}", self.host),
            direct_path,
            sha256: sum,
            size: bytes.len(),
        };
        self.held += bytes.len();
        self.by_sum.insert((kind, sum), path.clone());
        self.by_path.insert(
            path,
            Blob {
                kind,
                stored: stored.clone(),
                bytes,
                life: Life::Until(until),
            },
        );
        stored
    }

    fn live(&self, kind: BlobKind, sum: Sum) -> Option<&Stored> {
        let blob = self.by_path.get(self.by_sum.get(&(kind, sum))?)?;
        self.is_live(blob).then_some(&blob.stored)
    }

    fn is_live(&self, blob: &Blob) -> bool {
        match blob.life {
            Life::Until(second) => self.clock.now_ms() / 1000 < second,
            Life::Over | Life::Gone => false,
        }
    }

    fn fits(&self, more: usize) -> bool {
        self.held.saturating_add(more) <= self.limit
    }
}

fn without_query(direct_path: &str) -> &str {
    direct_path.split_once('?').map_or(direct_path, |(path, _query)| path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn blobs(limit: usize) -> Blobs {
        Blobs::new(
            Arc::new(SystemClock),
            "127.0.0.1:1".into(),
            Duration::from_secs(60),
            limit,
        )
    }

    #[test]
    fn the_same_content_has_one_path_until_it_expires_and_another_one_after() {
        let mut blobs = blobs(1000);
        let first = blobs.put(BlobKind::Image, &b"picture"[..]);
        assert_eq!(blobs.put(BlobKind::Image, &b"picture"[..]), first);
        assert!(blobs.expire(&first.direct_path));
        assert!(matches!(blobs.get(&first.direct_path), Found::Expired));
        let again = blobs.put(BlobKind::Image, &b"picture"[..]);
        assert_ne!(again.direct_path, first.direct_path);
        let Found::Live { bytes, .. } = blobs.get(&again.direct_path) else {
            panic!("it is served again");
        };
        assert_eq!(bytes, "picture");
    }

    #[test]
    fn what_is_served_again_is_held_once_and_found_by_all_its_paths_until_it_is_lost() {
        let mut blobs = blobs(1000);
        let first = blobs.put(BlobKind::Image, &b"picture"[..]);
        assert_eq!(blobs.revive(&first.direct_path), Some(first.clone()));
        blobs.expire(&first.direct_path);
        let second = blobs.revive(&first.direct_path).expect("the bytes are here");
        assert!(matches!(blobs.get(&first.direct_path), Found::Expired));
        assert!(matches!(blobs.get(&second.direct_path), Found::Live { .. }));
        assert_eq!(blobs.held, 7);
        // Who knows the first path alone is told the newest one.
        blobs.expire(&second.direct_path);
        let third = blobs.revive(&first.direct_path).expect("the bytes are here");
        assert_ne!(third.direct_path, second.direct_path);
        assert!(blobs.lose(&second.direct_path));
        assert_eq!(blobs.revive(&third.direct_path), None);
        assert!(matches!(blobs.get(&third.direct_path), Found::Expired));
        assert_eq!(blobs.held, 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_takes_nothing_away() {
        let mut blobs = blobs(10);
        let first = blobs.take_in(BlobKind::Image, sum(b"12345678"), Bytes::from_static(b"12345678"));
        let first = first.expect("it fits");
        let second = blobs.take_in(BlobKind::Image, sum(b"abc"), Bytes::from_static(b"abc"));
        assert_eq!(second, Err(Full));
        assert!(matches!(blobs.get(&first.direct_path), Found::Live { .. }));
        // What is there already needs no room.
        let again = blobs.take_in(BlobKind::Image, sum(b"12345678"), Bytes::from_static(b"12345678"));
        assert_eq!(again, Ok(first));
    }

    #[test]
    fn suspended_uploads_give_their_room_back() {
        let mut blobs = blobs(10);
        blobs.suspend([1; 32], BytesMut::from(&b"12345678"[..]));
        assert!(matches!(blobs.progress(BlobKind::Video, [1; 32]), Progress::Partial(8)));
        // The older one makes room for the newer one.
        blobs.suspend([2; 32], BytesMut::from(&b"1234"[..]));
        assert!(matches!(blobs.progress(BlobKind::Video, [1; 32]), Progress::Partial(0)));
        assert_eq!(blobs.resume([2; 32]).len(), 4);
        assert_eq!(blobs.held, 0);
    }
}
