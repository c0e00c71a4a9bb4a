//! What a phone writes to its companions and reads from anybody: sealed with Signal sessions.

use rand_signal::rngs::StdRng;
use rand_signal::{Rng as _, RngExt as _};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::libsignal::protocol::{
    CiphertextMessage, DeviceId, IdentityKey, PreKeyBundle, PreKeySignalMessage, ProtocolAddress, PublicKey,
    SignalMessage, SignalProtocolError, UsePQRatchet, message_decrypt, message_encrypt, process_prekey_bundle,
};
use whatsapp_rust::wacore::libsignal::protocol::{PreKeyStore as _, SessionStore as _};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::waproto::whatsapp::Message;

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::chats::{Author, Kept, Partner};
use crate::config::PhoneReading;
use crate::phone::{Phone, Start};
use crate::queue::{Class, Entry};
use crate::server::Shared;
use crate::world::World;

impl Phone {
    /// Sends a message to one companion, over the session there is or over a new one.
    pub(super) async fn send_peer(
        &mut self,
        to: DeviceAddress,
        shared: &Shared,
        start: Start,
        message: &Message,
    ) -> Result<(), SignalProtocolError> {
        let Some(keys) = shared.world().device(to).map(|device| device.keys.clone()) else {
            return Ok(());
        };
        let address = address(to);
        let known = self.store.sessions.has_session(&address).await?;
        if start == Start::Anew || !known {
            let bundle = PreKeyBundle::new(
                keys.registration_id,
                DeviceId::new(u32::from(to.device)),
                // Modelled: linking spends no one-time prekey; the companion has not uploaded any yet.
                None,
                keys.signed.id.into(),
                PublicKey::from_djb_public_key_bytes(&keys.signed.public)?,
                keys.signed.signature.to_vec(),
                IdentityKey::new(PublicKey::from_djb_public_key_bytes(&keys.identity)?),
            )?;
            process_prekey_bundle(
                &address,
                &mut self.store.sessions,
                &mut self.store.identities,
                &bundle,
                &mut self.rng,
                UsePQRatchet::No,
            )
            .await?;
        }
        let sealed = message_encrypt(
            &padded(message, &mut self.rng),
            &address,
            &mut self.store.sessions,
            &mut self.store.identities,
        )
        .await?;
        let (kind, bytes) = match &sealed {
            CiphertextMessage::SignalMessage(message) => ("msg", message.serialized()),
            CiphertextMessage::PreKeySignalMessage(message) => ("pkmsg", message.serialized()),
            CiphertextMessage::SenderKeyMessage(_) | CiphertextMessage::PlaintextContent(_) => {
                return Ok(());
            }
        };
        let mut random = [0; 9];
        self.rng.fill_bytes(&mut random);
        let id = random
            .iter()
            .fold(String::from("3EB0"), |id, byte| format!("{id}{byte:02X}"));
        let mut world = shared.world();
        let node = NodeBuilder::new("message")
            .attr("from", world.account(to.account).jid(PHONE, Namespace::Phone))
            .attr("type", "text")
            .attr("category", "peer")
            .attr("id", id.as_str())
            .attr("t", world.now_s())
            .attr("notify", world.account(to.account).push_name.as_str())
            .children([
                NodeBuilder::new("meta").attr("appdata", "default").build(),
                NodeBuilder::new("enc")
                    .attr("v", "2")
                    .attr("type", kind)
                    .bytes(bytes.to_vec())
                    .build(),
            ])
            .build();
        world.enqueue(to, Entry::new(node, Class::Message, id, Some(to.account)));
        Ok(())
    }

