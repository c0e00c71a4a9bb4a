//! What a real guest can have done to messages that exist, and what it is refused.

use waspnest_core::effect::{Action, Change};
use waspnest_core::event::EventKind;
use waspnest_core::message::{Content, Message, Origin, Poll, PollKind};
use waspnest_engine::{Grants, Installation};

use crate::kit::{Rig, message};

/// The words of the hostile guest that change something, what each needs, and the name of what comes of it.
const WORDS: [(&str, &str, &str); 7] = [
    ("edit 3EB0", "messages.edit", "edit"),
    ("revoke 3EB0", "messages.revoke", "revoke"),
    ("vote POLL Soup", "messages.vote", "vote"),
    ("pin 3EB0", "messages.pin", "pin"),
    ("unpin", "messages.pin", "pin"),
    ("star-theirs", "messages.star", "star"),
    ("raw R", "messages.raw", "send_raw"),
];

fn with_grants(grants: &'static str) -> impl FnOnce(&mut waspnest_engine::InstallationSpec) {
    let everything = r#"
        "messages.send" = true
        "messages.react" = true
        "messages.read" = true
        "messages.typing" = true
        kv = true
        schedule = true
    "#;
    move |spec| {
        let table = toml::from_str(&format!("{everything}{grants}")).expect("a table");
        spec.grants = Grants::from_toml("plugin.grants", &table).expect("grants");
    }
}

fn poll() -> Message {
    let mut asked = message("4915112345678", "");
    asked.key.id = "POLL".parse().expect("an id");
    asked.content = Content::Poll(Poll {
        kind: PollKind::Regular,
        name: "Lunch?".into(),
        options: vec!["Soup".into(), "Salad".into()],
        max_choices: 1,
        ends_at: None,
        correct: None,
        hide_voters: false,
        can_add_options: false,
    });
    asked
}

/// What the guest drafts before its answer, and the answer.
async fn drafted(rig: &Rig, hostile: &Installation, word: &str) -> (Vec<Action>, String) {
    let draft = rig.call(hostile, &rig.text(word)).await.expect("it answers");
    let mut effects = draft.effects;
    let answer = effects.pop().expect("an answer");
    let answer = answer
        .sent()
        .and_then(|send| send.content.plain_text())
        .map(str::to_owned);
    (effects, answer.expect("a text"))
}

#[tokio::test]
async fn what_is_granted_becomes_an_effect_of_the_draft() {
    let rig = Rig::new();
    rig.host.remember(poll());
    let hostile = rig.install("hostile").await;
    for (word, _, name) in WORDS {
        let (effects, answer) = drafted(&rig, &hostile, word).await;
        assert_eq!((answer.as_str(), effects.len()), ("done", 1), "{word}");
        assert_eq!(effects[0].name(), name);
        assert_eq!(
            effects[0].chat().map(ToString::to_string).as_deref(),
            Some("4915112345678@s.whatsapp.net")
        );
    }
    let (edited, _) = drafted(&rig, &hostile, "edit 3EB0").await;
    let [Action::Change(Change::Edit { target, content })] = edited.as_slice() else {
        panic!("{edited:?}")
    };
    assert_eq!((target.id.as_str(), target.from), ("3EB0", Origin::Me));
    assert_eq!(content.plain_text(), Some("other words"));
    let (voted, _) = drafted(&rig, &hostile, "vote POLL Soup").await;
    let [Action::Change(Change::Vote(vote))] = voted.as_slice() else {
        panic!("{voted:?}")
    };
    assert_eq!(
        (vote.selected.as_slice(), &vote.author),
        ([Box::from("Soup")].as_slice(), &poll().sender)
    );
    assert!(!format!("{voted:?}").contains("Soup"), "choices stay out of Debug");
    let (pinned, _) = drafted(&rig, &hostile, "pin 3EB0").await;
    assert!(matches!(
        pinned.as_slice(),
        [Action::Change(Change::Pin {
            seconds: Some(604_800),
            ..
        })]
    ));
    let (unpinned, _) = drafted(&rig, &hostile, "unpin").await;
    assert!(matches!(
        unpinned.as_slice(),
        [Action::Change(Change::Pin { seconds: None, .. })]
    ));
}

#[tokio::test]
async fn without_its_grant_each_is_denied_by_name() {
    let rig = Rig::new();
    rig.host.remember(poll());
    let hostile = rig.install_with("hostile", with_grants("")).await;
    for (word, capability, _) in WORDS {
        let (effects, answer) = drafted(&rig, &hostile, word).await;
        assert!(effects.is_empty(), "{word}: {effects:?}");
        assert!(
            answer.ends_with(&format!("not granted: {capability}")),
            "{word}: {answer}"
        );
    }
}

