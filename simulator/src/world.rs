//! All state of the server, behind one lock that is never held across an await.
//!
//! This file knows where things are and how a stanza gets to a device; what stanzas mean is in `stanza/`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use rand_signal::rngs::StdRng;
use rand_signal::{Rng as _, RngExt as _, SeedableRng as _};
use whatsapp_rust::wacore_binary::{Jid, Node};
use whatsapp_rust::{CompactString, NodeBuilder};

use crate::account::AccountState;
use crate::address::{AccountId, DeviceAddress, Located, Namespace, PHONE};
use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::config::Config;
use crate::device::{Device, PrekeyWarning, Session};
use crate::groups::Groups;
use crate::media::auth::MediaAuth;
use crate::newsletters::Newsletters;
use crate::notification::Notification;
use crate::outgoing::{ConnectionId, Outgoing};
use crate::pairing::Pairings;
use crate::phone::Duty;
use crate::stanza::{chatstate, presence};
use crate::stanza_log::{Stanza, StanzaLog};
use crate::stats::Stats;

/// Name of the server in `from` and `to`.
pub(crate) const SERVER: &str = "s.whatsapp.net";

/// The state.
pub(crate) struct World {
    clock: Arc<dyn Clock>,
    /// For what connections need: keys, codes, signatures.
    pub(crate) rng: StdRng,
    /// For what makes people: numbers, phones. Apart from the other, so that who exists does not depend on who connects when.
    pub(crate) people: StdRng,
    pub(crate) accounts: Vec<AccountState>,
    pub(crate) groups: Groups,
    pub(crate) newsletters: Newsletters,
    by_phone: HashMap<CompactString, AccountId>,
    by_lid: HashMap<CompactString, AccountId>,
    pub(crate) pairings: Pairings,
    pub(crate) blobs: Blobs,
    pub(crate) media_auth: MediaAuth,
    /// Which device a connection logged in as.
    on: HashMap<ConnectionId, DeviceAddress>,
    pub(crate) log: StanzaLog,
    pub(crate) stats: Stats,
    pub(crate) queue_limit: usize,
    low_prekeys: usize,
    last_id: u64,
    last_connection: u64,
}

