//! Reading what is written gives the same again.

use std::collections::BTreeSet;

use waspnest_core::effect::{Marked, QuoteOf, Send};
use waspnest_core::message::{Content, Media, Origin, Poll};
use waspnest_whatsapp::encode::{self, EncodeError, Extras};

use crate::samples::{film, not_sendable, picture, poll, sendable, targets};
use crate::world::{
    ANNA, BEN, GROUP, ME, account, assert_same, at, envelope, key, mine, over_the_wire, read, text_content,
};

#[test]
fn what_is_written_reads_back_the_same() {
    for chat in [ANNA, GROUP] {
        let to = at(chat);
        for content in sendable(&to) {
            let message = encode::content(&content, &envelope(&to, account())).expect("it can be sent");
            assert_same(&read(&message, &mine(chat)).content, &content);
        }
    }
}

#[test]
fn every_kind_is_written_or_refused_by_name() {
    let to = at(ANNA);
    let written: BTreeSet<_> = sendable(&to).iter().map(Content::kind).collect();
    let mut refused = BTreeSet::new();
    for content in not_sendable(&to) {
        match encode::content(&content, &envelope(&to, account())) {
            Err(EncodeError::NotSendable { kind, .. }) => assert_eq!(kind, content.kind()),
            other => panic!("{} gave {other:?}", content.kind()),
        }
        refused.insert(content.kind());
    }
    assert!(written.is_disjoint(&refused), "{:?}", written.intersection(&refused));
    let known: BTreeSet<_> = written.union(&refused).copied().collect();
    assert_eq!(known, Content::KINDS.iter().copied().collect::<BTreeSet<_>>());
}

#[test]
fn lengths_and_moments_are_whole_seconds_on_the_wire() {
    let to = at(ANNA);
    let video = Content::Video(Media {
        duration_ms: Some(11_500),
        ..film()
    });
    let message = encode::content(&video, &envelope(&to, account())).expect("it can be sent");
    assert_same(
        &read(&message, &mine(ANNA)).content,
        &Content::Video(Media {
            duration_ms: Some(12_000),
            ..film()
        }),
    );
}

#[test]
fn extras_read_back_the_same() {
    for chat in [ANNA, GROUP] {
        let to = at(chat);
        let [theirs, ours] = targets(&to);
        for (target, sender) in [(&theirs, at(ANNA)), (&ours, at(ME))] {
            let quote = QuoteOf {
                key: target.clone(),
                sender: sender.clone(),
                content: Some(Box::new(Content::Image(picture()))),
            };
            let extras = Extras {
                quote: Some(&quote),
                mentions: &[at(BEN)],
                mentions_all: true,
                ephemeral_s: Some(86_400),
                forwarded_score: 3,
                spoiler: true,
                album_of: Some(&ours),
                thread: Some(&theirs),
                view_once: true,
            };
            let content = Content::Image(picture());
            let message = encode::with_extras(&content, &extras, &envelope(&to, account()))
                .expect("a picture carries everything");
            let message = read(&message, &mine(chat));
            assert_same(&message.content, &content);
            let quoted = message.quoted.expect("a quote");
            assert_eq!(quoted.key, *target);
            assert_eq!(quoted.sender, sender);
            assert_eq!(&*quoted.kind, "image");
            assert_eq!(quoted.text.as_deref(), Some("At the lake"));
            assert_eq!(message.mentions, [at(BEN)]);
            assert!(message.mentions_all && !message.mentions_me);
            assert_eq!(message.ephemeral_s, Some(86_400));
            assert_eq!(message.forwarded_score, 3);
            assert!(message.spoiler && message.view_once);
            assert_eq!(message.album_of.as_ref(), Some(&ours));
            assert_eq!(message.thread.as_ref(), Some(&theirs));
        }
    }
}

#[test]
fn a_send_answers_across_chats() {
    let to = at(ANNA);
    let asked = key(GROUP, "3EB0GROUP", Origin::Them, Some(BEN));
    let send = Send {
        to: to.clone(),
        content: text_content("Between us"),
        quote: Some(QuoteOf {
            key: asked.clone(),
            sender: at(BEN),
            content: None,
        }),
        mentions: vec![],
        ephemeral_s: None,
        typing_ms: None,
    };
    let message = encode::message(&send, &envelope(&to, account())).expect("text can be sent");
    let message = read(&message, &mine(ANNA));
    assert_same(&message.content, &send.content);
    let quoted = message.quoted.expect("a quote");
    assert_eq!((quoted.key, quoted.sender, &*quoted.kind), (asked, at(BEN), "other"));
}

