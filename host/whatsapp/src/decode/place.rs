//! Places, and what takes place.

use waspnest_core::message::{CalendarEvent, Content, Geo, LiveGeo};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{Scope, filled, moment, required};

pub(super) fn decode(base: &wa::Message, _: &Scope<'_>) -> Option<Content> {
    if let Some(part) = base.location_message.as_option() {
        let point = geo(part);
        return Some(if part.is_live.unwrap_or_default() {
            Content::LiveLocation(LiveGeo {
                point,
                speed_mps: part.speed_in_mps.filter(|speed| speed.is_finite()),
                heading_deg: part.degrees_clockwise_from_magnetic_north,
                sequence: 0,
                caption: filled(part.comment.as_deref()),
            })
        } else {
            Content::Location(point)
        });
    }
    if let Some(part) = base.live_location_message.as_option() {
        return Some(Content::LiveLocation(LiveGeo {
            point: Geo {
                latitude: degrees(part.degrees_latitude),
                longitude: degrees(part.degrees_longitude),
                accuracy_m: part.accuracy_in_meters,
                name: None,
                address: None,
                url: None,
            },
            speed_mps: part.speed_in_mps.filter(|speed| speed.is_finite()),
            heading_deg: part.degrees_clockwise_from_magnetic_north,
            sequence: part
                .sequence_number
                .and_then(|number| u64::try_from(number).ok())
                .unwrap_or_default(),
            caption: filled(part.caption.as_deref()),
        }));
    }
    if let Some(part) = base.event_message.as_option() {
        return Some(Content::Event(CalendarEvent {
            name: required(part.name.as_deref()),
            description: filled(part.description.as_deref()),
            place: part.location.as_option().map(geo),
            starts_at: moment(part.start_time).unwrap_or_default(),
            ends_at: moment(part.end_time),
            join_link: filled(part.join_link.as_deref()),
            canceled: part.is_canceled.unwrap_or_default(),
            extra_guests: part.extra_guests_allowed.unwrap_or_default(),
        }));
    }
    let part = base.event_invite_message.as_option()?;
    Some(Content::Event(CalendarEvent {
        name: required(part.event_title.as_deref()),
        description: filled(part.caption.as_deref()),
        place: None,
        starts_at: moment(part.start_time).unwrap_or_default(),
        ends_at: moment(part.end_time),
        join_link: filled(part.call_link.as_deref()),
        canceled: part.is_canceled.unwrap_or_default(),
        extra_guests: false,
    }))
}

fn geo(part: &wa::message::LocationMessage) -> Geo {
    Geo {
        latitude: degrees(part.degrees_latitude),
        longitude: degrees(part.degrees_longitude),
        accuracy_m: part.accuracy_in_meters,
        name: filled(part.name.as_deref()),
        address: filled(part.address.as_deref()),
        url: filled(part.url.as_deref()),
    }
}

/// No place on Earth is infinite or not a number, and neither has a form in JSON.
fn degrees(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or_default()
}
