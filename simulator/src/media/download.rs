//! `GET` and `HEAD` of a direct path, whole or a range of it. The query (`auth`, `token`, `oh`, `oe`, …) is not looked at: what is
//! fetched is encrypted, and whoever knows its path may have it.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::blobs::Found;
use crate::media::refuse;
use crate::server::Shared;

pub(super) fn handle(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let found = shared.world().blobs.get(request.uri().path());
    let (kind, bytes) = match found {
        Found::Live { kind, bytes } => (kind, bytes),
        // Both make clients ask the sender's phone to upload it again.
        Found::Expired => return refuse(StatusCode::GONE, "this was here and has expired"),
        Found::Nothing => return refuse(StatusCode::NOT_FOUND, "there is nothing at this path"),
    };
    let range = request
        .headers()
        .get(RANGE)
        .and_then(|range| Range::parse(range.to_str().ok()?, bytes.len()));
    let whole = bytes.len();
    let (status, part, content_range) = match range {
        None => (StatusCode::OK, bytes, None),
        Some(Range::Unsatisfiable) => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            Bytes::new(),
            Some(format!("bytes */{whole}")),
        ),
        Some(Range::Part { first, last }) => (
            StatusCode::PARTIAL_CONTENT,
            bytes.slice(first..=last),
            Some(format!("bytes {first}-{last}/{whole}")),
        ),
    };
    let length = part.len();
    let body = if request.method() == Method::HEAD {
        Bytes::new()
    } else {
        part
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(value) = content_range.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(CONTENT_RANGE, value);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// First and last byte, both included.
    Part { first: usize, last: usize },
    /// Well-formed, and beyond the end.
    Unsatisfiable,
}

impl Range {
    /// One range of bytes. `None` for what may be ignored: other units, several ranges, nonsense (RFC 9110, 14.2).
    fn parse(text: &str, length: usize) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        if first.is_empty() {
            let count = number(last)?.min(length);
            return Some(match count {
                0 => Self::Unsatisfiable,
                count => Self::Part {
                    first: length - count,
                    last: length - 1,
                },
            });
        }
        let first = number(first)?;
        let last = if last.is_empty() { usize::MAX } else { number(last)? };
        if last < first {
            return None;
        }
        Some(if first >= length {
            Self::Unsatisfiable
        } else {
            Self::Part {
                first,
                last: last.min(length - 1),
            }
        })
    }
}

/// Digits as a number; one too large to be one is beyond every end.
fn number(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let part = |first, last| Some(Range::Part { first, last });
        for (text, expected) in [
            ("bytes=0-3", part(0, 3)),
            ("bytes=4-", part(4, 9)),
            ("bytes=4-400", part(4, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=0-99999999999999999999999", part(0, 9)),
            ("bytes=10-", Some(Range::Unsatisfiable)),
            ("bytes=-0", Some(Range::Unsatisfiable)),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("lines=0-3", None),
            ("", None),
        ] {
            assert_eq!(Range::parse(text, 10), expected, "{text}");
        }
        assert_eq!(Range::parse("bytes=0-", 0), Some(Range::Unsatisfiable));
    }
}
