//! What a message says: every kind.

use serde_json::{Value, json};
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{
    CalendarEvent, CallOutcome, Choice, Content, Geo, Interactive, InteractiveStyle, Invite, LinkPreview, PaymentKind,
    Poll, PollKind, Rsvp, UnavailableReason,
};

use super::message::media;
use super::{address, key, maybe_key};
use crate::convert::FileOf;

pub(super) fn content(content: &Content, file: FileOf) -> Value {
    match content {
        Content::Text(it) => json!({ "body": it.body, "preview": it.preview.as_ref().map(preview) }),
        Content::Image(it)
        | Content::Video(it)
        | Content::VideoNote(it)
        | Content::Audio(it)
        | Content::Voice(it)
        | Content::Document(it)
        | Content::Sticker(it) => media(it, file),
        Content::StickerPack(it) => json!({
            "id": it.id,
            "name": it.name,
            "publisher": it.publisher,
            "cover": it.cover.as_ref().map(|cover| media(cover, file)),
            "count": it.count,
        }),
        Content::Album(it) => json!({
            "expected_images": it.expected_images,
            "expected_videos": it.expected_videos,
        }),
        Content::Location(it) => geo(it),
        Content::LiveLocation(it) => json!({
            "point": geo(&it.point),
            "speed_mps": it.speed_mps,
            "heading_deg": it.heading_deg,
            "sequence": it.sequence,
            "caption": it.caption,
        }),
        Content::Contacts(it) => it
            .iter()
            .map(|card| json!({ "display_name": card.display_name, "vcard": card.vcard, "phones": card.phones }))
            .collect(),
        Content::Poll(it) => poll(it),
        Content::PollVote(it) => json!({
            "poll": key(&it.poll),
            "selected": it.selected,
            "voter": address(&it.voter),
        }),
        Content::PollTally(it) => {
            let counts: Vec<_> = it
                .counts
                .iter()
                .map(|(option, votes)| json!({ "option": option, "votes": votes }))
                .collect();
            json!({ "poll": key(&it.poll), "counts": counts })
        }
        Content::PollOptionAdded(it) => json!({ "poll": key(&it.poll), "option": it.option_name }),
        Content::Reaction(it) => json!({ "target": key(&it.target), "emoji": it.emoji }),
        Content::Event(it) => calendar_event(it),
        Content::EventResponse(it) => json!({
            "event": key(&it.event),
            "answer": rsvp(it.answer),
            "extra_guests": it.extra_guests,
        }),
        Content::Comment(it) => json!({ "target": key(&it.target), "body": it.body }),
        Content::GroupInvite(it) | Content::NewsletterInvite(it) => invite(it),
        Content::Product(it) => json!({
            "id": it.id,
            "title": it.title,
            "description": it.description,
            "currency": it.currency,
            "price_1000": it.price_1000,
            "business": it.business.as_ref().map(ToString::to_string),
            "image": it.image.as_ref().map(|image| media(image, file)),
            "url": it.url,
        }),
        Content::Order(it) => json!({
            "id": it.id,
            "token": it.token,
            "title": it.title,
            "item_count": it.item_count,
            "total_1000": it.total_1000,
            "currency": it.currency,
            "seller": it.seller.as_ref().map(ToString::to_string),
        }),
        Content::Payment(it) => json!({
            "kind": payment_kind(it.kind),
            "amount_1000": it.amount_1000,
            "currency": it.currency,
            "note": it.note,
            "request": maybe_key(it.request.as_ref()),
        }),
        Content::Interactive(it) => interactive(it, file),
        Content::InteractiveReply(it) => json!({
            "style": style(it.style),
            "id": it.id,
            "title": it.title,
            "params_json": it.params_json,
            "target": maybe_key(it.target.as_ref()),
        }),
        Content::CallLog(it) => json!({
            "video": it.video,
            "outcome": call_outcome(it.outcome),
            "duration_s": it.duration_s,
            "participants": it.participants.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Content::ScheduledCall(it) => json!({
            "title": it.title,
            "at": it.at.0,
            "video": it.video,
            "canceled": it.canceled,
        }),
        Content::Question(it) => json!({ "body": it.body, "answer_to": maybe_key(it.answer_to.as_ref()) }),
        Content::Revoke(target) => json!({ "target": key(target) }),
        Content::Pin(it) => json!({ "target": key(&it.target), "pinned": it.pinned, "seconds": it.seconds }),
        Content::Keep(it) => json!({ "target": key(&it.target), "kept": it.kept }),
        Content::ChatTimer(it) => json!({ "seconds": it.seconds }),
        Content::PhoneShare(it) => json!({ "requested": it.requested, "phone": it.phone }),
        Content::StatusMention(it) => json!({ "status": maybe_key(it.status.as_ref()), "group": it.group }),
        Content::BotOutput(it) => json!({ "text": it.text, "raw_json": it.raw_json }),
        Content::Unavailable(it) => json!({ "reason": unavailable(it.reason), "retrying": it.retrying }),
        Content::Other(it) => json!({ "name": it.kind, "text": it.text, "json": it.json }),
    }
}

fn moment(at: Option<UnixMs>) -> Option<u64> {
    at.map(|at| at.0)
}

fn preview(it: &LinkPreview) -> Value {
    json!({ "url": it.url, "title": it.title, "description": it.description })
}

fn geo(it: &Geo) -> Value {
    json!({
        "latitude": it.latitude,
        "longitude": it.longitude,
        "accuracy_m": it.accuracy_m,
        "name": it.name,
        "address": it.address,
        "url": it.url,
    })
}

fn poll(it: &Poll) -> Value {
    let kind = match it.kind {
        PollKind::Regular => "regular",
        PollKind::Quiz => "quiz",
        PollKind::Newsletter => "newsletter",
        PollKind::Other => "other",
    };
    json!({
        "kind": kind,
        "name": it.name,
        "options": it.options,
        "max_choices": it.max_choices,
        "ends_at": moment(it.ends_at),
        "correct": it.correct,
        "hide_voters": it.hide_voters,
        "can_add_options": it.can_add_options,
    })
}

fn calendar_event(it: &CalendarEvent) -> Value {
    json!({
        "name": it.name,
        "description": it.description,
        "place": it.place.as_ref().map(geo),
        "starts_at": it.starts_at.0,
        "ends_at": moment(it.ends_at),
        "join_link": it.join_link,
        "canceled": it.canceled,
        "extra_guests": it.extra_guests,
    })
}

fn invite(it: &Invite) -> Value {
    json!({
        "target": it.target.to_string(),
        "code": it.code,
        "name": it.name,
        "expires_at": moment(it.expires_at),
        "caption": it.caption,
        "admin": it.admin,
    })
}

fn interactive(it: &Interactive, file: FileOf) -> Value {
    json!({
        "style": style(it.style),
        "header": it.header,
        "body": it.body,
        "footer": it.footer,
        "media": it.media.as_ref().map(|above| media(above, file)),
        "button_text": it.button_text,
        "choices": it.choices.iter().map(choice).collect::<Vec<_>>(),
    })
}

fn choice(it: &Choice) -> Value {
    json!({
        "id": it.id,
        "title": it.title,
        "description": it.description,
        "section": it.section,
        "kind": it.kind,
        "params_json": it.params_json,
    })
}

const fn rsvp(answer: Rsvp) -> &'static str {
    match answer {
        Rsvp::Going => "going",
        Rsvp::NotGoing => "not-going",
        Rsvp::Maybe => "maybe",
        Rsvp::Unknown => "unknown",
    }
}

const fn payment_kind(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Request => "request",
        PaymentKind::Sent => "sent",
        PaymentKind::Declined => "declined",
        PaymentKind::Canceled => "canceled",
        PaymentKind::Invoice => "invoice",
        PaymentKind::Invite => "invite",
        PaymentKind::Reminder => "reminder",
        PaymentKind::Split => "split",
        PaymentKind::Other => "other",
    }
}

const fn style(style: InteractiveStyle) -> &'static str {
    match style {
        InteractiveStyle::Buttons => "buttons",
        InteractiveStyle::List => "list",
        InteractiveStyle::Template => "template",
        InteractiveStyle::NativeFlow => "native-flow",
        InteractiveStyle::Carousel => "carousel",
        InteractiveStyle::ProductList => "product-list",
        InteractiveStyle::Shop => "shop",
        InteractiveStyle::Other => "other",
    }
}

const fn call_outcome(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Connected => "connected",
        CallOutcome::Missed => "missed",
        CallOutcome::Rejected => "rejected",
        CallOutcome::Failed => "failed",
        CallOutcome::Ongoing => "ongoing",
        CallOutcome::Other => "other",
    }
}

const fn unavailable(reason: UnavailableReason) -> &'static str {
    match reason {
        UnavailableReason::Undecryptable => "undecryptable",
        UnavailableReason::ViewOnceOnOtherDevice => "view-once-on-other-device",
        UnavailableReason::Placeholder => "placeholder",
        UnavailableReason::Expired => "expired",
        UnavailableReason::Unsupported => "unsupported",
        UnavailableReason::Other => "other",
    }
}
