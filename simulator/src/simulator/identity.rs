//! What happens to an account's keys: a phone that is set up anew, prekeys that the server loses.

use rand_signal::RngExt as _;

use crate::account::Account;
use crate::address::{DeviceAddress, PHONE};
use crate::appstate::AppState;
use crate::device::{Device, PrekeyWarning};
use crate::error::{AccountError, UnlinkError};
use crate::phone::Phone;
use crate::simulator::Simulator;
use crate::stanza::{devices, md};

impl Simulator {
    /// The owner of `phone` sets the phone up anew, as after a loss: the account gets another identity.
    ///
    /// Its companions are logged out, what waited for the old phone is gone, app state begins anew, and whoever knows the account is told
    /// that its identity has changed. Number, LID and name stay.
    pub fn reinstall_phone(&self, phone: &str) -> Result<Account, AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let seed = world.people.random();
        let (fresh, published) = Phone::make(seed, world.now_ms()).map_err(AccountError::Keys)?;
        for companion in world.companions_of(account) {
            md::remove(&mut world, companion);
        }
        let push_name = world.account(account).push_name.clone();
        let app_state = AppState::seeded(&mut world.people, published.app_state_key, &push_name);
        let state = world.account_mut(account);
        state.identity = published.identity;
        state.app_state = app_state;
        state.duties.clear();
        state.successor = Some(Box::new(fresh));
        let lost = state
            .devices
            .insert(PHONE, Device::new(published.keys, None))
            .map_or(0, |old| old.queue.len());
        state.phone_wake.notify_one();
        let public = state.public();
        world.stats.queued -= lost;
        devices::announce_identity(&mut world, account);
        Ok(public)
    }

    /// The server loses a companion's one-time prekeys. Whoever begins a session with it goes without one, and the companion finds out
    /// when it compares its keys with the server's, which clients do when they log in. Answers how many there were.
    pub fn lose_prekeys(&self, phone: &str, device: u16) -> Result<usize, UnlinkError> {
        let mut world = self.inner.shared.world();
        let account = world
            .by_phone(phone)
            .ok_or_else(|| UnlinkError::UnknownAccount(phone.to_owned()))?;
        let device = world
            .device_mut(DeviceAddress { account, device })
            .filter(|device| device.companion.is_some())
            .ok_or(UnlinkError::UnknownDevice(device))?;
        device.prekey_warning = PrekeyWarning::Due;
        Ok(std::mem::take(&mut device.keys.one_time).len())
    }
}
