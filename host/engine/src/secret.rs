//! A secret as the host gives it out for a call: its text, and the hosts it may be sent to.

mod passing;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Url};
use waspnest_core::secret::SecretText;

pub(crate) use passing::{Passing, forms};

/// Hosts that a secret may be sent to: one, or all below a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretHost {
    /// `*.example.com`: what is below it, not itself.
    Below(Box<str>),
    /// One name or address.
    One(Host<String>),
}

impl SecretHost {
    /// Whether a URL is of one of them.
    #[must_use]
    pub fn is_of(&self, url: &Url) -> bool {
        match (self, url.host()) {
            (_, None) | (Self::Below(_), Some(Host::Ipv4(_) | Host::Ipv6(_))) => false,
            (Self::Below(parent), Some(Host::Domain(name))) => name
                .strip_suffix(&**parent)
                .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            (Self::One(one), Some(host)) => *one == host.to_owned(),
        }
    }
}

impl FromStr for SecretHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not a host; write for example \"api.example.com\", \"*.example.com\" or \"192.0.2.1\"")
        };
        let (plain, below) = match text.strip_prefix("*.") {
            Some(parent) => (parent, true),
            None => (text, false),
        };
        if plain.contains('*') {
            return Err(wrong());
        }
        match (Host::parse(plain).map_err(|_| wrong())?, below) {
            (Host::Domain(parent), true) => Ok(Self::Below(parent.into())),
            (Host::Ipv4(_) | Host::Ipv6(_), true) => Err(wrong()),
            (host, false) => Ok(Self::One(host)),
        }
    }
}

impl fmt::Display for SecretHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(parent) => write!(f, "*.{parent}"),
            Self::One(host) => write!(f, "{host}"),
        }
    }
}

/// A secret with the hosts it is bound to.
#[derive(Debug, Clone)]
pub struct BoundSecret {
    /// The secret.
    pub text: SecretText,
    /// Where it may be sent; nowhere when this is empty.
    pub hosts: Arc<[SecretHost]>,
}

impl BoundSecret {
    /// Whether it may be sent to a URL's host.
    pub(crate) fn may_go_to(&self, url: &Url) -> bool {
        self.hosts.iter().any(|host| host.is_of(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_or_all_below_a_name() {
        let fits = |host: &str, url: &str| {
            let host: SecretHost = host.parse().expect("a host");
            host.is_of(&Url::parse(url).expect("a URL"))
        };
        assert!(fits("api.example.com", "https://API.example.com:8443/x"));
        assert!(fits("bücher.example", "https://xn--bcher-kva.example/"));
        assert!(fits("*.example.com", "https://a.b.example.com/"));
        assert!(fits("127.0.0.1", "http://0x7f.1/"));
        assert!(fits("[::1]", "http://[0::1]/"));
        for (host, url) in [
            ("api.example.com", "https://example.com/"),
            ("api.example.com", "https://api.example.com.evil.example/"),
            ("*.example.com", "https://example.com/"),
            ("*.example.com", "https://badexample.com/"),
        ] {
            assert!(!fits(host, url), "{host} {url}");
        }
        for wrong in [
            "",
            "*",
            "*.",
            "https://example.com",
            "a.*.com",
            "*.127.0.0.1",
            "example.com/path",
            "a b",
        ] {
            let problem = wrong.parse::<SecretHost>().expect_err(wrong);
            assert!(problem.contains("write for example"), "{problem}");
        }
    }
}
