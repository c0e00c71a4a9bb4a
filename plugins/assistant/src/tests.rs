//! Whole conversations on the in-memory host.

use crate::Assistant;
use core::cell::RefCell;
use serde_json::{Value, json};
use waspnest_plugin::messaging::Outgoing;
use waspnest_plugin::testing::{Effect, Host, SentRequest, context, direct_text, group_text};
use waspnest_plugin::types::{Command, EventContext, HandlerError, Message};

fn config(more: &Value) -> String {
    let mut config = json!({
        "url": "https://models.example/v1/chat/completions", "authorization": "Bearer {{secret:assistant-key}}", "model": "small",
        "system": "Be brief.", "max-tokens": 50, "timeout-s": 30, "stream": true, "edit-every-ms": 1000, "groups": "mentioned", "wait-ms": 1000, "turns": 4, "memory-kib": 4,
        "forget-after-min": 60, "per-hour": 3, "texts": { "busy": "busy", "sorry": "sorry", "cut": "cut", "forgotten": "forgotten" },
    });
    for (key, value) in more.as_object().expect("an object") {
        config[key] = value.clone();
    }
    config.to_string()
}

/// A host with an endpoint that answers how many messages it was sent, until it is told otherwise.
fn host(more: &Value, status: u16) -> Host {
    Host::new().with_config(&config(more)).with_http(move |request| {
        let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
        let count = asked["messages"].as_array().map_or(0, Vec::len);
        let answer =
            json!({ "choices": [{ "message": { "role": "assistant", "content": format!("{count} messages") } }] });
        Some((status, answer.to_string()))
    })
}

fn say(host: &mut Host, msg: &Message) {
    host.clear_effects();
    host.message::<Assistant>(msg).expect("it listens");
}

/// Lets the moment of the answer come.
fn think(host: &mut Host) -> Vec<String> {
    host.clear_effects();
    let job = host.jobs().first().map(|job| (*job).to_owned());
    if let Some(job) = job {
        host.tick::<Assistant>(&job).expect("it is set").expect("it answers");
    }
    host.texts().into_iter().map(str::to_owned).collect()
}

fn asked(host: &Host) -> Value {
    let last = host.requests().last().expect("it was asked");
    serde_json::from_slice(&last.body).expect("JSON")
}

