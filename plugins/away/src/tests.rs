//! Whole conversations on the in-memory host, which begins on Thursday, 1 January 2026, at 1:00 in Berlin.

use crate::Away;
use waspnest_plugin::testing::{Host, direct_text, group_text};
use waspnest_plugin::types::{Flow, HandlerError, Issue, Message};

const HOUR: u64 = 3_600_000;

fn written(chats: &str) -> String {
    format!(
        r#"{{ "zone": "Europe/Berlin", "hours": [{{ "days": ["mon", "tue", "wed", "thu", "fri"],
        "spans": [{{ "from": "09:00", "until": "17:00" }}] }}], "holidays": ["2026-01-01"], "chats": "{chats}",
        "answer": "We are back {{opening}}." }}"#
    )
}

fn say(host: &mut Host, msg: &Message) -> Vec<String> {
    host.clear_effects();
    let outcome = host.message::<Away>(msg).expect("the handler answers");
    assert_eq!(outcome.flow, Flow::Next, "others get the message in any case");
    host.texts().into_iter().map(str::to_owned).collect()
}

#[test]
fn who_writes_is_told_once_in_each_absence() {
    let mut host = Host::new().with_config(&written("direct"));
    assert_eq!(
        say(&mut host, &direct_text("hello")),
        ["We are back tomorrow at 09:00."]
    );
    host.set_now(host.now() + 30 * HOUR);
    assert!(say(&mut host, &direct_text("hello?")).is_empty(), "told");
    host.set_now(host.now() + 3 * HOUR);
    assert!(say(&mut host, &direct_text("hello")).is_empty(), "somebody is there");
    host.set_now(host.now() + 7 * HOUR);
    assert_eq!(
        say(&mut host, &direct_text("hello")),
        ["We are back on Monday at 09:00."]
    );
}

#[test]
fn groups_are_left_alone_unless_the_operator_says_otherwise() {
    let group = group_text("hello");
    assert!(say(&mut Host::new().with_config(&written("direct")), &group).is_empty());
    let mut host = Host::new().with_config(&written("any"));
    assert_eq!(say(&mut host, &group).len(), 1);
    assert_eq!(say(&mut host, &direct_text("hello")).len(), 1, "each chat by itself");
}

#[test]
fn own_old_and_corrected_messages_are_not_answered() {
    let mut own = direct_text("hello");
    own.key.from_me = true;
    let mut old = direct_text("hello");
    old.history = true;
    let mut corrected = direct_text("hello");
    corrected.edit_of = Some(corrected.key.clone());
    for msg in [own, old, corrected] {
        assert!(say(&mut Host::new().with_config(&written("direct")), &msg).is_empty());
    }
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let host = Host::new().with_config(
        r#"{ "zone": "Europe/Berlinn", "hours": [{ "days": ["mon"], "spans": [{ "from": "22:00", "until": "02:00" },
        { "from": "9", "until": "17:00" }] }], "holidays": ["2026-02-29"], "chats": "direct", "answer": " " }"#,
    );
    let issues = host.issues::<Away>();
    assert!(issues.iter().all(|issue| issue.fatal));
    let said: Vec<_> = issues
        .iter()
        .map(|Issue { path, message, .. }| format!("{path} {message}"))
        .collect();
    let night = "/hours/0/spans/0 02:00 is not later than 22:00; write a night as two spans, until 24:00 and from 00:00 of the next day";
    assert_eq!(
        said,
        [
            r#"/zone there is no zone "Europe/Berlinn"; write an IANA name such as Europe/Berlin"#,
            night,
            r#"/hours/0/spans/1 "9" is no time; write one such as 09:00, or 24:00 for the end of a day"#,
            r#"/holidays/0 "2026-02-29" is no date; write one such as 2026-12-25"#,
            "/answer is empty; write a text",
        ]
    );
    let never =
        Host::new().with_config(r#"{ "zone": "UTC", "hours": [], "holidays": [], "chats": "any", "answer": "x" }"#);
    assert_eq!(never.issues::<Away>()[0].path, "/hours");
}

#[test]
fn a_configuration_that_was_not_checked_rejects_the_event() {
    let mut host = Host::new().with_config(&written("direct").replace("Berlin", "Atlantis"));
    let Err(HandlerError::Reject(reason)) = host.message::<Away>(&direct_text("hello")) else {
        panic!("a wrong zone does not pass by itself");
    };
    assert!(reason.contains("/zone") && reason.contains("Atlantis"), "{reason}");
}
