//! Everything the sessions of one host share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use waspnest_core::clock::Clock;
use waspnest_core::files::Files;
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::media_store::MediaStore;
use waspnest_core::outbox::Outbox;
use waspnest_core::store::Store;

use crate::authority::Authority;
use crate::endpoint::Endpoint;
use crate::meters::Meters;
use crate::proxy::Proxy;
use waspnest_core::master_key::MasterKey;

/// What [`crate::WhatsApp`] is made of.
#[derive(Clone)]
pub struct WhatsAppOptions {
    /// Where sessions connect to.
    pub endpoint: Endpoint,
    /// The proxy of sessions that have none of their own.
    pub proxy: Option<Proxy>,
    /// Who vouches for the servers that files are fetched from.
    pub authority: Authority,
    /// Where device keys and protocol state live.
    pub store: Arc<dyn Store>,
    /// Where messages go.
    pub log: Log,
    /// Whose effects are carried out, and learn how far they have come.
    pub outbox: Outbox,
    /// Where the past goes that phones tell, and what the account reads elsewhere.
    pub mailbox: Mailbox,
    /// The files that effects send.
    pub files: Files,
    /// The media that effects of callers send.
    pub media: MediaStore,
    /// The time of everything, whatsapp-rust's included.
    pub clock: Arc<dyn Clock>,
    /// What device keys are encrypted under.
    pub master_key: MasterKey,
    /// How sessions present themselves and what they may use.
    pub profile: Profile,
    /// Connections that begin in a second, over all sessions.
    pub connects_per_second: NonZeroU32,
    /// How long events are kept; for ever, if nothing is said. What belongs to messages is not kept for longer.
    pub keep_events: Option<Duration>,
    /// What is measured of sessions.
    pub meters: Meters,
}

/// How sessions present themselves to WhatsApp and what they may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The system shown in the phone's list of linked devices; WhatsApp Web says `Mac OS`, `Windows` or `Linux`.
    pub device_name: Box<str>,
    /// Which version of WhatsApp Web to claim.
    pub version: Version,
    /// One-time prekeys made and uploaded at a time. WhatsApp Web makes 812; fewer need less time and memory.
    pub prekeys: usize,
    /// How many times a fresh set of QR codes (about 160 s each) is shown before pairing stops.
    pub pairing_rounds: u32,
    /// Whether a phone is asked for its past when it links the session.
    pub history: History,
    /// The largest HTTP body taken into memory, in bytes.
    pub http_body_limit: u64,
}

/// Whether the past that a phone tells is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// It is put into the mailbox.
    Taken,
    /// It is not fetched.
    Left,
}

/// Which version of WhatsApp Web to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The one web.whatsapp.com serves, asked for at most once a day.
    Current,
    /// This one, without asking. WhatsApp refuses versions that are too old.
    Fixed(u32, u32, u32),
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            device_name: "Linux".into(),
            version: Version::Current,
            prekeys: 200,
            pairing_rounds: 3,
            history: History::Taken,
            http_body_limit: 64 * 1024 * 1024,
        }
    }
}
