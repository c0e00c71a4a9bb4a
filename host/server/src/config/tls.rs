//! `[server.tls]`: what the HTTP listener shows to whoever connects.

use std::path::{Path, PathBuf};

use super::form;
use super::section::Section;

/// `[server.tls]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// PEM: the certificate, and behind it those that lead to an authority.
    pub certificate: PathBuf,
    /// PEM: the key of the certificate.
    pub key: PathBuf,
}

impl Tls {
    /// None where neither is written: HTTP is served as it is, for a proxy in front or this machine alone.
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Option<Self> {
        let certificate = section.optional("certificate", form::path(base));
        let key = section.optional("key", form::path(base));
        let missing = match (&certificate, &key) {
            (Some(_), None) => Some("key"),
            (None, Some(_)) => Some("certificate"),
            (Some(_), Some(_)) | (None, None) => None,
        };
        if let Some(missing) = missing {
            section.report(missing, "is missing: a certificate and its key belong together");
        }
        section.finish();
        Some(Self {
            certificate: certificate?,
            key: key?,
        })
    }
}
