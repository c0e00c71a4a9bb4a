//! WhatsApp addresses between whatsapp-rust's form and the host's.
//!
//! Total in both directions: what the host has no form for is `None`, never a panic. Devices and agents are dropped on the way in; the
//! addresses of hosted accounts (`@hosted`, `@hosted.lid`) name the same people as their plain forms and become those.

use waspnest_core::address::{Jid, Party};
use whatsapp_rust::{Jid as WireJid, Server};

/// The address as whatsapp-rust takes it, without a device.
#[must_use]
pub fn to_wire(jid: &Jid) -> WireJid {
    match jid {
        Jid::Phone(user) => WireJid::pn(user.as_ref()),
        Jid::Lid(user) => WireJid::lid(user.as_ref()),
        Jid::Group(user) => WireJid::group(user.as_ref()),
        Jid::Newsletter(user) => WireJid::newsletter(user.as_ref()),
        Jid::Status => WireJid::status_broadcast(),
        Jid::Broadcast(user) => WireJid::new(user.as_ref(), Server::Broadcast),
        Jid::Bot(user) => WireJid::new(user.as_ref(), Server::Bot),
    }
}

/// The address as the host files it; `None` for what is no chat and no person of the host, such as `@call`.
#[must_use]
pub fn from_wire(jid: &WireJid) -> Option<Jid> {
    let server = match jid.server {
        Server::Pn | Server::Hosted | Server::Legacy => "s.whatsapp.net",
        Server::Lid | Server::HostedLid => "lid",
        Server::Group => "g.us",
        Server::Broadcast => "broadcast",
        Server::Newsletter => "newsletter",
        Server::Bot => "bot",
        Server::Messenger | Server::Interop | Server::Call => return None,
    };
    format!("{}@{server}", jid.user).parse().ok()
}

/// An address in text, as message keys carry it.
#[must_use]
pub fn parse(text: &str) -> Option<Jid> {
    let plain = match text.rsplit_once('@') {
        Some((user, "hosted")) => &format!("{user}@s.whatsapp.net"),
        Some((user, "hosted.lid")) => &format!("{user}@lid"),
        Some(_) | None => text,
    };
    plain.parse().ok()
}

/// A person by one or two addresses.
#[must_use]
pub fn party(jid: &WireJid, alt: Option<&WireJid>) -> Option<Party> {
    let jid = from_wire(jid)?;
    let alt = alt.and_then(from_wire).filter(|alt| *alt != jid);
    Some(Party {
        jid,
        alt,
        push_name: None,
    })
}
