//! What a message says, towards the guest: every kind.

use waspnest_core::address::Jid;
use waspnest_core::message::{
    CalendarEvent, CallOutcome, Choice, ContactCard, Content, Geo, Interactive, InteractiveStyle, Invite, LinkPreview,
    PaymentKind, Poll, PollKind, Rsvp, UnavailableReason,
};

use super::message::{ToGuest, address};
use super::{maybe, text, texts};
use crate::bindings::waspnest::plugin::types as wit;

impl ToGuest<'_> {
    pub(crate) fn content(&self, content: &Content) -> wit::Content {
        match content {
            Content::Text(it) => wit::Content::Text(wit::Text {
                body: text(&it.body),
                preview: it.preview.as_ref().map(preview),
            }),
            Content::Image(it) => wit::Content::Image(self.media(it)),
            Content::Video(it) => wit::Content::Video(self.media(it)),
            Content::VideoNote(it) => wit::Content::VideoNote(self.media(it)),
            Content::Audio(it) => wit::Content::Audio(self.media(it)),
            Content::Voice(it) => wit::Content::Voice(self.media(it)),
            Content::Document(it) => wit::Content::Document(self.media(it)),
            Content::Sticker(it) => wit::Content::Sticker(self.media(it)),
            Content::StickerPack(it) => wit::Content::StickerPack(wit::StickerPack {
                id: text(&it.id),
                name: text(&it.name),
                publisher: text(&it.publisher),
                cover: it.cover.as_ref().map(|cover| self.media(cover)),
                count: it.count,
            }),
            Content::Album(it) => wit::Content::Album(wit::Album {
                expected_images: it.expected_images,
                expected_videos: it.expected_videos,
            }),
            Content::Location(it) => wit::Content::Location(geo(it)),
            Content::LiveLocation(it) => wit::Content::LiveLocation(wit::LiveGeo {
                point: geo(&it.point),
                speed_mps: it.speed_mps,
                heading_deg: it.heading_deg,
                sequence: it.sequence,
                caption: maybe(it.caption.as_deref()),
            }),
            Content::Contacts(it) => wit::Content::Contacts(it.iter().map(card).collect()),
            Content::Poll(it) => wit::Content::Poll(poll(it)),
            Content::PollVote(it) => wit::Content::PollVote(wit::PollVote {
                poll: self.key(&it.poll),
                selected: texts(&it.selected),
                voter: address(&it.voter),
            }),
            Content::PollTally(it) => wit::Content::PollTally(wit::PollTally {
                poll: self.key(&it.poll),
                counts: it.counts.iter().map(|(option, votes)| (text(option), *votes)).collect(),
            }),
            Content::PollOptionAdded(it) => wit::Content::PollOptionAdded(wit::PollOptionAdded {
                poll: self.key(&it.poll),
                option_name: text(&it.option_name),
            }),
            Content::Reaction(it) => wit::Content::Reaction(wit::Reaction {
                target: self.key(&it.target),
                emoji: maybe(it.emoji.as_deref()),
            }),
            Content::Event(it) => wit::Content::Event(event(it)),
            Content::EventResponse(it) => wit::Content::EventResponse(wit::EventResponse {
                event: self.key(&it.event),
                answer: match it.answer {
                    Rsvp::Going => wit::Rsvp::Going,
                    Rsvp::NotGoing => wit::Rsvp::NotGoing,
                    Rsvp::Maybe => wit::Rsvp::Maybe,
                    Rsvp::Unknown => wit::Rsvp::Unknown,
                },
                extra_guests: it.extra_guests,
            }),
            Content::Comment(it) => wit::Content::Comment(wit::Comment {
                target: self.key(&it.target),
                body: text(&it.body),
            }),
            Content::GroupInvite(it) => wit::Content::GroupInvite(invite(it)),
            Content::NewsletterInvite(it) => wit::Content::NewsletterInvite(invite(it)),
            Content::Product(it) => wit::Content::Product(wit::Product {
                id: text(&it.id),
                title: text(&it.title),
                description: maybe(it.description.as_deref()),
                currency: maybe(it.currency.as_deref()),
                price_1000: it.price_1000,
                business: it.business.as_ref().map(Jid::to_string),
                image: it.image.as_ref().map(|image| self.media(image)),
                url: maybe(it.url.as_deref()),
            }),
            Content::Order(it) => wit::Content::Order(wit::Order {
                id: text(&it.id),
                token: text(&it.token),
                title: maybe(it.title.as_deref()),
                item_count: it.item_count,
                total_1000: it.total_1000,
                currency: maybe(it.currency.as_deref()),
                seller: it.seller.as_ref().map(Jid::to_string),
            }),
            Content::Payment(it) => wit::Content::Payment(wit::Payment {
                kind: payment_kind(it.kind),
                amount_1000: it.amount_1000,
                currency: maybe(it.currency.as_deref()),
                note: maybe(it.note.as_deref()),
                request: self.maybe_key(it.request.as_ref()),
            }),
            Content::Interactive(it) => wit::Content::Interactive(self.interactive(it)),
            Content::InteractiveReply(it) => wit::Content::InteractiveReply(wit::InteractiveReply {
                style: style(it.style),
                id: text(&it.id),
                title: maybe(it.title.as_deref()),
                params_json: maybe(it.params_json.as_deref()),
                target: self.maybe_key(it.target.as_ref()),
            }),
            Content::CallLog(it) => wit::Content::CallLog(wit::CallLog {
                video: it.video,
                outcome: match it.outcome {
                    CallOutcome::Connected => wit::CallOutcome::Connected,
                    CallOutcome::Missed => wit::CallOutcome::Missed,
                    CallOutcome::Rejected => wit::CallOutcome::Rejected,
                    CallOutcome::Failed => wit::CallOutcome::Failed,
                    CallOutcome::Ongoing => wit::CallOutcome::Ongoing,
                    CallOutcome::Other => wit::CallOutcome::Other,
                },
                duration_s: it.duration_s,
                participants: it.participants.iter().map(Jid::to_string).collect(),
            }),
            Content::ScheduledCall(it) => wit::Content::ScheduledCall(wit::ScheduledCall {
                title: text(&it.title),
                at: it.at.0,
                video: it.video,
                canceled: it.canceled,
            }),
            Content::Question(it) => wit::Content::Question(wit::Question {
                body: text(&it.body),
                answer_to: self.maybe_key(it.answer_to.as_ref()),
            }),
            Content::Revoke(it) => wit::Content::Revoke(self.key(it)),
            Content::Pin(it) => wit::Content::Pin(wit::Pin {
                target: self.key(&it.target),
                pinned: it.pinned,
                seconds: it.seconds,
            }),
            Content::Keep(it) => wit::Content::Keep(wit::Keep {
                target: self.key(&it.target),
                kept: it.kept,
            }),
            Content::ChatTimer(it) => wit::Content::ChatTimer(wit::ChatTimer { seconds: it.seconds }),
            Content::PhoneShare(it) => wit::Content::PhoneShare(wit::PhoneShare {
                requested: it.requested,
                phone: maybe(it.phone.as_deref()),
            }),
            Content::StatusMention(it) => wit::Content::StatusMention(wit::StatusMention {
                status: self.maybe_key(it.status.as_ref()),
                group: it.group,
            }),
            Content::BotOutput(it) => wit::Content::BotOutput(wit::BotOutput {
                text: maybe(it.text.as_deref()),
                raw_json: maybe(it.raw_json.as_deref()),
            }),
            Content::Unavailable(it) => wit::Content::Unavailable(wit::Unavailable {
                reason: match it.reason {
                    UnavailableReason::Undecryptable => wit::UnavailableReason::Undecryptable,
                    UnavailableReason::ViewOnceOnOtherDevice => wit::UnavailableReason::ViewOnceOnOtherDevice,
                    UnavailableReason::Placeholder => wit::UnavailableReason::Placeholder,
                    UnavailableReason::Expired => wit::UnavailableReason::Expired,
                    UnavailableReason::Unsupported => wit::UnavailableReason::Unsupported,
                    UnavailableReason::Other => wit::UnavailableReason::Other,
                },
                retrying: it.retrying,
            }),
            // The encoded message needs a grant that this version does not have.
            Content::Other(it) => wit::Content::Other(wit::Unknown {
                kind: text(&it.kind),
                text: maybe(it.text.as_deref()),
                json: maybe(it.json.as_deref()),
                raw: None,
            }),
        }
    }

    fn interactive(&self, it: &Interactive) -> wit::Interactive {
        wit::Interactive {
            style: style(it.style),
            header: maybe(it.header.as_deref()),
            body: text(&it.body),
            footer: maybe(it.footer.as_deref()),
            media: it.media.as_ref().map(|media| self.media(media)),
            button_text: maybe(it.button_text.as_deref()),
            choices: it.choices.iter().map(choice).collect(),
        }
    }
}

