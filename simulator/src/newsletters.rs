//! All newsletters (channels): how they are found and whom they reach.
//!
//! Nothing in them is encrypted; the server reads and keeps what is published. What clients may do is in `stanza/newsletters` and
//! `stanza/mex`. A deleted newsletter is gone, and its number is never given out again.

mod newsletter;
mod post;
pub(crate) mod saved;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::wacore_binary::{Jid, Server};

use crate::address::{AccountId, DeviceAddress};

pub(crate) use newsletter::{Denied, Mute, Newsletter, Role, WATCH_S, Words};
pub(crate) use post::{Draft, Post};

/// A newsletter, by the number in its JID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct NewsletterId(u64);

impl NewsletterId {
    /// The newsletter a JID names; `None` for other kinds of address and for numbers this server never gives out.
    pub(crate) fn of(jid: &Jid) -> Option<Self> {
        match jid.server {
            Server::Newsletter => jid.user.parse().ok().map(Self),
            Server::Pn
            | Server::Lid
            | Server::Group
            | Server::Broadcast
            | Server::Hosted
            | Server::HostedLid
            | Server::Messenger
            | Server::Interop
            | Server::Bot
            | Server::Legacy
            | Server::Call => None,
        }
    }

    pub(crate) fn jid(self) -> Jid {
        Jid::newsletter(self.0.to_string())
    }
}

impl fmt::Display for NewsletterId {
    /// As it is named in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jid().fmt(f)
    }
}

/// Every newsletter there is.
#[derive(Debug)]
pub(crate) struct Newsletters {
    by_id: BTreeMap<NewsletterId, Newsletter>,
    by_code: HashMap<String, NewsletterId>,
    /// Numbers that were given out.
    used: BTreeSet<u64>,
    /// Apart from the world's, so that newsletters do not change which keys and numbers a seed draws.
    rng: StdRng,
}

impl Newsletters {
    pub(crate) fn new(rng: StdRng) -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_code: HashMap::new(),
            used: BTreeSet::new(),
            rng,
        }
    }

    /// Makes a newsletter under a fresh number and invite code.
    pub(crate) fn found(&mut self, owner: AccountId, name: String, description: String, at_ms: u64) -> NewsletterId {
        let number = loop {
            let number = 120_363_400_000_000_000 + self.rng.random_range(0..1_000_000_000_000);
            if self.used.insert(number) {
                break number;
            }
        };
        let id = NewsletterId(number);
        let code = self.fresh_code();
        self.by_code.insert(code.clone(), id);
        self.by_id
            .insert(id, Newsletter::new(id, code, owner, name, description, at_ms));
        id
    }

    /// 22 letters and digits, as the links carry them that invite people.
    fn fresh_code(&mut self) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        std::iter::once("0029Va".to_owned())
            .chain((0..16).map(|_| char::from(ALPHABET[self.rng.random_range(0..ALPHABET.len())]).to_string()))
            .collect()
    }

    pub(crate) fn get(&self, id: NewsletterId) -> Option<&Newsletter> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: NewsletterId) -> Option<&mut Newsletter> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn by_code(&self, code: &str) -> Option<&Newsletter> {
        self.get(*self.by_code.get(code)?)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Newsletter> {
        self.by_id.values()
    }

    /// The ones an account owns, administers or follows, oldest number first.
    pub(crate) fn of(&self, account: AccountId) -> impl Iterator<Item = &Newsletter> {
        self.all()
            .filter(move |newsletter| newsletter.role(account) != Role::Guest)
    }

    pub(crate) fn delete(&mut self, id: NewsletterId) -> Option<Newsletter> {
        let gone = self.by_id.remove(&id)?;
        self.by_code.remove(&gone.code);
        Some(gone)
    }

    /// Forgets a device that was unlinked.
    pub(crate) fn forget(&mut self, device: DeviceAddress) {
        for newsletter in self.by_id.values_mut() {
            newsletter.unwatch(device);
        }
    }
}
