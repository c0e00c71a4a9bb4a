//! `[callers]`: how long logins last, how often somebody may call, from which pages of which sites, and what is kept of it.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use waspnest_core::caller::Network;
use waspnest_core::given::Given;

use super::form;
use super::section::Section;

/// `[callers]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callers {
    /// How long the access token of a login opens.
    pub token_ttl: Duration,
    /// How long a login lasts that is not refreshed.
    pub login_ttl: Duration,
    /// Requests of one user, key or token in a minute.
    pub requests: u32,
    /// Requests from one address in a minute, but for the operator's.
    pub address_requests: u32,
    /// Proxies that are believed where a request comes from.
    pub proxies: Vec<Network>,
    /// Where they say it.
    pub proxy_header: ProxyHeader,
    /// Sites whose pages may call.
    pub origins: Vec<Origin>,
    /// How long the audit log is kept.
    pub audit_ttl: Duration,
}

/// Where proxies say whom a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whose pages may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Any site's.
    Any,
    /// One site's: `https://app.example.com`.
    Site(Box<str>),
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not an origin: expected one such as \"https://app.example.com\", without a path, or \"*\"")]
pub struct InvalidOrigin {
    given: Given,
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let url = text.parse::<url::Url>().ok();
        let is_one = url
            .is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text);
        match is_one {
            true => Ok(Self::Site(text.into())),
            false => Err(InvalidOrigin { given: Given::of(text) }),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Callers {
    fn default() -> Self {
        Self {
            token_ttl: MINUTE * 15,
            login_ttl: DAY * 30,
            requests: 600,
            address_requests: 1200,
            proxies: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            origins: Vec::new(),
            audit_ttl: DAY * 90,
        }
    }
}

impl Callers {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let count = || form::integer(1, 1_000_000);
        let callers = Self {
            token_ttl: section.or("token-ttl", default.token_ttl, form::span(MINUTE, DAY)),
            login_ttl: section.or("login-ttl", default.login_ttl, form::span(MINUTE, DAY * 365)),
            requests: section.or("requests-per-minute", default.requests, count()),
            address_requests: section.or("requests-per-minute-from-address", default.address_requests, count()),
            proxies: section.or("proxies", default.proxies, form::list(form::parsed)),
            proxy_header: section.or(
                "proxy-header",
                default.proxy_header,
                form::one_of(&[
                    ("x-forwarded-for", ProxyHeader::XForwardedFor),
                    ("forwarded", ProxyHeader::Forwarded),
                ]),
            ),
            origins: section.or("origins", default.origins, form::list(form::parsed)),
            audit_ttl: section.or("audit-ttl", default.audit_ttl, form::span(DAY, DAY * 3650)),
        };
        section.finish();
        callers
    }

    /// Whether a proxy there is believed.
    #[must_use]
    pub fn believes(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|proxy| proxy.has(address))
    }

    /// Whether pages of a site may call.
    #[must_use]
    pub fn lets_in(&self, site: &str) -> bool {
        self.origins.iter().any(|origin| match origin {
            Origin::Any => true,
            Origin::Site(known) => **known == *site,
        })
    }
}
