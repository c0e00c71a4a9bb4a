//! The secret of a message, which votes and answers to it are sealed with: as the client keeps it for messages that came in.
//!
//! The client files it under the addresses of the chat and of the author as they were when the message came, so every known pair is tried.

use waspnest_core::address::{Jid, Party};
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::Client;

use crate::jid;

/// A secret could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LookupError(String);

/// The secret of a message by `author`, and the address the author went by when it was kept; none when this device does not have it.
pub(crate) async fn of(
    client: &Client,
    key: &MessageKey,
    author: &Party,
) -> Result<Option<([u8; 32], Jid)>, LookupError> {
    let kept = client.persistence_manager().backend();
    let id = key.id.as_str();
    for chat in chats(client, key, author).await? {
        for author in addresses(author) {
            let found = kept
                .get_msg_secret(&chat.to_string(), &author.to_string(), id)
                .await
                .map_err(|error| LookupError(error.to_string()))?;
            if let Some(secret) = found.and_then(|secret| secret.try_into().ok()) {
                return Ok(Some((secret, author.clone())));
            }
        }
    }
    Ok(None)
}

/// Every address under which the message's chat may be known to the client.
async fn chats(client: &Client, key: &MessageKey, author: &Party) -> Result<Vec<Jid>, LookupError> {
    let chat = &key.chat;
    let mut chats = vec![chat.clone()];
    if !chat.is_person() {
        return Ok(chats);
    }
    if key.from == Origin::Them {
        chats.extend(addresses(author).cloned());
        return Ok(chats);
    }
    let pair = client
        .get_lid_pn_entry(&jid::to_wire(chat))
        .await
        .map_err(|error| LookupError(format!("{error:#}")))?;
    if let Some(pair) = pair {
        chats.push(Jid::Lid(pair.lid.as_ref().into()));
        chats.push(Jid::Phone(pair.phone_number.as_ref().into()));
    }
    Ok(chats)
}

fn addresses(party: &Party) -> impl Iterator<Item = &Jid> {
    std::iter::once(&party.jid).chain(&party.alt)
}