#[test]
fn bare_text_is_the_smallest_message() {
    let to = at(ANNA);
    let message = encode::content(&text_content("Hi"), &envelope(&to, account())).expect("text can be sent");
    assert_eq!(over_the_wire(&message), crate::world::text("Hi"));
}

#[test]
fn an_edit_reads_back_with_its_target() {
    for chat in [ANNA, GROUP] {
        let to = at(chat);
        let [theirs, ours] = targets(&to);
        let envelope = envelope(&to, account());
        let message = encode::edit(&ours, &text_content("Better"), &envelope).expect("text can be edited");
        let message = read(&message, &mine(chat));
        assert_same(&message.content, &text_content("Better"));
        assert_eq!(message.edit_of, Some(ours));
        let refused = encode::edit(&theirs, &text_content("Better"), &envelope);
        assert!(matches!(refused, Err(EncodeError::NotSendable { .. })), "{refused:?}");
    }
}

#[test]
fn a_quoted_poll_does_not_carry_a_secret() {
    let to = at(ANNA);
    let quote = QuoteOf {
        key: key(ANNA, "3EB0POLL", Origin::Me, None),
        sender: at(ME),
        content: Some(Box::new(Content::Poll(poll()))),
    };
    let extras = Extras {
        quote: Some(&quote),
        ..Extras::default()
    };
    let message = encode::with_extras(&text_content("Vote!"), &extras, &envelope(&to, account())).expect("text quotes");
    let context = &message.extended_text_message.context_info;
    assert!(context.quoted_message.poll_creation_message_v3.is_set());
    assert!(context.quoted_message.message_context_info.is_unset());
}

#[test]
fn a_poll_carries_the_given_secret() {
    let to = at(ANNA);
    let message = encode::content(&Content::Poll(Poll { ..poll() }), &envelope(&to, account())).expect("a poll");
    let secret = message.message_context_info.message_secret.as_deref();
    assert_eq!(secret, Some(&crate::world::SECRET[..]));
}

#[test]
fn keys_name_an_author_only_where_it_is_somebody_else_among_several() {
    let written = |target| {
        let message = encode::reaction(target, Some("👍"), waspnest_core::clock::UnixMs(1));
        let key = message.reaction_message.key.clone();
        (key.from_me, key.participant.clone())
    };
    let [theirs, ours] = targets(&at(GROUP));
    assert_eq!(written(&theirs), (Some(false), Some(ANNA.to_owned())));
    assert_eq!(written(&ours), (Some(true), None));
    let [theirs, ours] = targets(&at(ANNA));
    assert_eq!(written(&theirs), (Some(false), None));
    assert_eq!(written(&ours), (Some(true), None));
}

#[test]
fn what_is_passed_on_says_so() {
    let to = at(ANNA);
    let marked = Marked {
        send: Send {
            to: to.clone(),
            content: text_content("Tell everybody"),
            quote: None,
            mentions: Vec::new(),
            ephemeral_s: Some(86_400),
            typing_ms: None,
        },
        forwarded_score: 3,
        view_once: false,
    };
    let message = encode::marked(&marked, &envelope(&to, account())).expect("it can be sent");
    let read = read(&message, &mine(ANNA));
    assert_same(&read.content, &marked.send.content);
    assert_eq!((read.forwarded_score, read.ephemeral_s), (3, Some(86_400)));
}

#[test]
fn what_may_be_seen_once_says_so() {
    let to = at(ANNA);
    let mut marked = Marked {
        send: Send {
            to: to.clone(),
            content: Content::Image(picture()),
            quote: None,
            mentions: Vec::new(),
            ephemeral_s: None,
            typing_ms: None,
        },
        forwarded_score: 0,
        view_once: true,
    };
    let message = encode::marked(&marked, &envelope(&to, account())).expect("it can be sent");
    assert!(read(&message, &mine(ANNA)).view_once);
    marked.send.content = text_content("Look");
    let refused = encode::marked(&marked, &envelope(&to, account()));
    assert!(
        matches!(refused, Err(EncodeError::Invalid { kind: "text", .. })),
        "{refused:?}"
    );
}

#[test]
fn an_encoded_message_is_taken_as_it_is() {
    let message = crate::world::text("Hi");
    let mut bytes = Vec::new();
    whatsapp_rust::waproto::codec::message_encode_into(&message, &mut bytes);
    assert_eq!(encode::raw(&bytes), Ok(message));
    for wrong in [&b""[..], b"\xff\xff\xff", b"nonsense"] {
        assert!(
            matches!(encode::raw(wrong), Err(EncodeError::Invalid { kind: "raw", .. })),
            "{wrong:?}"
        );
    }
}
