//! Linking by QR code: clients that wait under their codes, and the checks of the phone that scans one.
//!
//! The phone compares the keys in the code with the waiting client's, signs the client's identity, authenticates the offer with the
//! code's secret, and registers the device only after the client's own signature verified.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use tokio::sync::oneshot;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore_binary::{Node, NodeRef};
use whatsapp_rust::waproto::whatsapp::ClientPairingProps;

use crate::account::MAX_COMPANIONS;
use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::device::{Companion, Device};
use crate::error::ScanError;
use crate::identity::LinkOffer;
use crate::keys::KeyBundle;
use crate::outgoing::{ConnectionId, Outgoing};
use crate::phone::{Duty, Start};
use crate::stanza::devices;
use crate::world::{SERVER, World};

/// A companion the phone has linked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LinkedDevice {
    /// `number:device@s.whatsapp.net`.
    pub jid: String,
    /// The device number, 1 or more.
    pub device: u16,
}

/// Codes a client is given at once; it shows them one after the other.
const REFS: usize = 6;

/// Time between a client's signature and the order to log in anew.
const BEFORE_RESTART: Duration = Duration::from_millis(15);

/// What stands in front of the code when the phone's camera opened it.
const DEEP_LINK: &str = "https://wa.me/settings/linked_devices#";

/// A scanned code.
pub(crate) struct QrCode {
    reference: String,
    noise: [u8; 32],
    identity: [u8; 32],
    adv_secret: Vec<u8>,
}

impl QrCode {
    /// Parses `ref,noise,identity,secret[,client type]`, with or without the deep link.
    pub(crate) fn parse(text: &str) -> Result<Self, ScanError> {
        let text = text.trim();
        let body = text.strip_prefix(DEEP_LINK).unwrap_or(text);
        let fields: Vec<&str> = body.split(',').collect();
        let [reference, noise, identity, secret, ..] = fields[..] else {
            return Err(ScanError::BadCode("fewer than four fields"));
        };
        if fields.len() > 5 {
            return Err(ScanError::BadCode("more than five fields"));
        }
        let key = |field: &str| -> Option<[u8; 32]> { STANDARD.decode(field).ok()?.try_into().ok() };
        let adv_secret = key(secret).ok_or(ScanError::BadCode("the secret is not 32 bytes"))?;
        Ok(Self {
            reference: reference.to_owned(),
            noise: key(noise).ok_or(ScanError::BadCode("the noise key is not 32 bytes"))?,
            identity: key(identity).ok_or(ScanError::BadCode("the identity key is not 32 bytes"))?,
            adv_secret: adv_secret.to_vec(),
        })
    }
}

/// A client that wants to be linked.
pub(crate) struct Waiting {
    pub(crate) outgoing: Outgoing,
    /// The static key it proved in the handshake.
    pub(crate) noise: [u8; 32],
    /// Its keys, the signed prekey verified.
    pub(crate) keys: KeyBundle,
    offered: Option<Offered>,
}

/// An offer that is with the client.
struct Offered {
    account: AccountId,
    device: u16,
    offer: LinkOffer,
    iq: String,
    scanner: oneshot::Sender<Result<LinkedDevice, ScanError>>,
}

/// The clients that wait, by connection and by code.
#[derive(Default)]
pub(crate) struct Pairings {
    waiting: HashMap<ConnectionId, Waiting>,
    by_ref: HashMap<String, ConnectionId>,
}

impl Pairings {
    /// Forgets a client that went away. Whoever scanned its code learns it from the dropped channel.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.waiting.remove(&connection);
        self.by_ref.retain(|_, holder| *holder != connection);
    }
}

