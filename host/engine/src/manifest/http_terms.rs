//! The terms of requests over HTTP: to whom, how, how often.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use http::Method;
use url::{Host, Url};

use super::section::{KeyError, Section};
use super::terms::{Rate, Side, Terms};

/// The methods a request may have.
pub(crate) const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// A set of origins: scheme, host and port, where the host may be a whole domain or everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    scheme: Scheme,
    hosts: Hosts,
    /// None for all.
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// `*`: every host that has a name.
    Any,
    /// `*.example.com`: what is below it, not itself.
    Below(Box<str>),
    /// One name or address.
    One(Host<String>),
}

/// Where the star of an origin stands.
enum Star {
    Absent,
    Alone,
    BeforeName,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Origins {
    /// Whether a URL is of one of them.
    #[must_use]
    pub fn contain(&self, url: &Url) -> bool {
        let hosts = match (&self.hosts, url.host()) {
            (_, None) | (Hosts::Any | Hosts::Below(_), Some(Host::Ipv4(_) | Host::Ipv6(_))) => false,
            (Hosts::Any, Some(Host::Domain(_))) => true,
            (Hosts::Below(parent), Some(Host::Domain(name))) => name
                .strip_suffix(&**parent)
                .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            (Hosts::One(one), Some(host)) => *one == host.to_owned(),
        };
        let port = self.port.is_none() || self.port == url.port_or_known_default();
        hosts && port && url.scheme() == self.scheme.name()
    }
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| {
            format!(
                "{text:?} {problem}; write for example \"https://api.example.com\", \"https://*.example.com:8443\" or \"https://*\""
            )
        };
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(_) | None => return Err(wrong("is not an origin of http or https")),
        };
        if rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(wrong("must be an origin alone, without path, query or user"));
        }
        let (rest, any_port) = match rest.strip_suffix(":*") {
            Some(host) => (host, true),
            None => (rest, false),
        };
        // Behind a star stands a name, or nothing; a stand-in lets the URL's own rules read the port then.
        let (star, plain) = match rest.strip_prefix('*') {
            None => (Star::Absent, rest.to_owned()),
            Some(tail) if tail.is_empty() || tail.starts_with(':') => (Star::Alone, format!("any.invalid{tail}")),
            Some(tail) => match tail.strip_prefix('.') {
                Some(parent) => (Star::BeforeName, parent.to_owned()),
                None => return Err(wrong("has a star that does not stand for whole labels")),
            },
        };
        let url = Url::parse(&format!("{}://{plain}/", scheme.name()))
            .map_err(|error| wrong(&format!("has no usable host: {error}")))?;
        let host = url.host().filter(|_| !plain.contains('*'));
        let hosts = match (star, host.map(|host| host.to_owned())) {
            (_, None) => return Err(wrong("has no usable host")),
            (Star::Absent, Some(host)) => Hosts::One(host),
            (Star::Alone, Some(_)) => Hosts::Any,
            (Star::BeforeName, Some(Host::Domain(parent))) => Hosts::Below(parent.into()),
            (Star::BeforeName, Some(Host::Ipv4(_) | Host::Ipv6(_))) => {
                return Err(wrong("has a star before an address"));
            }
        };
        let port = url.port_or_known_default().filter(|_| !any_port);
        Ok(Self { scheme, hosts, port })
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        match &self.hosts {
            Hosts::Any => f.write_str("*")?,
            Hosts::Below(parent) => write!(f, "*.{parent}")?,
            Hosts::One(host) => write!(f, "{host}")?,
        }
        match (self.scheme, self.port) {
            (Scheme::Http, Some(80)) | (Scheme::Https, Some(443)) => Ok(()),
            (_, Some(port)) => write!(f, ":{port}"),
            (_, None) => f.write_str(":*"),
        }
    }
}

/// Terms of requests over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpTerms {
    /// Where to: every list must have an origin that fits.
    pub allow: Vec<Vec<Origins>>,
    /// How; none of them for all.
    pub methods: Option<BTreeSet<Box<str>>>,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

impl HttpTerms {
    /// Whether a URL may be asked.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        self.allow
            .iter()
            .all(|list| list.iter().any(|origins| origins.contain(url)))
    }

    /// Whether a method may be used.
    #[must_use]
    pub fn allows_method(&self, method: &Method) -> bool {
        self.methods
            .as_ref()
            .is_none_or(|methods| methods.contains(method.as_str()))
    }
}

