//! Changes of people, from notifications of the server and from the account's address book.

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{ContactChange, ContactEvent, DeviceChange};
use whatsapp_rust::Jid as WireJid;
use whatsapp_rust::types::events::{
    BusinessStatusUpdate, ContactNumberChanged, ContactUpdate, ContactUpdated, DeviceListUpdate, DeviceListUpdateType,
    DisappearingModeChanged, IdentityChange, PictureUpdate, UserAboutUpdate,
};

use super::moment;
use crate::jid;

fn person(jid: &WireJid, alt: Option<&WireJid>) -> Option<Party> {
    jid::party(jid, alt).filter(|party| party.jid.is_person())
}

pub(super) fn name(told: &ContactUpdate) -> Option<ContactEvent> {
    let action = &told.action;
    let name = [&action.full_name, &action.first_name]
        .into_iter()
        .find_map(|name| crate::decode::filled(name.as_deref()));
    let alt = action.lid_jid.as_deref().and_then(|lid| lid.parse::<WireJid>().ok());
    Some(ContactEvent {
        who: person(&told.jid, alt.as_ref())?,
        change: ContactChange::Name(name),
        at: moment(&told.timestamp),
    })
}

pub(super) fn about(told: &UserAboutUpdate) -> Option<ContactEvent> {
    Some(ContactEvent {
        who: person(&told.jid, None)?,
        change: ContactChange::About(told.status.as_str().into()),
        at: moment(&told.timestamp),
    })
}

pub(super) fn picture(told: &PictureUpdate) -> Option<ContactEvent> {
    let id = told.picture_id.as_deref().filter(|_| !told.removed);
    Some(ContactEvent {
        who: person(&told.jid, None)?,
        change: ContactChange::Picture(id.map(Into::into)),
        at: moment(&told.timestamp),
    })
}

pub(super) fn number(told: &ContactNumberChanged) -> Option<ContactEvent> {
    let (old, new) = (jid::from_wire(&told.old_jid)?, jid::from_wire(&told.new_jid)?);
    Some(ContactEvent {
        who: person(&told.new_jid, told.new_lid.as_ref())?,
        change: ContactChange::Number { old, new },
        at: moment(&told.timestamp),
    })
}

pub(super) fn identity(told: &IdentityChange, now: UnixMs) -> Option<ContactEvent> {
    Some(ContactEvent {
        who: person(&told.user, told.lid_user.as_ref())?,
        change: ContactChange::Identity,
        at: now,
    })
}

pub(super) fn devices(told: &DeviceListUpdate, now: UnixMs) -> Option<ContactEvent> {
    let change = match told.update_type {
        DeviceListUpdateType::Add => DeviceChange::Added,
        DeviceListUpdateType::Remove => DeviceChange::Removed,
        DeviceListUpdateType::Update => DeviceChange::Updated,
    };
    Some(ContactEvent {
        who: person(&told.user, told.lid_user.as_ref())?,
        change: ContactChange::Devices(change),
        at: now,
    })
}

pub(super) fn business(told: &BusinessStatusUpdate) -> Option<ContactEvent> {
    Some(ContactEvent {
        who: person(&told.jid, None)?,
        change: ContactChange::Business(told.update_type.as_str().into()),
        at: moment(&told.timestamp),
    })
}

pub(super) fn profile(told: &ContactUpdated) -> Option<ContactEvent> {
    Some(ContactEvent {
        who: person(&told.jid, None)?,
        change: ContactChange::Profile,
        at: moment(&told.timestamp),
    })
}

pub(super) fn default_timer(told: &DisappearingModeChanged) -> Option<ContactEvent> {
    Some(ContactEvent {
        who: person(&told.from, None)?,
        change: ContactChange::DefaultTimer(told.duration),
        at: moment(&told.setting_timestamp),
    })
}
