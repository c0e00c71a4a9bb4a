//! For whom status posts are, in a file.

use std::collections::BTreeSet;

use crate::address::AccountId;
use crate::saved::{Unsound, account_id};
use crate::status_privacy::{StatusAudience, StatusPrivacy};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedStatusPrivacy {
    audience: StatusAudience,
    blacklist: Vec<usize>,
    whitelist: Vec<usize>,
}

impl SavedStatusPrivacy {
    pub(crate) fn of(privacy: &StatusPrivacy) -> Self {
        let numbers = |list: &BTreeSet<AccountId>| list.iter().map(|account| account.0).collect();
        Self {
            audience: privacy.audience,
            blacklist: numbers(&privacy.blacklist),
            whitelist: numbers(&privacy.whitelist),
        }
    }

    /// The setting again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<StatusPrivacy, Unsound> {
        let accounts = |numbers: Vec<usize>| {
            let accounts = numbers.into_iter().map(|number| account_id(number, count));
            accounts.collect::<Result<BTreeSet<_>, _>>()
        };
        Ok(StatusPrivacy {
            audience: self.audience,
            blacklist: accounts(self.blacklist)?,
            whitelist: accounts(self.whitelist)?,
        })
    }
}
