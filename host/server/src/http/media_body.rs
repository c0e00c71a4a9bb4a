//! A file as an answer: in parts, so that a large one costs no memory, whole or in the range that the caller wants.
//!
//! What a file is was said by whoever sent it and is not believed: browsers are told to keep it, not to show or run it.

use std::fmt::Write as _;

use futures::stream::{self, StreamExt};
use http::StatusCode;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use serde_json::json;
use waspnest_core::files::FileName;
use waspnest_core::media_store::MediaFile;

use super::error::ApiError;
use super::operation::{Answer, Description};
use super::reply::{Parts, Reply};

const ANY: &str = "application/octet-stream";

/// A file that is answered with.
pub(super) struct MediaBody {
    reply: Reply,
}

/// What the caller wants of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From here on, so many bytes.
    Part(u64, u64),
    Nothing,
    NotThere,
}

impl MediaBody {
    /// `kind` and `called` are what its sender says of it.
    pub(super) fn new(
        asked: &HeaderMap,
        name: &FileName,
        file: MediaFile,
        kind: &str,
        called: Option<&str>,
    ) -> Result<Self, ApiError> {
        let tag = format!("\"{name}\"");
        let size = file.size();
        let wanted = wanted(asked, &tag, size);
        let (status, start, length) = match wanted {
            Wanted::Whole => (StatusCode::OK, 0, size),
            Wanted::Part(start, length) => (StatusCode::PARTIAL_CONTENT, start, length),
            Wanted::Nothing => (StatusCode::NOT_MODIFIED, 0, 0),
            Wanted::NotThere => return Err(ApiError::range_not_there(size)),
        };
        let mut reply = Reply::in_parts(status, parts(file, start, length));
        let mut say = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                reply.headers.insert(name, value);
            }
        };
        say(ETAG, &tag);
        // Whoever has it may keep it, but has to ask whether they still may.
        say(CACHE_CONTROL, "private, no-cache");
        say(ACCEPT_RANGES, "bytes");
        match wanted {
            Wanted::Nothing => return Ok(Self { reply }),
            Wanted::Part(start, length) => {
                say(CONTENT_RANGE, &format!("bytes {start}-{}/{size}", start + length - 1));
            }
            Wanted::Whole | Wanted::NotThere => {}
        }
        say(CONTENT_LENGTH, &length.to_string());
        say(CONTENT_TYPE, if is_media_type(kind) { kind } else { ANY });
        say(X_CONTENT_TYPE_OPTIONS, "nosniff");
        say(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
        say(CONTENT_DISPOSITION, &disposition(called));
        Ok(Self { reply })
    }
}

impl Answer for MediaBody {
    fn reply(self) -> Reply {
        self.reply
    }

    fn tell(told: &mut Description) {
        // Of whatever type its sender says that it is, so nothing is offered to choose from.
        told.offers.clear();
        let bytes = json!({ "type": "string", "contentMediaType": ANY });
        told.answer(
            200,
            "All of it; the Content-Type is what its sender says that it is.",
            "*/*",
            &bytes,
        );
        told.answer(206, "The part that Range asks for.", "*/*", &bytes);
        let unchanged = json!({ "description": "The caller has it already (If-None-Match)." });
        told.answers.push((304, unchanged));
    }
}

fn parts(file: MediaFile, start: u64, length: u64) -> Parts {
    let next = |(file, start, left): (MediaFile, u64, u64)| async move {
        if left == 0 {
            return None;
        }
        let part = file.read(start, left).await;
        let read = part.as_ref().map_or(left, |part| part.len() as u64);
        Some((part, (file, start + read, left.saturating_sub(read))))
    };
    stream::unfold((file, start, length), next).boxed()
}

