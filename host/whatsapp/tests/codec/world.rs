//! The people, chats and stanzas of these tests.

use std::fmt::Debug;

use serde::Serialize;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{Content, Message, MessageKey, Origin};
use waspnest_whatsapp::decode::{self, Decoded};
use waspnest_whatsapp::encode::Envelope;
use waspnest_whatsapp::jid;
use whatsapp_rust::types::message::{MessageInfo, MessageSource};
use whatsapp_rust::wacore::chrono::DateTime;
use whatsapp_rust::waproto::{codec, whatsapp as wa};

pub(crate) const ME: &str = "491700000000@s.whatsapp.net";
pub(crate) const MY_LID: &str = "90000000000001@lid";
pub(crate) const ANNA: &str = "491510000001@s.whatsapp.net";
pub(crate) const ANNAS_LID: &str = "10000000000001@lid";
pub(crate) const BEN: &str = "491510000002@s.whatsapp.net";
pub(crate) const GROUP: &str = "120363000000000001@g.us";
pub(crate) const NEWSLETTER: &str = "120363000000000009@newsletter";
pub(crate) const SECRET: [u8; 32] = [7; 32];

pub(crate) fn at(text: &str) -> Jid {
    text.parse().expect("an address")
}

pub(crate) fn me() -> Party {
    Party {
        jid: at(ME),
        alt: Some(at(MY_LID)),
        push_name: None,
    }
}

pub(crate) fn anna() -> Party {
    Party {
        jid: at(ANNA),
        alt: Some(at(ANNAS_LID)),
        push_name: Some("Anna".into()),
    }
}

/// A stanza of one second of 2026, from `sender` in `chat`.
pub(crate) fn stanza(chat: &str, sender: &str, from: Origin) -> MessageInfo {
    let wire = |text: &str| jid::to_wire(&at(text));
    MessageInfo {
        source: MessageSource {
            chat: wire(chat),
            sender: wire(sender),
            is_from_me: from == Origin::Me,
            is_group: chat.ends_with("@g.us"),
            sender_alt: (sender == ANNA).then(|| wire(ANNAS_LID)),
            recipient: (from == Origin::Me).then(|| wire(chat)),
            ..Default::default()
        },
        id: "3EB0AAAA".to_owned(),
        push_name: if sender == ANNA {
            "Anna".to_owned()
        } else {
            String::new()
        },
        timestamp: DateTime::from_timestamp(1_790_000_000, 0).expect("a moment"),
        ..Default::default()
    }
}

pub(crate) fn from_anna() -> MessageInfo {
    stanza(ANNA, ANNA, Origin::Them)
}

pub(crate) fn anna_in_group() -> MessageInfo {
    stanza(GROUP, ANNA, Origin::Them)
}

/// What another device of the account sent to `chat`.
pub(crate) fn mine(chat: &str) -> MessageInfo {
    stanza(chat, ME, Origin::Me)
}

/// A message as it comes out of decryption: bytes, parsed.
pub(crate) fn over_the_wire(message: &wa::Message) -> wa::Message {
    let mut bytes = Vec::new();
    codec::message_encode_into(message, &mut bytes);
    codec::message_decode(&bytes).expect("what was written can be read")
}

pub(crate) fn read(message: &wa::Message, info: &MessageInfo) -> Message {
    match decode::message(&over_the_wire(message), info, Some(&me())) {
        Decoded::Message(message) => *message,
        other @ (Decoded::Protocol | Decoded::Unaddressed) => panic!("no message: {other:?}"),
    }
}

pub(crate) fn envelope<'a>(to: &'a Jid, me: &'a Party) -> Envelope<'a> {
    Envelope {
        to,
        me: Some(me),
        now: UnixMs(1_790_000_000_000),
        secret: SECRET,
    }
}

pub(crate) fn account() -> &'static Party {
    static ACCOUNT: std::sync::LazyLock<Party> = std::sync::LazyLock::new(me);
    &ACCOUNT
}

/// A key of the wire.
pub(crate) fn wire_key(chat: &str, id: &str, from_me: Option<bool>, participant: Option<&str>) -> wa::MessageKey {
    wa::MessageKey {
        remote_jid: Some(chat.to_owned()),
        from_me,
        id: Some(id.to_owned()),
        participant: participant.map(str::to_owned),
    }
}

pub(crate) fn key(chat: &str, id: &str, from: Origin, participant: Option<&str>) -> MessageKey {
    MessageKey {
        chat: at(chat),
        id: id.parse().expect("an id"),
        from,
        participant: participant.map(at),
    }
}

/// Content hides its words; a failing test has to show them.
#[track_caller]
pub(crate) fn assert_same<T: PartialEq + Serialize + Debug>(found: &T, wanted: &T) {
    if found != wanted {
        let show = |value: &T| serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
        panic!("found {}\nwanted {}", show(found), show(wanted));
    }
}

pub(crate) fn text(body: &str) -> wa::Message {
    wa::Message {
        conversation: Some(body.to_owned()),
        ..Default::default()
    }
}

pub(crate) fn text_content(body: &str) -> Content {
    Content::Text(waspnest_core::message::Text {
        body: body.into(),
        preview: None,
    })
}
