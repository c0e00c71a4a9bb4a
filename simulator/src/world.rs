//! All state of the server, behind one lock that is never held across an await.
//!
//! This file knows where things are and how a stanza gets to a device; what stanzas mean is in `stanza/`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rand_signal::rngs::StdRng;
use rand_signal::{Rng as _, RngExt as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore_binary::node::NodeValue;
use whatsapp_rust::wacore_binary::{Jid, Node};
use whatsapp_rust::{CompactString, NodeBuilder};

use crate::account::AccountState;
use crate::address::{AccountId, DeviceAddress, Located, Namespace, PHONE};
use crate::blobs::Blobs;
use crate::business::Businesses;
use crate::calls::Calls;
use crate::clock::{Clock as _, MovableClock};
use crate::config::Config;
use crate::device::{Device, PrekeyWarning, Session};
use crate::faults::{Desk, Faults, transmit};
use crate::groups::Groups;
use crate::hellos::Hellos;
use crate::media::auth::MediaAuth;
use crate::newsletters::Newsletters;
use crate::noise::ServerIdentity;
use crate::notification::Notification;
use crate::outgoing::{ConnectionId, Outgoing};
use crate::pairing::Pairings;
use crate::phone::{Duty, RunningPhone};
use crate::pictures::Pictures;
use crate::stanza::{chatstate, presence};
use crate::stanza_log::StanzaLog;
use crate::stats::Stats;
use crate::unknown::{Strictness, Unknown};

/// The server in `from`: a JID without a user. whatsmeow takes a request for the server's only when it is written as a JID, and looks past
/// the same text as a word; the other clients take both.
pub(crate) const SERVER: ServerJid = ServerJid;

/// Turns into the server's JID.
#[derive(Clone, Copy)]
pub(crate) struct ServerJid;

impl From<ServerJid> for NodeValue {
    fn from(ServerJid: ServerJid) -> Self {
        Self::Jid(Jid::pn(""))
    }
}

/// The state.
pub(crate) struct World {
    pub(crate) clock: Arc<MovableClock>,
    /// For what connections need: keys, codes, signatures.
    pub(crate) rng: StdRng,
    /// What the server proves itself with.
    pub(crate) identity: Arc<ServerIdentity>,
    /// For what makes people: numbers, phones. Apart from the other, so that who exists does not depend on who connects when.
    pub(crate) people: StdRng,
    pub(crate) accounts: Vec<AccountState>,
    pub(crate) groups: Groups,
    pub(crate) newsletters: Newsletters,
    /// Device 0 of each account.
    pub(crate) phones: BTreeMap<AccountId, RunningPhone>,
    /// Ends the phones.
    pub(crate) until: CancellationToken,
    by_phone: HashMap<CompactString, AccountId>,
    by_lid: HashMap<CompactString, AccountId>,
    pub(crate) pairings: Pairings,
    pub(crate) blobs: Blobs,
    pub(crate) media_auth: MediaAuth,
    pub(crate) pictures: Pictures,
    pub(crate) calls: Calls,
    pub(crate) businesses: Businesses,
    /// Which device a connection logged in as.
    on: HashMap<ConnectionId, DeviceAddress>,
    pub(crate) log: StanzaLog,
    pub(crate) faults: Faults,
    /// Handshakes begun lately.
    pub(crate) hellos: Hellos,
    pub(crate) unknown: Unknown,
    pub(crate) strictness: Strictness,
    pub(crate) stats: Stats,
    pub(crate) queue_limit: usize,
    low_prekeys: usize,
    /// See [`Config::snapshot_after`].
    pub(crate) snapshot_after: u64,
    last_id: u64,
    last_connection: u64,
}

impl World {
    /// An empty world, whose phones will run until `until`.
    pub(crate) fn new(
        config: &Config,
        mut rng: StdRng,
        identity: Arc<ServerIdentity>,
        media_host: String,
        until: CancellationToken,
    ) -> Self {
        let clock = Arc::new(MovableClock::new(Arc::clone(&config.clock)));
        let people = StdRng::from_rng(&mut rng);
        let groups = Groups::new(StdRng::from_rng(&mut rng));
        let newsletters = Newsletters::new(StdRng::from_rng(&mut rng));
        Self {
            clock: Arc::clone(&clock),
            rng,
            identity,
            people,
            accounts: Vec::new(),
            groups,
            newsletters,
            phones: BTreeMap::new(),
            until,
            by_phone: HashMap::new(),
            by_lid: HashMap::new(),
            pairings: Pairings::default(),
            blobs: Blobs::new(clock, media_host, config.media_lifetime, config.media_bytes),
            media_auth: MediaAuth::default(),
            pictures: Pictures::default(),
            calls: Calls::default(),
            businesses: Businesses::default(),
            on: HashMap::new(),
            log: StanzaLog::new(config.log_stanzas, config.log_bytes),
            faults: Faults::new(config.seed),
            hellos: Hellos::default(),
            unknown: Unknown::default(),
            strictness: config.strictness,
            stats: Stats::default(),
            queue_limit: config.queue_limit,
            low_prekeys: config.low_prekeys,
            snapshot_after: config.snapshot_after,
            last_id: 0,
            last_connection: 0,
        }
    }

    /// Puts an empty world in the place of this one. The generators, numbers, counters, log, faults and clock go on where they were.
    pub(crate) fn forget_all(&mut self, config: &Config, until: CancellationToken) {
        let identity = Arc::clone(&self.identity);
        let media_host = self.blobs.host().to_owned();
        let empty = Self::new(config, StdRng::from_rng(&mut self.rng), identity, media_host, until);
        let old = self.succeed(empty);
        self.clock.shift(old.clock.shifted_by());
        self.rng = old.rng;
        self.people = old.people;
        self.last_id = old.last_id;
    }

    /// Puts another world in the place of this one, and answers this one. What belongs to the run and not to the world goes on.
    pub(crate) fn succeed(&mut self, next: Self) -> Self {
        let mut old = std::mem::replace(self, next);
        std::mem::swap(&mut self.log, &mut old.log);
        std::mem::swap(&mut self.faults, &mut old.faults);
        std::mem::swap(&mut self.hellos, &mut old.hellos);
        std::mem::swap(&mut self.unknown, &mut old.unknown);
        self.last_connection = old.last_connection;
        self.stats = Stats {
            queued: self.stats.queued,
            ..old.stats
        };
        old
    }

    /// The number of the last id given out.
    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Goes on with the ids after that number.
    pub(crate) fn resume_ids(&mut self, last: u64) {
        self.last_id = last;
    }

    /// Counts what is queued anew.
    pub(crate) fn recount(&mut self) {
        let devices = self.accounts.iter().flat_map(|account| account.devices.values());
        self.stats.queued = devices.map(|device| device.queue.len()).sum();
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn now_s(&self) -> u64 {
        self.now_ms() / 1000
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

    /// Sends a stanza to one connection, outside of any queue: answers, acknowledgements, things nobody misses after a reconnect.
    pub(crate) fn answer(&mut self, peer: Option<DeviceAddress>, to: &Outgoing, node: Node) {
        let desk = Desk {
            now_ms: self.now_ms(),
            faults: &mut self.faults,
            log: &mut self.log,
            stats: &mut self.stats,
        };
        transmit(desk, peer, to, Arc::new(node));
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