fn preview(it: &LinkPreview) -> wit::LinkPreview {
    wit::LinkPreview {
        url: text(&it.url),
        title: maybe(it.title.as_deref()),
        description: maybe(it.description.as_deref()),
        thumbnail: it.thumbnail.clone(),
    }
}

fn geo(it: &Geo) -> wit::Geo {
    wit::Geo {
        latitude: it.latitude,
        longitude: it.longitude,
        accuracy_m: it.accuracy_m,
        name: maybe(it.name.as_deref()),
        address: maybe(it.address.as_deref()),
        url: maybe(it.url.as_deref()),
    }
}

fn card(it: &ContactCard) -> wit::ContactCard {
    wit::ContactCard {
        display_name: text(&it.display_name),
        vcard: text(&it.vcard),
        phones: texts(&it.phones),
    }
}

fn poll(it: &Poll) -> wit::Poll {
    wit::Poll {
        kind: match it.kind {
            PollKind::Regular => wit::PollKind::Regular,
            PollKind::Quiz => wit::PollKind::Quiz,
            PollKind::Newsletter => wit::PollKind::Newsletter,
            PollKind::Other => wit::PollKind::Other,
        },
        name: text(&it.name),
        options: texts(&it.options),
        max_choices: it.max_choices,
        ends_at: it.ends_at.map(|at| at.0),
        correct: maybe(it.correct.as_deref()),
        hide_voters: it.hide_voters,
        can_add_options: it.can_add_options,
    }
}

