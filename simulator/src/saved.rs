//! The world as a file: everything that outlives a connection, in versioned JSON.
//!
//! Each area has a saved form of its own, beside it in a file `saved.rs`, converted by hand: what is written is promised, and a change of
//! the state inside changes nothing here. A part that an older file lacks is as in a new world. Secret keys are in the file, in the clear.

mod blob;
mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use crate::account::saved::SavedAccount;
use crate::address::AccountId;
use crate::blobs::saved::SavedBlobs;
use crate::business::saved::SavedBusinesses;
use crate::calls::saved::SavedCalls;
use crate::config::Config;
use crate::error::WorldFileError;
use crate::groups::saved::SavedGroups;
use crate::newsletters::saved::SavedNewsletters;
use crate::noise::saved::SavedServer;
use crate::phone::saved::SavedPhone;
use crate::phone::{self, Phone};
use crate::pictures::saved::SavedPictures;
use crate::server::Shared;
use crate::world::World;

pub(crate) use blob::Blob;
pub(crate) use file::write;

/// What the file says it is.
const FORMAT: &str = "waspnest-simulator world";
/// The version of the saved forms together. A new part that older files may lack does not change it.
const VERSION: u32 = 1;

/// What does not fit together in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsound(pub(crate) &'static str);

impl Unsound {
    pub(crate) fn of(self, path: &Path) -> WorldFileError {
        WorldFileError::Unsound {
            path: path.to_owned(),
            what: self.0,
        }
    }
}

/// All of it.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedWorld {
    format: String,
    version: u32,
    saved_at_ms: u64,
    /// What the generators go on from.
    seed: Blob,
    server: SavedServer,
    #[serde(default)]
    clock_shift_ms: i64,
    #[serde(default)]
    last_id: u64,
    #[serde(default)]
    groups: SavedGroups,
    #[serde(default)]
    newsletters: SavedNewsletters,
    #[serde(default)]
    blobs: SavedBlobs,
    #[serde(default)]
    pictures: SavedPictures,
    #[serde(default)]
    businesses: SavedBusinesses,
    #[serde(default)]
    calls: SavedCalls,
    #[serde(default)]
    accounts: Vec<SavedAccount>,
    /// Device 0 of each of them, in the same order.
    #[serde(default)]
    phones: Vec<SavedPhone>,
}

/// A world made from a file, and its phones, which do not run yet.
pub(crate) struct Restored {
    pub(crate) world: World,
    pub(crate) phones: Vec<(AccountId, Phone)>,
}

/// Makes a world from a file; its phones will run until `until`.
pub(crate) async fn load(
    path: &Path,
    config: &Config,
    media_host: String,
    until: CancellationToken,
) -> Result<Restored, WorldFileError> {
    let saved = file::read(path).await?;
    saved
        .restore(config, media_host, until)
        .map_err(|unsound| unsound.of(path))
}

impl Restored {
    /// Makes it the server's world and lets its phones run.
    pub(crate) fn begin(self, shared: &Arc<Shared>) {
        let mut world = shared.world();
        world.succeed(self.world);
        for (account, phone) in self.phones {
            phone::switch_on(shared, &mut world, account, phone);
        }
    }
}

/// Phones that stand still while they are saved.
pub(crate) type StillPhones = BTreeMap<AccountId, OwnedMutexGuard<Phone>>;

impl SavedWorld {
    /// Takes a picture. The phones must be all there are.
    pub(crate) fn of(world: &mut World, phones: &mut StillPhones) -> Result<Self, Unsound> {
        Ok(Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            saved_at_ms: world.now_ms(),
            seed: Blob::of(world.rng.random::<[u8; 32]>()),
            server: SavedServer::of(&world.identity),
            clock_shift_ms: world.clock.shifted_by(),
            last_id: world.last_id(),
            groups: SavedGroups::of(&world.groups),
            newsletters: SavedNewsletters::of(&world.newsletters),
            blobs: SavedBlobs::of(&world.blobs),
            pictures: SavedPictures::of(&world.pictures),
            businesses: SavedBusinesses::of(&world.businesses),
            calls: SavedCalls::of(&world.calls),
            accounts: world.accounts.iter().map(SavedAccount::of).collect::<Result<_, _>>()?,
            phones: phones
                .values_mut()
                .map(|phone| SavedPhone::of(phone))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Makes the world again. Nobody is connected.
    fn restore(self, config: &Config, media_host: String, until: CancellationToken) -> Result<Restored, Unsound> {
        let mut rng = StdRng::from_seed(self.seed.array("the seed")?);
        let identity = Arc::new(self.server.restore()?);
        let phone_seed = rng.random();
        let mut world = World::new(config, rng, identity, media_host, until);
        world.clock.shift(self.clock_shift_ms);
        world.resume_ids(self.last_id);
        if self.phones.len() != self.accounts.len() {
            return Err(Unsound("there are not as many phones as accounts"));
        }
        let count = self.accounts.len();
        let mut phone_rng = StdRng::from_seed(phone_seed);
        let mut phones = Vec::with_capacity(count);
        for (account, phone) in self.accounts.into_iter().zip(self.phones) {
            let account = account.restore(count)?;
            if world.by_phone(&account.phone).is_some() || world.by_lid(&account.lid).is_some() {
                return Err(Unsound("two accounts have the same number"));
            }
            let id = world.add_account(account);
            phones.push((id, phone.restore(phone_rng.random())?));
        }
        let group_rng = StdRng::from_rng(&mut world.rng);
        world.groups = self.groups.restore(group_rng, count)?;
        let newsletter_rng = StdRng::from_rng(&mut world.rng);
        world.newsletters = self.newsletters.restore(newsletter_rng, count)?;
        self.blobs.restore(&mut world.blobs)?;
        world.pictures = self.pictures.restore(&world)?;
        world.businesses = self.businesses.restore(count)?;
        world.calls = self.calls.restore(count)?;
        world.recount();
        Ok(Restored { world, phones })
    }
}

/// An account's number in a file.
pub(crate) fn account_id(number: usize, count: usize) -> Result<AccountId, Unsound> {
    if number < count {
        Ok(AccountId(number))
    } else {
        Err(Unsound("something names an account that is not there"))
    }
}
