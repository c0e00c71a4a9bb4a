//! Files in JSON bodies: as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::form::{Form, Text};

/// Bytes of the largest picture of a person or a group. WhatsApp's own clients make them much smaller.
pub(super) const LARGEST_PICTURE: usize = 2 << 20;

/// How much base64 takes for so many bytes.
pub(super) const fn in_base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// A file of at most `largest` bytes.
pub(super) fn file(largest: usize) -> impl Form<Out = Bytes> {
    let schema = json!({ "contentEncoding": "base64", "maxLength": in_base64(largest) });
    Text.checked(schema, move |text: String| {
        if text.len() > in_base64(largest) {
            return Err(format!("is too large: at most {largest} bytes are allowed"));
        }
        let bytes = STANDARD.decode(text).map_err(|_| "is not base64".to_owned())?;
        match bytes.is_empty() {
            true => Err("must not be empty".to_owned()),
            false => Ok(Bytes::from(bytes)),
        }
    })
}

/// A JPEG.
pub(super) fn jpeg() -> impl Form<Out = Bytes> {
    file(LARGEST_PICTURE).checked(json!({ "contentMediaType": "image/jpeg" }), |bytes: Bytes| match bytes
        .starts_with(&[0xFF, 0xD8, 0xFF])
    {
        true => Ok(bytes),
        false => Err("is not a JPEG, the only kind of picture that WhatsApp takes here".to_owned()),
    })
}
