//! Files: of messages, to be read, and made here, to be sent. Needs `media.read` or `media.write`.
//!
//! ```
//! # use waspnest_plugin::{Error, media, messaging, types::Message};
//! # fn answer(msg: &Message) -> Result<(), Error> {
//! if let Some(file) = media::of(msg) {
//!     let bytes = media::read(&file.handle)?;
//!     let report = media::make("text/plain", format!("{} bytes", bytes.len()).as_bytes())?;
//!     messaging::send_document(msg.chat(), report, "report.txt")?;
//! }
//! # Ok(())
//! # }
//! ```

use crate::messaging::file_of;
use crate::types::{Media, MediaRef, Message};
use crate::{Error, host};

/// How much is read or written at a time.
const PART: usize = 1 << 20;

/// The file that a message is; none when it is not one.
#[must_use]
pub fn of(msg: &Message) -> Option<&Media> {
    file_of(&msg.content).map(|(_, media)| media)
}

/// All bytes of a file: `media.handle` of a message, or one that this plugin made.
///
/// # Errors
/// When it is not granted, there is no such file, it is larger than was granted, or WhatsApp's servers do not give it.
pub fn read(handle: &str) -> Result<Vec<u8>, Error> {
    let blob = host::media_store::open(handle).map_err(Error::refused("media-store.open"))?;
    let size = blob.size();
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    while (bytes.len() as u64) < size {
        let part = blob
            .read(bytes.len() as u64, PART as u32)
            .map_err(Error::refused("blob.read"))?;
        if part.is_empty() {
            break;
        }
        bytes.extend(part);
    }
    Ok(bytes)
}

/// Makes a file of a type such as `image/png`, and answers its handle.
///
/// # Errors
/// When it is not granted, it is empty or larger than was granted, or the plugin keeps too much already.
pub fn make(mime: &str, bytes: &[u8]) -> Result<MediaRef, Error> {
    let sink = host::media_store::Sink::new(mime);
    for part in bytes.chunks(PART) {
        sink.write(part).map_err(Error::refused("sink.write"))?;
    }
    host::media_store::Sink::finish(sink).map_err(Error::refused("sink.finish"))
}

/// Has the host fetch a file, and answers its handle; its type is what the server says. Needs `http` too.
///
/// # Errors
/// When it is not granted, the URL is outside the grant, nobody answers with a file, or it is too large.
pub fn from_url(url: &str) -> Result<MediaRef, Error> {
    host::media_store::from_url(url, None).map_err(Error::refused("media-store.from-url"))
}
