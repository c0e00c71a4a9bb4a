//! The server's half of the Noise handshake: XX for a client that does not know us, IK for one that does.
//!
//! Pure functions from received frame to reply. The certificates are signed for real, root → intermediate → leaf, by a root of our own;
//! the static key never changes within a run, so XXfallback never arises.

pub(crate) mod saved;

use rand_signal::rngs::StdRng;
use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::libsignal::protocol::{CurveError, KeyPair};
use whatsapp_rust::wacore::noise::{HandshakeError, NoiseCipher, NoiseHandshake};
use whatsapp_rust::wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX};
use whatsapp_rust::waproto::whatsapp::cert_chain::{NoiseCertificate, noise_certificate};
use whatsapp_rust::waproto::whatsapp::handshake_message::{ClientHello, ServerHello};
use whatsapp_rust::waproto::whatsapp::{CertChain, HandshakeMessage};

/// Start of the certificates' validity, seconds since the epoch (November 2023).
const NOT_BEFORE: u64 = 1_700_000_000;
/// End of it (2096): clients check it before they use IK.
const NOT_AFTER: u64 = 4_000_000_000;

/// What the server proves itself with.
pub(crate) struct ServerIdentity {
    /// The public key that signed the first certificate: what clients that pin one must take. Not known of a world that was saved before
    /// it was written down.
    root: Option<[u8; 32]>,
    static_key: KeyPair,
    chain: Vec<u8>,
}

impl ServerIdentity {
    /// The static key's public half.
    #[cfg(test)]
    pub(crate) fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.static_key.public_key.public_key_bytes());
        public
    }

    /// What clients that pin a root must pin.
    pub(crate) fn root(&self) -> Option<[u8; 32]> {
        self.root
    }

    /// Makes a root, an intermediate and the static key from `rng`, and signs the chain.
    pub(crate) fn generate(rng: &mut StdRng) -> Result<Self, CurveError> {
        let root = KeyPair::generate(rng);
        let intermediate = KeyPair::generate(rng);
        let static_key = KeyPair::generate(rng);
        let middle = certificate(rng, 1, 0, &intermediate, &root)?;
        let leaf = certificate(rng, 2, 1, &static_key, &intermediate)?;
        let chain = CertChain {
            leaf: MessageField::some(leaf),
            intermediate: MessageField::some(middle),
        };
        let mut pinned = [0; 32];
        pinned.copy_from_slice(root.public_key.public_key_bytes());
        Ok(Self {
            root: Some(pinned),
            static_key,
            chain: chain.encode_to_vec(),
        })
    }
}

fn certificate(
    rng: &mut StdRng,
    serial: u32,
    issuer_serial: u32,
    subject: &KeyPair,
    issuer: &KeyPair,
) -> Result<NoiseCertificate, CurveError> {
    let details = noise_certificate::Details {
        serial: Some(serial),
        issuer_serial: Some(issuer_serial),
        key: Some(subject.public_key.public_key_bytes().to_vec()),
        not_before: Some(NOT_BEFORE),
        not_after: Some(NOT_AFTER),
    }
    .encode_to_vec();
    let signature = issuer.private_key.calculate_signature(&details, rng)?;
    Ok(NoiseCertificate {
        details: Some(details),
        signature: Some(signature.to_vec()),
    })
}

