//! People, as far as the session has learned of them.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::{Jid, Party};
use waspnest_core::mailbox::Person;

use crate::http::address::Address;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::Query;
use crate::http::page::{Listed, Plain};
use crate::http::reply::Shown;

/// A person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Contact")]
pub(in crate::http) struct ShownPerson {
    /// Every address that is known of them.
    #[serde(flatten)]
    address: Address,
    /// Their name in the account's address book.
    name: Option<Box<str>>,
    /// The name they gave themselves.
    push_name: Option<Box<str>>,
    /// What they say about themselves, where they said something new.
    about: Option<Box<str>>,
}

pub(super) fn shown(person: Person) -> ShownPerson {
    let address = Party {
        jid: person.jid,
        alt: person.other,
        push_name: None,
    };
    ShownPerson {
        address: Address::from(&address),
        name: person.contact.name,
        push_name: person.contact.push_name,
        about: person.contact.about,
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<Jid>>,
) -> Result<Shown<Listed<ShownPerson>>, ApiError> {
    let session = ctx.session().await?;
    let mailbox = &ctx.parts.mailbox;
    let people = mailbox.people(session.id, page.after.as_ref(), page.look_ahead()).await;
    let cursor = |person: &Person| person.jid.clone();
    Ok(Shown(page.answer(people?, cursor, shown)))
}
