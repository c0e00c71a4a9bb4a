//! Servers that are played, where a plugin is tried without any. Their pauses are counted and take no time.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use crate::exchange::{EgressError, Inbound, Outbound, Rest};

/// Plays servers.
#[async_trait]
pub trait Servers: Send + Sync + fmt::Debug {
    /// The answer to a request.
    ///
    /// # Errors
    /// [`EgressError::Unreachable`] where there is no such server.
    async fn answer(&self, request: Outbound) -> Result<Played, EgressError>;
}

/// What a played server answers.
#[derive(Debug, Clone)]
pub struct Played {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub parts: PlayedBody,
}

/// The body of what a played server answers, in parts.
#[derive(Debug, Clone, Default)]
pub struct PlayedBody(VecDeque<Part>);

/// One part.
#[derive(Debug, Clone)]
pub struct Part {
    /// How long it takes to come.
    pub after: Duration,
    /// Its bytes; none when the connection breaks off here.
    pub bytes: Option<Bytes>,
}

impl FromIterator<Part> for PlayedBody {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl Played {
    /// All of it, for who waits for the end.
    pub(crate) fn whole(mut self, timeout: Duration, max_bytes: usize) -> Result<Inbound, EgressError> {
        if self.parts.0.iter().map(|part| part.after).sum::<Duration>() > timeout {
            return Err(EgressError::TimedOut(timeout));
        }
        let mut body = BytesMut::new();
        while let Some(bytes) = self.parts.next(Duration::MAX, Duration::ZERO)? {
            body.extend_from_slice(&bytes);
        }
        let rest = match body.len() > max_bytes {
            true => Rest::Left,
            false => Rest::None,
        };
        body.truncate(max_bytes);
        Ok(Inbound {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
            rest,
        })
    }
}

impl PlayedBody {
    pub(crate) fn next(&mut self, wait: Duration, mut gather: Duration) -> Result<Option<Bytes>, EgressError> {
        let Some(first) = self.0.pop_front() else {
            return Ok(None);
        };
        if first.after > wait {
            return Err(EgressError::TimedOut(wait));
        }
        let broken = || EgressError::Unreachable("the connection broke off".into());
        let mut piece = BytesMut::from(first.bytes.ok_or_else(broken)?);
        while let Some(part) = self.0.front_mut() {
            match (gather.checked_sub(part.after), &part.bytes) {
                (Some(left), Some(bytes)) => {
                    gather = left;
                    piece.extend_from_slice(bytes);
                    self.0.pop_front();
                }
                // Part of its time has passed.
                (None, _) => {
                    part.after -= gather;
                    break;
                }
                (Some(_), None) => {
                    part.after = Duration::ZERO;
                    break;
                }
            }
        }
        Ok(Some(piece.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(after: u64, bytes: Option<&'static str>) -> Part {
        Part {
            after: Duration::from_millis(after),
            bytes: bytes.map(|bytes| Bytes::from_static(bytes.as_bytes())),
        }
    }

    #[test]
    fn pauses_are_counted_and_take_no_time() {
        let mut body: PlayedBody = [
            part(10, Some("a")),
            part(10, Some("b")),
            part(10, Some("c")),
            part(0, Some("d")),
            part(5, None),
        ]
        .into_iter()
        .collect();
        let mut next = |wait: u64, gather: u64| {
            let piece = body.next(Duration::from_millis(wait), Duration::from_millis(gather));
            piece.map(|piece| piece.map(|bytes| String::from_utf8(bytes.to_vec()).expect("a text")))
        };
        assert_eq!(next(10, 15).expect("it comes").as_deref(), Some("ab"));
        assert_eq!(next(5, 0).expect("five were waited already").as_deref(), Some("cd"));
        assert!(matches!(next(10, 0), Err(EgressError::Unreachable(_))));
        assert_eq!(next(10, 0).expect("nothing is behind it"), None);
    }

    #[test]
    fn who_waits_for_the_end_gets_all_of_it_or_nothing() {
        let played = |parts: Vec<Part>| Played {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            parts: parts.into_iter().collect(),
        };
        let two = played(vec![part(10, Some("ab")), part(10, Some("cd"))]);
        let (soon, late) = (Duration::from_millis(19), Duration::from_millis(20));
        assert!(matches!(two.clone().whole(soon, 9), Err(EgressError::TimedOut(_))));
        let whole = two.whole(late, 3).expect("it comes");
        assert_eq!((&*whole.body, whole.rest), (&b"abc"[..], Rest::Left));
        let broken = played(vec![part(0, Some("ab")), part(0, None)]);
        assert!(matches!(broken.whole(soon, 9), Err(EgressError::Unreachable(_))));
    }
}