/// A handshake the client got wrong. The connection is closed without an answer, as the real service does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoiseError {
    #[error("the handshake message is not one")]
    Decode,
    #[error("the handshake message lacks {0}")]
    Missing(&'static str),
    #[error("the client's {0} is not a key")]
    KeyLength(&'static str),
    #[error("the handshake does not decrypt")]
    Crypto(#[from] HandshakeError),
}

/// A finished handshake: who the client claims to be and the keys of the transport.
pub(crate) struct Established {
    /// The client's static key, proven by the handshake.
    pub(crate) client: [u8; 32],
    /// Its `ClientPayload`, still encoded.
    pub(crate) payload: Vec<u8>,
    pub(crate) receive: NoiseCipher,
    pub(crate) send: NoiseCipher,
}

/// After the client's first message.
pub(crate) enum Hello {
    /// XX: the reply has to go out, and one more message has to come.
    Continue { reply: Vec<u8>, pending: Box<PendingXx> },
    /// IK: done once the reply is out.
    Done {
        reply: Vec<u8>,
        established: Box<Established>,
    },
}

/// An XX handshake that waits for the client's last message.
pub(crate) struct PendingXx {
    noise: NoiseHandshake,
    ephemeral: KeyPair,
}

/// A `ClientHello`.
pub(crate) struct Greeting {
    ephemeral: [u8; 32],
    /// Static key and payload, sealed: there in the IK pattern.
    sealed: Option<(Vec<u8>, Vec<u8>)>,
}

impl Greeting {
    pub(crate) fn parse(frame: &[u8]) -> Result<Self, NoiseError> {
        let hello = HandshakeMessage::decode_from_slice(frame)
            .map_err(|_| NoiseError::Decode)?
            .client_hello
            .into_option()
            .ok_or(NoiseError::Missing("a client hello"))?;
        let sealed = match (hello.r#static, hello.payload) {
            (Some(sealed_static), Some(sealed_payload)) => Some((sealed_static, sealed_payload)),
            (None, None) => None,
            (Some(_), None) => return Err(NoiseError::Missing("the payload of an IK hello")),
            (None, Some(_)) => return Err(NoiseError::Missing("the static key of an IK hello")),
        };
        Ok(Self {
            ephemeral: key(hello.ephemeral.as_deref(), "ephemeral key")?,
            sealed,
        })
    }

    /// The key a client makes for one handshake and no other.
    pub(crate) fn ephemeral(&self) -> [u8; 32] {
        self.ephemeral
    }
}

/// Answers a `ClientHello`. `prologue` is the four bytes `WA`, version, dictionary; `ephemeral` a fresh key.
pub(crate) fn answer_hello(
    server: &ServerIdentity,
    prologue: &[u8],
    greeting: &Greeting,
    ephemeral: KeyPair,
) -> Result<Hello, NoiseError> {
    match &greeting.sealed {
        Some((sealed_static, sealed_payload)) => {
            let hello = SealedHello {
                ephemeral: greeting.ephemeral,
                sealed_static,
                sealed_payload,
            };
            answer_ik(server, prologue, &hello, &ephemeral)
        }
        None => answer_xx(server, prologue, &greeting.ephemeral, ephemeral),
    }
}

fn answer_xx(
    server: &ServerIdentity,
    prologue: &[u8],
    theirs: &[u8; 32],
    ephemeral: KeyPair,
) -> Result<Hello, NoiseError> {
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_XX, prologue)?;
    noise.authenticate(theirs);
    noise.authenticate(ephemeral.public_key.public_key_bytes());
    noise.mix_shared_secret(ephemeral.private_key.serialize(), theirs)?;
    let sealed_static = noise.encrypt(server.static_key.public_key.public_key_bytes())?;
    noise.mix_shared_secret(server.static_key.private_key.serialize(), theirs)?;
    let sealed_chain = noise.encrypt(&server.chain)?;
    let reply = server_hello(&ephemeral, Some(sealed_static), sealed_chain);
    Ok(Hello::Continue {
        reply,
        pending: Box::new(PendingXx { noise, ephemeral }),
    })
}

/// The parts of a `ClientHello` in the IK pattern.
struct SealedHello<'a> {
    ephemeral: [u8; 32],
    sealed_static: &'a [u8],
    sealed_payload: &'a [u8],
}

fn answer_ik(
    server: &ServerIdentity,
    prologue: &[u8],
    hello: &SealedHello<'_>,
    ephemeral: &KeyPair,
) -> Result<Hello, NoiseError> {
    let ours = server.static_key.private_key.serialize();
    let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, prologue)?;
    noise.authenticate(server.static_key.public_key.public_key_bytes());
    noise.authenticate(&hello.ephemeral);
    noise.mix_shared_secret(ours, &hello.ephemeral)?;
    let client = key(Some(&noise.decrypt(hello.sealed_static)?), "static key")?;
    noise.mix_shared_secret(ours, &client)?;
    let payload = noise.decrypt(hello.sealed_payload)?;

    noise.authenticate(ephemeral.public_key.public_key_bytes());
    noise.mix_shared_secret(ephemeral.private_key.serialize(), &hello.ephemeral)?;
    noise.mix_shared_secret(ephemeral.private_key.serialize(), &client)?;
    let sealed_chain = noise.encrypt(&server.chain)?;
    let reply = server_hello(ephemeral, None, sealed_chain);
    // The key the initiator writes with is the one we read with.
    let (receive, send) = noise.finish()?;
    Ok(Hello::Done {
        reply,
        established: Box::new(Established {
            client,
            payload,
            receive,
            send,
        }),
    })
}

impl PendingXx {
    /// Takes the client's last message.
    pub(crate) fn finish(mut self, frame: &[u8]) -> Result<Established, NoiseError> {
        let finish = HandshakeMessage::decode_from_slice(frame)
            .map_err(|_| NoiseError::Decode)?
            .client_finish
            .into_option()
            .ok_or(NoiseError::Missing("a client finish"))?;
        let sealed_static = finish.r#static.ok_or(NoiseError::Missing("the client's static key"))?;
        let sealed_payload = finish.payload.ok_or(NoiseError::Missing("the client's payload"))?;
        let client = key(Some(&self.noise.decrypt(&sealed_static)?), "static key")?;
        self.noise
            .mix_shared_secret(self.ephemeral.private_key.serialize(), &client)?;
        let payload = self.noise.decrypt(&sealed_payload)?;
        let (receive, send) = self.noise.finish()?;
        Ok(Established {
            client,
            payload,
            receive,
            send,
        })
    }
}