impl Terms for HttpTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let allow = match (section.texts("allow")?, side) {
            (Some(texts), _) => {
                let mut list = Vec::new();
                for (index, text) in texts.into_iter().enumerate() {
                    match text.parse() {
                        Ok(origins) => list.push(origins),
                        Err(problem) => return section.fail(&format!("allow[{index}]"), problem),
                    }
                }
                vec![list]
            }
            (None, Side::Grant) => Vec::new(),
            (None, Side::Request) => {
                return section.fail(
                    "allow",
                    "is missing; name the origins, such as [\"https://api.example.com\"]",
                );
            }
        };
        let methods = match section.texts("methods")? {
            None => None,
            Some(texts) => {
                let mut methods = BTreeSet::new();
                for (index, text) in texts.into_iter().enumerate() {
                    if !METHODS.iter().any(|method| method == text) {
                        let known = METHODS.each_ref().map(Method::as_str);
                        return section.fail(
                            &format!("methods[{index}]"),
                            super::section::unknown("method", text, &known),
                        );
                    }
                    methods.insert(text.into());
                }
                Some(methods)
            }
        };
        let rates = section.parse("rate")?.into_iter().collect();
        Ok(Self { allow, methods, rates })
    }

    fn and(&self, other: &Self) -> Self {
        let mut allow = self.allow.clone();
        allow.extend(other.allow.iter().filter(|list| !self.allow.contains(list)).cloned());
        let methods = match (&self.methods, &other.methods) {
            (Some(one), Some(two)) => Some(one.intersection(two).cloned().collect()),
            (Some(methods), None) | (None, Some(methods)) => Some(methods.clone()),
            (None, None) => None,
        };
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self { allow, methods, rates }
    }

    fn within(&self, other: &Self) -> bool {
        let covered = |list: &Vec<Origins>| {
            let mut own = self.allow.iter();
            own.any(|own| own.iter().all(|origins| list.contains(origins)))
        };
        let methods = match (&self.methods, &other.methods) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own.is_subset(others),
        };
        methods && other.allow.iter().all(covered) && Rate::within(&self.rates, &other.rates)
    }

    fn rates(&self) -> &[Rate] {
        &self.rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(text: &str) -> Origins {
        text.parse().expect("origins")
    }

    fn fits(origin: &str, url: &str) -> bool {
        origins(origin).contain(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(fits("https://api.example.com", "https://api.example.com/v1?x=1"));
        assert!(fits("https://api.example.com", "https://API.example.com:443/"));
        assert!(fits("http://127.0.0.1:8080", "http://0x7f.1:8080/"));
        assert!(fits("https://bücher.example", "https://xn--bcher-kva.example/"));
        for other in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://example.com/",
            "https://api.example.com.evil.example/",
            "https://api.example.com@evil.example/",
            "https://evil-api.example.com/",
        ] {
            assert!(!fits("https://api.example.com", other), "{other}");
        }
    }

    #[test]
    fn a_star_stands_for_labels_and_never_for_an_address() {
        assert!(fits("https://*.example.com", "https://a.b.example.com/"));
        assert!(!fits("https://*.example.com", "https://example.com/"));
        assert!(!fits("https://*.example.com", "https://badexample.com/"));
        assert!(fits("https://*", "https://anything.example/"));
        assert!(!fits("https://*", "https://93.184.216.34/"));
        assert!(!fits("https://*", "https://[2606:4700::1111]/"));
        assert!(fits("http://*:8080", "http://anything.example:8080/"));
        assert!(fits("http://127.0.0.1:*", "http://127.0.0.1:4567/"));
        assert!(!fits("http://127.0.0.1:*", "https://127.0.0.1:4567/"));
    }

    #[test]
    fn what_is_no_origin_is_refused_with_an_example() {
        for wrong in [
            "api.example.com",
            "ftp://example.com",
            "https://example.com/path",
            "https://user@example.com",
            "https://",
            "https://*example.com",
            "https://a.*.com",
            "https://*.127.0.0.1",
            "https://example.com:99999",
        ] {
            let problem = wrong.parse::<Origins>().expect_err(wrong);
            assert!(problem.contains("write for example"), "{problem}");
        }
        for text in [
            "https://api.example.com",
            "http://*:8080",
            "https://*.example.com:8443",
            "http://localhost:*",
        ] {
            assert_eq!(origins(text).to_string(), text);
        }
    }
}