impl World {
    /// Gives an unpaired client its codes.
    pub(crate) fn offer_codes(&mut self, outgoing: Outgoing, noise: [u8; 32], keys: KeyBundle) {
        let id = outgoing.id;
        let refs: Vec<String> = (0..REFS)
            .map(|_| format!("2@{}", URL_SAFE.encode(self.random_bytes::<66>())))
            .collect();
        let iq = self.stanza_id();
        let node = server_iq(&iq)
            .children([NodeBuilder::new("pair-device")
                .children(
                    refs.iter()
                        .map(|reference| NodeBuilder::new("ref").bytes(reference.as_bytes().to_vec()).build()),
                )
                .build()])
            .build();
        for reference in refs {
            self.pairings.by_ref.insert(reference, id);
        }
        self.answer(None, &outgoing, node);
        self.pairings.waiting.insert(
            id,
            Waiting {
                outgoing,
                noise,
                keys,
                offered: None,
            },
        );
    }

    /// The phone of `phone` scanned `code`: checks it and sends the offer. The channel yields how it ended.
    pub(crate) fn scan(
        &mut self,
        phone: &str,
        code: &QrCode,
    ) -> Result<oneshot::Receiver<Result<LinkedDevice, ScanError>>, ScanError> {
        let account = self
            .by_phone(phone)
            .ok_or_else(|| ScanError::UnknownAccount(phone.to_owned()))?;
        let connection = *self.pairings.by_ref.get(&code.reference).ok_or(ScanError::UnknownRef)?;
        let waiting = self
            .pairings
            .waiting
            .get(&connection)
            .filter(|waiting| waiting.offered.is_none())
            .ok_or(ScanError::UnknownRef)?;
        if waiting.noise != code.noise {
            return Err(ScanError::KeyMismatch("noise"));
        }
        if waiting.keys.identity != code.identity {
            return Err(ScanError::KeyMismatch("identity"));
        }
        if self.account(account).companions().count() >= MAX_COMPANIONS {
            return Err(ScanError::TooManyDevices(MAX_COMPANIONS));
        }
        let (device, key_index) = self
            .account_mut(account)
            .reserve_device()
            .ok_or(ScanError::TooManyDevices(usize::from(u16::MAX)))?;

        let at_s = self.now_s();
        let identity = self.account(account).identity.clone();
        let offer = identity
            .offer(&mut self.rng, code.identity, key_index, at_s)
            .map_err(ScanError::Signing)?;
        let sealed = identity.seal(&offer, &code.adv_secret);
        let iq = self.stanza_id();
        let node = pair_success(&iq, sealed, self, DeviceAddress { account, device });
        let (scanner, outcome) = oneshot::channel();
        let Some(waiting) = self.pairings.waiting.get_mut(&connection) else {
            return Err(ScanError::UnknownRef);
        };
        waiting.offered = Some(Offered {
            account,
            device,
            offer,
            iq,
            scanner,
        });
        let outgoing = waiting.outgoing.clone();
        self.pairings.by_ref.retain(|_, holder| *holder != connection);
        self.answer(None, &outgoing, node);
        Ok(outcome)
    }

    /// An unpaired client answered. Anything but the answer to our offer is none of our business yet.
    pub(crate) fn pairing_answer(&mut self, connection: ConnectionId, node: &NodeRef<'_>) {
        let id = node.get_attr("id").map(|id| id.as_str().into_owned());
        let Some(waiting) = self.pairings.waiting.get_mut(&connection) else {
            return;
        };
        if node.tag != "iq" || waiting.offered.as_ref().map(|offered| &offered.iq) != id.as_ref() {
            return;
        }
        let Some(offered) = waiting.offered.take() else {
            return;
        };
        let outgoing = waiting.outgoing.clone();
        let noise = waiting.noise;
        let keys = waiting.keys.clone();
        match self.signed_back(&offered, node) {
            Ok(signed_identity) => {
                let companion = Companion {
                    noise,
                    signed_identity,
                    key_index: offered.offer.key_index,
                };
                let at = DeviceAddress {
                    account: offered.account,
                    device: offered.device,
                };
                self.register(at, Device::new(keys, Some(companion)));
                // The client is expected to log in anew with what it has learnt. Modelled: not at once. A client that is told within the
                // same millisecond in which it signed may still be writing down that a disconnect is coming, and drop its next login.
                outgoing.rest(BEFORE_RESTART);
                let restart = NodeBuilder::new("stream:error").attr("code", "515").build();
                self.answer(Some(at), &outgoing, restart);
                outgoing.finish();
                let linked = LinkedDevice {
                    jid: self.account(at.account).jid(at.device, Namespace::Phone).to_string(),
                    device: at.device,
                };
                // A scanner that gave up waiting has lost nothing but the news.
                let _ = offered.scanner.send(Ok(linked));
            }
            Err(error) => {
                tracing::info!(connection = connection.0, %error, "pairing failed");
                let _ = offered.scanner.send(Err(error));
                outgoing.finish();
            }
        }
    }

