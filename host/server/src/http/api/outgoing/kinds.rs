//! The kinds of messages that are no text and no file.

use serde_json::json;
use waspnest_core::address::Jid;
use waspnest_core::message::{
    CalendarEvent, ChatTimer, Comment, ContactCard, Content, Geo, Invite, Keep, LiveGeo, MessageKey, Origin,
    PhoneShare, Poll, PollKind, Product, Question, ScheduledCall,
};

use super::{BODY, LONGEST_TEXT, content, line, named, outgoing, small};
use crate::http::body::Fields;
use crate::http::form::{Flag, Form, LARGEST, Text, integer, list, parsed, text_of};
use crate::http::values::{Anything, Number, Time};
use crate::service::outgoing::{Outgoing, What};

fn geo(fields: &mut Fields) -> Option<Geo> {
    let (north, east) = (
        Number { from: -90.0, to: 90.0 },
        Number {
            from: -180.0,
            to: 180.0,
        },
    );
    let latitude = fields.required("latitude", north, "Degrees north.");
    let longitude = fields.required("longitude", east, "Degrees east.");
    let accuracy_m = fields.optional("accuracy_m", small(0, 1_000_000), "Metres.");
    let name = fields.optional("name", line(), "What is there.");
    let address = fields.optional("address", line(), "Its street address.");
    let url = fields.optional("url", line(), "A link to it.");
    Some(Geo {
        latitude: latitude?,
        longitude: longitude?,
        accuracy_m,
        name: name.map(Into::into),
        address: address.map(Into::into),
        url: url.map(Into::into),
    })
}

pub(super) fn location(fields: &mut Fields) -> Option<Outgoing> {
    let geo = fields.required_object("location", "The place.", geo);
    content(fields, geo.map(Content::Location))
}

pub(super) fn live_location(fields: &mut Fields) -> Option<Outgoing> {
    let point = fields.required_object("location", "Where it is now.", geo);
    let caption = fields.optional("caption", text_of(1, LONGEST_TEXT), "A text beside it.");
    let speed = fields.optional("speed_mps", Number { from: 0.0, to: 1000.0 }, "Metres a second.");
    let heading_deg = fields.optional("heading_deg", small(0, 359), "Degrees clockwise from magnetic north.");
    let sequence = fields.optional(
        "sequence",
        integer(0, LARGEST),
        "Order among updates of the same share.",
    );
    let live = point.map(|point| {
        Content::LiveLocation(LiveGeo {
            point,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a speed within bounds; its last digits are noise"
            )]
            speed_mps: speed.map(|speed| speed as f32),
            heading_deg,
            sequence: sequence.unwrap_or_default(),
            caption: caption.map(Into::into),
        })
    });
    content(fields, live)
}

pub(super) fn contacts(fields: &mut Fields) -> Option<Outgoing> {
    let cards = fields.objects("contacts", 50, "Contact cards, at least one.", |fields| {
        let name = fields.required("name", line(), "The name shown.");
        let vcard = fields.optional(
            "vcard",
            text_of(1, BODY),
            "The card as vCard 3.0; made of name and phones if nothing is said.",
        );
        let phones = fields.optional("phones", list(parsed::<Jid>(), 20), "Phone numbers.");
        let (name, phones) = (name?, phones.unwrap_or_default());
        if vcard.is_none() && phones.is_empty() {
            fields.fault("vcard", "is missing, and so are phones");
            return None;
        }
        let vcard = vcard.unwrap_or_else(|| card(&name, &phones));
        Some(ContactCard {
            display_name: name.into(),
            vcard: vcard.into(),
            phones: phones.iter().map(|phone| phone.user().into()).collect(),
        })
    });
    if cards.as_ref().is_some_and(Vec::is_empty) {
        fields.fault("contacts", "must not be empty");
        return None;
    }
    let cards = cards.map(Content::Contacts);
    content(fields, cards)
}

