//! What can be said about people and chats.

use waspnest_plugin::chats::{self, Change};
use waspnest_plugin::contacts;

use crate::groups::{name, people};
use crate::{Said, good};

pub(crate) fn done(words: &[&str]) -> Said {
    match words {
        ["resolve", phones @ ..] => Some(contacts::resolve_all(phones).map(|found| {
            let one = |(phone, who): &(String, Option<_>)| format!("{phone}={}", who.as_ref().map_or("nobody", name));
            found.iter().map(one).collect::<Vec<_>>().join(" ")
        })),
        ["get", who] => Some(contacts::get(who).map(|contact| {
            format!(
                "{} {:?} {:?} business {} blocked {}",
                name(&contact.who),
                contact.name,
                contact.about,
                contact.business,
                contact.blocked,
            )
        })),
        ["people"] => Some(contacts::list().map(people)),
        ["picture", who] => Some(contacts::picture(who).map(|url| format!("picture {url:?}"))),
        ["small-picture", who] => Some(contacts::small_picture(who).map(|url| format!("picture {url:?}"))),
        ["block", who] => good(contacts::block(who)),
        ["unblock", who] => good(contacts::unblock(who)),
        ["chat", chat, name, value @ ..] => good(chats::update(chat, &change(name, value.first().copied())?)),
        _ => None,
    }
}

fn change(name: &str, value: Option<&str>) -> Option<Change> {
    let on = value == Some("on");
    let text = || value.unwrap_or_default().to_owned();
    Some(match name {
        "archive" => Change::Archive(on),
        "pin" => Change::Pin(on),
        "mute-until" => Change::MuteUntil(value.and_then(|value| value.parse().ok())),
        "unmute" => Change::Unmute,
        "read" => Change::Read(on),
        "ephemeral" => Change::EphemeralS(value.and_then(|value| value.parse().ok())),
        "label" => Change::AddLabel(text()),
        "unlabel" => Change::RemoveLabel(text()),
        "clear" => Change::Clear,
        "delete" => Change::Delete,
        _ => return None,
    })
}
