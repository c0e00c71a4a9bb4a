//! Every kind goes through, field by field.

use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Ids, SeededIds, UnixMs};
use waspnest_core::event::Position;
use waspnest_core::id::EventId;
use waspnest_core::message::*;

use super::{FileOf, ToGuest};
use crate::bindings::waspnest::plugin::types as wit;

fn jid(text: &str) -> Jid {
    text.parse().expect("a JID")
}

fn key(id: &str) -> MessageKey {
    MessageKey {
        chat: jid("120363000000000001@g.us"),
        id: id.parse().expect("a message id"),
        from: Origin::Them,
        participant: Some(jid("4915112345678")),
    }
}

fn media(name: &str) -> Media {
    Media {
        source: MediaSource {
            media_key: Some(vec![7; 32]),
            ..MediaSource::default()
        },
        mime: name.into(),
        size: 11,
        sha256: Some(vec![1]),
        caption: Some("caption".into()),
        file_name: Some("file".into()),
        width: Some(12),
        height: Some(13),
        duration_ms: Some(14),
        pages: Some(15),
        waveform: Some(vec![2]),
        animated: true,
        gif: false,
        thumbnail: Some(vec![3]),
    }
}

fn geo() -> Geo {
    Geo {
        latitude: 48.1,
        longitude: 11.5,
        accuracy_m: Some(5),
        name: Some("place".into()),
        address: Some("street".into()),
        url: Some("https://geo".into()),
    }
}

fn invite() -> Invite {
    Invite {
        target: jid("120363000000000002@g.us"),
        code: "code".into(),
        name: "name".into(),
        expires_at: Some(UnixMs(21)),
        caption: None,
        admin: true,
    }
}

fn poll() -> Poll {
    Poll {
        kind: PollKind::Quiz,
        name: "question".into(),
        options: vec!["a".into(), "b".into()],
        max_choices: 1,
        ends_at: Some(UnixMs(22)),
        correct: Some("b".into()),
        hide_voters: true,
        can_add_options: false,
    }
}

fn calendar() -> CalendarEvent {
    CalendarEvent {
        name: "party".into(),
        description: Some("cake".into()),
        place: Some(geo()),
        starts_at: UnixMs(23),
        ends_at: Some(UnixMs(24)),
        join_link: Some("https://call".into()),
        canceled: false,
        extra_guests: true,
    }
}