/// A vCard as WhatsApp's apps write it. What is between lines and fields of one is taken out of the name.
fn card(name: &str, phones: &[Jid]) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_control() || c == ';' { ' ' } else { c })
        .collect();
    let mut card = format!("BEGIN:VCARD\nVERSION:3.0\nN:;{plain};;;\nFN:{plain}\n");
    for phone in phones {
        let digits = phone.user();
        card.push_str(&format!("TEL;type=CELL;waid={digits}:+{digits}\n"));
    }
    card.push_str("END:VCARD");
    card
}

pub(super) fn poll(fields: &mut Fields) -> Option<Outgoing> {
    let poll = fields.required_object("poll", "The poll.", |fields| {
        let name = fields.required("name", line(), "The question.");
        let options = fields.required("options", list(line(), 12), "2 to 12 options, each once.");
        let max_choices = fields.optional(
            "max_choices",
            small(0, 12),
            "How many may be chosen; 0 for any number, 1 if nothing is said.",
        );
        let correct = fields.optional("correct", line(), "The right option, which makes it a quiz.");
        let ends_at = fields.optional("ends_at", Time, "When it ends.");
        let hide_voters = fields.optional("hide_voters", Flag, "Whether votes are anonymous.");
        let can_add_options = fields.optional("can_add_options", Flag, "Whether everybody may add options.");
        let (name, options) = (name?, options?);
        let mut distinct = options.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if options.len() < 2 || distinct.len() != options.len() {
            fields.fault("options", "must be 2 to 12, and each of them once");
            return None;
        }
        if max_choices.is_some_and(|most| most as usize > options.len()) {
            fields.fault("max_choices", "is more than there are options");
            return None;
        }
        if correct.as_ref().is_some_and(|correct| !options.contains(correct)) {
            fields.fault("correct", "is not one of the options");
            return None;
        }
        Some(Poll {
            kind: if correct.is_some() {
                PollKind::Quiz
            } else {
                PollKind::Regular
            },
            name: name.into(),
            options: options.into_iter().map(Into::into).collect(),
            max_choices: max_choices.unwrap_or(1),
            ends_at,
            correct: correct.map(Into::into),
            hide_voters: hide_voters.unwrap_or_default(),
            can_add_options: can_add_options.unwrap_or_default(),
        })
    });
    content(fields, poll.map(Content::Poll))
}

pub(super) fn poll_vote(fields: &mut Fields) -> Option<Outgoing> {
    let poll = fields.required_object("message", "The poll.", named);
    let selected = fields.required(
        "options",
        list(line(), 12),
        "What is chosen; nothing takes an earlier vote back.",
    );
    let what = poll.zip(selected);
    let what = what.map(|(poll, selected)| What::Vote(poll, selected.into_iter().map(Into::into).collect()));
    outgoing(fields, what)
}

pub(super) fn event(fields: &mut Fields) -> Option<Outgoing> {
    let event = fields.required_object("event", "What takes place.", |fields| {
        let name = fields.required("name", line(), "Its name.");
        let starts_at = fields.required("starts_at", Time, "When it starts.");
        let ends_at = fields.optional("ends_at", Time, "When it ends.");
        let description = fields.optional("description", text_of(1, BODY), "What it is about.");
        let place = fields.object("location", "Where.", geo);
        let join_link = fields.optional("join_link", line(), "A link of a call.");
        let canceled = fields.optional("canceled", Flag, "Whether it is called off.");
        let extra_guests = fields.optional("extra_guests", Flag, "Whether guests may be brought along.");
        let (name, starts_at) = (name?, starts_at?);
        if ends_at.is_some_and(|ends_at| ends_at < starts_at) {
            fields.fault("ends_at", "is before starts_at");
            return None;
        }
        Some(CalendarEvent {
            name: name.into(),
            description: description.map(Into::into),
            place,
            starts_at,
            ends_at,
            join_link: join_link.map(Into::into),
            canceled: canceled.unwrap_or_default(),
            extra_guests: extra_guests.unwrap_or_default(),
        })
    });
    content(fields, event.map(Content::Event))
}