fn server_hello(ephemeral: &KeyPair, r#static: Option<Vec<u8>>, chain: Vec<u8>) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.public_key.public_key_bytes().to_vec()),
            r#static,
            payload: Some(chain),
            ..ServerHello::default()
        }),
        client_hello: MessageField::<ClientHello>::default(),
        ..HandshakeMessage::default()
    }
    .encode_to_vec()
}

fn key(bytes: Option<&[u8]>, what: &'static str) -> Result<[u8; 32], NoiseError> {
    bytes
        .ok_or(NoiseError::Missing(what))?
        .try_into()
        .map_err(|_| NoiseError::KeyLength(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_signal::SeedableRng;
    use whatsapp_rust::wacore::libsignal::protocol::PublicKey;
    use whatsapp_rust::wacore::noise::{IkHandshakeState, IkServerHelloOutcome, XxHandshakeState};
    use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;

    #[test]
    fn the_chain_is_signed_by_our_root_step_by_step() {
        let mut rng = StdRng::seed_from_u64(3);
        let root = KeyPair::generate(&mut StdRng::seed_from_u64(3));
        let server = ServerIdentity::generate(&mut rng).expect("keys can sign");
        let chain = CertChain::decode_from_slice(&server.chain).expect("our own encoding");
        let signed = |certificate: &NoiseCertificate, issuer: &[u8]| {
            PublicKey::from_djb_public_key_bytes(issuer)
                .expect("a key")
                .verify_signature(
                    certificate.details.as_deref().unwrap_or_default(),
                    certificate.signature.as_deref().unwrap_or_default(),
                )
        };
        let middle = chain.intermediate.into_option().expect("an intermediate");
        let details =
            noise_certificate::Details::decode_from_slice(middle.details.as_deref().unwrap_or(&[])).expect("details");
        assert!(signed(&middle, root.public_key.public_key_bytes()));
        let leaf = chain.leaf.into_option().expect("a leaf");
        assert!(signed(&leaf, details.key.as_deref().unwrap_or_default()));
        assert!(!signed(&leaf, root.public_key.public_key_bytes()));
    }

    #[test]
    fn xx_then_ik_give_both_sides_the_same_keys() {
        let mut rng = StdRng::seed_from_u64(5);
        let server = ServerIdentity::generate(&mut rng).expect("keys can sign");
        let client = KeyPair::generate(&mut rng);

        let mut xx =
            XxHandshakeState::new(client.clone(), b"first".to_vec(), &WA_CONN_HEADER).expect("a client handshake");
        let hello = xx.build_client_hello().expect("a hello");
        let Hello::Continue { reply, pending } = answer_hello(
            &server,
            &WA_CONN_HEADER,
            &Greeting::parse(&hello).expect("a hello"),
            KeyPair::generate(&mut rng),
        )
        .expect("a valid hello") else {
            panic!("XX needs a third message");
        };
        let last = xx
            .read_server_hello_and_build_client_finish(&reply)
            .expect("a valid reply");
        let ours = pending.finish(&last).expect("a valid finish");
        assert_eq!(ours.payload, b"first");
        assert_eq!(&ours.client, client.public_key.public_key_bytes());
        let theirs = xx.finish().expect("the client's keys");
        let mut sealed = b"ping".to_vec();
        ours.send
            .encrypt_in_place_with_counter(0, &mut sealed)
            .expect("sealing");
        theirs
            .read_cipher
            .decrypt_in_place_with_counter(0, &mut sealed)
            .expect("the client reads what we wrote");
        assert_eq!(sealed, b"ping");

        let mut ik = IkHandshakeState::new(client, server.public(), b"again".to_vec(), &WA_CONN_HEADER)
            .expect("a client handshake");
        let hello = ik.build_client_hello().expect("a hello");
        let Hello::Done { reply, established } = answer_hello(
            &server,
            &WA_CONN_HEADER,
            &Greeting::parse(&hello).expect("a hello"),
            KeyPair::generate(&mut rng),
        )
        .expect("a valid hello") else {
            panic!("IK is done after one message");
        };
        assert_eq!(established.payload, b"again");
        assert!(matches!(
            ik.read_server_hello(&reply).expect("a valid reply"),
            IkServerHelloOutcome::Continue(_)
        ));
    }

    #[test]
    fn rubbish_is_an_error() {
        for frame in [&b""[..], b"\xff\xff\xff", &[0; 40], b"\x12\x02\x0a\x00"] {
            assert!(Greeting::parse(frame).is_err());
        }
    }
}
