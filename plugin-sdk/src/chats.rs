//! The account's own view of its chats, as its phone shows it. Needs `chats.write`.
//!
//! Changes act at once, once for each event.
//!
//! ```
//! # use waspnest_plugin::{Error, chats, types::Message};
//! # fn done_with(msg: &Message) -> Result<(), Error> {
//! chats::update(msg.chat(), &chats::Change::Read(true))?;
//! chats::update(msg.chat(), &chats::Change::Archive(true))
//! # }
//! ```

pub use crate::bindings::imports::waspnest::plugin::chats::Change;

use crate::{Error, host};

/// Changes one chat.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn update(chat: &str, what: &Change) -> Result<(), Error> {
    host::chats::update(chat, what).map_err(Error::refused("chats.update"))
}
