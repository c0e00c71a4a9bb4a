//! Handshakes, both patterns, each message of the client bent; and what comes in them.

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore::libsignal::protocol::KeyPair;
use whatsapp_rust::wacore::noise::{IkHandshakeState, XxHandshakeState};
use whatsapp_rust::wacore::store::device::Device;
use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;
use whatsapp_rust::waproto::codec::client_payload_to_vec;

use super::Target;
use super::mutation::{bend, noise};
use crate::config::Config;
use crate::login;
use crate::noise::{Greeting, Hello, ServerIdentity, answer_hello};
use crate::outgoing::{ConnectionId, Outgoing};
use crate::world::World;

/// Handshakes after which the server starts anew, so that it does not fill up with clients that wait.
const GENERATION: usize = 1_000;

pub(super) struct Handshakes {
    server: ServerIdentity,
    client: KeyPair,
    payload: Vec<u8>,
    world: World,
    fed: usize,
}

impl Handshakes {
    pub(super) fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(20);
        Self {
            server: ServerIdentity::generate(&mut rng).unwrap(),
            client: KeyPair::generate(&mut rng),
            payload: client_payload_to_vec(&Device::new().get_client_payload()),
            world: world(),
            fed: 0,
        }
    }

    fn admit(&mut self, payload: &[u8]) {
        let id = ConnectionId(self.fed as u64);
        let (outgoing, _orders) = Outgoing::open(id, 64, CancellationToken::new());
        let _ = login::admit(&mut self.world, &outgoing, [1; 32], payload);
    }
}

fn world() -> World {
    let mut rng = StdRng::seed_from_u64(21);
    let identity = ServerIdentity::generate(&mut rng).unwrap();
    World::new(
        &Config::default(),
        rng,
        identity.into(),
        "127.0.0.1:1".to_owned(),
        CancellationToken::new(),
    )
}

impl Target for Handshakes {
    fn feed(&mut self, rng: &mut StdRng, input: &mut Vec<u8>) {
        self.fed += 1;
        if self.fed.is_multiple_of(GENERATION) {
            self.world = world();
        }
        let mut payload = self.payload.clone();
        if rng.random_bool(0.5) {
            bend(rng, &mut payload);
        }
        match rng.random_range(0..8) {
            0..4 => {
                input.clone_from(&payload);
                self.admit(&payload);
            }
            4 | 5 => {
                noise(rng, input);
                if let Ok(greeting) = Greeting::parse(input) {
                    let _ = answer_hello(&self.server, &WA_CONN_HEADER, &greeting, KeyPair::generate(rng));
                }
            }
            6 => {
                let known = self.server.public();
                let mut ik = IkHandshakeState::new(self.client.clone(), known, payload, &WA_CONN_HEADER).unwrap();
                *input = ik.build_client_hello().unwrap();
                if rng.random_bool(0.8) {
                    bend(rng, input);
                }
                if let Ok(greeting) = Greeting::parse(input)
                    && let Ok(Hello::Done { established, .. }) =
                        answer_hello(&self.server, &WA_CONN_HEADER, &greeting, KeyPair::generate(rng))
                {
                    self.admit(&established.payload);
                }
            }
            _ => {
                let mut xx = XxHandshakeState::new(self.client.clone(), payload, &WA_CONN_HEADER).unwrap();
                let greeting = Greeting::parse(&xx.build_client_hello().unwrap()).unwrap();
                let answer = answer_hello(&self.server, &WA_CONN_HEADER, &greeting, KeyPair::generate(rng));
                let Hello::Continue { reply, pending } = answer.unwrap() else {
                    panic!("XX needs a third message");
                };
                *input = xx.read_server_hello_and_build_client_finish(&reply).unwrap();
                if rng.random_bool(0.8) {
                    bend(rng, input);
                }
                if let Ok(established) = pending.finish(input) {
                    self.admit(&established.payload);
                }
            }
        }
    }
}