#[test]
fn it_shows_typing_and_then_answers_with_what_it_remembers() {
    let mut host = host(&json!({}), 200);
    say(&mut host, &direct_text("hello"));
    assert!(
        matches!(host.effects(), [Effect::Typing { on: true, .. }]),
        "{:?}",
        host.effects()
    );
    assert_eq!(think(&mut host), ["2 messages"]);
    let told = asked(&host);
    assert_eq!(
        (&told["model"], &told["max_tokens"], &told["temperature"]),
        (&"small".into(), &50.into(), &Value::Null)
    );
    assert_eq!(told["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    say(&mut host, &direct_text("and now?"));
    assert_eq!(think(&mut host), ["4 messages"]);
    say(&mut host, &direct_text("still?"));
    assert_eq!(think(&mut host), ["5 messages"], "the system's and the last four");
    assert!(think(&mut host).is_empty());
}

#[test]
fn several_messages_get_one_answer() {
    let mut host = host(&json!({}), 200);
    say(&mut host, &direct_text("one"));
    say(&mut host, &direct_text("two"));
    assert_eq!(host.jobs().len(), 1);
    assert_eq!(think(&mut host), ["3 messages"]);
}

#[test]
fn in_groups_it_answers_who_speaks_to_it_and_knows_their_names() {
    let mut host = host(&json!({ "system": "" }), 200);
    say(&mut host, &group_text("hello"));
    assert!(host.jobs().is_empty());
    let me = context().me.expect("an account").jid;
    let number = me.split('@').next().unwrap_or_default();
    let mentioned = Message {
        mentions_me: true,
        ..group_text(&format!("@{number} hello"))
    };
    say(&mut host, &mentioned);
    think(&mut host);
    let [Effect::Sent { options, .. }] = host.effects() else {
        panic!("one message: {:?}", host.effects());
    };
    assert_eq!(options.quote.as_ref(), Some(&mentioned.key));
    assert_eq!(asked(&host)["messages"][0]["content"], "Anna: hello");
    let mut silent = self::host(&json!({ "groups": "never" }), 200);
    say(&mut silent, &mentioned);
    assert!(silent.jobs().is_empty());
    let mut eager = self::host(&json!({ "groups": "always" }), 200);
    say(&mut eager, &group_text("hello"));
    assert_eq!(eager.jobs().len(), 1);
}

#[test]
fn it_forgets_when_told_to_and_after_a_while() {
    let mut host = host(&json!({}), 200);
    say(&mut host, &direct_text("hello"));
    host.clear_effects();
    host.command::<Assistant>(&Command::new("forget"), &direct_text("/forget"))
        .expect("it forgets");
    assert_eq!(host.texts(), ["forgotten"]);
    assert!(host.jobs().is_empty());
    say(&mut host, &direct_text("hello"));
    assert_eq!(think(&mut host), ["2 messages"]);
    host.set_now(host.now() + 61 * 60_000);
    say(&mut host, &direct_text("hello"));
    assert_eq!(think(&mut host), ["2 messages"]);
}

#[test]
fn a_chat_has_only_so_many_answers_in_an_hour() {
    let mut host = host(&json!({}), 200);
    let texts = |host: &mut Host| {
        say(host, &direct_text("hello"));
        host.texts().join("")
    };
    assert_eq!([(); 5].map(|()| texts(&mut host)), ["", "", "", "busy", ""]);
    host.set_now(host.now() + 3_600_000);
    let ctx = EventContext {
        received_at: host.now(),
        ..context()
    };
    host.clear_effects();
    host.message_in::<Assistant>(&ctx, &direct_text("hello"))
        .expect("it listens");
    assert!(host.texts().is_empty() && !host.effects().is_empty());
}

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_apologised_for() {
    for status in [429, 500, 503] {
        let mut host = host(&json!({}), status);
        say(&mut host, &direct_text("hello"));
        let job = host.jobs()[0].to_owned();
        let tried = host.tick::<Assistant>(&job).expect("it is set");
        assert!(matches!(tried, Err(HandlerError::Retry(_))), "{status}");
    }
    for status in [400, 401, 404] {
        let mut host = host(&json!({}), status);
        say(&mut host, &direct_text("hello"));
        assert_eq!(think(&mut host), ["sorry"], "{status}");
        assert!(host.log().iter().any(|line| line.message.contains(&status.to_string())));
        let mut quiet = self::host(
            &json!({ "texts": { "busy": "", "sorry": "", "cut": "", "forgotten": "" } }),
            status,
        );
        say(&mut quiet, &direct_text("hello"));
        assert!(think(&mut quiet).is_empty());
    }
}

#[test]
fn own_old_corrected_and_blank_messages_are_not_answered() {
    let mut own = direct_text("hello");
    own.key.from_me = true;
    let mut old = direct_text("hello");
    old.history = true;
    let mut corrected = direct_text("hello");
    corrected.edit_of = Some(corrected.key.clone());
    for msg in [own, old, corrected, direct_text(" ")] {
        let mut host = host(&json!({}), 200);
        say(&mut host, &msg);
        assert!(host.jobs().is_empty() && host.effects().is_empty());
    }
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let issues = |more: &Value| {
        let issues = Host::new().with_config(&config(more)).issues::<Assistant>();
        issues
            .into_iter()
            .map(|issue| (issue.path, issue.fatal))
            .collect::<Vec<_>>()
    };
    assert_eq!(issues(&json!({})), []);
    let wrong = json!({ "url": "models.example", "model": " ", "system": "x".repeat(5000) });
    let expected = [
        ("/url".into(), true),
        ("/model".into(), true),
        ("/memory-kib".into(), false),
    ];
    assert_eq!(issues(&wrong), expected);
    assert_eq!(
        issues(&json!({ "url": "https://models.example/v1" })),
        [("/url".into(), false)]
    );
}

/// What the person sees in the end, and how often the message changed; every text that was sent is its own message.
fn seen(host: &Host) -> Vec<String> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for effect in host.effects() {
        match effect {
            Effect::Sent { id, .. } => seen.push((id.clone(), effect.text().expect("a text").into())),
            Effect::Edited {
                target,
                what: Outgoing::Text(text),
            } => {
                let (_, shown) = seen.iter_mut().find(|(id, _)| *id == target.id).expect("it was sent");
                *shown = format!("{shown} > {}", text.body);
            }
            other => panic!("{other:?}"),
        }
    }
    seen.into_iter().map(|(_, shown)| shown).collect()
}

fn piece(text: &str) -> Option<String> {
    let chunk = json!({ "choices": [{ "delta": { "content": text } }] });
    Some(format!("data: {chunk}\n\n"))
}

fn done() -> Option<String> {
    Some("data: [DONE]\n\n".into())
}

/// An endpoint that says these streams, one after the other.
fn streaming(streams: Vec<Vec<Option<String>>>) -> Host {
    let coming = RefCell::new(streams.into_iter());
    let answer = move |_: &SentRequest| Some((200, coming.borrow_mut().next()?));
    Host::new().with_config(&config(&json!({}))).with_http_in_pieces(answer)
}

/// Lets the attempts at the answer be made, as often as the plugin asks for them.
fn attempts(host: &mut Host) -> u32 {
    let job = host.jobs().first().map(|job| (*job).to_owned()).expect("it is set");
    host.clear_effects();
    for attempt in 1..=5 {
        let ctx = EventContext { attempt, ..context() };
        match host.tick_in::<Assistant>(&ctx, &job).expect("it is set") {
            Ok(_) => return attempt,
            Err(HandlerError::Retry(_)) => {}
            Err(HandlerError::Reject(reason)) => panic!("{reason}"),
        }
    }
    panic!("it has no patience")
}

#[test]
fn an_answer_is_shown_while_it_is_made() {
    let mut host = streaming(vec![vec![piece("One "), piece("two "), piece("three."), done()]]);
    say(&mut host, &direct_text("count"));
    assert_eq!(attempts(&mut host), 1);
    assert_eq!(seen(&host), ["… > One > One two > One two three. > One two three."]);
    assert_eq!(asked(&host)["stream"], true);
    let mut short = streaming(vec![vec![Some([piece("Yes."), done()].map(Option::unwrap).concat())]]);
    say(&mut short, &direct_text("well?"));
    attempts(&mut short);
    assert_eq!(seen(&short), ["Yes."], "what is whole at once is one message");
    let mut plain = streaming(vec![vec![piece("Yes."), done()]]).without_grant("messages.edit");
    say(&mut plain, &direct_text("well?"));
    attempts(&mut plain);
    assert_eq!(asked(&plain)["stream"], Value::Null);
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_in_the_same_message() {
    let mut host = streaming(vec![
        vec![piece("One "), None],
        vec![piece("Uno "), piece("due."), done()],
    ]);
    say(&mut host, &direct_text("count"));
    assert_eq!(attempts(&mut host), 2);
    assert_eq!(seen(&host), ["… > One > Uno > Uno due. > Uno due."]);
}

#[test]
fn an_answer_that_breaks_off_for_good_says_so() {
    let mut host = streaming((0..9).map(|_| vec![piece("One "), None]).collect());
    say(&mut host, &direct_text("count"));
    assert_eq!(attempts(&mut host), 3);
    assert_eq!(seen(&host), ["… > One > One\n\ncut"]);
}
