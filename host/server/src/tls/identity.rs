//! A certificate and its key, read from two files and held against each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use waspnest_core::clock::UnixMs;

use super::form::{self, Said};
use crate::config::tls::Tls;

/// What the listener shows.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) certified: Arc<CertifiedKey>,
    /// From when on the certificate holds.
    pub not_before: UnixMs,
    /// And until when.
    pub not_after: UnixMs,
    /// The names it is for.
    pub names: Vec<String>,
}

/// What is wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of them cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of them is no PEM.
    #[error("{} is not PEM: {what}", path.display())]
    NotPem {
        /// Which.
        path: PathBuf,
        /// Why not.
        what: pem::Error,
    },
    /// No certificate is in it.
    #[error("{} holds no certificate: expected PEM with \"BEGIN CERTIFICATE\"", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// No key is in it.
    #[error("{} holds no private key: expected PEM with \"BEGIN PRIVATE KEY\"", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The first certificate is none.
    #[error("the first certificate in {} cannot be read", path.display())]
    NotACertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key belongs to another certificate, or is of a kind that is not served.
    #[error("the key in {} does not go with the first certificate in {}", key.display(), certificate.display())]
    DoesNotFit {
        /// The file of the key.
        key: PathBuf,
        /// That of the certificate.
        certificate: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// What stands in the two files.
pub(super) struct Written {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Written {
    /// Reads both. They are small.
    pub(super) fn read(config: &Tls) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read {
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self {
            certificate: read(&config.certificate)?,
            key: read(&config.key)?,
        })
    }

    /// What tells whether they have changed.
    pub(super) fn digest(&self) -> [u8; 32] {
        let each = [&self.certificate, &self.key].map(Sha256::digest);
        Sha256::digest(each.concat()).into()
    }
}

impl Identity {
    /// Of the two files of a configuration.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn load(config: &Tls) -> Result<Self, TlsError> {
        Self::of(config, &Written::read(config)?)
    }

    pub(super) fn of(config: &Tls, written: &Written) -> Result<Self, TlsError> {
        let path = config.certificate.clone();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&written.certificate).collect();
        let chain = chain.map_err(|what| TlsError::NotPem {
            path: path.clone(),
            what,
        })?;
        let Some(first) = chain.first() else {
            return Err(TlsError::NoCertificate { path });
        };
        let said = form::read(first).ok_or(TlsError::NotACertificate { path })?;
        let Said {
            not_before,
            not_after,
            names,
        } = said;
        let path = config.key.clone();
        let key = PrivateKeyDer::from_pem_slice(&written.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { path },
            what => TlsError::NotPem { path, what },
        })?;
        let certified = CertifiedKey::from_der(chain, key, &default_provider());
        let certified = certified.map_err(|source| TlsError::DoesNotFit {
            key: config.key.clone(),
            certificate: config.certificate.clone(),
            source,
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            not_before,
            not_after,
            names,
        })
    }
}
