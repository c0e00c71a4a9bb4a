//! Whole polls on the in-memory host.

use crate::Poll;
use core::time::Duration;
use waspnest_plugin::groups::{GroupInfo, Participant, Role};
use waspnest_plugin::messaging::Outgoing;
use waspnest_plugin::testing::{Effect, Host, direct_text, group_text};
use waspnest_plugin::types::{Address, Arg, Command, Content, HandlerError, Message, MessageKey, PollVote, Quoted};

const CONFIG: &str = r#"{ "closes-after-h": 24, "max-open": 2, "texts": { "how": "how", "too-many": "{count} are open",
    "none-open": "none open", "not-yours": "not yours", "so-far": "{question} {options} {voters}", "result": "{options}: {voters}",
    "voters": ["nobody", "one", "{count}"] } }"#;

fn host() -> Host {
    Host::new().with_config(CONFIG)
}

fn ask(host: &mut Host, question: &str, more: &[(&str, Arg)]) -> Option<MessageKey> {
    let mut command = Command::new("poll").with("question", Arg::Rest(question.into()));
    for (name, arg) in more {
        command = command.with(*name, arg.clone());
    }
    host.clear_effects();
    let asked = group_text("/poll");
    host.command::<Poll>(&command, &asked).expect("it asks");
    host.effects().iter().find_map(|effect| match effect {
        Effect::Sent {
            what: Outgoing::Poll(_),
            id,
            ..
        } => Some(waspnest_plugin::messaging::sent_key(&asked.key, id.clone())),
        _ => None,
    })
}

fn person(nth: u32) -> Address {
    Address {
        jid: format!("49151{nth:08}@s.whatsapp.net"),
        alt: None,
        push_name: None,
    }
}

fn vote(host: &mut Host, poll: &MessageKey, voter: Address, chosen: &[&str]) {
    let msg = Message {
        content: Content::PollVote(PollVote {
            poll: poll.clone(),
            selected: chosen.iter().map(|&option| option.into()).collect(),
            voter: voter.clone(),
        }),
        plain_text: None,
        sender: voter,
        ..group_text("")
    };
    host.message::<Poll>(&msg).expect("it counts");
}

fn say(host: &mut Host, name: &str, msg: &Message) -> String {
    host.clear_effects();
    host.command::<Poll>(&Command::new(name), msg).expect("it answers");
    host.texts().join("\n")
}

#[test]
fn a_poll_is_asked_counted_and_closed_by_who_asked() {
    let mut host = host();
    let poll = ask(&mut host, "Where? | Sea | Hills", &[]).expect("a poll");
    vote(&mut host, &poll, person(1), &["Sea"]);
    vote(&mut host, &poll, person(2), &["Hills"]);
    vote(&mut host, &poll, person(2), &["Sea"]);
    let bars = "*Sea*\n▰▰▰▰▰▰▰▰▰▰ 2 (100 %)\nHills\n▱▱▱▱▱▱▱▱▱▱ 0 (0 %)";
    assert_eq!(
        say(&mut host, "tally", &group_text("/tally")),
        format!("Where? {bars} 2")
    );
    let [Effect::Sent { options, .. }] = host.effects() else {
        panic!("one message: {:?}", host.effects());
    };
    assert_eq!(options.quote.as_ref(), Some(&poll), "below the poll");
    assert_eq!(host.jobs().len(), 1);
    assert_eq!(say(&mut host, "close", &group_text("/close")), format!("{bars}: 2"));
    assert!(host.jobs().is_empty());
    vote(&mut host, &poll, person(3), &["Sea"]);
    assert_eq!(say(&mut host, "tally", &group_text("/tally")), "none open");
    assert_eq!(say(&mut host, "close", &group_text("/close")), "none open");
}