impl World {
    pub(crate) fn new(config: &Config, mut rng: StdRng, media_host: String) -> Self {
        let people = StdRng::from_rng(&mut rng);
        let groups = Groups::new(StdRng::from_rng(&mut rng));
        let newsletters = Newsletters::new(StdRng::from_rng(&mut rng));
        Self {
            clock: Arc::clone(&config.clock),
            rng,
            people,
            accounts: Vec::new(),
            groups,
            newsletters,
            by_phone: HashMap::new(),
            by_lid: HashMap::new(),
            pairings: Pairings::default(),
            blobs: Blobs::new(
                Arc::clone(&config.clock),
                media_host,
                config.media_lifetime,
                config.media_bytes,
            ),
            media_auth: MediaAuth::default(),
            on: HashMap::new(),
            log: StanzaLog::new(config.log_stanzas, config.log_bytes),
            stats: Stats::default(),
            queue_limit: config.queue_limit,
            low_prekeys: config.low_prekeys,
            last_id: 0,
            last_connection: 0,
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn now_s(&self) -> u64 {
        self.clock.now_ms() / 1000
    }

    /// A fresh id for a stanza the server originates.
    pub(crate) fn stanza_id(&mut self) -> String {
        self.last_id += 1;
        format!("sim-{}", self.last_id)
    }

    pub(crate) fn connection_id(&mut self) -> ConnectionId {
        self.last_connection += 1;
        ConnectionId(self.last_connection)
    }

    // Accounts ---------------------------------------------------------------------------------------------------------------------

    /// Adds an account; the caller made sure that its number is free.
    pub(crate) fn add_account(&mut self, account: AccountState) -> AccountId {
        let id = AccountId(self.accounts.len());
        self.by_phone.insert(account.phone.clone(), id);
        self.by_lid.insert(account.lid.clone(), id);
        self.accounts.push(account);
        id
    }

    pub(crate) fn account(&self, id: AccountId) -> &AccountState {
        &self.accounts[id.0]
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut AccountState {
        &mut self.accounts[id.0]
    }

    pub(crate) fn by_phone(&self, digits: &str) -> Option<AccountId> {
        self.by_phone.get(digits).copied()
    }

    pub(crate) fn by_lid(&self, digits: &str) -> Option<AccountId> {
        self.by_lid.get(digits).copied()
    }

    /// The account a JID names, if it is one of ours.
    pub(crate) fn locate(&self, jid: &Jid) -> Option<Located> {
        let namespace = Namespace::of(jid)?;
        let account = match namespace {
            Namespace::Phone => self.by_phone(&jid.user)?,
            Namespace::Lid => self.by_lid(&jid.user)?,
        };
        Some(Located {
            account,
            device: jid.device,
            namespace,
        })
    }

    pub(crate) fn device(&self, at: DeviceAddress) -> Option<&Device> {
        self.accounts.get(at.account.0)?.devices.get(&at.device)
    }

    pub(crate) fn device_mut(&mut self, at: DeviceAddress) -> Option<&mut Device> {
        self.accounts.get_mut(at.account.0)?.devices.get_mut(&at.device)
    }

    /// `random` digits that no account has, after `prefix`.
    pub(crate) fn free_digits(&mut self, prefix: &str, random: usize) -> String {
        loop {
            let mut digits = String::from(prefix);
            for _ in 0..random {
                digits.push(char::from(b'0' + self.people.random_range(0..10)));
            }
            if self.by_phone(&digits).is_none() && self.by_lid(&digits).is_none() {
                return digits;
            }
        }
    }

    pub(crate) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    // Stanzas out ------------------------------------------------------------------------------------------------------------------

    /// Records a stanza that arrived.
    pub(crate) fn received(&mut self, peer: Option<DeviceAddress>, bytes: Bytes) {
        let at = self.now_ms();
        self.log.record(at, peer, Stanza::Received(bytes));
    }

    /// Sends a stanza to one connection, outside of any queue: answers, acknowledgements, things nobody misses after a reconnect.
    pub(crate) fn answer(&mut self, peer: Option<DeviceAddress>, to: &Outgoing, node: Node) {
        let at = self.now_ms();
        let node = Arc::new(node);
        self.log.record(at, peer, Stanza::Sent(Arc::clone(&node)));
        to.answer(node);
    }

    // Sessions ---------------------------------------------------------------------------------------------------------------------

    /// Puts a device on a connection and returns the one it was on.
    pub(crate) fn attach(&mut self, at: DeviceAddress, session: Session) -> Option<Session> {
        self.stats.logins += 1;
        self.on.insert(session.outgoing.id, at);
        self.device_mut(at)?.session.replace(session)
    }

    /// Takes a device off a connection, unless a newer one has replaced it.
    fn detach(&mut self, at: DeviceAddress, connection: ConnectionId) {
        if let Some(device) = self.device_mut(at)
            && device
                .session
                .as_ref()
                .is_some_and(|session| session.outgoing.id == connection)
        {
            device.session = None;
            presence::refresh(self, at.account);
            if self.connected(at.account).is_empty() {
                chatstate::gone(self, at.account);
            }
        }
    }

    /// Takes whatever device is on a connection off it.
    pub(crate) fn detach_connection(&mut self, connection: ConnectionId) {
        if let Some(at) = self.on.remove(&connection) {
            self.detach(at, connection);
        }
    }

    /// Whether a device is still the one on this connection.
    pub(crate) fn is_current(&self, at: DeviceAddress, connection: ConnectionId) -> bool {
        self.device(at)
            .and_then(|device| device.session.as_ref())
            .is_some_and(|session| session.outgoing.id == connection)
    }

    /// Companions that are on a connection, with it.
    pub(crate) fn connected(&self, account: AccountId) -> Vec<(DeviceAddress, Outgoing)> {
        self.account(account)
            .companions()
            .filter_map(|(device, state)| {
                let session = state.session.as_ref()?;
                Some((DeviceAddress { account, device }, session.outgoing.clone()))
            })
            .collect()
    }

    // Phones -----------------------------------------------------------------------------------------------------------------------

    /// Asks an account's phone to do something.
    pub(crate) fn charge(&mut self, account: AccountId, duty: Duty) {
        let account = self.account_mut(account);
        account.duties.push_back(duty);
        account.phone_wake.notify_one();
    }

    /// What lies before an account's phone; mail leaves its queue, because the phone lives in this process.
    pub(crate) fn phone_work(&mut self, account: AccountId, limit: usize) -> PhoneWork {
        let state = self.account_mut(account);
        let duties: Vec<Duty> = state.duties.drain(..).collect();
        let mut mail = Vec::new();
        if let Some(phone) = state.devices.get_mut(&PHONE) {
            for entry in phone.queue.drain(limit) {
                if let Some((id, from)) = entry.message() {
                    phone.delivered.record(&id, from);
                }
                mail.push(entry.node);
            }
        }
        self.stats.queued -= mail.len();
        PhoneWork { duties, mail }
    }

    /// Tells a device, once, that few of its one-time prekeys are left.
    pub(crate) fn warn_of_low_prekeys(&mut self, at: DeviceAddress) {
        let limit = self.low_prekeys;
        let Some(device) = self.device_mut(at) else {
            return;
        };
        let left = device.keys.one_time.len();
        if left >= limit || device.prekey_warning == PrekeyWarning::Given {
            return;
        }
        device.prekey_warning = PrekeyWarning::Given;
        if at.device == PHONE {
            self.charge(at.account, Duty::MakePrekeys);
            return;
        }
        let count = NodeBuilder::new("count").attr("value", left).build();
        self.notify(at, &Notification::of_server("encrypt").content([count]));
    }
}

/// What a phone has to do.
pub(crate) struct PhoneWork {
    pub(crate) duties: Vec<Duty>,
    pub(crate) mail: Vec<Arc<Node>>,
}

impl PhoneWork {
    pub(crate) fn is_empty(&self) -> bool {
        self.duties.is_empty() && self.mail.is_empty()
    }
}