/// One of every kind, in the order of [`Content::KINDS`].
pub(super) fn every_kind() -> Vec<Content> {
    let party = Party {
        jid: jid("123456789012345@lid"),
        alt: Some(jid("4915112345678")),
        push_name: Some("Ada".into()),
    };
    vec![
        Content::Text(Text {
            body: "body".into(),
            preview: Some(LinkPreview {
                url: "https://x".into(),
                title: Some("title".into()),
                description: None,
                thumbnail: Some(vec![4]),
            }),
        }),
        Content::Image(media("image")),
        Content::Video(media("video")),
        Content::VideoNote(media("video-note")),
        Content::Audio(media("audio")),
        Content::Voice(media("voice")),
        Content::Document(media("document")),
        Content::Sticker(media("sticker")),
        Content::StickerPack(StickerPack {
            id: "id".into(),
            name: "name".into(),
            publisher: "publisher".into(),
            cover: Some(media("cover")),
            count: 3,
        }),
        Content::Album(Album {
            expected_images: 1,
            expected_videos: 2,
        }),
        Content::Location(geo()),
        Content::LiveLocation(LiveGeo {
            point: geo(),
            speed_mps: Some(1.5),
            heading_deg: Some(90),
            sequence: 6,
            caption: Some("moving".into()),
        }),
        Content::Contacts(vec![ContactCard {
            display_name: "Ada".into(),
            vcard: "BEGIN:VCARD".into(),
            phones: vec!["+49".into()],
        }]),
        Content::Poll(poll()),
        Content::PollVote(PollVote {
            poll: key("P"),
            selected: vec!["a".into()],
            voter: party,
        }),
        Content::PollTally(PollTally {
            poll: key("P"),
            counts: vec![("a".into(), 9)],
        }),
        Content::PollOptionAdded(PollOptionAdded {
            poll: key("P"),
            option_name: "c".into(),
        }),
        Content::Reaction(Reaction {
            target: key("R"),
            emoji: Some("👍".into()),
        }),
        Content::Event(calendar()),
        Content::EventResponse(EventResponse {
            event: key("E"),
            answer: Rsvp::Maybe,
            extra_guests: 2,
        }),
        Content::Comment(Comment {
            target: key("C"),
            body: "comment".into(),
        }),
        Content::GroupInvite(invite()),
        Content::NewsletterInvite(Invite {
            target: jid("120363000000000003@newsletter"),
            ..invite()
        }),
        Content::Product(Product {
            id: "id".into(),
            title: "chair".into(),
            description: Some("wood".into()),
            currency: Some("EUR".into()),
            price_1000: Some(49_990),
            business: Some(jid("4915100000000")),
            image: Some(media("product")),
            url: Some("https://shop".into()),
        }),
        Content::Order(Order {
            id: "id".into(),
            token: "token".into(),
            title: Some("order".into()),
            item_count: 2,
            total_1000: Some(99_980),
            currency: Some("EUR".into()),
            seller: Some(jid("4915100000000")),
        }),
        Content::Payment(Payment {
            kind: PaymentKind::Request,
            amount_1000: Some(5),
            currency: Some("INR".into()),
            note: Some("lunch".into()),
            request: Some(key("M")),
        }),
        Content::Interactive(Interactive {
            style: InteractiveStyle::NativeFlow,
            header: Some("header".into()),
            body: "body".into(),
            footer: Some("footer".into()),
            media: Some(media("header")),
            button_text: Some("open".into()),
            choices: vec![Choice {
                id: "1".into(),
                title: "one".into(),
                description: Some("first".into()),
                section: Some("numbers".into()),
                kind: "quick_reply".into(),
                params_json: Some("{}".into()),
            }],
        }),
        Content::InteractiveReply(InteractiveReply {
            style: InteractiveStyle::List,
            id: "1".into(),
            title: Some("one".into()),
            params_json: Some("{}".into()),
            target: Some(key("I")),
        }),
        Content::CallLog(CallLog {
            video: true,
            outcome: CallOutcome::Missed,
            duration_s: Some(8),
            participants: vec![jid("4915112345678")],
        }),
        Content::ScheduledCall(ScheduledCall {
            title: "call".into(),
            at: UnixMs(25),
            video: false,
            canceled: true,
        }),
        Content::Question(Question {
            body: "why?".into(),
            answer_to: Some(key("Q")),
        }),
        Content::Revoke(key("V")),
        Content::Pin(Pin {
            target: key("N"),
            pinned: true,
            seconds: Some(86_400),
        }),
        Content::Keep(Keep {
            target: key("K"),
            kept: true,
        }),
        Content::ChatTimer(ChatTimer { seconds: Some(604_800) }),
        Content::PhoneShare(PhoneShare {
            requested: false,
            phone: Some("+49".into()),
        }),
        Content::StatusMention(StatusMention {
            status: Some(key("S")),
            group: true,
        }),
        Content::BotOutput(BotOutput {
            text: Some("beep".into()),
            raw_json: Some("{}".into()),
        }),
        Content::Unavailable(Unavailable {
            reason: UnavailableReason::ViewOnceOnOtherDevice,
            retrying: true,
        }),
        Content::Other(Unknown {
            kind: "futureMessage".into(),
            text: Some("text".into()),
            json: Some("{}".into()),
            raw: Some(vec![9]),
        }),
    ]
}

fn converter() -> ToGuest<'static> {
    ToGuest {
        session: "sales-de",
        file: FileOf {
            event: EventId::new(SeededIds::new(3).ulid(UnixMs(1))),
            position: Position(4),
        },
    }
}

#[test]
fn every_kind_reaches_the_guest() {
    let kinds = every_kind();
    assert_eq!(kinds.iter().map(Content::kind).collect::<Vec<_>>(), Content::KINDS);
    let shown: Vec<_> = kinds.iter().map(|content| converter().content(content)).collect();
    insta::assert_debug_snapshot!(shown);
}

