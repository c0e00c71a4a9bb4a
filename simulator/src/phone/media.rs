//! Media that are not served any more: a phone puts back what it remembers when one of its companions asks.
//!
//! Request and answer are sealed with a key that follows from the medium's own, so that only who read the message can ask and understand.
//! The phone keeps nothing for this but the messages it remembers anyway (`chats.rs`, bounded), and where the media of groups are
//! (`group_media.rs`); the bytes are the media store's.

use rand_signal::RngExt as _;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::crypto::hkdf_sha256_into;
use whatsapp_rust::wacore::libsignal::crypto::{aes_256_gcm_decrypt, aes_256_gcm_encrypt};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::waproto::whatsapp::media_retry_notification::ResultType;
use whatsapp_rust::waproto::whatsapp::{MediaRetryNotification, ServerErrorReceipt};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::attachment::Attachment;
use crate::phone::Phone;
use crate::queue::{Class, Entry};
use crate::server::Shared;
use crate::world::World;

/// What the phone found out about a request.
enum Found {
    /// The message and the key of its medium.
    Medium { direct_path: String, key: Vec<u8> },
    /// It does not remember such a message, or there is no medium in it.
    Nothing,
}

impl Phone {
    /// Answers a companion's `<receipt type="server-error">`.
    ///
    /// One without `<rmr>` is about a chunk of history, which phones here do not send twice; it stays unanswered.
    pub(super) fn put_back(&mut self, account: AccountId, shared: &Shared, request: &Node) {
        let attribute = |node: &Node, key| node.attrs.get(key).map(|value| value.as_str().into_owned());
        let (Some(id), Some(about)) = (attribute(request, "id"), request.get_optional_child("rmr")) else {
            return;
        };
        let mut world = shared.world();
        let companion = request.attrs.get("from").and_then(|from| from.to_jid());
        let Some(companion) = companion.and_then(|from| world.locate(&from)) else {
            return;
        };
        let chat = attribute(about, "jid").unwrap_or_default();
        let answer = match self.find(&world, account, &chat, &id) {
            Found::Nothing => error(ResultType::NOT_FOUND),
            Found::Medium { key, .. } if !may_ask(request, &key, &id) => error(ResultType::DECRYPTION_ERROR),
            Found::Medium { direct_path, key } => {
                let stored = world.blobs.revive(&direct_path);
                let notification = MediaRetryNotification {
                    stanza_id: Some(id.clone()),
                    result: Some(match &stored {
                        Some(_) => ResultType::SUCCESS,
                        None => ResultType::NOT_FOUND,
                    }),
                    direct_path: stored.map(|stored| stored.direct_path),
                    ..MediaRetryNotification::default()
                };
                sealed(&notification.encode_to_vec(), &key, &id, self.rng.random())
            }
        };
        let node = NodeBuilder::new("notification")
            .attr("from", world.account(account).jid(PHONE, Namespace::Phone))
            .attr("type", "mediaretry")
            .attr("id", id.as_str())
            .attr("t", world.now_s())
            .children([answer, about.clone()])
            .build();
        let to = DeviceAddress {
            account,
            device: companion.device,
        };
        if world.takes(to) {
            world.enqueue(to, Entry::new(node, Class::Notification, id, None));
        }
    }

    fn find(&self, world: &World, account: AccountId, chat: &str, id: &str) -> Found {
        if let Some(medium) = self.group_media.find(chat, id) {
            return Found::Medium {
                direct_path: medium.direct_path.clone(),
                key: medium.key.clone(),
            };
        }
        let chat = world.account(account).chats.with(chat);
        let kept = chat.and_then(|chat| chat.messages.iter().find(|kept| kept.id == id));
        let pointer = kept.and_then(|kept| Some(Attachment::of(kept.message.get_base_message())?.pointer()));
        match pointer.and_then(|pointer| pointer.direct_path().zip(pointer.media_key())) {
            Some((direct_path, key)) => Found::Medium {
                direct_path: direct_path.to_owned(),
                key: key.to_vec(),
            },
            None => Found::Nothing,
        }
    }
}

/// Whether the request was made by somebody who has the medium's key. One that is not sealed at all is answered too: a client library
/// says of the service that it does so.
fn may_ask(request: &Node, key: &[u8], id: &str) -> bool {
    let Some(sealed) = request.get_optional_child("encrypt") else {
        return true;
    };
    let bytes = |tag| match &sealed.get_optional_child(tag)?.content {
        Some(NodeContent::Bytes(bytes)) => Some(bytes.as_slice()),
        Some(NodeContent::String(_) | NodeContent::Nodes(_)) | None => None,
    };
    let nonce = bytes("enc_iv").and_then(|nonce| <&[u8; 12]>::try_from(nonce).ok());
    let (Some(nonce), Some(sealed)) = (nonce, bytes("enc_p")) else {
        return false;
    };
    let mut open = Vec::new();
    aes_256_gcm_decrypt(&retry_key(key), nonce, id.as_bytes(), sealed, &mut open).is_ok()
        && ServerErrorReceipt::decode_from_slice(&open).is_ok_and(|receipt| receipt.stanza_id.as_deref() == Some(id))
}

fn sealed(plain: &[u8], key: &[u8], id: &str, nonce: [u8; 12]) -> Node {
    let mut sealed = Vec::new();
    aes_256_gcm_encrypt(&retry_key(key), &nonce, id.as_bytes(), plain, &mut sealed)
        .expect("a short text can always be sealed");
    let child = |tag, bytes| NodeBuilder::new(tag).bytes(bytes).build();
    NodeBuilder::new("encrypt")
        .children([child("enc_p", sealed), child("enc_iv", nonce.to_vec())])
        .build()
}

fn retry_key(media_key: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    hkdf_sha256_into(media_key, None, b"WhatsApp Media Retry Notification", &mut key)
        .expect("32 bytes are within what HKDF gives");
    key
}

/// An answer that anybody may read.
fn error(code: ResultType) -> Node {
    NodeBuilder::new("error").attr("code", code as i32).build()
}
