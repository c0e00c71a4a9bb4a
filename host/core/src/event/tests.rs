use super::*;
use crate::codec;
use crate::fixture::{NOON, SESSION, World, jid, message};
use crate::message::{MessageKey, Origin};

const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const BOB: &str = "4915100000002@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

/// The bytes of one of each case that came after the first schema. Lines are added at the end and never changed.
const STORED: &str = include_str!("stored_form.txt");

fn ada() -> Party {
    Party {
        jid: jid(ADA_LID),
        alt: Some(jid(ADA)),
        push_name: None,
    }
}

fn key() -> MessageKey {
    MessageKey {
        chat: jid(GROUP),
        id: "A1".parse().expect("an id"),
        from: Origin::Them,
        participant: Some(jid(ADA)),
    }
}

fn receipt(chat: &str, by: Party) -> EventKind {
    EventKind::Receipt(Receipt {
        chat: jid(chat),
        messages: vec!["A1".parse().expect("an id")],
        status: ReceiptStatus::Read,
        by: Some(by),
        at: NOON,
    })
}

/// One of each case that came after the first schema.
fn later_cases() -> Vec<EventKind> {
    vec![
        receipt(ADA_LID, ada()),
        EventKind::Receipt(Receipt {
            chat: jid(ADA),
            messages: vec!["A1".parse().expect("an id"), "A2".parse().expect("an id")],
            status: ReceiptStatus::Failed {
                reason: "no".into(),
                code: Some(463),
            },
            by: None,
            at: NOON,
        }),
        EventKind::Group(GroupEvent {
            group: jid(GROUP),
            change: GroupChange::Setting(GroupSetting::AnnouncementsOnly, Switch::On),
            actor: Some(ada()),
            targets: vec![Party::known_as(jid(BOB))],
            at: NOON,
        }),
        EventKind::Presence(Presence {
            chat: jid(ADA),
            who: ada(),
            state: PresenceState::Typing,
            last_seen: None,
        }),
        EventKind::Contact(ContactEvent {
            who: ada(),
            change: ContactChange::Devices(DeviceChange::Removed),
            at: NOON,
        }),
        EventKind::Chat(ChatEvent {
            chat: Some(jid(GROUP)),
            change: ChatChange::Starred {
                on: Switch::Off,
                message: key(),
            },
            at: NOON,
        }),
        EventKind::Call(CallEvent {
            id: "C1".into(),
            caller: ada(),
            group: None,
            media: Some(CallMedia::Video),
            state: CallState::Offered,
            at: NOON,
        }),
        EventKind::Session(SessionEvent {
            state: SessionState::Banned { until: Some(NOON) },
            reason: Some("spam".into()),
        }),
        EventKind::Topic(Box::new(TopicEvent {
            topic: "orders.placed".parse().expect("a name"),
            publisher: "shop".parse().expect("an id"),
            body: b"secret".to_vec(),
            hops: 2,
            origin: Some(TimerOrigin {
                chat: jid(ADA),
                sender: None,
            }),
        })),
        EventKind::Request(Box::new(RequestEvent {
            installation: "shop".parse().expect("an id"),
            method: "POST".into(),
            path: "/paid".into(),
            query: Some("order=secret".into()),
            headers: vec![("content-type".into(), "text/plain".into())],
            body: b"secret".to_vec(),
        })),
    ]
}

#[test]
fn the_bytes_of_later_cases_are_written_down() {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let written: Vec<_> = later_cases()
        .iter()
        .map(|kind| format!("{} {}", kind.name(), hex(&codec::encode_as(1, kind))))
        .collect();
    assert_eq!(written.join("\n"), STORED.trim_end());
}

#[test]
fn every_name_of_a_status_or_a_state_is_listed() {
    let failed = ReceiptStatus::Failed {
        reason: "".into(),
        code: None,
    };
    let statuses = [
        ReceiptStatus::ServerAck,
        ReceiptStatus::Delivered,
        ReceiptStatus::Read,
        ReceiptStatus::Played,
        failed,
    ];
    assert_eq!(statuses.map(|status| status.name()), ReceiptStatus::NAMES);
    for kind in later_cases() {
        let listed = match &kind {
            EventKind::Group(event) => GroupChange::NAMES.contains(&event.change.name()),
            EventKind::Presence(presence) => PresenceState::NAMES.contains(&presence.state.name()),
            EventKind::Contact(event) => ContactChange::NAMES.contains(&event.change.name()),
            EventKind::Chat(event) => ChatChange::NAMES.contains(&event.change.name()),
            EventKind::Call(call) => CallState::NAMES.contains(&call.state.name()),
            EventKind::Session(event) => SessionState::NAMES.contains(&event.state.name()),
            EventKind::Message(_)
            | EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => true,
        };
        assert!(listed, "{kind:?}");
    }
}

#[test]
fn what_people_write_is_not_in_debug() {
    let change = GroupChange::Subject("secret plans".into());
    assert_eq!(format!("{change:?}"), "GroupChange(\"subject\")");
    for kind in later_cases() {
        assert!(!format!("{kind:?}").contains("secret"), "{kind:?}");
    }
}

#[tokio::test]
async fn an_event_is_ordered_with_the_messages_of_its_chat() {
    let world = World::in_memory();
    // The pair is learned from whatever tells it first.
    let told = world.receive(receipt(ADA_LID, ada())).await.expect("recorded");
    let message = world.receive(message(ADA_LID, "A1", "hi")).await.expect("recorded");
    let bare = world
        .receive(receipt(ADA_LID, Party::known_as(jid(ADA_LID))))
        .await
        .expect("recorded");
    for event in [&told, &message, &bare] {
        assert_eq!(event.kind.chat(), Some(&jid(ADA)), "{event:?}");
    }
    assert_eq!(bare.kind.person(), Some(&ada()));
    let stored = world.log.read(SESSION, Position(0), 10).await.expect("it reads");
    assert_eq!(stored, [told, message, bare]);
}
