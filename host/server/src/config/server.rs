//! `[server]`: the HTTP listener, who may call it, and how the process ends.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connections::Connections;
use super::form;
use super::secret::Secret;
use super::section::Section;
use super::tls::Tls;

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may administer the host.
    pub admin_secret: AdminSecret,
    /// Bytes of the largest request body.
    pub body_limit: u64,
    /// How answers are compressed for callers who accept it.
    pub compression: Compression,
    /// How long running work may take to finish after the first signal.
    pub grace: Duration,
    /// `[server.tls]`; none where HTTP is served as it is.
    pub tls: Option<Tls>,
    /// `[server.connections]`.
    pub connections: Connections,
}

/// How answers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// By gzip, where they are texts and long enough.
    Gzip,
    /// Not at all: a proxy in front does it, or the processor has other things to do.
    Off,
}

/// Where the admin secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminSecret {
    /// It was made at the first start, shown once, and only its hash is kept in the store.
    Generated,
    /// It is this one.
    Given(Secret),
    /// It is what this file says, without surrounding white space.
    File(PathBuf),
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_secret: AdminSecret::Generated,
            body_limit: 1 << 20,
            compression: Compression::Gzip,
            grace: Duration::from_secs(20),
            tls: None,
            connections: Connections::default(),
        }
    }
}

impl Server {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Self {
        let default = Self::default();
        let listen =
            form::parsed_as("an address to listen on: expected one such as \"127.0.0.1:8080\" or \"[::]:8080\"");
        let given = section.optional("admin-secret", form::parsed::<Secret>);
        let file = section.optional("admin-secret-file", form::path(base));
        let admin_secret = match (given, file) {
            (None, None) => AdminSecret::Generated,
            (Some(secret), None) => AdminSecret::Given(secret),
            (None, Some(file)) => AdminSecret::File(file),
            (Some(_), Some(file)) => {
                section.report(
                    "admin-secret",
                    "is given together with admin-secret-file: keep one of them",
                );
                AdminSecret::File(file)
            }
        };
        let server = Self {
            listen: section.or("listen", default.listen, listen),
            admin_secret,
            body_limit: section.or("body-limit", default.body_limit, form::bytes(1 << 10, 256 << 20)),
            compression: section.or(
                "compression",
                default.compression,
                form::one_of(&[("gzip", Compression::Gzip), ("off", Compression::Off)]),
            ),
            grace: section.or(
                "grace",
                default.grace,
                form::span(Duration::ZERO, Duration::from_secs(600)),
            ),
            tls: Tls::read(section.table("tls"), base),
            connections: Connections::read(section.table("connections")),
        };
        section.finish();
        server
    }
}
