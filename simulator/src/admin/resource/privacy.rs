//! Privacy, contacts and blocks, as an account's owner changes them on the phone.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::{PrivacyCategory, PrivacyError, PrivacyValue};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/accounts/{phone}/privacy", "Who may see what of the account.", show),
        post(
            "/accounts/{phone}/privacy",
            "Changes a setting on the phone; companions learn of it.",
            set,
        )
        .example(r#"{"category": "last", "value": "contacts"}"#),
        post(
            "/accounts/{phone}/privacy/except",
            "Somebody who may not, while the setting is `contact_blacklist`.",
            except,
        )
        .example(r#"{"category": "status", "phone": "4915112345678"}"#),
        get(
            "/accounts/{phone}/contacts",
            "The numbers in its address book.",
            contacts,
        ),
        post(
            "/accounts/{phone}/contacts",
            "Writes a number into the address book, or strikes it out.",
            book,
        )
        .example(r#"{"add": "4915112345678"}"#),
        get("/accounts/{phone}/blocked", "The numbers it has blocked.", blocked),
        post(
            "/accounts/{phone}/blocked",
            "Blocks a number on the phone, or lets it through again.",
            block,
        )
        .example(r#"{"block": "4915112345678"}"#),
    ]
}

/// Settings by category.
#[derive(Serialize, JsonSchema)]
struct Privacy {
    settings: BTreeMap<PrivacyCategory, PrivacyValue>,
}

async fn show(account: OfAccount, _: Nothing) -> Result<Shown<Privacy>, Problem> {
    let settings = account.simulator.privacy(&account.phone)?;
    Ok(Shown(Privacy { settings }))
}

/// One setting.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    pub(super) category: PrivacyCategory,
    pub(super) value: PrivacyValue,
}

impl Setting {
    /// Whether the category can have the value.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let (category, value) = (self.category, self.value);
        if category.accepts(value) {
            Ok(())
        } else {
            Err(PrivacyError::NotPossible { category, value }.into())
        }
    }
}

async fn set(account: OfAccount, set: Setting) -> Result<Shown<Setting>, Problem> {
    account.simulator.set_privacy(&account.phone, set.category, set.value)?;
    Ok(Shown(set))
}

/// One exception.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exception {
    category: PrivacyCategory,
    /// Whose number.
    phone: String,
}

async fn except(account: OfAccount, except: Exception) -> Result<Shown<Exception>, Problem> {
    account
        .simulator
        .except(&account.phone, except.category, &except.phone)?;
    Ok(Shown(except))
}

/// Phone numbers.
#[derive(Serialize, JsonSchema)]
struct Numbers {
    items: Vec<String>,
}

async fn contacts(account: OfAccount, _: Nothing) -> Result<Shown<Numbers>, Problem> {
    let items = account.simulator.contacts(&account.phone)?;
    Ok(Shown(Numbers { items }))
}

/// Which number.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Book {
    Add(String),
    /// Writing to them puts them in again.
    Remove(String),
}

async fn book(account: OfAccount, change: Book) -> Result<Shown<Numbers>, Problem> {
    match &change {
        Book::Add(contact) => account.simulator.add_contact(&account.phone, contact)?,
        Book::Remove(contact) => account.simulator.remove_contact(&account.phone, contact)?,
    }
    contacts(account, Nothing {}).await
}

async fn blocked(account: OfAccount, _: Nothing) -> Result<Shown<Numbers>, Problem> {
    let items = account.simulator.blocked(&account.phone)?;
    Ok(Shown(Numbers { items }))
}

/// Which number.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Block {
    Block(String),
    Unblock(String),
}

async fn block(account: OfAccount, change: Block) -> Result<Shown<Numbers>, Problem> {
    match &change {
        Block::Block(other) => account.simulator.block(&account.phone, other)?,
        Block::Unblock(other) => account.simulator.unblock(&account.phone, other)?,
    }
    blocked(account, Nothing {}).await
}