#[tokio::test]
async fn past_its_scope_each_is_denied() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for (word, capability) in [
        ("edit", "messages.edit"),
        ("revoke", "messages.revoke"),
        ("moderate", "messages.moderate"),
        ("vote", "messages.vote"),
        ("pin", "messages.pin"),
        ("star", "messages.star"),
        ("raw", "messages.raw"),
    ] {
        let (effects, answer) = drafted(&rig, &hostile, &format!("elsewhere {word}")).await;
        assert!(effects.is_empty(), "{word}: {effects:?}");
        assert!(
            answer.contains(capability) && answer.contains("reply-only"),
            "{word}: {answer}"
        );
    }
}

#[tokio::test]
async fn past_its_rate_each_is_told_to_wait() {
    let rig = Rig::new();
    rig.host.remember(poll());
    let grants = r#"
        "messages.edit" = { rate = "1/min" }
        "messages.revoke" = { rate = "1/min" }
        "messages.moderate" = { rate = "1/min" }
        "messages.vote" = { rate = "1/min" }
        "messages.pin" = { rate = "1/min" }
        "messages.star" = { rate = "1/min" }
        "messages.raw" = { rate = "1/min" }
    "#;
    for (word, _, _) in WORDS {
        let hostile = rig.install_with("hostile", with_grants(grants)).await;
        let (_, first) = drafted(&rig, &hostile, word).await;
        let (effects, second) = drafted(&rig, &hostile, word).await;
        assert_eq!((first.as_str(), effects.len()), ("done", 0), "{word}");
        assert!(second.ends_with("too fast, wait 60000 ms"), "{word}: {second}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let rig = Rig::new();
    rig.host.remember(poll());
    let hostile = rig.install("hostile").await;
    for (word, says) in [
        ("edit-theirs", "only the account's own"),
        ("revoke-theirs", "in groups only"),
        ("pin-theirs 60", "must be one of"),
        ("vote NONE Soup", "not found"),
        ("vote POLL Pizza", "does not have"),
        ("vote POLL Soup,Salad", "allows 1"),
        ("raw nonsense", "not an encoded message"),
    ] {
        let (effects, answer) = drafted(&rig, &hostile, word).await;
        assert!(effects.is_empty(), "{word}: {effects:?}");
        assert!(answer.contains(says), "{word}: {answer}");
    }
    // A text is no poll.
    let mut text = message("4915112345678", "hi");
    text.key.id = "TEXT".parse().expect("an id");
    rig.host.remember(text);
    let (_, answer) = drafted(&rig, &hostile, "vote TEXT Soup").await;
    assert!(answer.contains("is of kind text"), "{answer}");
}

#[tokio::test]
async fn a_groups_message_is_named_as_whatsapp_named_its_author() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let said = |word: &str| {
        let mut said = message("4915112345678", word);
        said.key.chat = "120363000000000001@g.us".parse().expect("a group");
        said.key.participant = Some("4915112345678@s.whatsapp.net".parse().expect("a JID"));
        said.sender.jid = "123456789012345@lid".parse().expect("a LID");
        said.sender.alt = said.key.participant.clone();
        rig.event(EventKind::Message(Box::new(said)))
    };
    for word in ["revoke-theirs", "star-theirs", "unpin"] {
        let draft = rig.call(&hostile, &said(word)).await.expect("it answers");
        let [Action::Change(change), Action::Send(_)] = draft.effects.as_slice() else {
            panic!("{word}: {:?}", draft.effects)
        };
        let participant = change.target().participant.as_ref().map(ToString::to_string);
        assert_eq!(participant.as_deref(), Some("123456789012345@lid"), "{word}");
    }
}

#[tokio::test]
async fn a_message_of_the_chat_is_passed_on() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let mut said = message("4915112345678", "tell everybody");
    said.key.id = "SAID".parse().expect("an id");
    said.forwarded_score = 1;
    rig.host.remember(said.clone());
    let (effects, answer) = drafted(&rig, &hostile, "forward SAID").await;
    let [Action::SendMarked(marked)] = effects.as_slice() else {
        panic!("{answer}: {effects:?}")
    };
    assert_eq!((&marked.send.content, marked.forwarded_score), (&said.content, 2));
    assert!(marked.send.quote.is_none() && !marked.view_once);

    said.forwarded_score = 4;
    said.key.id = "OFTEN".parse().expect("an id");
    rig.host.remember(said.clone());
    let (effects, _) = drafted(&rig, &hostile, "forward OFTEN").await;
    assert!(matches!(effects.as_slice(), [Action::SendMarked(marked)] if marked.forwarded_score == 127));

    said.view_once = true;
    said.key.id = "ONCE".parse().expect("an id");
    rig.host.remember(said);
    rig.host.remember(poll());
    for (word, says) in [
        ("forward NONE", "not found"),
        ("forward ONCE", "seen once"),
        ("forward POLL", "kind poll"),
        (
            "forward-from 4915187654321@s.whatsapp.net SAID",
            "messages.history reaches",
        ),
    ] {
        let (effects, answer) = drafted(&rig, &hostile, word).await;
        assert!(effects.is_empty(), "{word}: {effects:?}");
        assert!(answer.contains(says), "{word}: {answer}");
    }
}
