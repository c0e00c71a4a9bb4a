//! TLS of the HTTP listener: what it shows, how that is read from files, and how it is taken up again when they change.
//!
//! rustls with ring, TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1. Keys are in memory only inside of rustls, and never in a log.

mod certificates;
mod form;
mod identity;
mod meters;

pub use certificates::{Certificates, Renewed};
pub use identity::{Identity, TlsError};
pub use meters::Meters;
