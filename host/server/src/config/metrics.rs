//! `[metrics]`: where what is measured is shown besides the API.

use std::net::SocketAddr;

use super::form;
use super::section::Section;

/// `[metrics]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metrics {
    /// Where `GET /metrics` is answered to whoever can reach it; none for the API alone, which takes the admin secret.
    pub listen: Option<SocketAddr>,
}

impl Metrics {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let listen =
            form::parsed_as("an address to listen on: expected one such as \"127.0.0.1:9464\" or \"[::1]:9464\"");
        let metrics = Self {
            listen: section.optional("listen", listen),
        };
        section.finish();
        metrics
    }
}
