use super::*;
use crate::address::Party;
use crate::codec;
use crate::fixture::jid;
use crate::message::{Origin, Text};

/// The bytes of the cases that came after schema 1 was written down. Never edited; new cases go to the end.
const STORED: &str = include_str!("stored_form.txt");

const ADA: &str = "4915100000001@s.whatsapp.net";

fn key(from: Origin) -> MessageKey {
    MessageKey {
        chat: jid(ADA),
        id: "A1".parse().expect("an id"),
        from,
        participant: None,
    }
}

fn words() -> Content {
    Content::Text(Text {
        body: "secret words".into(),
        preview: None,
    })
}

fn later_cases() -> Vec<Action> {
    let send = Send {
        to: jid(ADA),
        content: words(),
        quote: None,
        mentions: Vec::new(),
        ephemeral_s: None,
        typing_ms: None,
    };
    vec![
        Action::Change(Change::Edit {
            target: key(Origin::Me),
            content: Box::new(words()),
        }),
        Action::Change(Change::Revoke {
            target: key(Origin::Me),
        }),
        Action::Change(Change::Vote(Box::new(Vote {
            poll: key(Origin::Them),
            author: Party::known_as(jid(ADA)),
            selected: vec!["secret choice".into()],
        }))),
        Action::Change(Change::Pin {
            target: key(Origin::Them),
            seconds: Some(86_400),
        }),
        Action::Change(Change::Star {
            target: key(Origin::Them),
            starred: true,
        }),
        Action::SendMarked(Box::new(Marked {
            send,
            forwarded_score: 2,
            view_once: true,
        })),
        Action::SendRaw(Box::new(Raw {
            to: jid(ADA),
            message: b"secret".to_vec(),
            typing_ms: None,
        })),
        Action::Webhook(Box::new(Webhook {
            endpoint: "crm".parse().expect("a name"),
            event: "booked".into(),
            data: "{\"secret\":1}".into(),
            chat: Some(jid(ADA)),
        })),
    ]
}

#[test]
fn the_bytes_of_later_cases_are_written_down() {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let written: Vec<_> = later_cases()
        .iter()
        .map(|action| format!("{} {}", action.name(), hex(&codec::encode_as(1, action))))
        .collect();
    assert_eq!(written.join("\n"), STORED.trim_end());
}

#[test]
fn an_action_knows_its_chat_and_hides_its_words() {
    for action in later_cases() {
        assert_eq!(action.chat(), Some(&jid(ADA)), "{action:?}");
        assert!(!format!("{action:?}").contains("secret"), "{action:?}");
    }
}
