//! What bodies look like in each format. The shapes of other gateways are theirs; `format` names where they stand.

use serde_json::{Value, json};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{
    ChatChange, ChatEvent, Event, EventKind, GroupChange, GroupEvent, Position, Receipt, ReceiptStatus, SessionEvent,
    SessionState,
};
use waspnest_core::hmac;
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::message::{Content, Media, MediaSource, Message, MessageKey, Origin, Quoted, Reaction, Text};
use waspnest_core::session::{Desired, SessionRecord};
use waspnest_core::webhook::Format;

use super::bench::{self, ADA, Bench, GROUP, SIGNING, header};
use crate::delivery::format::tellings;
use crate::delivery::told_types;
use crate::public_event::EventType;
use crate::test_server::Server;

const AT: UnixMs = UnixMs(1_767_225_600_000);
const ME: &str = "4915100009";
const LID: &str = "111222333@lid";

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

fn session() -> SessionRecord {
    SessionRecord {
        id: SessionId::new(ulid::Ulid::from_parts(1, 7)),
        name: "shop".parse().expect("a name"),
        created_at: AT,
        jid: Some(jid(ME)),
        lid: None,
        push_name: None,
        desired: Desired::Connected,
    }
}

fn key(chat: &str, id: &str) -> MessageKey {
    MessageKey {
        chat: jid(chat),
        id: id.parse().expect("an id"),
        from: Origin::Them,
        participant: None,
    }
}

fn text(body: &str) -> Content {
    Content::Text(Text {
        body: body.into(),
        preview: None,
    })
}

fn message(chat: &str, content: Content) -> Message {
    let sender = Party {
        jid: jid(LID),
        alt: Some(jid(ADA)),
        push_name: Some("Ada".into()),
    };
    let chat = jid(chat);
    Message::new(key(&chat.to_string(), "3EB01"), chat.chat_kind(), sender, AT, content)
}

fn said(message: Message) -> EventKind {
    EventKind::Message(Box::new(message))
}

fn receipt(status: ReceiptStatus) -> EventKind {
    EventKind::Receipt(Receipt {
        chat: jid(ADA),
        messages: vec!["3EB01".parse().expect("an id"), "3EB02".parse().expect("an id")],
        status,
        by: None,
        at: AT,
    })
}

fn stands(state: SessionState) -> EventKind {
    EventKind::Session(SessionEvent { state, reason: None })
}

fn told(format: Format, kind: EventKind) -> Vec<Value> {
    let event = Event {
        id: EventId::new(ulid::Ulid::from_parts(1, 1)),
        position: Position(1),
        received_at: AT,
        session: session().id,
        kind,
    };
    let all = tellings(format, &event, &session()).into_iter();
    all.map(|telling| serde_json::from_slice(&telling.body).expect("JSON"))
        .collect()
}

#[test]
fn multi_session_is_as_its_guide_has_it() {
    assert_eq!(
        told(Format::MultiSession, said(message(ADA, text("hello")))),
        [json!({
            "session_id": "shop",
            "message": {
                "id": "3EB01",
                "from": "4915100001@s.whatsapp.net",
                "to": "4915100009@s.whatsapp.net",
                "message": "hello",
                "timestamp": 1_767_225_600,
            },
        })]
    );
    let own = Message {
        key: MessageKey {
            from: Origin::Me,
            ..key(ADA, "3EB01")
        },
        sender: Party::known_as(jid(ME)),
        ..message(ADA, text("hello"))
    };
    let own = told(Format::MultiSession, said(own));
    assert_eq!(own[0]["message"]["from"], "4915100009@s.whatsapp.net");
    assert_eq!(own[0]["message"]["to"], "4915100001@s.whatsapp.net");
    assert!(told(Format::MultiSession, receipt(ReceiptStatus::Read)).is_empty());
}

#[test]
fn multi_session_flat_is_as_its_program_sends_it() {
    let mut in_group = message(GROUP, text("hello"));
    in_group.chat_name = Some("Bees".into());
    assert_eq!(
        told(Format::MultiSessionFlat, said(in_group)),
        [json!({
            "session_id": "shop",
            "timestamp": 1_767_225_600,
            "message_id": "3EB01",
            "from": { "jid": "4915100001@s.whatsapp.net", "phone": "4915100001", "push_name": "Ada" },
            "message_type": "text",
            "content": "hello",
            "is_from_me": false,
            "is_group": true,
            "group": { "jid": GROUP, "name": "Bees" },
        })]
    );
    let direct = told(Format::MultiSessionFlat, said(message(ADA, text("hello"))));
    assert_eq!((&direct[0]["is_group"], direct[0].get("group")), (&json!(false), None));
}

