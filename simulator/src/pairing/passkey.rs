//! Linking behind a passkey: the client proves that its user holds one of the account's, and hands over the secret for the offer under a
//! key that phone and client agree on afterwards.
//!
//! Whoever sees both screens can compare a code of eight characters; it shows that nobody stood between the two. Modelled: the phone goes
//! on by itself, and a proof of an earlier link, which would spare the user the comparison, is not looked at.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::oneshot;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore::libsignal::crypto::aes_256_gcm_decrypt;
use whatsapp_rust::wacore::libsignal::protocol::{KeyPair, PublicKey};
use whatsapp_rust::wacore::shortcake::ShortcakeUtils;
use whatsapp_rust::wacore_binary::{Node, NodeRef};
use whatsapp_rust::waproto::whatsapp::{
    CompanionEphemeralIdentity, EncryptedPairingRequest, PairingRequest, PrimaryEphemeralIdentity, ProloguePayload,
};

use crate::address::AccountId;
use crate::error::ScanError;
use crate::outgoing::ConnectionId;
use crate::pairing::LinkedDevice;
use crate::pairing::request::{Answer, Asked, BAD_REQUEST};
use crate::world::World;

/// Modelled: the phone takes a moment for each of its parts. A client keeps what it has begun only after it has read the answer to it; a
/// continuation or an offer on the heels of that answer would meet a client that knows of no ceremony, or has another secret.
const PHONE_TAKES: Duration = Duration::from_millis(500);

/// A client that has to show a passkey before it is offered anything.
struct Gate {
    account: AccountId,
    challenge: [u8; 32],
    reference: String,
    stage: Stage,
    told: oneshot::Sender<Result<LinkedDevice, ScanError>>,
}

/// How far it is.
enum Stage {
    /// It was asked for an assertion.
    Asked,
    /// The assertion was right; both sides have sent an ephemeral key, and the client has committed itself to a nonce.
    Introduced(Introduction),
    /// The nonce was the one it had committed itself to.
    Agreed(Agreement),
}

struct Introduction {
    /// The client's identity for this handshake, as it came.
    theirs: Vec<u8>,
    commitment: Vec<u8>,
    ephemeral: KeyPair,
    nonce: [u8; 32],
}

struct Agreement {
    key: [u8; 32],
    code: String,
}

/// The clients at the gate, by connection.
#[derive(Default)]
pub(crate) struct Gates(HashMap<ConnectionId, Gate>);

impl Gates {
    /// Drops a client that went away.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.0.remove(&connection);
    }
}

impl World {
    /// The phone accepted the client on `connection`: it is offered the link, or asked for a passkey first if the account wants one.
    pub(super) fn admit_link(
        &mut self,
        connection: ConnectionId,
        account: AccountId,
        adv_secret: &[u8; 32],
        told: oneshot::Sender<Result<LinkedDevice, ScanError>>,
    ) {
        let Some(passkey) = self.account(account).passkey.clone() else {
            return self.offer_link(connection, account, adv_secret, told);
        };
        let challenge = self.random_bytes();
        let gate = Gate {
            account,
            challenge,
            reference: format!("4@{}", URL_SAFE_NO_PAD.encode(self.random_bytes::<24>())),
            stage: Stage::Asked,
            told,
        };
        self.pairings.refs.forget(connection);
        self.pairings.codes.forget(connection);
        self.pairings.gates.0.insert(connection, gate);
        let options = leaf("passkey_request_options", passkey.options(&challenge).into_bytes());
        self.notify_unpaired(connection, "passkey_prologue_request", options);
    }

    /// The code on the screen of the phone, while a client that was let in by its passkey is being linked.
    pub(crate) fn passkey_code(&self, account: AccountId) -> Option<String> {
        self.pairings.gates.0.values().find_map(|gate| match &gate.stage {
            Stage::Agreed(agreement) if gate.account == account => Some(agreement.code.clone()),
            Stage::Asked | Stage::Introduced(_) | Stage::Agreed(_) => None,
        })
    }

