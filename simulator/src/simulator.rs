//! The handle: what tests, people and programs can make the simulated service do.

mod appstate;
mod business;
mod calls;
mod clock;
mod faults;
mod groups;
pub(crate) mod history;
mod identity;
mod linking;
mod media;
pub(crate) mod newsletters;
mod pictures;
mod privacy;
mod restart;
mod sessions;
mod stanzas;
mod status_privacy;
mod traffic;
mod world_file;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use rand_signal::RngExt as _;

use crate::account::{Account, AccountState, NewAccount};
use crate::address::AccountId;
use crate::appstate::AppState;
use crate::config::Config;
use crate::device::Device;
use crate::error::{AccountError, StartError};
use crate::human::loopback::LoopbackHttp;
use crate::phone::{self, Phone};
use crate::server::{self, Era, Shared};
use crate::stats::Stats;

pub use restart::Keep;
pub use stanzas::Follow;

/// Country code that no country has, in front of drawn numbers.
const NOWHERE: &str = "999";

/// Whether an account's devices can reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// They can.
    Online,
    /// Their connections are cut and refused without an answer; what is sent to them queues.
    Offline,
}

/// A running simulator. Clones are the same server; it stops when [`Self::shutdown`] is called or the last clone is dropped.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Made when the first person joins.
    people_http: OnceLock<LoopbackHttp>,
    /// Held while the server restarts. `None` when it could not listen again.
    era: tokio::sync::Mutex<Option<Era>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts a server in the current tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let (shared, address, era) = server::start(config).await?;
        Ok(Self {
            inner: Arc::new(Running {
                shared,
                address,
                people_http: OnceLock::new(),
                era: tokio::sync::Mutex::new(Some(era)),
            }),
        })
    }

    /// The URL clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}/ws/chat", self.inner.address)
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.inner.address
    }

    /// The seed it was started with.
    pub fn seed(&self) -> u64 {
        self.inner.shared.config.seed
    }

    /// The public key that signs the server's certificates, for clients that pin one. The same seed gives the same one. `None` in a world
    /// that was restored from a file which lacks it.
    pub fn root_key(&self) -> Option<[u8; 32]> {
        self.inner.shared.world().identity.root()
    }

    /// Closes every connection and waits until all tasks have ended.
    pub async fn shutdown(&self) {
        self.inner.shared.stop.cancel();
        self.inner.shared.tasks.close();
        self.inner.shared.tasks.wait().await;
    }

    /// Makes an account with a phone. The phone is on from now on.
    pub fn create_account(&self, spec: NewAccount) -> Result<Account, AccountError> {
        let shared = &self.inner.shared;
        let mut world = shared.world();
        let digits = match spec.phone {
            Some(digits) => {
                let valid = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
                // A leading zero would not survive the login, where the number is an integer.
                if !valid || digits.starts_with('0') {
                    return Err(AccountError::BadPhone(digits));
                }
                if world.by_phone(&digits).is_some() {
                    return Err(AccountError::Taken(digits));
                }
                digits
            }
            None => world.free_digits(NOWHERE, 9),
        };
        let lid = world.free_digits("1", 14);
        let seed = world.people.random();
        let (phone, published) = Phone::make(seed, world.now_ms()).map_err(AccountError::Keys)?;
        let app_state = AppState::seeded(&mut world.people, published.app_state_key, &spec.push_name);
        let account = AccountState::new(
            digits.into(),
            lid.into(),
            spec.push_name,
            published.identity,
            Device::new(published.keys, None),
            app_state,
        );
        let public = account.public();
        let id = world.add_account(account);
        phone::switch_on(shared, &mut world, id, phone);
        Ok(public)
    }

    /// All accounts, in order of creation.
    pub fn accounts(&self) -> Vec<Account> {
        self.inner
            .shared
            .world()
            .accounts
            .iter()
            .map(AccountState::public)
            .collect()
    }

    /// Cuts the connections of an account's companions, as a failing network would. Answers how many there were.
    pub fn drop_connections(&self, phone: &str) -> usize {
        let world = self.inner.shared.world();
        let Some(account) = world.by_phone(phone) else {
            return 0;
        };
        let connected = world.connected(account);
        for (_, outgoing) in &connected {
            outgoing.cut();
        }
        connected.len()
    }

    /// Puts an account's companions on or off the network.
    pub fn set_reachability(&self, phone: &str, reachability: Reachability) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        self.inner.shared.world().account_mut(account).reachability = reachability;
        match reachability {
            Reachability::Online => {}
            Reachability::Offline => {
                self.drop_connections(phone);
            }
        }
        Ok(())
    }

    /// What the server has done so far.
    pub fn stats(&self) -> Stats {
        let world = self.inner.shared.world();
        Stats {
            accounts: world.accounts.len(),
            companions: world.accounts.iter().map(|account| account.companions().count()).sum(),
            ..world.stats
        }
    }

    fn find(&self, phone: &str) -> Result<AccountId, AccountError> {
        self.inner
            .shared
            .world()
            .by_phone(phone)
            .ok_or_else(|| AccountError::Unknown(phone.to_owned()))
    }
}
