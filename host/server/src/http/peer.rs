//! Where a request comes from: the address of the connection or, behind proxies that the operator named, what they say.
//!
//! Anybody can send these headers; the one that the operator's proxies write is read from its end, where the nearest proxy writes, and only
//! as far as proxies are believed. The other header is not looked at: a proxy that does not know it passes on what callers made up.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

use crate::config::callers::{Callers, ProxyHeader};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of who is calling; none when the connection has none.
pub(super) fn address(peer: Option<SocketAddr>, headers: &HeaderMap, config: &Callers) -> Option<IpAddr> {
    let mut address = peer?.ip().to_canonical();
    let name = match config.proxy_header {
        ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
        ProxyHeader::Forwarded => FORWARDED,
    };
    let said = headers.get_all(name).into_iter();
    let said = said.filter_map(|said| said.to_str().ok());
    let said: Vec<&str> = said.flat_map(|said| parts(said, ',')).collect();
    for text in said.into_iter().rev() {
        if !config.believes(address) {
            break;
        }
        let next = match config.proxy_header {
            ProxyHeader::XForwardedFor => parse(text.trim()),
            ProxyHeader::Forwarded => node(text),
        };
        match next {
            Some(next) => address = next.to_canonical(),
            // A proxy that says what is no address has said all that can be known.
            None => break,
        }
    }
    Some(address)
}

/// The address of `for` in one element of `Forwarded` (RFC 7239, section 4); none where it is left out, hidden or unknown.
fn node(element: &str) -> Option<IpAddr> {
    let mut pairs = parts(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let (_, given) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let given = given.trim();
    // No address needs an escape.
    let bare = given.strip_prefix('"').and_then(|given| given.strip_suffix('"'));
    parse(bare.unwrap_or(given))
}

/// What stands between separators that are in no quotation.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = |c: char| {
        let separates = c == separator && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        separates
    };
    text.split(separates).collect()
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok();
    address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(header: ProxyHeader, name: HeaderName, peer: &str, said: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for said in said {
            headers.append(name.clone(), said.parse().expect("a header"));
        }
        let config = Callers {
            proxies: vec!["10.0.0.0/8".parse().expect("a network")],
            proxy_header: header,
            ..Callers::default()
        };
        let address = address(Some(peer.parse().expect("an address")), &headers, &config);
        address.expect("there is one").to_string()
    }

    fn from(peer: &str, said: &[&'static str]) -> String {
        by(ProxyHeader::XForwardedFor, X_FORWARDED_FOR, peer, said)
    }

    fn forwarded(peer: &str, said: &[&'static str]) -> String {
        by(ProxyHeader::Forwarded, FORWARDED, peer, said)
    }

    #[test]
    fn only_proxies_that_were_named_are_believed() {
        assert_eq!(from("192.0.2.1:80", &[]), "192.0.2.1");
        assert_eq!(
            from("192.0.2.1:80", &["198.51.100.7"]),
            "192.0.2.1",
            "anybody can say that"
        );
        assert_eq!(from("10.0.0.1:80", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            from("10.0.0.1:80", &["203.0.113.9, 198.51.100.7"]),
            "198.51.100.7",
            "the rest is the caller's own"
        );
        assert_eq!(
            from("10.0.0.1:80", &["198.51.100.7, 10.0.0.2"]),
            "198.51.100.7",
            "two proxies"
        );
        assert_eq!(
            from("10.0.0.1:80", &["198.51.100.7", "10.0.0.2"]),
            "198.51.100.7",
            "two headers"
        );
        assert_eq!(from("10.0.0.1:80", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1:80", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(from("10.0.0.1:80", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(from("[::ffff:10.0.0.1]:80", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1:80", &["unknown"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1:80", &[]), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_where_the_proxies_write_it() {
        assert_eq!(
            forwarded("192.0.2.1:80", &["for=198.51.100.7"]),
            "192.0.2.1",
            "anybody can say that"
        );
        for said in [
            "for=198.51.100.7",
            "For=\"198.51.100.7:4711\";proto=https;by=10.0.0.1",
            "proto=https; for = 198.51.100.7 ;host=\"a;b,c\"",
            "for=203.0.113.9, for=198.51.100.7",
            "for=198.51.100.7;proto=https, for=10.0.0.2",
            "for=\"203.0.113.9, for=192.0.2.9\", host=\"a\\\", for=192.0.2.9\";for=198.51.100.7",
        ] {
            assert_eq!(forwarded("10.0.0.1:80", &[said]), "198.51.100.7", "{said}");
        }
        assert_eq!(forwarded("10.0.0.1:80", &["for=\"[2001:db8::1]:4711\""]), "2001:db8::1");
        assert_eq!(
            forwarded("10.0.0.1:80", &["for=198.51.100.7", "for=10.0.0.2"]),
            "198.51.100.7",
            "two headers"
        );
        // A proxy may not tell.
        for said in ["for=unknown", "for=_hidden", "proto=https", "", "for=\"198.51.100.7"] {
            assert_eq!(forwarded("10.0.0.1:80", &[said]), "10.0.0.1", "{said}");
        }
    }

    #[test]
    fn the_header_that_the_proxies_do_not_write_says_nothing() {
        let said = by(
            ProxyHeader::Forwarded,
            X_FORWARDED_FOR,
            "10.0.0.1:80",
            &["198.51.100.7"],
        );
        assert_eq!(said, "10.0.0.1");
        let said = by(
            ProxyHeader::XForwardedFor,
            FORWARDED,
            "10.0.0.1:80",
            &["for=198.51.100.7"],
        );
        assert_eq!(said, "10.0.0.1");
    }
}
