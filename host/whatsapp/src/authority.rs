//! Who may vouch for the servers that files and settings are fetched from over HTTPS.
//!
//! WhatsApp's own servers are vouched for by the public authorities. A simulator or a relay has one of its own, which then is the only one
//! that is trusted: nothing is ever fetched without a check.

use std::fmt;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use whatsapp_rust::http::UreqHttpClient;

use crate::proxy::{self, Proxy};

/// Buffers and idle connections of the agent when it is ours: what whatsapp-rust gives its own, for many sessions that fetch little.
const BUFFER: usize = 16 << 10;
const IDLE: usize = 4;

/// Whom HTTPS connections trust.
#[derive(Clone, Default)]
pub enum Authority {
    /// Those every browser trusts.
    #[default]
    Public,
    /// These certificates and nobody else.
    Own(Vec<Certificate<'static>>),
}

/// Why a file holds no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file cannot be read.
    #[error("the certificate authority in {} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{} holds no certificate: expected a PEM file with BEGIN CERTIFICATE", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
}

impl Authority {
    /// The certificates of a PEM file.
    ///
    /// # Errors
    /// [`AuthorityError`] when it cannot be read, or holds anything but certificates.
    pub fn from_file(path: &Path) -> Result<Self, AuthorityError> {
        let pem = std::fs::read(path).map_err(|source| AuthorityError::Read {
            path: path.to_owned(),
            source,
        })?;
        let certificates: Option<Vec<_>> = parse_pem(&pem)
            .map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                // Keys, requests and whatever else PEM can hold.
                Ok(_) | Err(_) => None,
            })
            .collect();
        match certificates {
            Some(certificates) if !certificates.is_empty() => Ok(Self::Own(certificates)),
            Some(_) | None => Err(AuthorityError::NoCertificate { path: path.to_owned() }),
        }
    }

    /// The HTTP client of all sessions that go through no proxy, or of one that does.
    pub(crate) fn client(&self, proxy: Option<Proxy>) -> UreqHttpClient {
        if let (Self::Public, None) = (self, &proxy) {
            return UreqHttpClient::new();
        }
        let agent = ureq::Agent::config_builder()
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_idle_connections(IDLE);
        let agent = match self {
            Self::Public => agent,
            Self::Own(certificates) => {
                let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(certificates));
                agent.tls_config(tls.build())
            }
        };
        UreqHttpClient::with_agent(match proxy {
            None => agent.build().into(),
            // The environment's proxy would be asked for beside ours.
            Some(proxy) => proxy::agent(agent.proxy(None).build(), proxy),
        })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("Public"),
            Self::Own(certificates) => write!(f, "Own({})", certificates.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), content).expect("it is writable");
        file
    }

    #[test]
    fn a_certificate_is_taken_and_anything_else_refused_by_name() {
        let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let given = file(pem);
        let authority = Authority::from_file(given.path()).expect("a certificate");
        assert_eq!(format!("{authority:?}"), "Own(1)");
        for content in [
            "",
            "hello",
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        ] {
            let given = file(content);
            let error = Authority::from_file(given.path()).expect_err("not a certificate");
            assert!(error.to_string().contains("holds no certificate"), "{error}");
            assert!(error.to_string().contains(&*given.path().to_string_lossy()), "{error}");
        }
        let missing = Path::new("/nowhere/authority.pem");
        let error = Authority::from_file(missing).expect_err("no such file");
        assert!(error.to_string().contains("/nowhere/authority.pem"), "{error}");
    }
}
