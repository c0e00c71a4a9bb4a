//! Privacy settings in a file: what was set, by its name on the wire.

use std::collections::BTreeMap;

use crate::privacy::{Privacy, PrivacyCategory, PrivacyValue};
use crate::saved::{Unsound, account_id};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedPrivacy {
    values: BTreeMap<String, String>,
    exceptions: BTreeMap<String, Vec<usize>>,
    contacts: Vec<usize>,
}

impl SavedPrivacy {
    pub(crate) fn of(privacy: &Privacy) -> Self {
        let values = privacy.values.iter();
        let exceptions = privacy.exceptions.iter();
        Self {
            values: values
                .map(|(category, value)| (category.name().to_owned(), value.name().to_owned()))
                .collect(),
            exceptions: exceptions
                .map(|(category, accounts)| {
                    let accounts = accounts.iter().map(|account| account.0).collect();
                    (category.name().to_owned(), accounts)
                })
                .collect(),
            contacts: privacy.contacts.iter().map(|account| account.0).collect(),
        }
    }

    /// The settings again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Privacy, Unsound> {
        let category =
            |name: &str| PrivacyCategory::parse(name).ok_or(Unsound("there is no privacy setting of that name"));
        let mut privacy = Privacy::default();
        for (name, value) in self.values {
            let category = category(&name)?;
            let value = PrivacyValue::parse(&value)
                .filter(|value| category.accepts(*value))
                .ok_or(Unsound("a privacy setting has a value it cannot have"))?;
            privacy.set(category, value);
        }
        for (name, accounts) in self.exceptions {
            let category = category(&name)?;
            for account in accounts {
                privacy.except(category, account_id(account, count)?);
            }
        }
        for account in self.contacts {
            privacy.contacts.insert(account_id(account, count)?);
        }
        Ok(privacy)
    }
}