#[test]
fn a_poll_closes_by_itself_when_it_said_so() {
    let mut host = host();
    let start = host.now();
    let hour = Arg::DurationMs(3_600_000);
    let poll = ask(&mut host, "Where? | Sea | Hills", &[("for", hour)]).expect("a poll");
    vote(&mut host, &poll, person(1), &["Sea"]);
    let job = host.jobs()[0].to_owned();
    host.clear_effects();
    host.tick::<Poll>(&job).expect("it is set").expect("it closes");
    assert_eq!(host.now() - start, Duration::from_secs(3600).as_millis() as u64);
    assert_eq!(
        host.texts(),
        ["*Sea*\n▰▰▰▰▰▰▰▰▰▰ 1 (100 %)\nHills\n▱▱▱▱▱▱▱▱▱▱ 0 (0 %): one"]
    );
    ask(&mut host, "Where? | Sea | Hills", &[]).expect("a poll");
    let mut host = Host::new().with_config(&CONFIG.replace("24", "0"));
    ask(&mut host, "Where? | Sea | Hills", &[]).expect("a poll");
    assert!(host.jobs().is_empty(), "open until somebody closes it");
}

#[test]
fn several_polls_are_told_apart_by_quoting() {
    let mut host = host();
    let first = ask(&mut host, "One? | a | b", &[]).expect("a poll");
    host.set_now(host.now() + 1);
    ask(&mut host, "Two? | a | b", &[]).expect("a poll");
    assert_eq!(ask(&mut host, "Three? | a | b", &[]), None);
    assert_eq!(host.texts(), ["2 are open"]);
    assert!(say(&mut host, "tally", &group_text("/tally")).starts_with("Two?"));
    let quoting = Message {
        quoted: Some(Quoted {
            sender: "me".into(),
            kind: "poll".into(),
            text: None,
            key: first,
        }),
        ..group_text("/tally")
    };
    assert!(say(&mut host, "tally", &quoting).starts_with("One?"));
}

#[test]
fn others_close_it_only_where_they_administrate_the_group() {
    let group = |role| GroupInfo {
        id: group_text("").key.chat,
        subject: "Trip".into(),
        description: None,
        owner: None,
        created_at: None,
        announce: false,
        locked: false,
        approval: false,
        member_add: true,
        ephemeral_s: None,
        community: None,
        is_community: false,
        participants: vec![Participant { who: person(7), role }],
    };
    let other = Message {
        sender: person(7),
        ..group_text("/close")
    };
    let nobody = "a\n▱▱▱▱▱▱▱▱▱▱ 0 (0 %)\nb\n▱▱▱▱▱▱▱▱▱▱ 0 (0 %): nobody";
    for (mut host, said) in [
        (host().with_group(group(Role::Member)), "not yours"),
        (host().with_group(group(Role::Admin)), nobody),
        (
            host().with_group(group(Role::Admin)).without_grant("groups.read"),
            "not yours",
        ),
    ] {
        ask(&mut host, "Why? | a | b", &[]).expect("a poll");
        assert_eq!(say(&mut host, "close", &other), said);
    }
}

#[test]
fn a_question_without_answers_is_told_how_it_goes() {
    let mut host = host();
    assert_eq!(ask(&mut host, "Where to?", &[]), None);
    assert_eq!(host.texts(), ["how"]);
    assert_eq!(say(&mut host, "close", &direct_text("/close")), "none open");
}

#[test]
fn many_may_be_chosen_where_the_command_says_so() {
    let mut host = host();
    let multiple = Arg::Choice("multiple".into());
    ask(&mut host, "Where? | Sea | Hills", &[("choice", multiple)]).expect("a poll");
    let [
        Effect::Sent {
            what: Outgoing::Poll(poll),
            ..
        },
    ] = host.effects()
    else {
        panic!("one poll: {:?}", host.effects());
    };
    assert_eq!((poll.max_choices, poll.options.len()), (0, 2));
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let wrong = CONFIG.replace("\"none open\"", "\" \"").replace("{options}: ", "");
    let issues = Host::new().with_config(&wrong).issues::<Poll>();
    let said: Vec<_> = issues.iter().map(|issue| (issue.path.as_str(), issue.fatal)).collect();
    assert_eq!(said, [("/texts/none-open", true), ("/texts/result", true)]);
    let mut host = Host::new().with_config("{}");
    let asked = host.command::<Poll>(&Command::new("tally"), &group_text("/tally"));
    assert!(matches!(asked, Err(HandlerError::Reject(reason)) if reason.contains("configuration")));
}
