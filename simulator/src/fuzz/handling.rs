//! Stanzas of a device that is logged in, well-formed and wrong.

use std::collections::BTreeMap;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore_binary::marshal::{marshal, unmarshal_ref};

use super::Target;
use super::corpus::Corpus;
use super::mutation::{bend_node, pick};
use crate::account::AccountState;
use crate::address::{AccountId, DeviceAddress};
use crate::appstate::AppState;
use crate::bounds::{self, StanzaLimits};
use crate::config::Config;
use crate::device::{Companion, Device, Phase, Presence, Session};
use crate::noise::ServerIdentity;
use crate::outgoing::{ConnectionId, Order, Outgoing};
use crate::phone::Phone;
use crate::stanza;
use crate::world::World;

/// Stanzas after which the world starts anew.
const GENERATION: usize = 2_000;
const COMPANION: u16 = 1;
/// Answers to one stanza, and what it queues for the other side, are far fewer.
const ROOM: usize = 4_096;

pub(super) struct Handling<'a> {
    corpus: &'a Corpus,
    world: World,
    lines: Vec<(Outgoing, mpsc::Receiver<Order>)>,
    fed: usize,
}

impl<'a> Handling<'a> {
    pub(super) fn new(corpus: &'a Corpus) -> Self {
        let (world, lines) = populated(corpus);
        Self {
            corpus,
            world,
            lines,
            fed: 0,
        }
    }
}

/// A world with the accounts of the corpus, each with a phone that sleeps and a companion that is logged in.
fn populated(corpus: &Corpus) -> (World, Vec<(Outgoing, mpsc::Receiver<Order>)>) {
    let mut rng = StdRng::seed_from_u64(31);
    let identity = ServerIdentity::generate(&mut rng).unwrap();
    let mut world = World::new(
        &Config::default(),
        rng,
        identity.into(),
        "127.0.0.1:1".to_owned(),
        CancellationToken::new(),
    );
    let mut lines = Vec::new();
    for (n, account) in corpus.accounts.iter().enumerate() {
        let seed = |part: u8| [part + u8::try_from(n).unwrap(); 32];
        let (_, phone) = Phone::make(seed(10), 1_000).unwrap();
        let (_, companion) = Phone::make(seed(20), 1_000).unwrap();
        let app_state = AppState::seeded(&mut StdRng::seed_from_u64(32), phone.app_state_key, "fuzz");
        let mut state = AccountState::new(
            account.phone.as_str().into(),
            account.lid.as_str().into(),
            account.push_name.clone(),
            phone.identity,
            Device::new(phone.keys, None),
            app_state,
        );
        let linked = Companion {
            noise: seed(30),
            signed_identity: vec![1; 90],
            key_index: 1,
        };
        let mut device = Device::new(companion.keys, Some(linked));
        let (outgoing, orders) = Outgoing::open(ConnectionId(n as u64), ROOM, CancellationToken::new());
        device.session = Some(Session {
            outgoing: outgoing.clone(),
            phase: Phase::Live,
            presence: Presence::Unavailable,
            watching: BTreeMap::new(),
        });
        state.devices.insert(COMPANION, device);
        world.add_account(state);
        lines.push((outgoing, orders));
    }
    (world, lines)
}

impl Target for Handling<'_> {
    fn feed(&mut self, rng: &mut StdRng, input: &mut Vec<u8>) {
        self.fed += 1;
        if self.fed.is_multiple_of(GENERATION) {
            (self.world, self.lines) = populated(self.corpus);
        }
        let mut node = pick(rng, &self.corpus.nodes).clone();
        let donor = pick(rng, &self.corpus.nodes);
        bend_node(rng, &mut node, donor);
        let Ok(packed) = marshal(&node) else {
            return;
        };
        input.clear();
        input.extend_from_slice(&packed[1..]);
        if bounds::check(input, StanzaLimits::default()).is_err() {
            return;
        }
        let Ok(node) = unmarshal_ref(input) else {
            return;
        };
        let who = rng.random_range(0..self.lines.len());
        let at = DeviceAddress {
            account: AccountId(who),
            device: COMPANION,
        };
        if !self.world.is_current(at, ConnectionId(who as u64)) {
            // It has logged itself out.
            (self.world, self.lines) = populated(self.corpus);
        }
        let outgoing = self.lines[who].0.clone();
        let sender = stanza::Sender {
            at,
            outgoing: &outgoing,
        };
        stanza::handle(&mut self.world, &sender, &node);
        for (_, orders) in &mut self.lines {
            while orders.try_recv().is_ok() {}
        }
    }
}