#[test]
fn every_field_of_a_message_reaches_the_guest() {
    let message = Message {
        key: key("MSG"),
        chat_kind: ChatKind::Group,
        chat_name: Some("Family".into()),
        sender: Party {
            jid: jid("123456789012345@lid"),
            alt: Some(jid("4915112345678")),
            push_name: Some("Ada".into()),
        },
        timestamp: UnixMs(31),
        content: Content::Poll(poll()),
        quoted: Some(Quoted {
            key: key("QUO"),
            sender: jid("4915187654321"),
            kind: "text".into(),
            text: Some("before".into()),
        }),
        mentions: vec![jid("4915187654321")],
        mentions_me: true,
        mentions_all: false,
        edit_of: Some(key("EDI")),
        album_of: Some(key("ALB")),
        thread: Some(key("THR")),
        forwarded_score: 4,
        view_once: true,
        ephemeral_s: Some(86_400),
        spoiler: true,
        offline: true,
        history: false,
        device: Some(3),
    };
    insta::assert_debug_snapshot!(converter().message(&message));
}

#[test]
fn keys_of_files_stay_with_the_host() {
    let wit::Content::Image(shown) = converter().content(&Content::Image(media("image"))) else {
        panic!("an image")
    };
    assert!(
        shown.handle.starts_with("evt_") && shown.handle.ends_with(".4"),
        "the handle names the event: {}",
        shown.handle
    );
    assert_eq!(shown.handle.parse(), Ok(converter().file));
    for wrong in [
        "",
        "evt_0000000001V7P5MF51JVXGGYT4",
        "evt_0000000001V7P5MF51JVXGGYT4.",
        "4.4",
        "x.y",
    ] {
        assert!(wrong.parse::<FileOf>().is_err(), "{wrong}");
    }
    assert!(
        !format!("{shown:?}").contains("7, 7, 7"),
        "the key of the file is not shown"
    );
}

#[test]
fn what_a_guest_can_send_comes_back_the_same() {
    let to_guest = converter();
    let wit::Content::Location(shown) = to_guest.content(&Content::Location(geo())) else {
        panic!("a place")
    };
    assert_eq!(super::geo_from_guest(shown), Ok(geo()));
    let wit::Content::Poll(shown) = to_guest.content(&Content::Poll(poll())) else {
        panic!("a poll")
    };
    assert_eq!(super::poll_from_guest(shown), Ok(poll()));
    let wit::Content::Event(shown) = to_guest.content(&Content::Event(calendar())) else {
        panic!("an event")
    };
    assert_eq!(super::event_from_guest(shown), Ok(calendar()));
    let cards = vec![ContactCard {
        display_name: "Ada".into(),
        vcard: "BEGIN:VCARD".into(),
        phones: vec!["+49".into()],
    }];
    let wit::Content::Contacts(shown) = to_guest.content(&Content::Contacts(cards.clone())) else {
        panic!("cards")
    };
    assert_eq!(super::contacts_from_guest(shown), Ok(cards));
    assert_eq!(super::key_from_guest(&to_guest.key(&key("KEY"))), Ok(key("KEY")));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let shown = |poll: Poll| match converter().content(&Content::Poll(poll)) {
        wit::Content::Poll(shown) => super::poll_from_guest(shown).expect_err("it makes no sense"),
        other => panic!("{other:?}"),
    };
    assert!(
        shown(Poll {
            options: vec!["a".into()],
            ..poll()
        })
        .contains("2 to 12 options")
    );
    assert!(
        shown(Poll {
            max_choices: 3,
            ..poll()
        })
        .contains("max-choices")
    );
    assert!(
        shown(Poll {
            correct: Some("z".into()),
            ..poll()
        })
        .contains("correct")
    );
    assert!(
        shown(Poll {
            name: "".into(),
            ..poll()
        })
        .contains("name is empty")
    );
    let nowhere = wit::Geo {
        latitude: f64::NAN,
        longitude: 0.0,
        accuracy_m: None,
        name: None,
        address: None,
        url: None,
    };
    assert!(super::geo_from_guest(nowhere).is_err());
    let mut odd = converter().key(&key("KEY"));
    odd.chat = "nobody".to_owned();
    assert!(
        super::key_from_guest(&odd)
            .expect_err("not an address")
            .contains("chat")
    );
}
