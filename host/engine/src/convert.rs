//! Between the host's vocabulary and the contract's: by hand, every kind and every field, so that a new one does not compile until
//! somebody has thought about it.
//!
//! Pure. What goes to the guest is copied; what comes from it is checked into the host's types and may be refused.

mod call;
mod chat;
mod command;
mod contact;
mod content;
mod dialogue;
mod event;
mod group;
mod handle;
pub(crate) mod json;
mod live;
mod message;
mod outgoing;
mod presence;
mod receipt;
mod request;
mod session;

pub(crate) use call::call;
pub(crate) use command::command;
pub(crate) use contact::contact;
pub(crate) use dialogue::pending;
pub(crate) use event::{context, tick};
pub(crate) use group::group;
pub(crate) use handle::FileOf;
pub(crate) use live::{contact_info, group_info, outcome};
pub(crate) use message::{ToGuest, address};
pub(crate) use outgoing::{
    contacts_from_guest, event_from_guest, geo_from_guest, key_from_guest, poll_from_guest, text_from_guest,
};

pub(crate) use presence::presence;
pub(crate) use request::{request, response};
pub(crate) use session::session;

/// A text as the guest takes it.
fn text(text: &str) -> String {
    text.to_owned()
}

/// A text that may be missing.
fn maybe(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Several texts.
fn texts(texts: &[Box<str>]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

#[cfg(test)]
mod tests;
