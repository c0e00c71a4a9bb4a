//! What somebody is warned for, and what became of their earlier warnings.
//!
//! Both counts are in the store of the sender in the group and disappear by themselves.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use waspnest_plugin::types::{Message, UnixMs};
use waspnest_plugin::{Error, kv};

use crate::link;
use crate::settings::{Links, Settings};

/// Keys in the store of a sender. What is stored under them: add to it with a default only.
const BURST: &str = "burst";
const WARNINGS: &str = "warnings";

/// Something to be warned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offence {
    Link,
    Flood,
}

/// Messages that came soon after each other.
#[derive(Debug, Serialize, Deserialize)]
struct Burst {
    /// When the first was written.
    since: UnixMs,
    count: u32,
}

impl Offence {
    /// What a message is to be warned for. Counts it.
    pub(crate) fn of(settings: &Settings, msg: &Message) -> Result<Option<Self>, Error> {
        let flood = is_flood(settings, msg)?;
        let text = msg.text().unwrap_or_default();
        let link = settings.links == Links::Warn && link::is_in(text, &settings.allowed_hosts);
        Ok(match (link, flood) {
            (true, _) => Some(Self::Link),
            (false, true) => Some(Self::Flood),
            (false, false) => None,
        })
    }

    /// Why there is a warning.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Link => "please do not post links here",
            Self::Flood => "please do not write so many messages at once",
        }
    }
}

/// Counts a message by when it was written: after a time offline many are heard of at once. An edit is no new message.
fn is_flood(settings: &Settings, msg: &Message) -> Result<bool, Error> {
    if settings.flood_messages == 0 || msg.edit_of.is_some() {
        return Ok(false);
    }
    let store = kv::sender()?;
    let window = Duration::from_secs(settings.flood_s);
    let new = Burst {
        since: msg.timestamp,
        count: 0,
    };
    let is_open = |burst: &Burst| Duration::from_millis(msg.timestamp.saturating_sub(burst.since)) < window;
    let mut burst = store.get::<Burst>(BURST)?.filter(is_open).unwrap_or(new);
    burst.count += 1;
    if burst.count > settings.flood_messages {
        // The next warning wants as many again.
        store.delete(BURST)?;
        return Ok(true);
    }
    store.put_for(BURST, &burst, window)?;
    Ok(false)
}

/// Counts a warning of the sender, and answers how many there are now.
pub(crate) fn warned(settings: &Settings) -> Result<u32, Error> {
    let store = kv::sender()?;
    let count = store.get::<u32>(WARNINGS)?.unwrap_or(0).saturating_add(1);
    store.put_for(WARNINGS, &count, settings.memory())?;
    Ok(count)
}

/// The sender begins anew.
pub(crate) fn forget() -> Result<(), Error> {
    kv::sender()?.delete(WARNINGS).map(drop)
}