    /// What a client at the gate asks for.
    pub(super) fn passkey_question(&mut self, asked: &Asked<'_>, node: &NodeRef<'_>) {
        let answer = self.pairings.gates.0.get(&asked.connection).and_then(|gate| {
            if node.get_optional_child("ref").is_some() {
                return Some(leaf("ref", gate.reference.clone().into_bytes()));
            }
            node.get_optional_child("passkey_request_options")?;
            let passkey = self.account(gate.account).passkey.as_ref()?;
            Some(leaf(
                "passkey_request_options",
                passkey.options(&gate.challenge).into_bytes(),
            ))
        });
        self.reply(asked, answer.map(|node| vec![node]).ok_or(BAD_REQUEST));
    }

    /// What a client at the gate brings. What is wrong ends its attempt.
    pub(super) fn passkey_step(&mut self, asked: &Asked<'_>, node: &NodeRef<'_>) {
        let Some(gate) = self.pairings.gates.0.remove(&asked.connection) else {
            return self.reply(asked, Err(BAD_REQUEST));
        };
        let Gate {
            account,
            challenge,
            reference,
            stage,
            told,
        } = gate;
        let next = if let Some(prologue) = node.get_optional_child("passkey_prologue") {
            self.introduced(account, &challenge, &reference, stage, prologue)
        } else if let Some(nonce) = node.get_optional_child("companion_nonce") {
            agreed(stage, nonce)
        } else if let Some(request) = node.get_optional_child("encrypted_pairing_request") {
            match self.handed_over(asked.connection, stage, request) {
                Ok(secret) => {
                    self.reply(asked, Ok(Vec::new()));
                    asked.outgoing.rest(PHONE_TAKES);
                    return self.offer_link(asked.connection, account, &secret, told);
                }
                Err(why) => Err(why),
            }
        } else {
            Err("it is no step of the handshake")
        };
        match next {
            Ok((stage, continuation)) => {
                let gate = Gate {
                    account,
                    challenge,
                    reference,
                    stage,
                    told,
                };
                self.pairings.gates.0.insert(asked.connection, gate);
                self.reply(asked, Ok(Vec::new()));
                if let Some(continuation) = continuation {
                    asked.outgoing.rest(PHONE_TAKES);
                    self.notify_unpaired(asked.connection, "crsc_continuation", continuation);
                }
            }
            Err(why) => {
                tracing::info!(connection = asked.connection.0, why, "a passkey did not open the gate");
                self.stats.refused_links += 1;
                self.reply(asked, refused());
                let _ = told.send(Err(ScanError::Passkey(why)));
            }
        }
    }

