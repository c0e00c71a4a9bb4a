//! From what whatsapp-rust tells beside messages to the host's events: pure and total, like the decoding of messages.
//!
//! What is bookkeeping of the protocol, a snapshot rather than a change, or about an address the host has no form for, is no event. The
//! server's acknowledgements are read by [`receipt::acknowledged`], as only the session knows what they mean for an effect.

mod call;
mod chat;
mod contact;
mod group;
mod presence;
pub mod receipt;

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{EventKind, Family};
use whatsapp_rust::types::events::{Event, EventKind as Told};
use whatsapp_rust::wacore::chrono::{DateTime, Utc};
use whatsapp_rust::wacore_binary::JidExt;

use super::is_me;

/// Reads an event; none for what a full synchronisation repeats. `me` is the account of the session, where it is known; `now` is for what
/// comes without a time.
#[must_use]
pub fn event(event: &Event, me: Option<&Party>, now: UnixMs) -> Option<EventKind> {
    (!is_repeated(event)).then(|| read(event, me, now)).flatten()
}

/// Reads how a chat or a person stands, where a full synchronisation says so: nothing has happened then.
#[must_use]
pub fn standing(event: &Event) -> Option<EventKind> {
    // All of them tell when that was decided.
    is_repeated(event).then(|| read(event, None, UnixMs(0))).flatten()
}

/// Whether a full synchronisation of the state of the account's devices tells it, as whatsapp-rust marks it.
fn is_repeated(event: &Event) -> bool {
    match event {
        Event::ContactUpdate(told) => told.from_full_sync,
        Event::ArchiveUpdate(told) => told.from_full_sync,
        Event::PinUpdate(told) => told.from_full_sync,
        Event::MuteUpdate(told) => told.from_full_sync,
        Event::StarUpdate(told) => told.from_full_sync,
        Event::MarkChatAsReadUpdate(told) => told.from_full_sync,
        Event::ClearChatUpdate(told) => told.from_full_sync,
        Event::DeleteChatUpdate(told) => told.from_full_sync,
        Event::DeleteMessageForMeUpdate(told) => told.from_full_sync,
        Event::LabelAssociationUpdate(told) => told.from_full_sync,
        Event::LabelEditUpdate(told) => told.from_full_sync,
        _ => false,
    }
}

fn read(event: &Event, me: Option<&Party>, now: UnixMs) -> Option<EventKind> {
    match event {
        Event::Receipt(told) => receipt::receipt(told, me).map(EventKind::Receipt),
        Event::GroupUpdate(told) => group::update(told).map(EventKind::Group),
        Event::ChatPresence(told) => presence::typing(told).map(EventKind::Presence),
        Event::Presence(told) => presence::online(told).map(EventKind::Presence),
        // WhatsApp tells of pictures of groups and of people in the same way.
        Event::PictureUpdate(told) if told.jid.is_group() => group::picture(told).map(EventKind::Group),
        Event::PictureUpdate(told) => contact::picture(told).map(EventKind::Contact),
        Event::UserAboutUpdate(told) => contact::about(told).map(EventKind::Contact),
        Event::ContactUpdate(told) => contact::name(told).map(EventKind::Contact),
        Event::ContactUpdated(told) => contact::profile(told).map(EventKind::Contact),
        Event::ContactNumberChanged(told) => contact::number(told).map(EventKind::Contact),
        Event::IdentityChange(told) => contact::identity(told, now).map(EventKind::Contact),
        Event::DeviceListUpdate(told) => contact::devices(told, now).map(EventKind::Contact),
        Event::BusinessStatusUpdate(told) => contact::business(told).map(EventKind::Contact),
        Event::DisappearingModeChanged(told) => contact::default_timer(told).map(EventKind::Contact),
        Event::ArchiveUpdate(told) => chat::archived(told).map(EventKind::Chat),
        Event::PinUpdate(told) => chat::pinned(told).map(EventKind::Chat),
        Event::MuteUpdate(told) => chat::muted(told).map(EventKind::Chat),
        Event::StarUpdate(told) => chat::starred(told).map(EventKind::Chat),
        Event::MarkChatAsReadUpdate(told) => chat::read(told).map(EventKind::Chat),
        Event::ClearChatUpdate(told) => chat::cleared(told).map(EventKind::Chat),
        Event::DeleteChatUpdate(told) => chat::deleted(told).map(EventKind::Chat),
        Event::DeleteMessageForMeUpdate(told) => chat::message_deleted(told).map(EventKind::Chat),
        Event::LabelAssociationUpdate(told) => chat::labeled(told).map(EventKind::Chat),
        Event::LabelEditUpdate(told) => chat::label_edited(told).map(EventKind::Chat),
        Event::IncomingCall(told) => call::signal(told).map(EventKind::Call),
        Event::MissedCall(told) => call::missed(told).map(EventKind::Call),
        // Messages come through the hook, changes of state are the owner's to judge, and the rest is the protocol's own.
        _ => None,
    }
}

/// What whatsapp-rust must be asked for so that it tells of a family.
#[must_use]
pub const fn sources(family: Family) -> &'static [Told] {
    match family {
        // Asked for anyway: the session itself lives on them.
        Family::Message | Family::Schedule | Family::Receipt | Family::Session | Family::Topic | Family::Request => &[],
        Family::Group => &[Told::GroupUpdate, Told::PictureUpdate],
        Family::Presence => &[Told::ChatPresence, Told::Presence],
        Family::Contact => &[
            Told::PictureUpdate,
            Told::UserAboutUpdate,
            Told::ContactUpdate,
            Told::ContactUpdated,
            Told::ContactNumberChanged,
            Told::IdentityChange,
            Told::DeviceListUpdate,
            Told::BusinessStatusUpdate,
            Told::DisappearingModeChanged,
        ],
        Family::Chat => &[
            Told::ArchiveUpdate,
            Told::PinUpdate,
            Told::MuteUpdate,
            Told::StarUpdate,
            Told::MarkChatAsReadUpdate,
            Told::ClearChatUpdate,
            Told::DeleteChatUpdate,
            Told::DeleteMessageForMeUpdate,
            Told::LabelAssociationUpdate,
            Told::LabelEditUpdate,
        ],
        Family::Call => &[Told::IncomingCall, Told::MissedCall],
    }
}

/// A moment of WhatsApp; those before 1970 are none.
fn moment(at: &DateTime<Utc>) -> UnixMs {
    UnixMs(u64::try_from(at.timestamp_millis()).unwrap_or_default())
}
