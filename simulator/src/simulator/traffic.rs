//! What waits for a device, what an account says of itself, and whom the service lets it write to.

use crate::address::DeviceAddress;
use crate::error::{AccountError, UnlinkError};
use crate::queue::QueuedStanza;
use crate::simulator::Simulator;
use crate::stanza::profile;
use crate::tokens::Reachout;

impl Simulator {
    /// What device `device` of the account has not acknowledged, oldest first: what it got on this connection, then what waits.
    pub fn queue(&self, phone: &str, device: u16) -> Result<Vec<QueuedStanza>, UnlinkError> {
        let world = self.inner.shared.world();
        let account = world
            .by_phone(phone)
            .ok_or_else(|| UnlinkError::UnknownAccount(phone.to_owned()))?;
        let at = DeviceAddress { account, device };
        let device = world.device(at).ok_or(UnlinkError::UnknownDevice(device))?;
        Ok(device.queue.entries().map(QueuedStanza::of).collect())
    }

    /// The account's about text; empty when there is none.
    pub fn about(&self, phone: &str) -> Result<String, AccountError> {
        let account = self.find(phone)?;
        Ok(self.inner.shared.world().account(account).profile.about.text.clone())
    }

    /// The account's owner writes an about text on the phone.
    pub fn set_about(&self, phone: &str, text: &str) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        profile::set_about(&mut self.inner.shared.world(), account, None, text.to_owned());
        Ok(())
    }

    /// The account's owner chooses, on the phone, after how many seconds messages of new chats disappear; 0 for never.
    pub fn set_default_timer(&self, phone: &str, seconds: u32) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        profile::set_disappearing(&mut self.inner.shared.world(), account, None, seconds);
        Ok(())
    }

    /// Lets an account write to strangers, or refuses that with 463 unless it shows their token.
    pub fn set_reachout(&self, phone: &str, reachout: Reachout) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        self.inner.shared.world().account_mut(account).reachout = reachout;
        Ok(())
    }
}
