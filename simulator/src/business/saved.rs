//! Business accounts in a file.

use std::collections::BTreeMap;

use crate::business::{BusinessProfile, Businesses};
use crate::saved::{Unsound, account_id};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedBusinesses(BTreeMap<usize, BusinessProfile>);

impl SavedBusinesses {
    pub(crate) fn of(businesses: &Businesses) -> Self {
        let profiles = businesses.of.iter();
        Self(
            profiles
                .map(|(account, profile)| (account.0, profile.clone()))
                .collect(),
        )
    }

    /// The businesses again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Businesses, Unsound> {
        let mut businesses = Businesses::default();
        for (account, profile) in self.0 {
            businesses.of.insert(account_id(account, count)?, profile);
        }
        Ok(businesses)
    }
}
