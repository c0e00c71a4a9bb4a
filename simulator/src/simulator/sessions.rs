//! How sessions end, and logins that are refused: from the account's side, on demand.

use crate::address::{DeviceAddress, PHONE};
use crate::error::{AccountError, UnlinkError};
use crate::refusal::{Ban, LoginRefusal};
use crate::simulator::Simulator;
use crate::stanza::md;
use crate::stream_end::StreamEnd;

impl Simulator {
    /// Removes a companion from the phone: it is logged out now and refused from now on.
    pub fn unlink(&self, phone: &str, device: u16) -> Result<(), UnlinkError> {
        let mut world = self.inner.shared.world();
        let account = world
            .by_phone(phone)
            .ok_or_else(|| UnlinkError::UnknownAccount(phone.to_owned()))?;
        let at = DeviceAddress { account, device };
        if device == PHONE || world.device(at).is_none() {
            return Err(UnlinkError::UnknownDevice(device));
        }
        md::remove(&mut world, at);
        Ok(())
    }

    /// Removes every companion from the phone. Answers how many there were.
    pub fn unlink_all(&self, phone: &str) -> Result<usize, AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let companions = world.companions_of(account);
        for companion in &companions {
            md::remove(&mut world, *companion);
        }
        Ok(companions.len())
    }

    /// Ends the session of one companion, or of all, with a stream error, and closes the connection after it. The companion stays linked,
    /// whatever its client makes of the error. Answers how many sessions there were.
    pub fn end_sessions(&self, phone: &str, device: Option<u16>, end: StreamEnd) -> Result<usize, AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let mut sessions = world.connected(account);
        sessions.retain(|(at, _)| device.is_none_or(|wanted| wanted == at.device));
        for (at, outgoing) in &sessions {
            world.answer(Some(*at), outgoing, end.stanza());
            outgoing.finish();
        }
        Ok(sessions.len())
    }

    /// Refuses the account's logins with `reason` until told otherwise with `None`, which lifts a ban as well. Connections that stand are
    /// left alone.
    pub fn refuse_login(&self, phone: &str, reason: Option<LoginRefusal>) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let account = world.account_mut(account);
        account.refusal = reason;
        if reason.is_none() {
            account.ban = None;
        }
        Ok(())
    }

    /// Bans the account: its connections are cut, and logins are refused with the reason and the time that is left, until that has
    /// passed by the server's clock.
    pub fn ban(&self, phone: &str, ban: Ban) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        {
            let mut world = self.inner.shared.world();
            let until_ms = world.now_ms() + u64::from(ban.seconds) * 1000;
            world.account_mut(account).ban = Some((ban.reason, until_ms));
        }
        self.drop_connections(phone);
        Ok(())
    }
}
