//! What `messaging` drafts, and what it refuses.

use waspnest_core::effect::Action;
use waspnest_core::id::EffectId;
use waspnest_core::message::Content;

use super::fixture::{Answers, CHAT, Stored, call, call_over, key};
use crate::bindings::waspnest::plugin::messaging::{Host, Options, Outgoing, When};
use crate::bindings::waspnest::plugin::types::{Attr, ContactCard, Error, Geo, Poll, PollKind, Text};
use crate::limits::{EFFECTS, FLOOD, TEXT_BYTES};
use crate::state::Flood;

fn text(body: &str) -> Outgoing {
    Outgoing::Text(Text {
        body: body.to_owned(),
        preview: None,
    })
}

fn options() -> Options {
    Options {
        session: None,
        quote: None,
        mentions: Vec::new(),
        ephemeral_s: None,
        when: When::OnCommit,
        idempotency_key: None,
        typing_ms: None,
        attrs: Vec::new(),
    }
}

#[tokio::test]
async fn a_message_id_is_that_of_its_effect() {
    let mut call = call();
    let event = call.call.event;
    for index in 0..3 {
        let id = call
            .send(CHAT.to_owned(), text("hello"), None)
            .await
            .expect("no trap")
            .expect("accepted");
        let installation = "tested".parse().expect("an id");
        assert_eq!(id, EffectId::derive(event, &installation, index).message_id().as_str());
    }
    // A refusal takes no place, so the ids after it do not move.
    call.send("nobody".to_owned(), text("hello"), None)
        .await
        .expect("no trap")
        .expect_err("not an address");
    assert_eq!(call.call.draft.effects.len(), 3);
}

