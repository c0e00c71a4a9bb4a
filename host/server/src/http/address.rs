//! Addresses as callers read them.

use serde_json::{Map, Value};
use waspnest_core::address::{Jid, Party};

/// One address: `{ "jid", "phone"?, "lid"? }`.
pub(super) fn of_jid(jid: &Jid) -> Value {
    of([jid])
}

/// One person by every address that is known.
pub(super) fn of_party(party: &Party) -> Value {
    of(std::iter::once(party.canonical())
        .chain(std::iter::once(&party.jid))
        .chain(&party.alt))
}

/// The first is the address; phone and LID are filled in from all.
fn of<'a>(jids: impl IntoIterator<Item = &'a Jid>) -> Value {
    let mut answer = Map::new();
    for jid in jids {
        if !answer.contains_key("jid") {
            answer.insert("jid".to_owned(), jid.to_string().into());
        }
        match jid {
            Jid::Phone(digits) => {
                answer.insert("phone".to_owned(), format!("+{digits}").into());
            }
            Jid::Lid(_) => {
                answer.insert("lid".to_owned(), jid.to_string().into());
            }
            Jid::Group(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => {}
        }
    }
    Value::Object(answer)
}
