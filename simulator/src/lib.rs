//! A WhatsApp multi-device server small enough to run inside a test, on plain `ws://` and loopback.

mod account;
pub mod admin;
mod clock;
mod config;
mod error;
pub mod human;
mod skeleton;
mod stats;

pub use account::{Account, NewAccount};
pub use clock::{Clock, SystemClock};
pub use config::{Config, Exposure, PhoneReading};
pub use error::{AccountError, ScanError, StartError, UnlinkError};
pub use skeleton::{Direction, LinkedDevice, LoginRefusal, Reachability, Simulator, StanzaRecord};
pub use stats::Stats;
