//! How many messages of a chat are answered in an hour.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use waspnest_plugin::types::UnixMs;
use waspnest_plugin::{Error, kv};

const HOUR: Duration = Duration::from_secs(3600);
/// Key in the store of a chat. What is stored under it: add with a default only.
const KEY: &str = "hour";

#[derive(Debug, Serialize, Deserialize)]
struct Hour {
    /// When its first message came.
    since: UnixMs,
    count: u32,
}

/// Whether one more message may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// It may.
    There,
    /// It may not; it is the first in this hour.
    UsedUp,
    /// It may not, as those before it.
    Still,
}

/// Counts a message of the chat.
pub(crate) fn count(now: UnixMs, per_hour: u32) -> Result<Room, Error> {
    let store = kv::chat()?;
    let past = |hour: &Hour| Duration::from_millis(now.saturating_sub(hour.since));
    let known = store.get::<Hour>(KEY)?.filter(|hour| past(hour) < HOUR);
    let mut hour = known.unwrap_or(Hour { since: now, count: 0 });
    hour.count = hour.count.saturating_add(1);
    let room = match hour.count {
        count if count <= per_hour => Room::There,
        count if count == per_hour + 1 => Room::UsedUp,
        _ => return Ok(Room::Still),
    };
    store.put_for(KEY, &hour, HOUR.saturating_sub(past(&hour)))?;
    Ok(room)
}
