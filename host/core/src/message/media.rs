//! A file that belongs to a message: what is told about it, and what is needed to fetch it later.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A picture, video, sound, document or sticker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// Where its bytes are.
    pub source: MediaSource,
    /// MIME type as the sender gave it.
    pub mime: Box<str>,
    /// Bytes, unencrypted.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: Option<Vec<u8>>,
    /// Text under it.
    pub caption: Option<Box<str>>,
    /// Name of a document.
    pub file_name: Option<Box<str>>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Length of sound or video, whole seconds on the wire.
    pub duration_ms: Option<u32>,
    /// Pages of a document.
    pub pages: Option<u32>,
    /// 64 loudness samples of a voice note, 0 to 100.
    pub waveform: Option<Vec<u8>>,
    /// An animated sticker.
    pub animated: bool,
    /// A video to be looped like a GIF.
    pub gif: bool,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

/// Where WhatsApp keeps the encrypted bytes, and the key to them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MediaSource {
    /// Full address on a media host; may be stale.
    pub url: Option<Box<str>>,
    /// Path on any media host.
    pub direct_path: Option<Box<str>>,
    /// 32 bytes that encryption, MAC and reference keys are derived from; none for newsletters, which are not encrypted.
    pub media_key: Option<Vec<u8>>,
    /// SHA-256 of the encrypted bytes.
    pub enc_sha256: Option<Vec<u8>>,
    /// When the key was made, seconds since 1970.
    pub key_timestamp: Option<i64>,
}

impl MediaSource {
    /// Whether WhatsApp does not have the bytes: the host does then, in a file of its own ([`crate::files`]), under their digest.
    #[must_use]
    pub const fn is_nowhere(&self) -> bool {
        self.url.is_none() && self.direct_path.is_none()
    }
}

/// Whoever holds the key can read the file, so it is never shown.
impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaSource")
            .field("direct_path", &self.direct_path)
            .finish_non_exhaustive()
    }
}
