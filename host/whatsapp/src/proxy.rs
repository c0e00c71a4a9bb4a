//! A way round to WhatsApp: a proxy that speaks HTTP CONNECT or SOCKS5.
//!
//! Names are always resolved by the proxy, so that nothing of where a session connects to leaves beside it. Credentials show neither in
//! `Debug` nor in `Display` nor in errors; [`Proxy::expose`] is for the store alone.

mod media;
mod tunnel;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

pub(crate) use media::agent;

/// A proxy, with what it wants to know of who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Box<str>,
    port: u16,
    credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP, with the method CONNECT.
    Connect,
    /// SOCKS, version 5.
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user: Box<str>,
    password: Box<str>,
}

/// A text that is no proxy. It does not say what the text was: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    /// Not in form.
    #[error(
        "it is not the address of a proxy: expected http://[user:password@]host:port or socks5://[user:password@]host:port"
    )]
    Syntax,
    /// TLS to the proxy itself.
    #[error("proxies that are spoken to over TLS (https://) are not supported: expected http:// or socks5://")]
    Tls,
    /// More than the protocol can carry.
    #[error("the user or the password of the proxy is empty, or longer than 255 bytes, or holds a control character")]
    Credentials,
}

impl Proxy {
    /// The proxy at a place that asks for nothing.
    ///
    /// # Errors
    /// [`InvalidProxy`] for a text with credentials in it too: they are given apart.
    pub fn at(place: &str) -> Result<Self, InvalidProxy> {
        let proxy: Self = place.parse()?;
        if proxy.credentials.is_some() {
            return Err(InvalidProxy::Syntax);
        }
        Ok(proxy)
    }

    /// The same proxy, told who asks.
    ///
    /// # Errors
    /// [`InvalidProxy::Credentials`].
    pub fn with_credentials(self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        let fits = |text: &str| (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
        if !fits(user) || !fits(password) || (self.kind == ProxyKind::Connect && user.contains(':')) {
            return Err(InvalidProxy::Credentials);
        }
        Ok(Self {
            credentials: Some(Credentials {
                user: user.into(),
                password: password.into(),
            }),
            ..self
        })
    }

    /// Whether it is told who asks.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.credentials.is_some()
    }

    /// Whether it can only be on this machine. A name other than `localhost` is not trusted to be.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// All of it, as a text that parses back; for what is sealed before it is stored.
    pub(crate) fn expose(&self) -> String {
        let plain = self.to_string();
        match &self.credentials {
            None => plain,
            Some(Credentials { user, password }) => {
                let (scheme, place) = plain.split_once("://").unwrap_or_default();
                format!("{scheme}://{}:{}@{place}", escape(user), escape(password))
            }
        }
    }
}

impl FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let (kind, rest) = match text.split_once("://") {
            Some(("http", rest)) => (ProxyKind::Connect, rest),
            Some(("socks5" | "socks5h", rest)) => (ProxyKind::Socks5, rest),
            Some(("https", _)) => return Err(InvalidProxy::Tls),
            _ => return Err(InvalidProxy::Syntax),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (who, place) = match rest.rsplit_once('@') {
            Some((who, place)) => (Some(who), place),
            None => (None, rest),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => v6.split_once("]:"),
            None => place.split_once(':'),
        }
        .ok_or(InvalidProxy::Syntax)?;
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or(InvalidProxy::Syntax)?;
        let clean = |host: &str| {
            (1..=255).contains(&host.len())
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'))
        };
        if !clean(host) {
            return Err(InvalidProxy::Syntax);
        }
        let proxy = Self {
            kind,
            host: host.into(),
            port,
            credentials: None,
        };
        match who {
            None => Ok(proxy),
            Some(who) => {
                let (user, password) = who.split_once(':').ok_or(InvalidProxy::Syntax)?;
                proxy.with_credentials(&unescape(user)?, &unescape(password)?)
            }
        }
    }
}

/// Where it is, and nothing of who asks.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Connect => "http",
            ProxyKind::Socks5 => "socks5",
        };
        let port = self.port;
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{port}", self.host)
        } else {
            write!(f, "{scheme}://{}:{port}", self.host)
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}

fn unescape(text: &str) -> Result<String, InvalidProxy> {
    let mut bytes = text.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(InvalidProxy::Syntax);
        };
        plain.extend(u8::try_from(high * 16 + low));
    }
    String::from_utf8(plain).map_err(|_| InvalidProxy::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_shows_where_it_is_and_nothing_of_who_asks() {
        let proxy: Proxy = "socks5://ana:open%20sesame%40home@proxy.example:1080"
            .parse()
            .expect("valid");
        assert!(proxy.is_authenticated());
        assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
        assert_eq!(format!("{proxy:?}"), "socks5://proxy.example:1080");
        assert_eq!(proxy.expose().parse(), Ok(proxy));
        let plain: Proxy = "http://[::1]:3128/".parse().expect("valid");
        assert_eq!(plain.to_string(), "http://[::1]:3128");
        assert!(plain.is_loopback() && !plain.is_authenticated());
        assert_eq!(
            Proxy::at("http://h:1").and_then(|proxy| proxy.with_credentials("a", "b")),
            "http://a:b@h:1".parse()
        );
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_it() {
        for text in [
            "",
            "proxy.example:1080",
            "ftp://proxy.example:1",
            "http://proxy.example",
            "http://proxy.example:0",
            "http://user@proxy.example:1",
            "http://user:secret-word@:1",
            "http://user:se%zzcret@h:1",
            "http://a b:1",
            "http://user:secret-word@h:1/path",
        ] {
            let error = text.parse::<Proxy>().expect_err(text);
            assert!(!error.to_string().contains("secret-word"), "{error}");
        }
        assert_eq!("https://h:1".parse::<Proxy>(), Err(InvalidProxy::Tls));
        assert_eq!("http://u:@h:1".parse::<Proxy>(), Err(InvalidProxy::Credentials));
        assert_eq!(Proxy::at("http://a:b@h:1"), Err(InvalidProxy::Syntax));
    }
}
