//! How plugins name files of messages.

use std::fmt;
use std::str::FromStr;

use waspnest_core::event::Position;
use waspnest_core::id::EventId;

/// The file of a recorded message. A message has at most one, so its event names it; the position is where to find the event, and the
/// event's id is what nobody can guess who was not shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileOf {
    pub(crate) event: EventId,
    pub(crate) position: Position,
}

impl fmt::Display for FileOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.event, self.position.0)
    }
}

/// A text that names no file of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it names no file of a message")]
pub(crate) struct NoFile;

impl FromStr for FileOf {
    type Err = NoFile;

    fn from_str(text: &str) -> Result<Self, NoFile> {
        let (event, position) = text.split_once('.').ok_or(NoFile)?;
        Ok(Self {
            event: event.parse().map_err(|_| NoFile)?,
            position: Position(position.parse().map_err(|_| NoFile)?),
        })
    }
}