#[tokio::test]
async fn places_contacts_and_polls_can_be_sent() {
    let mut call = call();
    let geo = Geo {
        latitude: 1.0,
        longitude: 2.0,
        accuracy_m: None,
        name: None,
        address: None,
        url: None,
    };
    let card = ContactCard {
        display_name: "Ada".to_owned(),
        vcard: "BEGIN:VCARD".to_owned(),
        phones: Vec::new(),
    };
    let poll = Poll {
        kind: PollKind::Regular,
        name: "when?".to_owned(),
        options: vec!["now".to_owned(), "later".to_owned()],
        max_choices: 1,
        ends_at: None,
        correct: None,
        hide_voters: false,
        can_add_options: false,
    };
    for what in [
        Outgoing::Location(geo),
        Outgoing::Contacts(vec![card]),
        Outgoing::Poll(poll),
    ] {
        call.send(CHAT.to_owned(), what, None)
            .await
            .expect("no trap")
            .expect("accepted");
    }
    let kinds: Vec<_> = call
        .call
        .draft
        .effects
        .iter()
        .map(|action| match action {
            Action::Send(send) => send.content.kind(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["location", "contacts", "poll"]);
}

#[tokio::test]
async fn wrong_options_are_refused_by_name() {
    let elsewhere = key("4915187654321@s.whatsapp.net", "X", None);
    let mut foreign = key(CHAT, "X", None);
    foreign.session = "other".to_owned();
    let attr = Attr {
        name: "colour".to_owned(),
        value: "red".to_owned(),
    };
    for (wrong, says) in [
        (
            Options {
                session: Some("other".to_owned()),
                ..options()
            },
            "session",
        ),
        (
            Options {
                quote: Some(elsewhere),
                ..options()
            },
            "options.quote",
        ),
        (
            Options {
                quote: Some(foreign),
                ..options()
            },
            "another session",
        ),
        (
            Options {
                mentions: vec!["nobody".to_owned()],
                ..options()
            },
            "options.mentions",
        ),
        (
            Options {
                when: When::Now,
                idempotency_key: Some("k".to_owned()),
                ..options()
            },
            "options.idempotency-key",
        ),
        (
            Options {
                idempotency_key: Some(String::new()),
                ..options()
            },
            "options.idempotency-key",
        ),
        (
            Options {
                typing_ms: Some(3_600_000),
                ..options()
            },
            "options.typing-ms",
        ),
        (
            Options {
                attrs: vec![attr],
                ..options()
            },
            "colour",
        ),
    ] {
        let mut call = call();
        let refusal = call
            .send(CHAT.to_owned(), text("hello"), Some(wrong))
            .await
            .expect("no trap")
            .expect_err(says);
        assert!(format!("{refusal:?}").contains(says), "{refusal:?}");
        assert!(call.call.draft.effects.is_empty());
    }
}

#[tokio::test]
async fn texts_have_a_length() {
    let mut call = call();
    let refusal = call
        .send(CHAT.to_owned(), text(""), None)
        .await
        .expect("no trap")
        .expect_err("empty");
    assert!(matches!(refusal, Error::Invalid(_)));
    let refusal = call
        .send(CHAT.to_owned(), text(&"x".repeat(TEXT_BYTES + 1)), None)
        .await
        .expect("no trap")
        .expect_err("too long");
    assert!(matches!(refusal, Error::TooLarge(65_536)));
    call.send(CHAT.to_owned(), text(&"x".repeat(TEXT_BYTES)), None)
        .await
        .expect("no trap")
        .expect("just right");
    assert!(matches!(&call.call.draft.effects[0], Action::Send(send) if matches!(send.content, Content::Text(_))));
}

#[tokio::test]
async fn past_the_budget_comes_quota_and_past_that_the_end() {
    let mut call = call();
    for _ in 0..EFFECTS {
        call.react(key(CHAT, "X", None), None)
            .await
            .expect("no trap")
            .expect("within the budget");
    }
    for _ in EFFECTS..EFFECTS * FLOOD {
        let refusal = call
            .react(key(CHAT, "X", None), None)
            .await
            .expect("no trap")
            .expect_err("past the budget");
        assert!(matches!(refusal, Error::Quota(_)));
    }
    let end = call.react(key(CHAT, "X", None), None).await.expect_err("a flood");
    assert!(end.is::<Flood>());
    assert_eq!(call.call.draft.effects.len(), EFFECTS as usize);
}

#[tokio::test]
async fn read_marks_are_grouped_by_author() {
    let group = "120363000000000001@g.us";
    let (ada, bob) = (
        Some("4915111111111@s.whatsapp.net"),
        Some("4915122222222@s.whatsapp.net"),
    );
    let mut call = call();
    let targets = vec![key(group, "1", ada), key(group, "2", bob), key(group, "3", ada)];
    call.mark_read(targets).await.expect("no trap").expect("accepted");
    let sizes: Vec<_> = call
        .call
        .draft
        .effects
        .iter()
        .map(|action| match action {
            Action::MarkRead { targets } => targets.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [2, 1]);
    let refusal = call
        .mark_read(vec![key(group, "1", ada), key(CHAT, "2", None)])
        .await
        .expect("no trap")
        .expect_err("two chats");
    assert!(format!("{refusal:?}").contains("more than one chat"));
    assert_eq!(call.call.draft.effects.len(), 2);
}

#[tokio::test]
async fn a_known_key_answers_the_first_message() {
    let mut call = call();
    let known = Options {
        idempotency_key: Some("known".to_owned()),
        ..options()
    };
    let id = call
        .send(CHAT.to_owned(), text("hello"), Some(known))
        .await
        .expect("no trap");
    assert_eq!(id.expect("accepted"), "SENT");
    assert!(call.call.draft.effects.is_empty() && call.call.draft.sent_keys.is_empty());
}

#[tokio::test]
async fn what_leaves_at_once_is_not_in_the_draft() {
    let answers = Answers::default();
    let mut call = call_over(Stored {
        answers: answers.clone(),
        ..Stored::default()
    });
    let now = Options {
        when: When::Now,
        ..options()
    };
    for _ in 0..2 {
        let id = call
            .send(CHAT.to_owned(), text("hello"), Some(now.clone()))
            .await
            .expect("no trap");
        let (left, _) = answers.left().pop().expect("it left");
        assert_eq!(id.expect("accepted"), left.message_id().as_str());
    }
    assert_eq!(answers.left().len(), 2, "the same twice in one call is two messages");
    assert!(call.call.draft.effects.is_empty());
}
