//! For whom an account's status posts are, as its phone is set.

use crate::error::AccountError;
use crate::simulator::Simulator;
use crate::status_privacy::StatusAudience;

impl Simulator {
    /// The account's owner chooses on the phone for whom status posts are: all contacts, all but those listed, or those listed alone
    /// (phone digits). Senders list whom they send a post to; the server answers companions that ask, and enforces nothing.
    pub fn set_status_privacy(
        &self,
        phone: &str,
        audience: StatusAudience,
        listed: &[&str],
    ) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        let listed = listed.iter().map(|phone| self.find(phone)).collect::<Result<_, _>>()?;
        let mut world = self.inner.shared.world();
        world.account_mut(account).status_privacy.set(audience, listed);
        Ok(())
    }

    /// For whom an account's status posts are, and who is on the list that counts (phone digits).
    pub fn status_privacy(&self, phone: &str) -> Result<(StatusAudience, Vec<String>), AccountError> {
        let account = self.find(phone)?;
        let world = self.inner.shared.world();
        let privacy = &world.account(account).status_privacy;
        let listed = privacy.listed(privacy.audience);
        let listed = listed.map(|account| world.account(account).phone.to_string());
        Ok((privacy.audience, listed.collect()))
    }
}
