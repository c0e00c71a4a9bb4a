//! Places, and what takes place.

use waspnest_core::message::{CalendarEvent, Geo, LiveGeo};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{Envelope, mark, maybe, sealable, seconds, some, text_of};

pub(super) fn location(place: &Geo) -> wa::Message {
    wa::Message {
        location_message: some(geo(place)),
        ..Default::default()
    }
}

/// Name and address of a place that moves have no form on the wire.
pub(super) fn live_location(live: &LiveGeo) -> wa::Message {
    wa::Message {
        live_location_message: some(wa::message::LiveLocationMessage {
            degrees_latitude: Some(live.point.latitude),
            degrees_longitude: Some(live.point.longitude),
            accuracy_in_meters: live.point.accuracy_m,
            speed_in_mps: live.speed_mps,
            degrees_clockwise_from_magnetic_north: live.heading_deg,
            caption: maybe(live.caption.as_deref()),
            sequence_number: i64::try_from(live.sequence).ok(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn event(event: &CalendarEvent, envelope: &Envelope<'_>) -> wa::Message {
    wa::Message {
        event_message: some(wa::message::EventMessage {
            is_canceled: mark(event.canceled),
            name: text_of(&event.name),
            description: maybe(event.description.as_deref()),
            location: event.place.as_ref().map(geo).into(),
            join_link: maybe(event.join_link.as_deref()),
            start_time: Some(seconds(event.starts_at)),
            end_time: event.ends_at.map(seconds),
            extra_guests_allowed: mark(event.extra_guests),
            ..Default::default()
        }),
        message_context_info: sealable(envelope),
        ..Default::default()
    }
}

fn geo(place: &Geo) -> wa::message::LocationMessage {
    wa::message::LocationMessage {
        degrees_latitude: Some(place.latitude),
        degrees_longitude: Some(place.longitude),
        accuracy_in_meters: place.accuracy_m,
        name: maybe(place.name.as_deref()),
        address: maybe(place.address.as_deref()),
        url: maybe(place.url.as_deref()),
        ..Default::default()
    }
}
