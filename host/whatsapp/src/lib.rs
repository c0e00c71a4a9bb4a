//! WhatsApp sessions for the host; the only crate that knows whatsapp-rust.
//!
//! A [`WhatsApp`] opens sessions, each driven through a [`SessionHandle`]: pair, connect, log out, carry out effects, and ask the account
//! at once ([`waspnest_core::live`]). What comes in
//! is decoded and appended to the log before WhatsApp gets its acknowledgement; what goes out carries a message id derived from its
//! effect. Device keys and all protocol state live in the host's store, encrypted. Only the pure conversions ([`decode`],
//! [`encode`], [`jid`]) show types of whatsapp-rust.

mod affairs;
mod authority;
mod backend;
mod caches;
mod carry_out;
mod certificate;
pub mod decode;
pub mod encode;
mod endpoint;
mod expiry;
mod file;
mod host;
mod intake;
pub mod jid;
mod live;
mod meters;
mod options;
mod proxy;
mod redelivery;
mod secret;
mod session;
mod session_proxy;
mod status;
mod time;
mod transport;
mod turnstile;
mod unseal;

pub use authority::{Authority, AuthorityError};
pub use backend::Devices;
pub use carry_out::{Carried, CarryError, LONGEST_TYPING};
pub use certificate::{Verification, WeakenedBuild, verification};
pub use endpoint::{Endpoint, InvalidEndpoint, Scheme};
pub use file::FetchError;
pub use host::{OpenError, StartError, WhatsApp};
pub use meters::Meters;
pub use options::{History, Profile, Version, WhatsAppOptions};
pub use proxy::{InvalidProxy, Proxy, ProxyKind};
pub use session::{
    Acknowledgement, Activity, AskError, LastMessages, PairCode, PairingError, Passkey, RequestError, SessionHandle,
    Settled,
};
pub use session_proxy::ProxyError;
pub use status::{Qr, State, Status};