fn wanted(asked: &HeaderMap, tag: &str, size: u64) -> Wanted {
    let said = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let is_it = |other: &str| {
        let other = other.trim();
        other == "*" || other.strip_prefix("W/").unwrap_or(other) == tag
    };
    if said(IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(is_it)) {
        return Wanted::Nothing;
    }
    // A part of something else is of no use.
    if said(IF_RANGE).is_some_and(|known| known.trim() != tag) {
        return Wanted::Whole;
    }
    let Some(ranges) = said(RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    // Several parts at once are answered with the whole, as is what cannot be understood.
    let Some((first, last)) = ranges.split_once('-').filter(|_| !ranges.contains(',')) else {
        return Wanted::Whole;
    };
    let is_digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| Some(text.trim()).filter(is_digits)?.parse::<u64>().ok();
    let (start, end) = match (first.trim().is_empty(), last.trim().is_empty()) {
        (true, true) => return Wanted::Whole,
        (true, false) => match number(last) {
            Some(0) => return Wanted::NotThere,
            Some(length) => (size.saturating_sub(length), size),
            None => return Wanted::Whole,
        },
        (false, true) => match number(first) {
            Some(start) => (start, size),
            None => return Wanted::Whole,
        },
        (false, false) => match (number(first), number(last)) {
            (Some(start), Some(last)) if start <= last => (start, last.saturating_add(1).min(size)),
            _ => return Wanted::Whole,
        },
    };
    if start >= size {
        return Wanted::NotThere;
    }
    Wanted::Part(start, end - start)
}

/// Whether a text is a media type, perhaps with parameters, and nothing else.
fn is_media_type(kind: &str) -> bool {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let (plain, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let plain = plain.trim().split_once('/');
    plain.is_some_and(|(family, kind)| token(family) && token(kind))
        && parameters.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

/// To be kept under a name, in the form that takes every character (RFC 6266).
fn disposition(called: Option<&str>) -> String {
    let Some(called) = called.filter(|called| !called.is_empty()) else {
        return "attachment".to_owned();
    };
    let mut text = String::from("attachment; filename*=UTF-8''");
    for byte in called.bytes().take(255) {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a text cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn asked(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn ranges_are_read_as_browsers_send_them() {
        let cases = [
            ("bytes=0-3", Wanted::Part(0, 4)),
            ("bytes=2-", Wanted::Part(2, 8)),
            ("bytes=-3", Wanted::Part(7, 3)),
            ("bytes=-30", Wanted::Part(0, 10)),
            ("bytes=5-99", Wanted::Part(5, 5)),
            ("bytes=10-", Wanted::NotThere),
            ("bytes=-0", Wanted::NotThere),
            ("bytes=3-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=x-9", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=0-18446744073709551615", Wanted::Part(0, 10)),
            ("lines=0-3", Wanted::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(wanted(&asked(RANGE, range), TAG, 10), expected, "{range}");
        }
        assert_eq!(wanted(&asked(RANGE, "bytes=0-"), TAG, 0), Wanted::NotThere);
        assert_eq!(
            wanted(&asked(IF_NONE_MATCH, "\"x\", W/\"abc\""), TAG, 10),
            Wanted::Nothing
        );
        assert_eq!(wanted(&asked(IF_NONE_MATCH, "\"x\""), TAG, 10), Wanted::Whole);
        let mut both = asked(RANGE, "bytes=0-3");
        both.insert(IF_RANGE, HeaderValue::from_static("\"old\""));
        assert_eq!(wanted(&both, TAG, 10), Wanted::Whole);
    }

    #[test]
    fn what_a_sender_says_of_a_file_breaks_no_header() {
        for kind in ["image/png", "text/plain; charset=utf-8", "application/vnd.ms-excel"] {
            assert!(is_media_type(kind), "{kind}");
        }
        for kind in [
            "",
            "image",
            "image/",
            "a b/c",
            "image/png\r\nX: y",
            "image/png; a=\u{1F600}",
        ] {
            assert!(!is_media_type(kind), "{kind}");
        }
        assert_eq!(
            disposition(Some("a \"b\"\r\nü.pdf")),
            "attachment; filename*=UTF-8''a%20%22b%22%0D%0A%C3%BC.pdf"
        );
    }
}
