//! People, as the session's account sees them. Needs `contacts.read` to ask and `contacts.write` to block.
//!
//! Answers are durable: when the handler is called again for the same event, the same question gets the same answer.
//!
//! ```
//! # use waspnest_plugin::{Error, contacts};
//! # fn reach(phone: &str) -> Result<Option<String>, Error> {
//! let Some(who) = contacts::resolve(phone)? else {
//!     return Ok(None); // not at WhatsApp
//! };
//! Ok(contacts::get(&who.jid)?.about)
//! # }
//! ```

pub use crate::bindings::imports::waspnest::plugin::contacts::Contact;

use crate::types::Address;
use crate::{Error, host};

/// Who has a phone number; none when nobody at WhatsApp has.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn resolve(phone: &str) -> Result<Option<Address>, Error> {
    let found = resolve_all(&[phone])?;
    Ok(found.into_iter().next().and_then(|(_, who)| who))
}

/// Who has these phone numbers (50 at most), in their order.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn resolve_all(phones: &[impl AsRef<str>]) -> Result<Vec<(String, Option<Address>)>, Error> {
    let phones: Vec<String> = phones.iter().map(|phone| phone.as_ref().to_owned()).collect();
    host::contacts::resolve(&phones).map_err(Error::refused("contacts.resolve"))
}

/// Everything about somebody.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn get(who: &str) -> Result<Contact, Error> {
    host::contacts::get(who).map_err(Error::refused("contacts.get"))
}

/// The people whom the session knows by phone number and LID.
///
/// # Errors
/// When the host refuses.
pub fn list() -> Result<Vec<Address>, Error> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = host::contacts::list(cursor.as_deref()).map_err(Error::refused("contacts.list"))?;
        all.extend(page.items);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// Where the picture of a person or a group can be fetched, as large as there is.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn picture(who: &str) -> Result<Option<String>, Error> {
    host::contacts::picture(who, true).map_err(Error::refused("contacts.picture"))
}

/// Where the small picture of a person or a group can be fetched.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn small_picture(who: &str) -> Result<Option<String>, Error> {
    host::contacts::picture(who, false).map_err(Error::refused("contacts.picture"))
}

/// Blocks somebody.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn block(who: &str) -> Result<(), Error> {
    host::contacts::block(who, true).map_err(Error::refused("contacts.block"))
}

/// Lets somebody through again.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn unblock(who: &str) -> Result<(), Error> {
    host::contacts::block(who, false).map_err(Error::refused("contacts.block"))
}
