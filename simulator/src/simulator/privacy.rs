//! Privacy from the phone's side: what its owner sets there, the companions are told.

use std::collections::BTreeMap;

use crate::address::AccountId;
use crate::error::AccountError;
use crate::privacy::{PrivacyCategory, PrivacyError, PrivacyValue};
use crate::simulator::Simulator;
use crate::stanza::{blocklist, presence, privacy};
use crate::world::World;

impl Simulator {
    /// The privacy settings of the account with number `phone`.
    pub fn privacy(&self, phone: &str) -> Result<BTreeMap<PrivacyCategory, PrivacyValue>, AccountError> {
        let account = self.find(phone)?;
        let world = self.inner.shared.world();
        let privacy = &world.account(account).privacy;
        let settings = PrivacyCategory::ALL.map(|category| (category, privacy.value(category)));
        Ok(settings.into_iter().collect())
    }

    /// The account's owner changes a setting on the phone; its companions learn of it.
    pub fn set_privacy(&self, phone: &str, category: PrivacyCategory, value: PrivacyValue) -> Result<(), PrivacyError> {
        let account = self.find(phone)?;
        if !category.accepts(value) {
            return Err(PrivacyError::NotPossible { category, value });
        }
        privacy::set(&mut self.inner.shared.world(), account, None, category, value);
        Ok(())
    }

    /// Puts `excepted` on the list of a category's exceptions, which count while its value is `contact_blacklist`.
    pub fn except(&self, phone: &str, category: PrivacyCategory, excepted: &str) -> Result<(), PrivacyError> {
        let (account, excepted) = (self.find(phone)?, self.find(excepted)?);
        let value = PrivacyValue::ContactBlacklist;
        if !category.accepts(value) {
            return Err(PrivacyError::NotPossible { category, value });
        }
        let mut world = self.inner.shared.world();
        world.account_mut(account).privacy.except(category, excepted);
        presence::tell(&mut world, account);
        Ok(())
    }

    /// The numbers in the account's address book: whom its owner added, and whoever the account wrote to.
    pub fn contacts(&self, phone: &str) -> Result<Vec<String>, AccountError> {
        let account = self.find(phone)?;
        let world = self.inner.shared.world();
        Ok(numbers(&world, world.account(account).privacy.contacts.iter()))
    }

    /// The account's owner writes `contact` into the address book.
    pub fn add_contact(&self, phone: &str, contact: &str) -> Result<(), AccountError> {
        let (account, contact) = (self.find(phone)?, self.find(contact)?);
        let mut world = self.inner.shared.world();
        world.account_mut(account).privacy.contacts.insert(contact);
        presence::tell_one(&mut world, account, contact);
        Ok(())
    }

    /// The account's owner strikes `contact` out of the address book. Writing to them puts them in again.
    pub fn remove_contact(&self, phone: &str, contact: &str) -> Result<(), AccountError> {
        let (account, contact) = (self.find(phone)?, self.find(contact)?);
        let mut world = self.inner.shared.world();
        world.account_mut(account).privacy.contacts.remove(&contact);
        presence::tell_one(&mut world, account, contact);
        Ok(())
    }

    /// The numbers the account has blocked.
    pub fn blocked(&self, phone: &str) -> Result<Vec<String>, AccountError> {
        let account = self.find(phone)?;
        let world = self.inner.shared.world();
        Ok(numbers(&world, world.account(account).blocked.iter()))
    }

    /// The account's owner blocks `other` on the phone; its companions learn of it.
    pub fn block(&self, phone: &str, other: &str) -> Result<(), AccountError> {
        self.change_block(phone, other, blocklist::Action::Block)
    }

    /// The account's owner lets `other` through again.
    pub fn unblock(&self, phone: &str, other: &str) -> Result<(), AccountError> {
        self.change_block(phone, other, blocklist::Action::Unblock)
    }

    fn change_block(&self, phone: &str, other: &str, action: blocklist::Action) -> Result<(), AccountError> {
        let (account, other) = (self.find(phone)?, self.find(other)?);
        blocklist::change(&mut self.inner.shared.world(), account, None, &[(other, action)]);
        Ok(())
    }
}

fn numbers<'a>(world: &World, accounts: impl Iterator<Item = &'a AccountId>) -> Vec<String> {
    accounts
        .map(|account| world.account(*account).phone.to_string())
        .collect()
}
