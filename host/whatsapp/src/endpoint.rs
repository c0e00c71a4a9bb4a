//! Where sessions connect to, parsed once.
//!
//! Anything but WhatsApp's own address is meant for a simulator or a relay on this machine: plain `ws://` is accepted for loopback only.
//! Whether this *build* may leave loopback at all is not decided here (see [`crate::certificate`]).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A WebSocket address.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    path: Box<str>,
}

/// How the WebSocket is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Inside TLS.
    Wss,
    /// Bare TCP; loopback only.
    Ws,
}

/// A text that is not an endpoint a session may use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a WebSocket address.
    #[error("{given:?} is not a WebSocket address: expected wss://host[:port]/path, or ws:// for a loopback address")]
    Syntax {
        /// What was given.
        given: String,
    },
    /// Plain text to another machine.
    #[error(
        "{given:?} is not encrypted and not on this machine: ws:// is for loopback addresses (127.0.0.1, ::1, localhost) only"
    )]
    PlainRemote {
        /// What was given.
        given: String,
    },
}

impl Endpoint {
    /// WhatsApp itself, as WhatsApp Web dials it.
    #[must_use]
    pub fn whatsapp() -> Self {
        Self {
            scheme: Scheme::Wss,
            host: "web.whatsapp.com".into(),
            port: 443,
            path: "/ws/chat".into(),
        }
    }

    /// How it is carried.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it can only be this machine. A name other than `localhost` is not trusted to be.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::whatsapp()
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let syntax = || InvalidEndpoint::Syntax { given: text.to_owned() };
        let (scheme, rest) = match text.split_once("://") {
            Some(("wss", rest)) => (Scheme::Wss, rest),
            Some(("ws", rest)) => (Scheme::Ws, rest),
            _ => return Err(syntax()),
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, port) = v6.split_once(']').ok_or_else(syntax)?;
                (host, port.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| syntax())?,
            None => match scheme {
                Scheme::Wss => 443,
                Scheme::Ws => 80,
            },
        };
        let clean = |part: &str| {
            part.chars()
                .all(|c| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#' | '\\'))
        };
        if host.is_empty() || port == 0 || !clean(host) || !clean(path) {
            return Err(syntax());
        }
        let endpoint = Self {
            scheme,
            host: host.into(),
            port,
            path: path.into(),
        };
        match scheme {
            Scheme::Ws if !endpoint.is_loopback() => Err(InvalidEndpoint::PlainRemote { given: text.to_owned() }),
            Scheme::Ws | Scheme::Wss => Ok(endpoint),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Wss => "wss",
            Scheme::Ws => "ws",
        };
        let path = &self.path;
        let port = self.port;
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{port}{path}", self.host)
        } else {
            write!(f, "{scheme}://{}:{port}{path}", self.host)
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatsapp_is_the_default_and_parses_to_itself() {
        assert_eq!(
            "wss://web.whatsapp.com/ws/chat".parse::<Endpoint>().expect("valid"),
            Endpoint::default()
        );
        assert!(!Endpoint::default().is_loopback());
    }

    #[test]
    fn loopback_may_be_plain_and_nothing_else() {
        for text in [
            "ws://127.0.0.1:4000/ws/chat",
            "ws://[::1]:4000/ws/chat",
            "ws://localhost:1/",
            "wss://127.0.0.1:9/x",
        ] {
            assert!(text.parse::<Endpoint>().expect(text).is_loopback(), "{text}");
        }
        for text in [
            "ws://web.whatsapp.com/ws/chat",
            "ws://10.0.0.1:80/",
            "ws://localhost.example.org/",
            "ws://127.0.0.1.example.org/",
        ] {
            assert_eq!(
                text.parse::<Endpoint>(),
                Err(InvalidEndpoint::PlainRemote { given: text.into() })
            );
        }
    }

    #[test]
    fn anything_else_is_named_in_the_error() {
        for text in [
            "",
            "http://127.0.0.1/",
            "wss://",
            "wss://host:0/",
            "wss://host:99999/",
            "wss://user@host/",
            "wss://ho st/",
            "ws://127.0.0.1@example.org/",
        ] {
            assert_eq!(
                text.parse::<Endpoint>(),
                Err(InvalidEndpoint::Syntax { given: text.into() })
            );
        }
    }

    #[test]
    fn the_text_form_parses_back() {
        for text in [
            "wss://web.whatsapp.com:443/ws/chat",
            "ws://[::1]:4000/a",
            "ws://127.0.0.1:80/",
        ] {
            let endpoint: Endpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), text);
        }
    }
}
