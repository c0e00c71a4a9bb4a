//! A WhatsApp multi-device server small enough to run inside a test, on plain `ws://` and loopback.
//!
//! It speaks the wire protocol that unmodified clients speak (Noise, binary stanzas, QR pairing, prekeys, device lists, an offline
//! queue) and relays what they encrypt without being able to read it. Each account has a simulated phone as device 0, which holds a
//! real Signal identity: it links companions, shares app-state keys and decrypts what is addressed to it.
//!
//! What it may assume: it is the only server its clients know, and everything lives in memory. What it must never do: lose or reorder
//! a queued message, hand out a one-time prekey twice, panic on bytes from a socket, or listen anywhere but loopback unless told to.
//!
//! Behaviour that no client forces is guesswork about the real service and marked "modelled" where it is written.

mod account;
mod address;
pub mod admin;
mod appstate;
mod attachment;
mod authored;
mod base64_text;
mod blobs;
mod bounds;
mod business;
mod calls;
mod chats;
mod clock;
mod config;
mod connection;
mod delivered;
mod delivery;
mod device;
mod doors;
mod error;
mod faults;
mod frame;
#[cfg(test)]
mod fuzz;
mod groups;
mod hellos;
pub mod human;
mod identity;
mod keys;
mod lag;
mod login;
mod media;
mod nack;
mod newsletters;
mod noise;
mod notification;
mod outgoing;
mod pairing;
mod phone;
mod phone_store;
mod pictures;
mod presence;
mod privacy;
mod profile;
mod queue;
mod refusal;
mod saved;
mod sealed;
mod server;
mod simulator;
mod stanza;
mod stanza_log;
mod stats;
mod status_privacy;
mod stream_end;
mod tokens;
mod unknown;
mod world;
mod xml;

pub use account::{Account, NewAccount};
pub use appstate::{ActionError, AppStateEntry, MessageAuthor, PhoneAction};
pub use base64_text::Base64;
pub use bounds::StanzaLimits;
pub use chats::HistorySpec;
pub use clock::{Clock, SystemClock};
pub use config::{Config, Exposure, PhoneReading};
pub use error::{
    AccountError, CodeError, FaultError, GroupError, RestartError, ScanError, StartError, UnlinkError, WorldFileError,
};
pub use faults::{Damage, FaultAction, FaultRule, FaultStatus, FaultTarget};
pub use groups::{GroupKind, GroupMember, GroupRole, GroupSetting, GroupView};
pub use nack::Nack;
pub use pairing::link_code::CodeRequest;
pub use pairing::{LinkedDevice, Passkey};
pub use privacy::{PrivacyCategory, PrivacyError, PrivacyValue};
pub use queue::QueuedStanza;
pub use refusal::{Ban, BanReason, LoginRefusal};
pub use simulator::history::{HistoryError, PhoneChat, PhoneMessage};
pub use simulator::newsletters::{NewsletterError, NewsletterInfo, NewsletterPost};
pub use simulator::{Follow, Keep, Reachability, Simulator};
pub use stanza_log::{Direction, StanzaFilter, StanzaRecord};
pub use stats::Stats;
pub use status_privacy::StatusAudience;
pub use stream_end::StreamEnd;
pub use tokens::Reachout;
pub use unknown::{Strictness, UnknownStanza};

pub use business::{BusinessCategory, BusinessDay, BusinessHours, BusinessProfile};
pub use calls::{CallMedia, CallState, CallView};
pub use error::{CallError, MediaError, PictureError};
pub use media::TlsError;

/// The README's example in Rust, run with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