/// An emoji; none takes a reaction back.
pub(in crate::http::api) fn emoji() -> impl Form<Out = Option<Box<str>>> {
    let schema = json!({ "maxLength": 64 });
    Text.checked(schema, |text: String| match text.len() {
        0 => Ok(None),
        1..=64 => Ok(Some(text.into())),
        length => Err(format!("has {length} bytes; at most 64 are allowed")),
    })
}

pub(super) fn reaction(fields: &mut Fields) -> Option<Outgoing> {
    let target = fields.required_object("message", "The message.", named);
    let emoji = fields.required("emoji", emoji(), "The emoji; an empty text takes it back.");
    let what = target.zip(emoji);
    outgoing(fields, what.map(|(target, emoji)| What::Reaction(target, emoji)))
}

pub(super) fn comment(fields: &mut Fields) -> Option<Outgoing> {
    let target = fields.required_object("message", "The message that is commented on.", key);
    let body = fields.required("text", text_of(1, LONGEST_TEXT), "What it says.");
    let comment = target.zip(body).map(|(target, body)| {
        Content::Comment(Comment {
            target,
            body: body.into(),
        })
    });
    content(fields, comment)
}

/// A message of any chat.
fn key(fields: &mut Fields) -> Option<MessageKey> {
    let chat = fields.required("chat", parsed(), "The chat it is in.");
    let named = named(fields);
    let named = named?;
    Some(MessageKey {
        chat: chat?,
        id: named.id,
        from: named.from.unwrap_or(Origin::Them),
        participant: named.participant,
    })
}

fn invite(fields: &mut Fields, says: &'static str) -> Option<Invite> {
    fields.required_object("invite", says, |fields| {
        let target = fields.required("jid", parsed(), "Where to.");
        let name = fields.required("name", line(), "Its name.");
        let code = fields.optional("code", line(), "The code of the invitation, for groups.");
        let expires_at = fields.optional("expires_at", Time, "When it ends.");
        let caption = fields.optional("caption", text_of(1, LONGEST_TEXT), "A text beside it.");
        let admin = fields.optional("admin", Flag, "Whether it is to administrate, for newsletters.");
        Some(Invite {
            target: target?,
            code: code.unwrap_or_default().into(),
            name: name?.into(),
            expires_at,
            caption: caption.map(Into::into),
            admin: admin.unwrap_or_default(),
        })
    })
}

pub(super) fn group_invite(fields: &mut Fields) -> Option<Outgoing> {
    let invite = invite(fields, "The group, and the code that lets one in.");
    content(fields, invite.map(Content::GroupInvite))
}

pub(super) fn newsletter_invite(fields: &mut Fields) -> Option<Outgoing> {
    let invite = invite(fields, "The newsletter.");
    content(fields, invite.map(Content::NewsletterInvite))
}

pub(super) fn product(fields: &mut Fields) -> Option<Outgoing> {
    let product = fields.required_object("product", "A product of a catalogue.", |fields| {
        let id = fields.required("id", line(), "Its id in the catalogue.");
        let title = fields.required("title", line(), "Its title.");
        let business = fields.required("business", parsed(), "Whose catalogue.");
        let description = fields.optional("description", text_of(1, BODY), "What it is.");
        let currency = fields.optional("currency", text_of(3, 3), "ISO 4217.");
        let price_1000 = fields.optional("price_1000", integer(0, LARGEST), "Price in thousandths.");
        let url = fields.optional("url", line(), "A link to it.");
        Some(Product {
            id: id?.into(),
            title: title?.into(),
            description: description.map(Into::into),
            currency: currency.map(Into::into),
            price_1000: price_1000.and_then(|price| i64::try_from(price).ok()),
            business: Some(business?),
            image: None,
            url: url.map(Into::into),
        })
    });
    content(fields, product.map(Content::Product))
}