#[test]
fn multi_session_rest_tells_each_message_of_a_receipt() {
    let body = |kind: &str, data: Value| {
        json!({
            "event_type": kind,
            "device_id": "shop",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "data": data,
        })
    };
    assert_eq!(
        told(Format::MultiSessionRest, said(message(ADA, text("hello")))),
        [body(
            "message.received",
            json!({
                "message_id": "3EB01",
                "from": "4915100001@s.whatsapp.net",
                "chat": "4915100001@s.whatsapp.net",
                "timestamp": 1_767_225_600,
                "is_from_me": false,
                "type": "text",
                "text": "hello",
                "push_name": "Ada",
            })
        )]
    );
    let read = |id: &str| {
        json!({
            "message_id": id,
            "chat": "4915100001@s.whatsapp.net",
            "sender": "4915100001@s.whatsapp.net",
            "timestamp": 1_767_225_600,
        })
    };
    assert_eq!(
        told(Format::MultiSessionRest, receipt(ReceiptStatus::Read)),
        [body("message.read", read("3EB01")), body("message.read", read("3EB02"))]
    );
    let revoked = told(
        Format::MultiSessionRest,
        said(message(ADA, Content::Revoke(key(ADA, "3EB00")))),
    );
    assert_eq!(revoked[0]["event_type"], "message.deleted");
    assert_eq!(revoked[0]["data"]["message_id"], "3EB00");
    assert_eq!(revoked[0]["data"]["deleted_by"], "4915100001@s.whatsapp.net");
    for (state, kind) in [
        (SessionState::Connected, "connection.connected"),
        (SessionState::Disconnected, "connection.disconnected"),
        (SessionState::LoggedOut, "connection.logged_out"),
    ] {
        assert_eq!(
            told(Format::MultiSessionRest, stands(state)),
            [body(kind, json!({ "jid": ME }))]
        );
    }
}

#[test]
fn gowa_tells_messages_flat() {
    let mut answer = message(GROUP, text("hello"));
    answer.quoted = Some(Quoted {
        key: key(GROUP, "3EB00"),
        sender: jid(ME),
        kind: "text".into(),
        text: Some("who is there?".into()),
    });
    answer.forwarded_score = 1;
    assert_eq!(
        told(Format::Gowa, said(answer)),
        [json!({
            "sender_id": "4915100001",
            "chat_id": "120363001234567890",
            "from": format!("4915100001@s.whatsapp.net in {GROUP}"),
            "from_lid": LID,
            "timestamp": "2026-01-01T00:00:00.000Z",
            "pushname": "Ada",
            "message": {
                "text": "hello",
                "id": "3EB01",
                "replied_id": "3EB00",
                "quoted_message": "who is there?",
            },
            "forwarded": true,
        })]
    );
    let reaction = Content::Reaction(Reaction {
        target: key(ADA, "3EB00"),
        emoji: Some("👍".into()),
    });
    let reaction = told(Format::Gowa, said(message(ADA, reaction)));
    assert_eq!(reaction[0]["reaction"], json!({ "message": "👍", "id": "3EB00" }));
    assert_eq!(reaction[0]["from"], "4915100001@s.whatsapp.net");
    let revoked = told(Format::Gowa, said(message(ADA, Content::Revoke(key(ADA, "3EB00")))));
    assert_eq!(revoked[0]["action"], "message_revoked");
    assert_eq!(revoked[0]["revoked_message_id"], "3EB00");
    let mut edited = message(ADA, text("hello!"));
    edited.edit_of = Some(key(ADA, "3EB00"));
    let edited = told(Format::Gowa, said(edited));
    assert_eq!(
        (&edited[0]["action"], &edited[0]["edited_text"]),
        (&json!("message_edited"), &json!("hello!"))
    );
}

#[test]
fn gowa_says_where_a_file_is() {
    let picture = Content::Image(Media {
        source: MediaSource::default(),
        mime: "image/jpeg".into(),
        size: 1000,
        sha256: None,
        caption: Some("a bee".into()),
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    });
    let told = told(Format::Gowa, said(message(ADA, picture)));
    assert_eq!(
        told[0]["image"],
        json!({
            "media_path": format!("v1/sessions/{}/messages/3EB01/media", session().id),
            "mime_type": "image/jpeg",
            "caption": "a bee",
        })
    );
    assert_eq!(told[0]["message"]["text"], "");
}

#[test]
fn gowa_tells_receipts_members_and_what_is_deleted() {
    assert_eq!(
        told(Format::Gowa, receipt(ReceiptStatus::Read)),
        [json!({
            "event": "message.ack",
            "payload": {
                "chat_id": "4915100001@s.whatsapp.net",
                "from": "4915100001@s.whatsapp.net",
                "ids": ["3EB01", "3EB02"],
                "receipt_type": "read",
                "receipt_type_description": "whom it is for has opened the chat and seen the message",
                "sender_id": "4915100001@s.whatsapp.net",
            },
            "timestamp": "2026-01-01T00:00:00.000Z",
        })]
    );
    let change = |change| {
        EventKind::Group(GroupEvent {
            group: jid(GROUP),
            change,
            actor: None,
            targets: vec![Party::known_as(jid(ADA))],
            at: AT,
        })
    };
    for (changed, kind) in [
        (GroupChange::Joined, "join"),
        (GroupChange::Added, "join"),
        (GroupChange::Left, "leave"),
        (GroupChange::Removed, "leave"),
        (GroupChange::Promoted, "promote"),
        (GroupChange::Demoted, "demote"),
    ] {
        assert_eq!(
            told(Format::Gowa, change(changed)),
            [json!({
                "event": "group.participants",
                "payload": { "chat_id": GROUP, "type": kind, "jids": ["4915100001@s.whatsapp.net"] },
                "timestamp": "2026-01-01T00:00:00.000Z",
            })]
        );
    }
    let deleted = EventKind::Chat(ChatEvent {
        chat: Some(jid(ADA)),
        change: ChatChange::MessageDeleted {
            message: key(ADA, "3EB00"),
        },
        at: AT,
    });
    let deleted = told(Format::Gowa, deleted);
    assert_eq!(deleted[0]["action"], "event.delete_for_me");
    assert_eq!(deleted[0]["deleted_message_id"], "3EB00");
}

