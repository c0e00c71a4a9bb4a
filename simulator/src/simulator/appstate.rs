//! App state by hand: what an account's owner does on the phone, and what the phone has.

use rand_signal::RngExt as _;

use crate::appstate::{ActionError, AppStateEntry, Change, PhoneAction};
use crate::error::AccountError;
use crate::phone::{Duty, Start};
use crate::simulator::Simulator;
use crate::stanza::appstate;

impl Simulator {
    /// Does something on an account's phone. Companions are told to fetch it; those that are offline learn of it later.
    pub fn act_on_phone(&self, phone: &str, action: &PhoneAction) -> Result<(), ActionError> {
        let mut world = self.inner.shared.world();
        let account = world
            .by_phone(phone)
            .ok_or_else(|| ActionError::UnknownAccount(phone.to_owned()))?;
        let change = Change::of(action)?;
        let (now, iv) = (world.now_ms(), world.rng.random());
        let state = world.account_mut(account);
        state
            .app_state
            .perform(iv, &change, now)
            .map_err(|refusal| ActionError::Refused(refusal.to_string()))?;
        if let PhoneAction::SetPushName { name } = action {
            state.push_name.clone_from(name);
        }
        appstate::announce(&mut world, account, None, change.collection());
        Ok(())
    }

    /// Every record of an account's app state, as its phone reads it: what the phone and its companions did.
    pub fn app_state(&self, phone: &str) -> Result<Vec<AppStateEntry>, AccountError> {
        let account = self.find(phone)?;
        Ok(self.inner.shared.world().account(account).app_state.entries())
    }

    /// The phone begins a new app-state key and shares it with every companion. Records that stand keep their old one.
    pub fn rotate_app_state_key(&self, phone: &str) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let (now, data) = (world.now_ms(), world.rng.random());
        world.account_mut(account).app_state.rotate(data, now);
        for companion in world.companions_of(account) {
            let duty = Duty::ShareKeys {
                with: companion.device,
                start: Start::Existing,
            };
            world.charge(account, duty);
        }
        Ok(())
    }
}
