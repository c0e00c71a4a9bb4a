//! Where a request comes from: the address of the connection or, behind proxies that the operator named, what they say.
//!
//! Anybody can send `X-Forwarded-For`; it is read from its end, where the nearest proxy writes, and only as far as proxies are believed.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use waspnest_core::caller::Network;

const FORWARDED: &str = "x-forwarded-for";

/// The address of who is calling; none when the connection has none.
pub(super) fn address(peer: Option<SocketAddr>, headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let believed = |address: IpAddr| proxies.iter().any(|proxy| proxy.has(address));
    let mut address = peer?.ip().to_canonical();
    let said = headers
        .get_all(FORWARDED)
        .into_iter()
        .filter_map(|said| said.to_str().ok());
    let said: Vec<&str> = said.flat_map(|said| said.split(',')).collect();
    for text in said.into_iter().rev() {
        if !believed(address) {
            break;
        }
        match parse(text.trim()) {
            Some(next) => address = next.to_canonical(),
            // A proxy that says what is no address has said all that can be known.
            None => break,
        }
    }
    Some(address)
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

    fn from(peer: &str, said: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for said in said {
            headers.append(FORWARDED, said.parse().expect("a header"));
        }
        let proxies = ["10.0.0.0/8".parse().expect("a network")];
        let address = address(Some(peer.parse().expect("an address")), &headers, &proxies);
        address.expect("there is one").to_string()
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
}
