//! The secret of a message, which votes and answers to it are sealed with: as the client keeps it for messages that came in.
//!
//! The client writes secrets some time after it has handed a message over ([`keep`]), and reads its own unwritten ones where we cannot.
//! The client files it under the addresses of the chat and of the author as they were when the message came, so every known pair is tried.

use waspnest_core::address::{Jid, Party};
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::Client;
use whatsapp_rust::types::durability_hook::InboundMessage;
use whatsapp_rust::wacore::msg_secret::{self, MsgSecretPolicy, RetentionClass};
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::store::traits::MsgSecretEntry;
use whatsapp_rust::wacore_binary::JidExt as _;

use crate::expiry::Expiry;
use crate::jid;

/// A secret could not be looked up, or not be kept.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LookupError(String);

/// Keeps the secret of a poll or an event, as the client will do: before the first answer comes, which is right behind it where both waited
/// for this host to come back.
pub(crate) async fn keep(client: &Client, inbound: &InboundMessage, expiry: Expiry) -> Result<(), LookupError> {
    let (message, info) = (&inbound.message, &inbound.info);
    let class = msg_secret::classify(message, info.source.chat.is_bot());
    let context = message.message_context_info.as_option();
    let secret = context.and_then(|context| context.message_secret.as_deref());
    let Some(secret) = secret.and_then(|secret| secret.try_into().ok()) else {
        return Ok(());
    };
    if class != RetentionClass::PollEvent || message.is_forwarded() {
        return Ok(());
    }
    let at = info.timestamp.timestamp();
    let expires_at = msg_secret::expires_at(
        MsgSecretPolicy::default(),
        &expiry.secrets(),
        class,
        u64::try_from(at).ok(),
        at,
    );
    let source = &info.source;
    let entry = MsgSecretEntry::new(&source.chat, &source.sender, &info.id, secret, expires_at, at);
    let kept = client.persistence_manager().backend();
    let put = kept.put_msg_secrets(vec![entry]).await;
    put.map(drop).map_err(|error| LookupError(error.to_string()))
}

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
