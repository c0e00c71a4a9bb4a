//! Operations on the account that a plugin call waits for: groups, people, the account's own view of its chats.
//!
//! Each is one or a few requests to WhatsApp on the published client. Nothing is repeated here and nothing remembered: whoever asks keeps
//! the answers. A future that is dropped leaves no request behind in whatsapp-rust, only the question whether it was carried out.

mod chat;
mod contact;
pub(crate) mod group;
pub(crate) mod refusal;

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::Clock;
use waspnest_core::live::{Answer, Operation, Refusal, Request};
use whatsapp_rust::{Client, Jid as WireJid};

use crate::jid;
use crate::session::Ratchets;

pub(crate) async fn ask(
    client: &Client,
    ratchets: &Ratchets,
    clock: &dyn Clock,
    request: Request,
) -> Result<Answer, Refusal> {
    let Request {
        operation,
        token,
        begun,
    } = request;
    match operation {
        Operation::Group(operation) => group::ask(client, operation, begun).await,
        Operation::Contact(operation) => contact::ask(client, operation).await,
        Operation::Chat { chat, wish } => chat::change(client, ratchets, clock, &chat, wish, token).await,
    }
}

pub(crate) fn wire(jids: &[Jid]) -> Vec<WireJid> {
    jids.iter().map(jid::to_wire).collect()
}

/// A person by whatever addresses are at hand; none when the first is of no known kind.
pub(crate) fn party(jid: &WireJid, others: [Option<&WireJid>; 2]) -> Option<Party> {
    let mut party = jid::party(jid, None)?;
    party.alt = others
        .into_iter()
        .flatten()
        .filter_map(jid::from_wire)
        .find(|other| *other != party.jid);
    Some(party)
}