    /// Reads one piece of mail. Messages that cannot be decrypted are counted: a sender's session with this phone is broken.
    pub(super) async fn read(&mut self, account: AccountId, shared: &Shared, node: &Node) {
        if node.tag == "receipt" {
            return self.put_back(account, shared, node);
        }
        let peer = node.attrs.get("category").is_some_and(|c| *c == "peer");
        if node.tag != "message" || (!peer && shared.phones == PhoneReading::PeersOnly) {
            return;
        }
        // In a group, whom it is from stands beside the group.
        let Some(sender) = node
            .attrs
            .get("participant")
            .or_else(|| node.attrs.get("from"))
            .and_then(|from| from.to_jid())
            .and_then(|from| shared.world().locate(&from))
        else {
            return;
        };
        let sender = DeviceAddress {
            account: sender.account,
            device: sender.device,
        };
        let chat = node.attrs.get("from").map(|from| from.as_str().into_owned());
        let chat = chat.unwrap_or_default();
        for enc in node.get_children_by_tag("enc") {
            // Modelled: it takes in the keys of a group's senders, which prove their session with it, and of the messages what media they carry.
            if enc.attrs.get("type").is_some_and(|kind| *kind == "skmsg") {
                if let Err(error) = self.note_group_media(sender, &chat, node, enc).await {
                    tracing::debug!(device = sender.device, %error, "a phone could not read a medium of a group");
                }
                continue;
            }
            match self.open(sender, enc).await {
                Ok(plain) => {
                    shared.world().stats.phone_decrypted += 1;
                    let message = unpadded(&plain).and_then(|bytes| Message::decode_from_slice(bytes).ok());
                    match message {
                        Some(message) if peer && sender.account == account => {
                            self.answer_peer(sender, shared, node, &message).await;
                        }
                        Some(message) if !peer => {
                            if let Err(error) = self.take_group_key(sender, &chat, message.get_base_message()).await {
                                tracing::debug!(device = sender.device, %error, "a phone could not take a group's key");
                            }
                            remember(&mut shared.world(), account, sender.account, node, message);
                        }
                        Some(_) | None => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(device = sender.device, %error, "a phone could not decrypt a message");
                    shared.world().stats.phone_undecryptable += 1;
                }
            }
        }
    }

    pub(super) async fn open(&mut self, sender: DeviceAddress, enc: &Node) -> Result<Vec<u8>, SignalProtocolError> {
        let bytes: &[u8] = match &enc.content {
            Some(NodeContent::Bytes(bytes)) => bytes,
            Some(NodeContent::String(_) | NodeContent::Nodes(_)) | None => &[],
        };
        let first_contact = enc.attrs.get("type").is_some_and(|kind| *kind == "pkmsg");
        let sealed = if first_contact {
            CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(bytes)?)
        } else {
            CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes)?)
        };
        let address = address(sender);
        let opened = message_decrypt(
            &sealed,
            &address,
            &mut self.store.sessions,
            &mut self.store.identities,
            &mut self.store.prekeys,
            &self.store.signed,
            &mut self.rng,
            UsePQRatchet::No,
        )
        .await?;
        if let Some(used) = opened.consumed_prekey_id {
            self.store.prekeys.remove_pre_key(used).await?;
        }
        Ok(opened.plaintext)
    }
}

/// The phone's name for a device: by account, whichever of its two addresses it was reached under.
pub(super) fn address(of: DeviceAddress) -> ProtocolAddress {
    ProtocolAddress::new(
        &format!("account-{}", of.account.0),
        DeviceId::new(u32::from(of.device)),
    )
}

/// Messages are padded with 1 to 16 bytes, each of them the number of padding bytes.
pub(super) fn padded(message: &Message, rng: &mut StdRng) -> Vec<u8> {
    let mut plain = message.encode_to_vec();
    let pad: u8 = rng.random_range(1..=16);
    plain.resize(plain.len() + usize::from(pad), pad);
    plain
}

pub(super) fn unpadded(plain: &[u8]) -> Option<&[u8]> {
    let pad = usize::from(*plain.last()?);
    plain.get(..plain.len().checked_sub(pad)?)
}

/// Keeps a message of a chat between two. What changes other messages is not kept, nor what is about a group.
fn remember(world: &mut World, account: AccountId, sender: AccountId, node: &Node, message: Message) {
    let text = |key: &str| node.attrs.get(key).map(|value| value.as_str().into_owned());
    let (author, partner, message) = if sender == account {
        let Some(sent) = message.device_sent_message.as_option() else {
            return;
        };
        let to = sent.destination_jid.as_deref().and_then(|jid| jid.parse().ok());
        let Some(to) = to.as_ref().and_then(|jid| world.locate(jid)) else {
            return;
        };
        (
            Author::Me,
            to.account,
            sent.message.as_option().cloned().unwrap_or_default(),
        )
    } else {
        (Author::Partner, sender, message)
    };
    let passing = message.protocol_message.is_set()
        || message.reaction_message.is_set()
        || message.sender_key_distribution_message.is_set();
    if passing || text("participant").is_some() {
        return;
    }
    let other = world.account(partner);
    let partner = Partner {
        jid: other.jid(PHONE, Namespace::Phone).to_string(),
        lid: other.jid(PHONE, Namespace::Lid).to_string(),
        name: other.push_name.clone(),
    };
    let kept = Kept {
        id: text("id").unwrap_or_default(),
        author,
        at_s: world.now_s(),
        message,
        member: None,
    };
    world.account_mut(account).chats.keep(&partner, kept);
}
