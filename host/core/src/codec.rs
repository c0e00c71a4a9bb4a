//! How a record becomes bytes: one byte that names the version of its form, then the record in postcard.
//!
//! What is stored once must be readable for ever, so every record type names the version it writes and may know how to read
//! older ones. Keys are built in [`crate::schema`], never here.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

/// A type with a stored form.
///
/// The form is the type's serde form in postcard. Adding, removing or reordering a field or a variant (but at the end of an enum)
/// changes it: then [`Record::VERSION`] grows and [`Record::upgrade`] reads the old form.
pub trait Record: Serialize + DeserializeOwned {
    /// The version this program writes, 1 to 127.
    const VERSION: u8;

    /// Reads the form of an older version; none when there never was such a version.
    fn upgrade(version: u8, body: &[u8]) -> Option<Result<Self, postcard::Error>> {
        let _ = (version, body);
        None
    }
}

/// The stored form of a record.
#[must_use]
pub fn encode<R: Record>(record: &R) -> Bytes {
    encode_as(R::VERSION, record)
}

/// The stored form of something that serializes like the record whose version is given: a view that borrows what the record owns.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "stored types are plain data: postcard can only fail on unsized sequences and foreign errors, and they have none"
)]
pub fn encode_as<T: Serialize>(version: u8, record: &T) -> Bytes {
    postcard::to_extend(record, vec![version])
        .expect("plain data serializes")
        .into()
}

/// Reads a record that is stored under `key`.
///
/// # Errors
/// [`StoreError::Damaged`] when the bytes are of an unknown version or not of this type.
pub fn decode<R: Record>(key: &[u8], bytes: &[u8]) -> Result<R, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        key: key.escape_ascii().to_string().into(),
        reason: reason.into(),
    };
    let Some((version, body)) = bytes.split_first() else {
        return Err(damaged("it is empty".into()));
    };
    if *version == R::VERSION {
        return postcard::from_bytes(body).map_err(|error| damaged(error.to_string()));
    }
    match R::upgrade(*version, body) {
        Some(record) => record.map_err(|error| damaged(error.to_string())),
        None => Err(damaged(format!(
            "its form has version {version}, this program knows {}",
            R::VERSION
        ))),
    }
}
