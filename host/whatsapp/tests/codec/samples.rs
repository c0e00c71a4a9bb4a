//! One of everything, in the host's words.

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{
    Album, CalendarEvent, CallLog, CallOutcome, ChatTimer, Choice, Comment, ContactCard, Content, EventResponse, Geo,
    Interactive, InteractiveReply, InteractiveStyle, Invite, Keep, LinkPreview, LiveGeo, Media, MediaSource,
    MessageKey, Order, Origin, Payment, PaymentKind, PhoneShare, Pin, Poll, PollKind, PollOptionAdded, PollTally,
    PollVote, Product, Question, Reaction, Rsvp, ScheduledCall, StatusMention, StickerPack, Text,
};

use crate::world::{ANNA, GROUP, ME, NEWSLETTER, anna, at};

pub(crate) fn file(mime: &str) -> Media {
    Media {
        source: MediaSource {
            url: Some("https://mmg.example/v/t62?mms3=true".into()),
            direct_path: Some("/v/t62".into()),
            media_key: Some(vec![1; 32]),
            enc_sha256: Some(vec![2; 32]),
            key_timestamp: Some(1_790_000_000),
        },
        mime: mime.into(),
        size: 4096,
        sha256: Some(vec![3; 32]),
        caption: None,
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    }
}

pub(crate) fn picture() -> Media {
    Media {
        caption: Some("At the lake".into()),
        width: Some(1200),
        height: Some(800),
        thumbnail: Some(vec![0xff, 0xd8]),
        ..file("image/jpeg")
    }
}

pub(crate) fn film() -> Media {
    Media {
        caption: Some("Look".into()),
        width: Some(640),
        height: Some(480),
        duration_ms: Some(12_000),
        gif: true,
        thumbnail: Some(vec![0xff, 0xd8]),
        ..file("video/mp4")
    }
}

pub(crate) fn place() -> Geo {
    Geo {
        latitude: 52.5,
        longitude: -13.25,
        accuracy_m: Some(10),
        name: Some("Office".into()),
        address: Some("Street 1".into()),
        url: Some("https://example.org/map".into()),
    }
}

pub(crate) fn poll() -> Poll {
    Poll {
        kind: PollKind::Regular,
        name: "Lunch?".into(),
        options: vec!["Pizza".into(), "Soup".into()],
        max_choices: 1,
        ends_at: Some(UnixMs(1_790_003_600_000)),
        correct: None,
        hide_voters: true,
        can_add_options: true,
    }
}

pub(crate) fn choice(id: &str, title: &str, kind: &str, params: Option<&str>) -> Choice {
    Choice {
        id: id.into(),
        title: title.into(),
        description: None,
        section: None,
        kind: kind.into(),
        params_json: params.map(Into::into),
    }
}

pub(crate) fn choices(style: InteractiveStyle, choices: Vec<Choice>) -> Interactive {
    Interactive {
        style,
        header: Some("Head".into()),
        body: "Pick one".into(),
        footer: Some("Foot".into()),
        media: None,
        button_text: None,
        choices,
    }
}