pub(super) fn scheduled_call(fields: &mut Fields) -> Option<Outgoing> {
    let title = fields.required("title", line(), "What it is about.");
    let at = fields.required("at", Time, "When it begins.");
    let video = fields.optional("video", Flag, "With picture.");
    let call = title.zip(at).map(|(title, at)| {
        Content::ScheduledCall(ScheduledCall {
            title: title.into(),
            at,
            video: video.unwrap_or_default(),
            canceled: false,
        })
    });
    content(fields, call)
}

pub(super) fn question(fields: &mut Fields) -> Option<Outgoing> {
    let body = fields.required("text", text_of(1, LONGEST_TEXT), "What it says.");
    let answer_to = fields.object("answer_to", "The question that is answered.", key);
    let question = body.map(|body| {
        Content::Question(Question {
            body: body.into(),
            answer_to,
        })
    });
    content(fields, question)
}

pub(super) fn keep(fields: &mut Fields) -> Option<Outgoing> {
    let target = fields.required_object("message", "The message, of the chat that it goes to.", key);
    let kept = fields.optional(
        "kept",
        Flag,
        "Whether a message that would disappear is kept, or let go; kept if nothing is said.",
    );
    let keep = target.map(|target| {
        Content::Keep(Keep {
            target,
            kept: kept.unwrap_or(true),
        })
    });
    content(fields, keep)
}

pub(super) fn chat_timer(fields: &mut Fields) -> Option<Outgoing> {
    let seconds = fields.required(
        "seconds",
        small(0, 7_776_000),
        "After how long messages of the chat disappear; 0 for never.",
    );
    let timer = seconds.map(|seconds| {
        Content::ChatTimer(ChatTimer {
            seconds: (seconds > 0).then_some(seconds),
        })
    });
    content(fields, timer)
}

pub(super) fn phone_share(fields: &mut Fields) -> Option<Outgoing> {
    let requested = fields.optional(
        "requested",
        Flag,
        "Whether the other side's number is asked for, or the account's own given.",
    );
    let share = Content::PhoneShare(PhoneShare {
        requested: requested.unwrap_or_default(),
        phone: None,
    });
    content(fields, Some(share))
}

/// A form that is known and not sent.
fn unsupported(fields: &mut Fields, others: &[&'static str], why: &'static str) -> Option<Outgoing> {
    for other in others {
        fields.optional(other, Anything, "Not looked at.");
    }
    outgoing(fields, Some(What::Unsupported(why)))
}

pub(super) fn choices(fields: &mut Fields) -> Option<Outgoing> {
    let others = [
        "text", "body", "title", "header", "footer", "button", "buttons", "sections",
    ];
    unsupported(
        fields,
        &others,
        "WhatsApp shows buttons, lists and templates only from business accounts",
    )
}

pub(super) fn album(fields: &mut Fields) -> Option<Outgoing> {
    unsupported(
        fields,
        &["media"],
        "pictures are not sent as parts of an album; send each by itself",
    )
}

pub(super) fn sticker_pack(fields: &mut Fields) -> Option<Outgoing> {
    unsupported(
        fields,
        &["media"],
        "the stickers of a pack are no part of its message; send them one by one",
    )
}

pub(super) fn event_response(fields: &mut Fields) -> Option<Outgoing> {
    unsupported(
        fields,
        &["message", "answer"],
        "answers to events cannot be sealed for their author yet",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_hold_what_they_are_made_of_and_no_lines_more() {
        let phone = "+4915100000001".parse().expect("an address");
        assert_eq!(
            card("Ada;\nL", &[phone]),
            "BEGIN:VCARD\nVERSION:3.0\nN:;Ada  L;;;\nFN:Ada  L\nTEL;type=CELL;waid=4915100000001:+4915100000001\nEND:VCARD"
        );
    }
}
