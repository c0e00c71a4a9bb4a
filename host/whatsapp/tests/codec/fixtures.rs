//! One of everything as the wire has it, built by hand, and what it is read as.

/// A message with one field.
macro_rules! message {
    ($field:ident: $($value:tt)+) => {
        whatsapp_rust::waproto::whatsapp::Message {
            $field: whatsapp_rust::buffa::MessageField::some($($value)+),
            ..Default::default()
        }
    };
}

mod deeds;
mod files;
mod interactive;
mod people;
mod places;
mod polls;
mod shops;
mod words;

use std::collections::BTreeSet;

use waspnest_core::message::{Content, Origin, PollKind, Unknown};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message as m;

use crate::sealed::{annas_vote, my_answer};
use crate::world::{
    ANNA, GROUP, ME, NEWSLETTER, SECRET, anna, anna_in_group, assert_same, from_anna, key, me, mine, over_the_wire,
    read, stanza, wire_key,
};

fn some<T: Default>(part: T) -> MessageField<T> {
    MessageField::some(part)
}

fn said(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn wrapped(inner: wa::Message) -> MessageField<m::FutureProofMessage> {
    some(m::FutureProofMessage { message: some(inner) })
}

/// Anna's message in the group, and what it says.
type Fixture = (wa::Message, Content);

/// A key in the group as Anna writes it: of the account's message.
fn annas_key() -> MessageField<wa::MessageKey> {
    some(wire_key(GROUP, "3EB0MINE", Some(false), Some(ME)))
}

fn my_key() -> waspnest_core::message::MessageKey {
    key(GROUP, "3EB0MINE", Origin::Me, Some(ME))
}

/// Everything Anna may send to the group.
pub(crate) fn all() -> Vec<Fixture> {
    [
        words::all(),
        files::all(),
        places::all(),
        people::all(),
        polls::all(),
        shops::all(),
        deeds::all(),
        interactive::all(),
    ]
    .concat()
}

#[test]
fn everything_is_read_from_the_wire() {
    for (message, wanted) in all() {
        assert_same(&read(&message, &anna_in_group()).content, &wanted);
    }
}

#[test]
fn every_kind_has_a_fixture() {
    let mut seen: BTreeSet<_> = all().iter().map(|(_, content)| content.kind()).collect();
    for (_, content) in [annas_vote(), my_answer()] {
        seen.insert(content.kind());
    }
    seen.insert(read(&unheard_of(), &from_anna()).content.kind());
    assert_eq!(seen, Content::KINDS.iter().copied().collect::<BTreeSet<_>>());
}

fn unheard_of() -> wa::Message {
    message!(bcall_message: m::BCallMessage { caption: said("Ring"), ..Default::default() })
}

#[test]
fn what_has_no_kind_keeps_its_name_and_parts() {
    let message = unheard_of();
    let mut raw = Vec::new();
    whatsapp_rust::waproto::codec::message_encode_into(&message, &mut raw);
    assert_same(
        &read(&message, &from_anna()).content,
        &Content::Other(Unknown {
            kind: "bcallMessage".into(),
            text: None,
            json: Some(r#"{"caption":"Ring"}"#.into()),
            raw: Some(raw),
        }),
    );
}

#[test]
fn what_is_sealed_opens_to_its_kind() {
    for ((message, wanted), info, author) in [(annas_vote(), anna_in_group(), me()), (my_answer(), mine(ANNA), anna())]
    {
        let message = over_the_wire(&message);
        let sealed = waspnest_whatsapp::decode::sealed::find(&message, &info, Some(&me())).expect("sealed");
        let opened = sealed.open(&SECRET, &author, Some(&crate::samples::poll()));
        assert_same(&opened.expect("it opens"), &wanted);
    }
}

#[test]
fn polls_of_a_newsletter_are_its_own_kind() {
    let (message, _) = polls::all().swap_remove(0);
    match read(&message, &stanza(NEWSLETTER, NEWSLETTER, Origin::Them)).content {
        Content::Poll(poll) => assert_eq!(poll.kind, PollKind::Newsletter),
        other => panic!("{other:?}"),
    }
}
