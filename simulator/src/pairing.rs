//! Linking: clients that wait to be linked, the phone's offer to one of them, and what the client must send back.
//!
//! However the phone came by a client (`qr`, `link_code`), it signs the client's identity, authenticates the offer with a secret the two
//! share, and registers the device only after the client's own signature verified.

mod assertion;
pub(crate) mod code_seal;
pub(crate) mod link_code;
mod passkey;
mod qr;
mod request;

use std::collections::HashMap;
use std::time::Duration;

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
use link_code::CodeRequests;
use passkey::Gates;
use qr::QrRefs;

pub use assertion::Passkey;
pub(crate) use qr::QrCode;

/// A companion the phone has linked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LinkedDevice {
    /// `number:device@s.whatsapp.net`.
    pub jid: String,
    /// The device number, 1 or more.
    pub device: u16,
}

/// How an attempt to link ended; a dropped sender means that the client went away.
pub(crate) type Outcome = oneshot::Receiver<Result<LinkedDevice, ScanError>>;

/// Time between a client's signature and the order to log in anew.
const BEFORE_RESTART: Duration = Duration::from_millis(15);
/// Time a client has to hang up by itself after that order. whatsmeow handles stanzas in a queue of its own, and one that is still in it when
/// the connection ends is lost, and with it the login.
const AFTER_RESTART: Duration = Duration::from_secs(1);

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
    told: oneshot::Sender<Result<LinkedDevice, ScanError>>,
}

/// An offer on its way out: what was signed, the device number, the request's id, its stanza, and where to.
type Sealed = (LinkOffer, u16, String, Node, Outgoing);

/// The clients that wait, by connection, and the ways in which phones find them.
#[derive(Default)]
pub(crate) struct Pairings {
    waiting: HashMap<ConnectionId, Waiting>,
    refs: QrRefs,
    codes: CodeRequests,
    gates: Gates,
}

impl Pairings {
    /// Forgets a client that went away. Whoever is linking it learns it from the dropped channel.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.waiting.remove(&connection);
        self.refs.forget(connection);
        self.codes.forget(connection);
        self.gates.forget(connection);
    }

    /// A client that waits and has no offer yet.
    fn waiting(&self, connection: ConnectionId) -> Option<&Waiting> {
        self.waiting
            .get(&connection)
            .filter(|waiting| waiting.offered.is_none())
    }
}

impl World {
    /// A client that is not linked connected: it is given codes to show.
    pub(crate) fn await_link(&mut self, outgoing: Outgoing, noise: [u8; 32], keys: KeyBundle) {
        let connection = outgoing.id;
        let waiting = Waiting {
            outgoing,
            noise,
            keys,
            offered: None,
        };
        self.pairings.waiting.insert(connection, waiting);
        self.offer_codes(connection);
    }

    /// The phone offers the client on `connection` to be a companion of its account, authenticated with the secret they share. `told`
    /// hears how it ended.
    fn offer_link(
        &mut self,
        connection: ConnectionId,
        account: AccountId,
        adv_secret: &[u8; 32],
        told: oneshot::Sender<Result<LinkedDevice, ScanError>>,
    ) {
        match self.sealed_offer(connection, account, adv_secret) {
            Ok((offer, device, iq, node, outgoing)) => {
                if let Some(waiting) = self.pairings.waiting.get_mut(&connection) {
                    waiting.offered = Some(Offered {
                        account,
                        device,
                        offer,
                        iq,
                        told,
                    });
                }
                self.pairings.refs.forget(connection);
                self.pairings.codes.forget(connection);
                self.answer(None, &outgoing, node);
            }
            Err(error) => {
                let _ = told.send(Err(error));
            }
        }
    }

    /// The offer, the device number it is for, and the stanza it travels in.
    fn sealed_offer(
        &mut self,
        connection: ConnectionId,
        account: AccountId,
        adv_secret: &[u8; 32],
    ) -> Result<Sealed, ScanError> {
        let waiting = self.pairings.waiting(connection).ok_or(ScanError::ClientGone)?;
        let outgoing = waiting.outgoing.clone();
        let device_identity = waiting.keys.identity;
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
            .offer(&mut self.rng, device_identity, key_index, at_s)
            .map_err(ScanError::Signing)?;
        let sealed = identity.seal(&offer, adv_secret);
        let iq = self.stanza_id();
        let node = pair_success(&iq, sealed, self, DeviceAddress { account, device });
        Ok((offer, device, iq, node, outgoing))
    }

    /// Whether the client with this key has been offered to be `at`, and what it says to that has not been read.
    pub(crate) fn is_being_linked(&self, at: DeviceAddress, noise: &[u8; 32]) -> bool {
        let mut offered = self.pairings.waiting.values().filter(|waiting| waiting.noise == *noise);
        offered.any(|waiting| {
            waiting
                .offered
                .as_ref()
                .is_some_and(|offered| offered.account == at.account && offered.device == at.device)
        })
    }

    /// An unpaired client answered. Anything but the answer to our offer is none of our business yet.
    fn pairing_answer(&mut self, connection: ConnectionId, node: &NodeRef<'_>) {
        let id = node.get_attr("id").map(|id| id.as_str().into_owned());
        let Some(waiting) = self.pairings.waiting.get_mut(&connection) else {
            return;
        };
        if waiting.offered.as_ref().map(|offered| &offered.iq) != id.as_ref() {
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
                outgoing.part(AFTER_RESTART);
                let linked = LinkedDevice {
                    jid: self.account(at.account).jid(at.device, Namespace::Phone).to_string(),
                    device: at.device,
                };
                // Whoever gave up waiting has lost nothing but the news.
                let _ = offered.told.send(Ok(linked));
            }
            Err(error) => {
                tracing::info!(connection = connection.0, %error, "pairing failed");
                self.stats.refused_links += 1;
                let _ = offered.told.send(Err(error));
                outgoing.finish();
            }
        }
    }

    /// The client's signed identity out of its answer, verified.
    fn signed_back(&self, offered: &Offered, node: &NodeRef<'_>) -> Result<Vec<u8>, ScanError> {
        let Some(identity) = node
            .get_optional_child("pair-device-sign")
            .and_then(|sign| sign.get_optional_child("device-identity"))
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
        let named = identity
            .get_attr("key-index")
            .and_then(|index| index.as_str().parse().ok());
        if named != Some(offered.offer.key_index) {
            return Err(ScanError::BadDeviceSignature("it names another key index"));
        }
        let blob = identity.content_bytes().unwrap_or_default();
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
        self.charge(at.account, Duty::SendHistory { with: at.device });
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