    /// The client's signed identity out of its answer, verified.
    fn signed_back(&self, offered: &Offered, node: &NodeRef<'_>) -> Result<Vec<u8>, ScanError> {
        let Some(blob) = node
            .get_optional_child("pair-device-sign")
            .and_then(|sign| sign.get_optional_child("device-identity"))
            .and_then(|identity| identity.content_bytes())
        else {
            let text = node
                .get_optional_child("error")
                .and_then(|error| error.get_attr("text"))
                .map_or_else(
                    || "no signed identity in its answer".to_owned(),
                    |text| text.as_str().into_owned(),
                );
            return Err(ScanError::RefusedByClient(text));
        };
        self.account(offered.account)
            .identity
            .verify_back(&offered.offer, blob)
            .map_err(ScanError::BadDeviceSignature)?;
        Ok(blob.to_vec())
    }

    fn register(&mut self, at: DeviceAddress, device: Device) {
        self.account_mut(at.account).devices.insert(at.device, device);
        devices::announce(self, at, devices::Change::Added);
        self.charge(
            at.account,
            Duty::ShareKeys {
                with: at.device,
                start: Start::Anew,
            },
        );
    }
}

fn server_iq(id: &str) -> NodeBuilder {
    NodeBuilder::new("iq")
        .attr("from", SERVER)
        .attr("type", "set")
        .attr("id", id)
        .attr("xmlns", "md")
}

fn pair_success(iq: &str, sealed: Vec<u8>, world: &World, at: DeviceAddress) -> Node {
    let account = world.account(at.account);
    // Modelled: accounts are not migrated to LIDs, so direct messages travel under phone numbers unless a client chooses otherwise.
    let props = ClientPairingProps {
        is_chat_db_lid_migrated: Some(false),
        ..ClientPairingProps::default()
    }
    .encode_to_vec();
    server_iq(iq)
        .attr("t", world.now_s())
        .children([NodeBuilder::new("pair-success")
            .children([
                NodeBuilder::new("device-identity").bytes(sealed).build(),
                NodeBuilder::new("platform").attr("name", "android").build(),
                NodeBuilder::new("device")
                    .attr("jid", account.jid(at.device, Namespace::Phone))
                    .attr("lid", account.jid(at.device, Namespace::Lid))
                    .build(),
                NodeBuilder::new("client-props").bytes(props).build(),
            ])
            .build()])
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_taken_bare_and_as_deep_links_and_refused_when_malformed() {
        let key = STANDARD.encode([7; 32]);
        let bare = format!("2@abc,{key},{key},{key},1");
        for text in [
            bare.clone(),
            format!("{DEEP_LINK}{bare}"),
            format!("2@abc,{key},{key},{key}"),
        ] {
            let code = QrCode::parse(&text).expect("a valid code");
            assert_eq!(code.reference, "2@abc");
            assert_eq!(code.identity, [7; 32]);
        }
        for text in [
            "",
            "2@abc",
            "2@abc,x,y,z",
            &format!("2@abc,{key},{key},AAAA"),
            &format!("2@abc,{key},{key},{key},1,2"),
        ] {
            assert!(matches!(QrCode::parse(text), Err(ScanError::BadCode(_))));
        }
    }
}