    /// The assertion, and the client's introduction beside it.
    fn introduced(
        &mut self,
        account: AccountId,
        challenge: &[u8],
        reference: &str,
        stage: Stage,
        prologue: &NodeRef<'_>,
    ) -> Result<(Stage, Option<Node>), &'static str> {
        let Stage::Asked = stage else {
            return Err("it was shown already");
        };
        let part = |tag: &str| {
            prologue
                .get_optional_child(tag)
                .and_then(|child| child.content_bytes())
                .ok_or("a part of it is missing")
        };
        let passkey = self.account(account).passkey.as_ref().ok_or("none is asked for")?;
        passkey.verify(challenge, part("credential_id")?, part("webauthn_assertion")?)?;
        let payload =
            ProloguePayload::decode_from_slice(part("prologue_payload")?).map_err(|_| "its payload is none")?;
        let theirs = payload
            .companion_ephemeral_identity
            .ok_or("the client does not introduce itself")?;
        let identity = CompanionEphemeralIdentity::decode_from_slice(&theirs)
            .map_err(|_| "the client does not introduce itself")?;
        if identity.r#ref.as_deref() != Some(reference) {
            return Err("it is for another attempt");
        }
        let commitment = payload
            .commitment
            .into_option()
            .and_then(|commitment| commitment.hash)
            .ok_or("the client commits itself to nothing")?;
        let ephemeral = KeyPair::generate(&mut self.rng);
        let nonce: [u8; 32] = self.random_bytes();
        let ours = PrimaryEphemeralIdentity {
            public_key: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            nonce: Some(nonce.to_vec()),
        };
        let introduction = Introduction {
            theirs,
            commitment,
            ephemeral,
            nonce,
        };
        let ours = leaf("primary_ephemeral_identity", ours.encode_to_vec());
        Ok((Stage::Introduced(introduction), Some(ours)))
    }

    /// The secret for the offer, out of the sealed request, if its keys are those of the client on this connection.
    fn handed_over(
        &self,
        connection: ConnectionId,
        stage: Stage,
        request: &NodeRef<'_>,
    ) -> Result<[u8; 32], &'static str> {
        let Stage::Agreed(Agreement { key, .. }) = stage else {
            return Err("nothing was agreed on yet");
        };
        let sealed = EncryptedPairingRequest::decode_from_slice(request.content_bytes().unwrap_or_default())
            .map_err(|_| "the request is none")?;
        let iv: [u8; 12] = sealed
            .iv
            .and_then(|iv| iv.try_into().ok())
            .ok_or("the request has no nonce")?;
        let mut open = Vec::new();
        aes_256_gcm_decrypt(&key, &iv, b"", &sealed.encrypted_payload.unwrap_or_default(), &mut open)
            .map_err(|_| "the request does not open")?;
        let request = PairingRequest::decode_from_slice(&open).map_err(|_| "the request is none")?;
        let waiting = self.pairings.waiting(connection).ok_or("the client is gone")?;
        let own = request.companion_public_key.as_deref() == Some(&waiting.noise[..])
            && request.companion_identity_key.as_deref() == Some(&waiting.keys.identity[..]);
        if !own {
            return Err("the request names another client's keys");
        }
        request
            .adv_secret
            .and_then(|secret| secret.try_into().ok())
            .ok_or("the request has no secret")
    }
}

/// The client reveals its nonce: both sides can now derive the key and show the code.
fn agreed(stage: Stage, nonce: &NodeRef<'_>) -> Result<(Stage, Option<Node>), &'static str> {
    let Stage::Introduced(introduction) = stage else {
        return Err("nobody was introduced");
    };
    let revealed: [u8; 32] = nonce
        .content_bytes()
        .and_then(|nonce| nonce.try_into().ok())
        .ok_or("the nonce is not 32 bytes")?;
    if ShortcakeUtils::commitment_hash(&introduction.theirs, &revealed)[..] != introduction.commitment[..] {
        return Err("the nonce is not the one the client committed itself to");
    }
    let identity =
        CompanionEphemeralIdentity::decode_from_slice(&introduction.theirs).map_err(|_| "the client is nobody")?;
    let theirs = identity.public_key.unwrap_or_default();
    let shared = PublicKey::from_djb_public_key_bytes(&theirs)
        .and_then(|theirs| introduction.ephemeral.private_key.calculate_agreement(&theirs))
        .map_err(|_| "the client's key is none")?;
    let device_type = identity.device_type.ok_or("the client does not say what it is")?;
    let key = ShortcakeUtils::derive_encryption_key_from_shared_secret(
        &shared,
        device_type,
        identity.r#ref.as_deref().unwrap_or_default(),
    )
    .map_err(|_| "no key can be derived")?;
    let mut ours = [0; 32];
    ours.copy_from_slice(introduction.ephemeral.public_key.public_key_bytes());
    let code = ShortcakeUtils::derive_verification_code(&revealed, &ours, &introduction.nonce);
    Ok((Stage::Agreed(Agreement { key, code }), None))
}

/// Modelled: the code of the refusal.
fn refused() -> Answer {
    Err((403, "forbidden"))
}

fn leaf(tag: &'static str, bytes: Vec<u8>) -> Node {
    NodeBuilder::new(tag).bytes(bytes).build()
}
