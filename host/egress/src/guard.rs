//! Which addresses may be dialled.
//!
//! Denied unless the operator says otherwise: everything that is not an ordinary address of the public internet. That is loopback, private
//! and shared networks, link-local ones with the metadata services of clouds, documentation, benchmarking, multicast and reserved ranges
//! (IANA special-purpose registries, RFC 6890 and its updates), and IPv6 forms that carry an IPv4 address inside, which are judged by that
//! address or not let through at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What the operator allows and denies beyond the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Networks that may be dialled although they are not public.
    pub allow: Vec<IpNet>,
    /// Networks that may not be dialled although they are public. Wins over `allow`.
    pub deny: Vec<IpNet>,
    /// Names that may not be looked up: a name, or `*.` and a name for everything below it.
    pub deny_names: Vec<Box<str>>,
}

/// Why an address or a name is not dialled. The words are for whoever asked: they name what was asked for and no other address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The operator denies the name.
    #[error("the name {0:?} is denied by the operator")]
    Name(Box<str>),
    /// An address is of a network that is not public.
    #[error("{host:?} is not on the public internet ({what})")]
    NotPublic {
        /// The host that was asked for.
        host: Box<str>,
        /// What kind of network it is in.
        what: &'static str,
    },
    /// The operator denies the address.
    #[error("the address of {0:?} is denied by the operator")]
    Address(Box<str>),
}

/// IPv4 networks that are not public, and what they are.
const IPV4: [(Ipv4Net, &str); 15] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "a private network"),
    (v4(100, 64, 0, 0, 10), "a shared network"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "a private network"),
    (v4(192, 0, 0, 0, 24), "a protocol assignment"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "a private network"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// The only IPv6 addresses that are given to hosts of the internet.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks within [`GLOBAL_UNICAST`] that are not public, and what they are.
const IPV6: [(Ipv6Net, &str); 4] = [
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "a protocol assignment"),
    (v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32), "documentation"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation"),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), prefix)
}

impl Guard {
    /// Whether a name may be looked up.
    ///
    /// # Errors
    /// When the operator denies it.
    pub fn name(&self, name: &str) -> Result<(), Forbidden> {
        let plain = name.trim_end_matches('.').to_ascii_lowercase();
        let denied = self.deny_names.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => plain
                .strip_suffix(parent)
                .is_some_and(|below| below.ends_with('.') && below.len() > 1),
            None => **pattern == *plain,
        });
        if denied {
            return Err(Forbidden::Name(name.into()));
        }
        Ok(())
    }

    /// Whether an address may be dialled; `host` is what was asked for.
    ///
    /// # Errors
    /// When it may not.
    pub fn address(&self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        let address = address.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        if within(&self.deny) {
            return Err(Forbidden::Address(host.into()));
        }
        match kind(address) {
            Some(what) if !within(&self.allow) => Err(Forbidden::NotPublic {
                host: host.into(),
                what,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

/// What keeps an address from being public; none if it is.
fn kind(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => IPV4
            .iter()
            .find(|(network, _)| network.contains(&address))
            .map(|(_, what)| *what),
        IpAddr::V6(address) if !GLOBAL_UNICAST.contains(&address) => Some("not global unicast"),
        IpAddr::V6(address) => IPV6
            .iter()
            .find(|(network, _)| network.contains(&address))
            .map(|(_, what)| *what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn judged(guard: &Guard, text: &str) -> Result<(), Forbidden> {
        guard.address(text, ip(text))
    }

    #[test]
    fn what_is_not_public_is_denied_in_every_form() {
        let guard = Guard::default();
        for denied in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(judged(&guard, denied).is_err(), "{denied}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
        ] {
            assert_eq!(judged(&guard, public), Ok(()), "{public}");
        }
    }

    #[test]
    fn the_operator_opens_networks_and_closes_them() {
        let guard = Guard {
            allow: vec!["10.20.0.0/16".parse().expect("a network")],
            deny: vec![
                "10.20.30.0/24".parse().expect("a network"),
                "1.1.1.0/24".parse().expect("a network"),
            ],
            deny_names: Vec::new(),
        };
        assert_eq!(judged(&guard, "10.20.1.1"), Ok(()));
        assert_eq!(judged(&guard, "::ffff:10.20.1.1"), Ok(()), "the same address");
        assert!(judged(&guard, "10.21.1.1").is_err());
        assert_eq!(
            judged(&guard, "10.20.30.1"),
            Err(Forbidden::Address("10.20.30.1".into()))
        );
        assert_eq!(judged(&guard, "1.1.1.1"), Err(Forbidden::Address("1.1.1.1".into())));
    }

    #[test]
    fn names_are_denied_with_what_is_below_them() {
        let guard = Guard {
            deny_names: vec!["*.internal".into(), "intranet.example".into()],
            ..Guard::default()
        };
        for denied in ["db.internal", "a.b.INTERNAL.", "intranet.example"] {
            assert!(guard.name(denied).is_err(), "{denied}");
        }
        for allowed in ["internal", "my-internal", ".internal", "www.intranet.example"] {
            assert_eq!(guard.name(allowed), Ok(()), "{allowed}");
        }
    }
}
