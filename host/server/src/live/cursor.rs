//! Where somebody who listened to many sessions stood in each of their logs, as one short text.
//!
//! Sessions are named by the last six bytes of their ids, which are random, so a cursor takes about twelve characters a session. It grants
//! nothing: it is only looked at for sessions that its bearer may see.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Position;
use waspnest_core::id::SessionId;

/// The first byte of what is written here.
const VERSION: u8 = 1;

/// A session, short.
type Short = [u8; 6];

/// A place in many logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When it was given: sessions that are younger are wanted from their beginnings.
    at: UnixMs,
    positions: BTreeMap<Short, Position>,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one that a stream of events gave")]
pub struct InvalidCursor;

fn short(session: SessionId) -> Short {
    let [.., a, b, c, d, e, f] = session.ulid().to_bytes();
    [a, b, c, d, e, f]
}

impl Cursor {
    /// The place of somebody who has heard everything of these sessions up to these positions.
    pub fn new(at: UnixMs, positions: impl IntoIterator<Item = (SessionId, Position)>) -> Self {
        Self {
            at,
            positions: positions
                .into_iter()
                .map(|(session, position)| (short(session), position))
                .collect(),
        }
    }

    /// When it was given.
    #[must_use]
    pub const fn at(&self) -> UnixMs {
        self.at
    }

    /// Behind which position a session is to be told; none when it was not listened to, and is to be told from now on.
    #[must_use]
    pub fn position(&self, session: SessionId) -> Option<Position> {
        let known = self.positions.get(&short(session)).copied();
        let younger = session.ulid().timestamp_ms() >= self.at.0;
        known.or(younger.then(Position::default))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(9 + self.positions.len() * 9);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.at.0.to_be_bytes()[2..]);
        for (session, &Position(mut position)) in &self.positions {
            bytes.extend_from_slice(session);
            // Seven bits a byte, the lowest first; all but the last have the eighth bit set.
            while position > 0x7f {
                bytes.push(0x80 | (position & 0x7f) as u8);
                position >>= 7;
            }
            bytes.push((position & 0x7f) as u8);
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let [VERSION, a, b, c, d, e, f, rest @ ..] = &bytes[..] else {
            return Err(InvalidCursor);
        };
        let at = UnixMs(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]));
        let mut positions = BTreeMap::new();
        let mut rest = rest;
        while let Some((session, behind)) = rest.split_first_chunk::<6>() {
            let length = behind.iter().position(|byte| byte & 0x80 == 0).ok_or(InvalidCursor)? + 1;
            let (digits, behind) = behind.split_at(length);
            let mut position = 0_u64;
            for digit in digits.iter().rev() {
                if position.leading_zeros() < 7 {
                    return Err(InvalidCursor);
                }
                position = position << 7 | u64::from(digit & 0x7f);
            }
            positions.insert(*session, Position(position));
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(InvalidCursor);
        }
        Ok(Self { at, positions })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::new(Ulid(number))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(at in 0_u64..1 << 48, positions in proptest::collection::vec((any::<u128>(), any::<u64>()), 0..50)) {
            let positions = positions.into_iter().map(|(id, position)| (session(id), Position(position)));
            let cursor = Cursor::new(UnixMs(at), positions);
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn anything_else_is_refused_or_read(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = text.parse::<Cursor>();
            let _ = URL_SAFE_NO_PAD.encode(bytes).parse::<Cursor>();
        }
    }

    #[test]
    fn a_session_that_was_not_listened_to_is_told_from_now_on_unless_it_is_younger() {
        let cursor = Cursor::new(UnixMs(1000), [(session(7), Position(9))]);
        let made_at = |at| SessionId::new(Ulid::from_parts(at, 5));
        assert_eq!(cursor.position(session(7)), Some(Position(9)));
        assert_eq!(cursor.position(made_at(999)), None);
        assert_eq!(cursor.position(made_at(1001)), Some(Position(0)));
    }

    #[test]
    fn a_few_sessions_are_a_short_text() {
        let few = (0..5).map(|number| (session(number), Position(1_000_000)));
        assert!(Cursor::new(UnixMs(1_767_225_600_000), few).to_string().len() <= 80);
    }
}
