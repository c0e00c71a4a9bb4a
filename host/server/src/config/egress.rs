//! `[plugins.egress]`: what plugins' requests to servers may reach beyond the public internet, and what of it they may not.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use waspnest_egress::Guard;

use super::form;
use super::section::Section;

/// A network in a configuration: `10.20.0.0/16`, or one address.
struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map(Self)
            .map_err(|_| format!("{text:?} is not a network such as \"10.20.0.0/16\""))
    }
}

/// A name in a configuration, in lower case: `intranet.example`, or `*.internal`.
struct Name(Box<str>);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.strip_prefix("*.").unwrap_or(text);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if plain.is_empty() || !plain.chars().all(allowed) {
            return Err(format!(
                "{text:?} is not a name such as \"intranet.example\" or \"*.internal\""
            ));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

pub(super) fn read(mut section: Section<'_>) -> Guard {
    let networks = || form::list(form::parsed::<Network>);
    let plain = |networks: Vec<Network>| networks.into_iter().map(|Network(network)| network).collect();
    let guard = Guard {
        allow: plain(section.or("allow", Vec::new(), networks())),
        deny: plain(section.or("deny", Vec::new(), networks())),
        deny_names: section
            .or("deny-names", Vec::new(), form::list(form::parsed::<Name>))
            .into_iter()
            .map(|Name(name)| name)
            .collect(),
    };
    section.finish();
    guard
}
