//! Events that an installation or a webhook gave up, as callers see and name them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::event::Position;
use waspnest_core::id::SessionId;

use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::form::{LARGEST, Text, integer};
use crate::http::page::Page;
use crate::http::query::{FromQuery, Params};
use crate::service::dead_letters::Parked;

/// An event that was given up.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeadLetter")]
pub(in crate::http) struct ShownLetter {
    /// The session.
    session: String,
    /// The event's position in the session's log.
    position: u64,
    /// The event.
    event: String,
    /// What kind of event it is.
    kind: Box<str>,
    /// How often it was tried.
    attempts: u32,
    /// Why the last attempt failed.
    error: Box<str>,
    /// When it was given up.
    at: Moment,
}

/// How many events are handled again.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Replayed {
    /// How many.
    pub(super) replayed: u64,
}

/// How many events were thrown away.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Discarded {
    /// How many.
    pub(super) discarded: u64,
}

/// A page of dead letters, of one session or all.
pub(in crate::http) struct LettersWanted {
    pub(super) page: Page<Place>,
    pub(super) session: Option<String>,
}

impl FromQuery for LettersWanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let session = params.optional("session", Text, "Only those of one session.");
        Some(Self { page: page?, session })
    }
}

/// Which dead letters: those of one session, or one of them; all if nothing is said.
pub(in crate::http) struct Chosen {
    pub(super) session: Option<String>,
    pub(super) position: Option<u64>,
}

impl FromFields for Chosen {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let session = fields.optional("session", Text, "Those of one session; all if nothing is said.");
        let position = fields.optional(
            "position",
            integer(0, LARGEST),
            "The one at this position in the session's log.",
        );
        if session.is_none() && position.is_some() {
            fields.fault("position", "is of one session: say which");
        }
        Some(Self { session, position })
    }
}

pub(super) fn shown_letter(parked: &Parked) -> ShownLetter {
    ShownLetter {
        session: parked.session.to_string(),
        position: parked.position.0,
        event: parked.letter.event.to_string(),
        kind: parked.letter.kind.clone(),
        attempts: parked.letter.attempts,
        error: parked.letter.error.clone(),
        at: Moment(parked.letter.at),
    }
}

/// Where a page of dead letters ended: `ses_…:17`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(pub(super) SessionId, pub(super) Position);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1.0)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (session, position) = text.split_once(':').ok_or(())?;
        Ok(Self(
            session.parse().map_err(|_| ())?,
            Position(position.parse().map_err(|_| ())?),
        ))
    }
}