fn event(it: &CalendarEvent) -> wit::CalendarEvent {
    wit::CalendarEvent {
        name: text(&it.name),
        description: maybe(it.description.as_deref()),
        place: it.place.as_ref().map(geo),
        starts_at: it.starts_at.0,
        ends_at: it.ends_at.map(|at| at.0),
        join_link: maybe(it.join_link.as_deref()),
        canceled: it.canceled,
        extra_guests: it.extra_guests,
    }
}

fn invite(it: &Invite) -> wit::Invite {
    wit::Invite {
        target: it.target.to_string(),
        code: text(&it.code),
        name: text(&it.name),
        expires_at: it.expires_at.map(|at| at.0),
        caption: maybe(it.caption.as_deref()),
        admin: it.admin,
    }
}

fn payment_kind(kind: PaymentKind) -> wit::PaymentKind {
    match kind {
        PaymentKind::Request => wit::PaymentKind::Request,
        PaymentKind::Sent => wit::PaymentKind::Sent,
        PaymentKind::Declined => wit::PaymentKind::Declined,
        PaymentKind::Canceled => wit::PaymentKind::Canceled,
        PaymentKind::Invoice => wit::PaymentKind::Invoice,
        PaymentKind::Invite => wit::PaymentKind::Invite,
        PaymentKind::Reminder => wit::PaymentKind::Reminder,
        PaymentKind::Split => wit::PaymentKind::Split,
        PaymentKind::Other => wit::PaymentKind::Other,
    }
}

fn style(style: InteractiveStyle) -> wit::InteractiveStyle {
    match style {
        InteractiveStyle::Buttons => wit::InteractiveStyle::Buttons,
        InteractiveStyle::List => wit::InteractiveStyle::List,
        InteractiveStyle::Template => wit::InteractiveStyle::Template,
        InteractiveStyle::NativeFlow => wit::InteractiveStyle::NativeFlow,
        InteractiveStyle::Carousel => wit::InteractiveStyle::Carousel,
        InteractiveStyle::ProductList => wit::InteractiveStyle::ProductList,
        InteractiveStyle::Shop => wit::InteractiveStyle::Shop,
        InteractiveStyle::Other => wit::InteractiveStyle::Other,
    }
}

fn choice(it: &Choice) -> wit::Choice {
    wit::Choice {
        id: text(&it.id),
        title: text(&it.title),
        description: maybe(it.description.as_deref()),
        section: maybe(it.section.as_deref()),
        kind: text(&it.kind),
        params_json: maybe(it.params_json.as_deref()),
    }
}