fn invite(target: &str, code: &str, admin: Role) -> Invite {
    Invite {
        target: at(target),
        code: code.into(),
        name: "Friends".into(),
        expires_at: (admin == Role::Admin || !code.is_empty()).then_some(UnixMs(1_790_100_000_000)),
        caption: Some("Come in".into()),
        admin: admin == Role::Admin,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Admin,
    Member,
}

/// A message of somebody else and one of the account, in a chat.
pub(crate) fn targets(chat: &Jid) -> [MessageKey; 2] {
    let several = matches!(chat, Jid::Group(_));
    let key = |id: &str, from, author: &str| MessageKey {
        chat: chat.clone(),
        id: id.parse().expect("an id"),
        from,
        participant: several.then(|| at(author)),
    };
    [key("3EB0THEIRS", Origin::Them, ANNA), key("3EB0MINE", Origin::Me, ME)]
}

/// What reads back as it was written, in `chat`.
pub(crate) fn sendable(chat: &Jid) -> Vec<Content> {
    let mut all = fixed();
    for target in targets(chat) {
        all.extend(about(&target));
    }
    all
}

fn about(target: &MessageKey) -> Vec<Content> {
    let target = || target.clone();
    let mut all = vec![
        Content::Reaction(Reaction {
            target: target(),
            emoji: Some("👍".into()),
        }),
        Content::Reaction(Reaction {
            target: target(),
            emoji: None,
        }),
        Content::Comment(Comment {
            target: target(),
            body: "Agreed".into(),
        }),
        Content::Question(Question {
            body: "Blue".into(),
            answer_to: Some(target()),
        }),
        Content::Revoke(target()),
        Content::Pin(Pin {
            target: target(),
            pinned: true,
            seconds: Some(86_400),
        }),
        Content::Pin(Pin {
            target: target(),
            pinned: false,
            seconds: None,
        }),
        Content::Keep(Keep {
            target: target(),
            kept: true,
        }),
        Content::Keep(Keep {
            target: target(),
            kept: false,
        }),
        Content::StatusMention(StatusMention {
            status: Some(target()),
            group: false,
        }),
        Content::StatusMention(StatusMention {
            status: Some(target()),
            group: true,
        }),
    ];
    for kind in [PaymentKind::Declined, PaymentKind::Canceled] {
        all.push(Content::Payment(Payment {
            request: Some(target()),
            ..payment(kind)
        }));
    }
    for style in [
        InteractiveStyle::Buttons,
        InteractiveStyle::List,
        InteractiveStyle::Template,
        InteractiveStyle::NativeFlow,
    ] {
        all.push(Content::InteractiveReply(InteractiveReply {
            style,
            id: "yes".into(),
            title: Some("Yes".into()),
            params_json: None,
            target: Some(target()),
        }));
    }
    all
}

fn payment(kind: PaymentKind) -> Payment {
    Payment {
        kind,
        amount_1000: None,
        currency: None,
        note: None,
        request: None,
    }
}

fn fixed() -> Vec<Content> {
    let mut all = media();
    all.extend(people());
    all.extend(shops());
    all.extend([
        Content::Text(Text {
            body: "Hello".into(),
            preview: None,
        }),
        Content::Text(Text {
            body: "See https://example.org".into(),
            preview: Some(LinkPreview {
                url: "https://example.org".into(),
                title: Some("Example".into()),
                description: Some("A page".into()),
                thumbnail: Some(vec![0xff, 0xd8]),
            }),
        }),
        Content::Question(Question {
            body: "What colour?".into(),
            answer_to: None,
        }),
        Content::Location(place()),
        Content::LiveLocation(LiveGeo {
            point: Geo {
                name: None,
                address: None,
                url: None,
                ..place()
            },
            speed_mps: Some(1.5),
            heading_deg: Some(90),
            sequence: 17,
            caption: Some("On my way".into()),
        }),
        Content::Event(CalendarEvent {
            name: "Party".into(),
            description: Some("Bring cake".into()),
            place: Some(place()),
            starts_at: UnixMs(1_790_010_000_000),
            ends_at: Some(UnixMs(1_790_020_000_000)),
            join_link: Some("https://call.example/1".into()),
            canceled: false,
            extra_guests: true,
        }),
        Content::Poll(poll()),
        Content::Poll(Poll {
            max_choices: 0,
            ..poll()
        }),
        Content::Poll(Poll {
            kind: PollKind::Quiz,
            correct: Some("Soup".into()),
            ..poll()
        }),
        Content::ChatTimer(ChatTimer { seconds: Some(604_800) }),
        Content::ChatTimer(ChatTimer { seconds: None }),
        Content::PhoneShare(PhoneShare {
            requested: true,
            phone: None,
        }),
        Content::PhoneShare(PhoneShare {
            requested: false,
            phone: Some("+491700000000".into()),
        }),
    ]);
    all
}

fn media() -> Vec<Content> {
    vec![
        Content::Image(picture()),
        Content::Video(film()),
        Content::VideoNote(Media {
            caption: None,
            gif: false,
            ..film()
        }),
        Content::Audio(Media {
            duration_ms: Some(180_000),
            ..file("audio/mp4")
        }),
        Content::Voice(Media {
            duration_ms: Some(4_000),
            waveform: Some(vec![50; 64]),
            ..file("audio/ogg; codecs=opus")
        }),
        Content::Document(Media {
            file_name: Some("offer.pdf".into()),
            pages: Some(3),
            ..file("application/pdf")
        }),
        Content::Document(Media {
            caption: Some("The offer".into()),
            file_name: Some("offer.pdf".into()),
            ..file("application/pdf")
        }),
        Content::Sticker(Media {
            width: Some(512),
            height: Some(512),
            animated: true,
            thumbnail: Some(vec![0x89]),
            ..file("image/webp")
        }),
        Content::Sticker(Media {
            animated: true,
            ..file("application/was")
        }),
        Content::Album(Album {
            expected_images: 3,
            expected_videos: 1,
        }),
    ]
}

fn people() -> Vec<Content> {
    let card = |name: &str, phone: &str| ContactCard {
        display_name: name.into(),
        vcard: format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nitem1.TEL;waid=1:{phone}\nEND:VCARD").into(),
        phones: vec![phone.into()],
    };
    vec![
        Content::Contacts(vec![card("Ben", "+49 151 2")]),
        Content::Contacts(vec![card("Ben", "+49 151 2"), card("Cem", "+49 151 3")]),
        Content::GroupInvite(invite(GROUP, "AbCd", Role::Member)),
        Content::NewsletterInvite(invite(NEWSLETTER, "", Role::Admin)),
        Content::NewsletterInvite(invite(NEWSLETTER, "", Role::Member)),
        Content::ScheduledCall(ScheduledCall {
            title: "Weekly".into(),
            at: UnixMs(1_790_010_000_500),
            video: true,
            canceled: false,
        }),
    ]
}

fn shops() -> Vec<Content> {
    let flow = r#"{"display_text":"Shop","id":"shop","url":"https://example.org"}"#;
    vec![
        Content::Product(Product {
            id: "p1".into(),
            title: "Cup".into(),
            description: Some("Blue".into()),
            currency: Some("EUR".into()),
            price_1000: Some(9_990),
            business: Some(at(ANNA)),
            image: Some(picture()),
            url: Some("https://example.org/cup".into()),
        }),
        Content::Order(Order {
            id: "o1".into(),
            token: "dG9rZW4=".into(),
            title: Some("Cups".into()),
            item_count: 2,
            total_1000: Some(19_980),
            currency: Some("EUR".into()),
            seller: Some(at(ANNA)),
        }),
        Content::Payment(Payment {
            amount_1000: Some(5_000),
            currency: Some("EUR".into()),
            note: Some("For lunch".into()),
            ..payment(PaymentKind::Request)
        }),
        Content::Payment(payment(PaymentKind::Invite)),
        Content::Interactive(choices(
            InteractiveStyle::Buttons,
            vec![
                choice("yes", "Yes", "reply", None),
                choice("pay", "Pay", "review_and_pay", Some("{}")),
            ],
        )),
        Content::Interactive(Interactive {
            header: None,
            media: Some(picture()),
            ..choices(InteractiveStyle::Buttons, vec![choice("yes", "Yes", "reply", None)])
        }),
        Content::Interactive(Interactive {
            button_text: Some("Open".into()),
            ..choices(
                InteractiveStyle::List,
                vec![
                    Choice {
                        section: Some("Warm".into()),
                        description: Some("Of the day".into()),
                        ..choice("soup", "Soup", "row", None)
                    },
                    Choice {
                        section: Some("Cold".into()),
                        ..choice("salad", "Salad", "row", None)
                    },
                ],
            )
        }),
        Content::Interactive(choices(
            InteractiveStyle::Template,
            vec![
                choice("yes", "Yes", "reply", None),
                choice("1", "Page", "url", Some(r#"{"url":"https://example.org"}"#)),
                choice("2", "Call", "call", Some(r#"{"phone_number":"+491"}"#)),
            ],
        )),
        Content::Interactive(Interactive {
            media: Some(film()),
            ..choices(
                InteractiveStyle::NativeFlow,
                vec![choice("shop", "Shop", "cta_url", Some(flow))],
            )
        }),
    ]
}

/// What only WhatsApp's servers, its bots or other people send, or what has to be sealed.
pub(crate) fn not_sendable(chat: &Jid) -> Vec<Content> {
    let [target, _] = targets(chat);
    vec![
        Content::StickerPack(StickerPack {
            id: "pack".into(),
            name: "Cats".into(),
            publisher: "Me".into(),
            cover: None,
            count: 3,
        }),
        Content::PollVote(PollVote {
            poll: target.clone(),
            selected: vec!["Soup".into()],
            voter: anna(),
        }),
        Content::PollTally(PollTally {
            poll: target.clone(),
            counts: vec![("Soup".into(), 2)],
        }),
        Content::PollOptionAdded(PollOptionAdded {
            poll: target.clone(),
            option_name: "Bread".into(),
        }),
        Content::EventResponse(EventResponse {
            event: target,
            answer: Rsvp::Going,
            extra_guests: 1,
        }),
        Content::CallLog(CallLog {
            video: false,
            outcome: CallOutcome::Missed,
            duration_s: None,
            participants: vec![],
        }),
        Content::BotOutput(waspnest_core::message::BotOutput {
            text: Some("Hi".into()),
            raw_json: None,
        }),
        Content::Unavailable(waspnest_core::message::Unavailable {
            reason: waspnest_core::message::UnavailableReason::Placeholder,
            retrying: false,
        }),
        Content::Other(waspnest_core::message::Unknown {
            kind: "bcallMessage".into(),
            text: None,
            json: None,
            raw: None,
        }),
    ]
}
