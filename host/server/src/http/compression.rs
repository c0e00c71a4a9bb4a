//! Answers in gzip for callers who accept it: JSON and other texts that are long enough to be worth it.
//!
//! Never media, never what comes in parts, never what is compressed already. Credentials come in a header that no browser sends by itself, so
//! nobody can have a stranger's browser ask again and again and learn a secret from how short the answers become.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};

use super::reply::Reply;
use crate::config::server::Compression;

/// Bytes from which on it is worth it: less fits into one packet anyway.
const FROM: usize = 1024;

const GZIP: &str = "gzip";

/// Media types of texts.
const TEXTS: [&str; 6] = [
    "application/json",
    "application/problem+json",
    "text/html",
    "text/css",
    "text/javascript",
    "text/plain",
];

/// The answer as it is sent to who asked.
pub(super) fn sent(asked: &HeaderMap, compression: Compression, mut reply: Reply) -> Reply {
    let is_worth_it = reply.whole().is_some_and(|body| body.len() >= FROM) && is_text(&reply.headers);
    if compression == Compression::Off || !is_worth_it || reply.headers.contains_key(CONTENT_ENCODING) {
        return reply;
    }
    // Whoever keeps it has to know that others get it otherwise.
    reply.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts(asked) {
        return reply;
    }
    let pressed = |body: &Bytes| {
        reply
            .lasting
            .map_or_else(|| pressed(body), |lasting| lasting.pressed(body))
    };
    if let Some(body) = reply.whole().map(pressed) {
        reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(GZIP));
        reply.replace(body);
    }
    reply
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    TEXTS.contains(&kind)
}

/// Whether gzip may be sent, by RFC 9110: by its name or as one of all others, and not with the weight nothing.
fn accepts(asked: &HeaderMap) -> bool {
    let said = asked
        .get_all(ACCEPT_ENCODING)
        .into_iter()
        .filter_map(|said| said.to_str().ok());
    let mut any = false;
    for wish in said.flat_map(|said| said.split(',')) {
        let mut parts = wish.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Ok(1.0), str::parse::<f32>);
        let wanted = weight.is_ok_and(|weight| weight > 0.0);
        if name.eq_ignore_ascii_case(GZIP) || name.eq_ignore_ascii_case("x-gzip") {
            return wanted;
        }
        any |= name == "*" && wanted;
    }
    any
}

/// Bytes in gzip, fast rather than small: a list of two hundred takes about a millisecond.
pub(super) fn pressed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Level::fast());
    // Memory takes everything; what it should not take is sent as nothing rather than as half.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_wants_it() {
        for (said, accepted) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5, br", true),
            ("GZIP", true),
            ("*", true),
            ("gzip;q=0", false),
            ("*, gzip;q=0", false),
            ("*;q=0", false),
            ("gzip;q=x", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(accepts(&asked), accepted, "{said}");
        }
        assert!(!accepts(&HeaderMap::new()));
    }
}
