//! Business accounts, made and looked at from outside.

use crate::business::BusinessProfile;
use crate::error::AccountError;
use crate::simulator::Simulator;

impl Simulator {
    /// Makes an account a business, or changes what it tells about itself; whoever knows it is told.
    pub fn set_business(&self, phone: &str, profile: BusinessProfile) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        self.inner.shared.world().set_business(account, profile);
        Ok(())
    }

    /// What a business tells about itself; `None` for an account that is none.
    pub fn business(&self, phone: &str) -> Result<Option<BusinessProfile>, AccountError> {
        let account = self.find(phone)?;
        Ok(self.inner.shared.world().businesses.get(account).cloned())
    }
}
