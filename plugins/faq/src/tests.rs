//! Whole conversations on the in-memory host.

use crate::Faq;
use waspnest_plugin::testing::{Effect, Host, direct_image, direct_text, group_text};
use waspnest_plugin::types::{Flow, HandlerError, Message};

fn host(rules: &str) -> Host {
    Host::new().with_config(&format!(r#"{{ "cooldown-s": 10, "rules": {rules} }}"#))
}

fn shop() -> Host {
    host(
        r#"[{ "name": "hours", "match": "contains", "words": ["open", "hours"], "answer": "9 to 17" },
        { "name": "stop", "match": "equals", "words": ["stop"], "answer": "Bye", "chats": "direct", "quote": "always", "cooldown-s": 0 },
        { "name": "rules", "match": "starts", "words": ["!rules"], "answer": "Be kind", "chats": "group", "quote": "never" },
        { "name": "order", "match": "regex", "words": ["\\border #?[0-9]{4}\\b"], "answer": "On its way" },
        { "name": "any", "match": "ends", "words": ["?"], "answer": "Somebody will answer" }]"#,
    )
}

/// What is answered.
fn say(host: &mut Host, msg: &Message) -> Option<String> {
    host.clear_effects();
    host.message::<Faq>(msg).expect("the handler answers");
    host.texts().first().map(|text| (*text).to_owned())
}

#[test]
fn the_first_rule_that_fits_answers() {
    let mut host = shop();
    let ask = |host: &mut Host, text: &str| say(host, &direct_text(text));
    assert_eq!(ask(&mut host, "When are you OPEN?").as_deref(), Some("9 to 17"));
    assert_eq!(ask(&mut host, "where is Order 4711").as_deref(), Some("On its way"));
    assert_eq!(ask(&mut host, "why?").as_deref(), Some("Somebody will answer"));
    assert_eq!(ask(&mut host, "thanks"), None);
    assert_eq!(say(&mut shop(), &direct_image("open?")).as_deref(), Some("9 to 17"));
}

#[test]
fn a_rule_may_be_for_direct_chats_or_groups_only() {
    let mut host = shop();
    assert_eq!(say(&mut host, &direct_text("Stop")).as_deref(), Some("Bye"));
    assert_eq!(say(&mut host, &group_text("Stop")), None);
    assert_eq!(say(&mut host, &group_text("!rules please")).as_deref(), Some("Be kind"));
    assert_eq!(say(&mut host, &direct_text("!rules please")), None);
}

#[test]
fn an_answer_quotes_where_the_rule_says() {
    let mut host = shop();
    let quotes = |host: &mut Host, msg: &Message| {
        assert!(say(host, msg).is_some());
        let [Effect::Sent { options, .. }] = host.effects() else {
            panic!("one message: {:?}", host.effects());
        };
        options.quote.is_some()
    };
    assert!(!quotes(&mut host, &direct_text("hours")));
    assert!(quotes(&mut host, &group_text("hours")));
    assert!(quotes(&mut host, &direct_text("stop")));
    assert!(!quotes(&mut host, &group_text("!rules")));
}

#[test]
fn a_rule_is_silent_for_a_while_in_the_chat_where_it_answered() {
    let mut host = shop();
    let hours = direct_text("hours?");
    assert!(say(&mut host, &hours).is_some());
    host.set_now(host.now() + 9_999);
    assert_eq!(say(&mut host, &hours), None, "and no later rule answers instead");
    assert!(say(&mut host, &group_text("hours?")).is_some(), "another chat");
    host.set_now(host.now() + 1);
    assert!(say(&mut host, &hours).is_some());
    for _ in 0..2 {
        assert!(say(&mut host, &direct_text("stop")).is_some(), "0 is no cooldown");
    }
}

#[test]
fn what_was_answered_stops_and_everything_else_goes_on() {
    let mut host = shop();
    let mut flow = |text| host.message::<Faq>(&direct_text(text)).expect("handled").flow;
    assert_eq!(flow("hours"), Flow::Stop);
    assert_eq!(flow("hours"), Flow::Next, "silent");
    assert_eq!(flow("thanks"), Flow::Next);
}

#[test]
fn own_old_and_corrected_messages_are_not_answered() {
    let mut own = direct_text("hours");
    own.key.from_me = true;
    let mut old = direct_text("hours");
    old.history = true;
    let mut corrected = direct_text("hours");
    corrected.edit_of = Some(corrected.key.clone());
    for msg in [own, old, corrected] {
        assert_eq!(say(&mut shop(), &msg), None);
    }
}

#[test]
fn a_rule_that_was_not_checked_rejects_the_event_and_is_named() {
    let mut host = host(r#"[{ "name": "bad", "match": "regex", "words": ["("], "answer": "x" }]"#);
    let Err(HandlerError::Reject(reason)) = host.message::<Faq>(&direct_text("hello")) else {
        panic!("a wrong rule does not pass by itself");
    };
    assert!(reason.contains(r#"rule "bad""#), "{reason}");
}