#[test]
fn gowa_status_tells_how_a_session_stands() {
    assert_eq!(
        told(Format::GowaStatus, stands(SessionState::Connected)),
        [json!({
            "device": { "deviceHash": "shop", "status": "connected" },
            "event": {
                "type": "connected",
                "code": "LIST_DEVICES",
                "message": "Device connected and ready",
                "devices": [{ "device": "4915100009@s.whatsapp.net" }],
            },
            "timestamp": "2026-01-01T00:00:00.000Z",
        })]
    );
    let cut = told(Format::GowaStatus, stands(SessionState::Disconnected));
    assert_eq!(
        (&cut[0]["event"]["type"], &cut[0]["event"]["devices"]),
        (&json!("disconnected"), &json!([]))
    );
    let out = told(Format::GowaStatus, stands(SessionState::LoggedOut));
    assert_eq!(out[0]["device"]["status"], "error");
    assert_eq!(
        out[0]["event"],
        json!({
            "type": "auth_failed",
            "code": "AUTH_FAILURE",
            "message": "Authentication failed",
            "error": { "reason": "logged_out", "details": "Authentication failed" },
        })
    );
}

/// A webhook waits for nothing of which its format would then have nothing to say, and misses nothing of what it has.
#[test]
fn a_format_says_what_its_types_promise() {
    let mut kinds: Vec<EventKind> = [
        ReceiptStatus::ServerAck,
        ReceiptStatus::Delivered,
        ReceiptStatus::Read,
        ReceiptStatus::Played,
    ]
    .map(receipt)
    .into();
    kinds.extend(
        [
            SessionState::Unlinked,
            SessionState::Pairing,
            SessionState::Connecting,
            SessionState::Connected,
            SessionState::Disconnected,
            SessionState::LoggedOut,
            SessionState::Replaced,
            SessionState::Banned { until: None },
            SessionState::Outdated,
        ]
        .map(stands),
    );
    kinds.push(said(message(ADA, text("hello"))));
    kinds.push(said(message(ADA, Content::Revoke(key(ADA, "3EB00")))));
    for kind in kinds {
        let its = EventType::of(&kind);
        for format in Format::ALL {
            let says = !told(format, kind.clone()).is_empty();
            // What is revoked has an event of its own in some formats and is no message in the others.
            let wanted = told_types(format).has(its);
            assert!(says || !wanted, "{} promises {its:?}", format.name());
            if its.name() != "message.revoked" {
                assert_eq!(says, wanted, "{} and {its:?}", format.name());
            }
        }
    }
    for format in Format::ALL {
        assert!(!told_types(format).is_empty(), "{}", format.name());
    }
}

#[tokio::test]
async fn what_is_told_in_parts_is_told_again_from_its_beginning() {
    let server = Server::answering(&[200, 500]).await;
    let bench = Bench::start().await;
    let webhook = bench
        .webhook(&server, |webhook| webhook.format = Format::MultiSessionRest)
        .await;
    let event = bench.happens(receipt(ReceiptStatus::Read)).await;
    bench.pass_until(async || server.heard().len() == 4).await;
    bench.done(webhook, event.position).await;
    let heard = server.heard();
    let ids: Vec<&str> = heard.iter().map(|request| header(request, "webhook-id")).collect();
    let (first, second) = (format!("{}.1", event.id), format!("{}.2", event.id));
    assert_eq!(ids, [&*first, &*second, &*first, &*second]);
    for request in &heard {
        let (_, body) = request.split_once("\r\n\r\n").expect("a body");
        let code = hmac::hex(&hmac::sha256(SIGNING.as_bytes(), &[body.as_bytes()]));
        assert_eq!(header(request, "x-webhook-signature"), format!("sha256={code}"));
        assert_eq!(header(request, "x-webhook-event"), "message.read");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_status_is_signed_with_the_bare_code() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    bench
        .webhook(&server, |webhook| webhook.format = Format::GowaStatus)
        .await;
    bench.hears(ADA, "nobody is told of this").await;
    bench.happens(stands(SessionState::Connected)).await;
    bench.until(async || !server.heard().is_empty()).await;
    let request = server.heard().remove(0);
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    let code = hmac::hex(&hmac::sha256(SIGNING.as_bytes(), &[body.as_bytes()]));
    assert_eq!(header(&request, "x-webhook-signature"), code);
    assert_eq!(bench::json(&request)["event"]["type"], "connected");
    bench.stop().await;
}
