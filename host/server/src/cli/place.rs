//! Where a host is, and whose word there is that it is that host.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::remote::Environment;

/// Variables of the environment that say what the arguments do not.
const URL: &str = "WASPNEST_URL";
const CA: &str = "WASPNEST_CA";

/// Where a host listens that says nothing else.
pub(super) const USUAL_URL: &str = "http://127.0.0.1:8080";

/// Which host.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// Where its API is; without it WASPNEST_URL, or http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// A PEM file with the only authorities that may vouch for an https host; without it WASPNEST_CA, or those that browsers trust
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Who may vouch for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// The authorities that browsers trust.
    Public,
    /// Those in a file, and nobody else.
    Only(PathBuf),
    /// Nobody has to: for an address of this machine, of which the certificate does not speak, and for questions without a secret.
    Nobody,
}

impl Place {
    /// The same, for a host that is somewhere else than usual.
    pub(super) fn or_at(&self, url: Option<Url>, env: &Environment) -> Self {
        Self {
            url: if self.is_told(env) { self.url.clone() } else { url },
            ca: self.ca.clone(),
        }
    }

    /// Whether anybody said where the host is.
    pub(super) fn is_told(&self, env: &Environment) -> bool {
        self.url.is_some() || env.contains_key(URL)
    }

    /// Where the host is.
    pub(super) fn base(&self, env: &Environment) -> anyhow::Result<Url> {
        match (&self.url, env.get(URL)) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(text)) => text.parse().with_context(|| format!("{URL} is not a URL: {text:?}")),
            (None, None) => Ok(USUAL_URL.parse().expect("it is a URL")),
        }
    }

    /// Who may vouch for it.
    pub(super) fn trust(&self, env: &Environment) -> Trust {
        let named = self.ca.clone().or_else(|| env.get(CA).map(PathBuf::from));
        named.map_or(Trust::Public, Trust::Only)
    }
}

impl Trust {
    /// As the client wants it said.
    pub(super) fn config(&self) -> anyhow::Result<TlsConfig> {
        let builder = TlsConfig::builder();
        Ok(match self {
            Self::Public => builder.build(),
            Self::Nobody => builder.disable_verification(true).build(),
            Self::Only(path) => {
                let text = std::fs::read(path);
                let text = text.with_context(|| format!("cannot read the authorities in {}", path.display()))?;
                let mut authorities = Vec::new();
                for item in parse_pem(&text) {
                    let item = item.with_context(|| format!("{} is not PEM", path.display()))?;
                    // A key beside it, or what a later version knows: nothing to trust.
                    if let PemItem::Certificate(authority) = item {
                        authorities.push(authority);
                    }
                }
                if authorities.is_empty() {
                    bail!(
                        "{} holds no certificate: expected PEM with \"BEGIN CERTIFICATE\"",
                        path.display()
                    );
                }
                builder.root_certs(RootCerts::new_with_certs(&authorities)).build()
            }
        })
    }
}
