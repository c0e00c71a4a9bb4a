//! What a guest hands over, checked into the host's types. A refusal says what is wrong, in words for the plugin's author.

use waspnest_core::clock::UnixMs;
use waspnest_core::message::{CalendarEvent, ContactCard, Geo, MessageKey, Origin, Poll, PollKind, Text};

use crate::bindings::waspnest::plugin::types as wit;

/// Bytes of a name, a title, an option or an address line.
const LINE_BYTES: usize = 1024;
/// Bytes of a vCard or a description.
const BODY_BYTES: usize = 16 << 10;
/// Contact cards of one message.
const CARDS: usize = 50;
/// Options of a poll, as WhatsApp's own apps bound them.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=12;

/// A message's name. Its session is for the caller to check.
pub(crate) fn key_from_guest(key: &wit::MessageKey) -> Result<MessageKey, String> {
    Ok(MessageKey {
        chat: key.chat.parse().map_err(|error| format!("chat: {error}"))?,
        id: key.id.parse().map_err(|error| format!("id: {error}"))?,
        from: if key.from_me { Origin::Me } else { Origin::Them },
        participant: key
            .participant
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| format!("participant: {error}"))?,
    })
}

/// A text. A preview is not sent in this version.
pub(crate) fn text_from_guest(it: wit::Text) -> Text {
    Text {
        body: it.body.into(),
        preview: None,
    }
}

/// A place.
pub(crate) fn geo_from_guest(it: wit::Geo) -> Result<Geo, String> {
    if !(-90.0..=90.0).contains(&it.latitude) || !(-180.0..=180.0).contains(&it.longitude) {
        return Err("latitude must be within ±90 and longitude within ±180".to_owned());
    }
    Ok(Geo {
        latitude: it.latitude,
        longitude: it.longitude,
        accuracy_m: it.accuracy_m,
        name: line("name", it.name)?,
        address: line("address", it.address)?,
        url: line("url", it.url)?,
    })
}

/// Contact cards.
pub(crate) fn contacts_from_guest(cards: Vec<wit::ContactCard>) -> Result<Vec<ContactCard>, String> {
    if cards.is_empty() || cards.len() > CARDS {
        return Err(format!("must be 1 to {CARDS} cards"));
    }
    cards
        .into_iter()
        .map(|card| {
            Ok(ContactCard {
                display_name: bounded("display-name", card.display_name, LINE_BYTES)?,
                vcard: bounded("vcard", card.vcard, BODY_BYTES)?,
                phones: card
                    .phones
                    .into_iter()
                    .map(|phone| bounded("phones", phone, LINE_BYTES))
                    .collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

/// A poll.
pub(crate) fn poll_from_guest(it: wit::Poll) -> Result<Poll, String> {
    if !OPTIONS.contains(&it.options.len()) {
        return Err(format!("must have {} to {} options", OPTIONS.start(), OPTIONS.end()));
    }
    if it.max_choices as usize > it.options.len() {
        return Err("max-choices is more than there are options".to_owned());
    }
    if it.correct.as_ref().is_some_and(|correct| !it.options.contains(correct)) {
        return Err("correct is not one of the options".to_owned());
    }
    Ok(Poll {
        kind: match it.kind {
            wit::PollKind::Regular => PollKind::Regular,
            wit::PollKind::Quiz => PollKind::Quiz,
            wit::PollKind::Newsletter => PollKind::Newsletter,
            wit::PollKind::Other => PollKind::Other,
        },
        name: bounded("name", it.name, LINE_BYTES)?,
        options: it
            .options
            .into_iter()
            .map(|option| bounded("options", option, LINE_BYTES))
            .collect::<Result<_, _>>()?,
        max_choices: it.max_choices,
        ends_at: it.ends_at.map(UnixMs),
        correct: it.correct.map(Into::into),
        hide_voters: it.hide_voters,
        can_add_options: it.can_add_options,
    })
}

/// A calendar event.
pub(crate) fn event_from_guest(it: wit::CalendarEvent) -> Result<CalendarEvent, String> {
    if it.ends_at.is_some_and(|ends_at| ends_at < it.starts_at) {
        return Err("ends before it starts".to_owned());
    }
    Ok(CalendarEvent {
        name: bounded("name", it.name, LINE_BYTES)?,
        description: it
            .description
            .map(|text| at_most("description", text, BODY_BYTES))
            .transpose()?,
        place: it.place.map(geo_from_guest).transpose()?,
        starts_at: UnixMs(it.starts_at),
        ends_at: it.ends_at.map(UnixMs),
        join_link: line("join-link", it.join_link)?,
        canceled: it.canceled,
        extra_guests: it.extra_guests,
    })
}

fn line(name: &str, text: Option<String>) -> Result<Option<Box<str>>, String> {
    text.map(|text| at_most(name, text, LINE_BYTES)).transpose()
}

fn bounded(name: &str, text: String, limit: usize) -> Result<Box<str>, String> {
    if text.is_empty() {
        Err(format!("{name} is empty"))
    } else {
        at_most(name, text, limit)
    }
}

fn at_most(name: &str, text: String, limit: usize) -> Result<Box<str>, String> {
    if text.len() > limit {
        Err(format!("{name} has {} bytes; at most {limit}", text.len()))
    } else {
        Ok(text.into())
    }
}
