//! Events that an installation or a webhook gave up: seen, handled again, thrown away.

use waspnest_core::consumer::Consumer;
use waspnest_core::event::Position;
use waspnest_core::id::SessionId;
use waspnest_core::progress::{DeadLetter, Found, Progress};

use super::error::Error;

/// An event that was given up, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The session.
    pub session: SessionId,
    /// The event's position in the session's log.
    pub position: Position,
    /// What happened.
    pub letter: DeadLetter,
}

/// Which dead letters of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// All there are.
    All,
    /// Those of one session.
    Of(SessionId),
    /// One.
    One(SessionId, Position),
}

/// What becomes of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Its event is handled again: by the plugin, or the server, as it is now.
    Replay,
    /// It is thrown away.
    Discard,
}

/// Letters read at a time.
const SETTLED_AT_ONCE: usize = 256;

impl Letters {
    /// Those of one session, or the one at a position there; all, if no session is named.
    #[must_use]
    pub fn named(session: Option<SessionId>, position: Option<Position>) -> Self {
        match (session, position) {
            (None, _) => Self::All,
            (Some(session), None) => Self::Of(session),
            (Some(session), Some(position)) => Self::One(session, position),
        }
    }

    /// The only session that they are of, if they are of one.
    #[must_use]
    pub const fn session(self) -> Option<SessionId> {
        match self {
            Self::All => None,
            Self::Of(session) | Self::One(session, _) => Some(session),
        }
    }
}

/// The dead letters of all consumers. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct DeadLetters {
    progress: Progress,
}

impl DeadLetters {
    pub(super) const fn new(progress: Progress) -> Self {
        Self { progress }
    }

    /// Up to `limit` dead letters behind a place, by session and then by position. The sessions are in their order.
    pub(super) async fn list(
        &self,
        of: &Consumer,
        sessions: &[SessionId],
        after: Option<(SessionId, Position)>,
        limit: usize,
    ) -> Result<Vec<Parked>, Error> {
        let mut found = Vec::new();
        for session in sessions.iter().copied() {
            let from = match after {
                Some((earlier, _)) if session < earlier => continue,
                Some((same, position)) if session == same => position,
                Some(_) | None => Position::default(),
            };
            let letters = self
                .progress
                .dead_letters(session, of, from, limit - found.len())
                .await?;
            found.extend(letters.into_iter().map(|(position, letter)| Parked {
                session,
                position,
                letter,
            }));
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// Does something with those of them that are of these sessions. Answers with how many.
    pub(super) async fn settle(
        &self,
        of: &Consumer,
        sessions: &[SessionId],
        which: Letters,
        how: Settlement,
    ) -> Result<u64, Error> {
        if let Letters::One(session, position) = which {
            return match sessions.contains(&session) {
                true => self.settle_one(of, session, position, how).await,
                false => Ok(0),
            };
        }
        let mut settled = 0;
        let mut after = None;
        loop {
            let page = self.list(of, sessions, after, SETTLED_AT_ONCE).await?;
            for parked in &page {
                settled += self.settle_one(of, parked.session, parked.position, how).await?;
            }
            match page.last() {
                Some(last) => after = Some((last.session, last.position)),
                None => return Ok(settled),
            }
        }
    }

    async fn settle_one(
        &self,
        of: &Consumer,
        session: SessionId,
        position: Position,
        how: Settlement,
    ) -> Result<u64, Error> {
        let found = match how {
            Settlement::Replay => self.progress.replay(session, of, position).await?,
            Settlement::Discard => self.progress.discard(session, of, position).await?,
        };
        Ok(match found {
            Found::Yes => 1,
            Found::No => 0,
        })
    }
}
