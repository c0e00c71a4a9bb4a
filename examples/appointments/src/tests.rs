//! Whole conversations on the in-memory host, which begins on Thursday, 1 January 2026, at 1:00 in Berlin.

use crate::Appointments;
use waspnest_plugin::testing::{Host, direct_text};
use waspnest_plugin::types::{Address, Arg, Command, Message};

fn host(times: &str) -> Host {
    Host::new().with_config(&format!(
        r#"{{ "zone": "Europe/Berlin", "services": ["Haircut", "Colour"], "days": ["fri"], "times": {times}, "days-ahead": 7, "remind-h": 2 }}"#
    ))
}

fn from(nth: u32, text: &str) -> Message {
    let jid = format!("49151{nth:08}@s.whatsapp.net");
    let mut msg = direct_text(text);
    msg.key.chat.clone_from(&jid);
    msg.sender = Address {
        jid,
        alt: None,
        push_name: None,
    };
    msg
}

fn command(host: &mut Host, nth: u32, command: &Command) -> String {
    host.clear_effects();
    host.command::<Appointments>(command, &from(nth, "/"))
        .expect("it answers");
    host.texts().join("\n")
}

fn book(host: &mut Host, nth: u32) -> String {
    command(host, nth, &Command::new("book"))
}

fn say(host: &mut Host, nth: u32, text: &str) -> String {
    host.clear_effects();
    let answer = host.reply::<Appointments>(&from(nth, text)).expect("it waits");
    answer.expect("it answers");
    host.texts().join("\n")
}

#[test]
fn an_appointment_is_booked_question_by_question() {
    let mut host = host(r#"["10:00", "09:00"]"#);
    assert_eq!(
        book(&mut host, 1),
        "What would you like?\n1. Haircut\n2. Colour\n(a number, or stop)"
    );
    assert_eq!(
        say(&mut host, 1, "colour"),
        "Which day?\n1. Friday, 2 January\n(a number, or stop)"
    );
    assert_eq!(
        say(&mut host, 1, "1"),
        "What time?\n1. 09:00\n2. 10:00\n(a number, or stop)"
    );
    assert_eq!(
        say(&mut host, 1, "10:00"),
        "Colour on Friday, 2 January, at 10:00: is that right? (yes or no)"
    );
    assert_eq!(
        say(&mut host, 1, "yes"),
        "Booked: Colour on Friday, 2 January, at 10:00. See you then!"
    );
    assert_eq!(
        command(&mut host, 1, &Command::new("mine")),
        "1. Colour on Friday, 2 January, at 10:00"
    );
    let job = host.jobs()[0].to_owned();
    host.clear_effects();
    host.tick::<Appointments>(&job).expect("it is set").expect("it reminds");
    assert_eq!(
        host.texts(),
        ["A reminder: Colour on Friday, 2 January, at 10:00. /cancel takes it back."]
    );
}

#[test]
fn a_slot_is_given_once() {
    let mut host = host(r#"["09:00"]"#);
    for nth in [1, 2] {
        book(&mut host, nth);
        for answer in ["1", "1", "1"] {
            say(&mut host, nth, answer);
        }
    }
    assert!(say(&mut host, 1, "yes").starts_with("Booked"));
    assert!(
        say(&mut host, 2, "yes").contains("nothing free"),
        "nobody is promised what is taken"
    );
}

#[test]
fn what_is_not_understood_is_asked_again_and_stop_ends_it() {
    let mut host = host(r#"["09:00"]"#);
    book(&mut host, 1);
    assert!(say(&mut host, 1, "a beard").starts_with("I did not understand that. What would you like?"));
    assert_eq!(
        say(&mut host, 1, "stop"),
        "All right, nothing is booked. /book starts anew."
    );
    assert!(host.reply::<Appointments>(&from(1, "1")).is_none());
    book(&mut host, 1);
    host.clear_effects();
    host.expire::<Appointments>().expect("it waits").expect("it lets go");
    assert!(host.effects().is_empty());
}

#[test]
fn an_appointment_is_taken_back_by_its_number() {
    let mut host = host(r#"["09:00", "10:00"]"#);
    for _ in 0..2 {
        book(&mut host, 1);
        for answer in ["1", "1", "1", "yes"] {
            say(&mut host, 1, answer);
        }
    }
    let cancel = |host: &mut Host, number: Option<i64>| {
        let plain = Command::new("cancel");
        let cmd = number.map_or(plain.clone(), |number| plain.with("number", Arg::Integer(number)));
        command(host, 1, &cmd)
    };
    assert!(cancel(&mut host, None).ends_with("Which one? Write /cancel and its number."));
    assert!(cancel(&mut host, Some(3)).contains("Which one?"));
    assert_eq!(
        cancel(&mut host, Some(2)),
        "Cancelled: Haircut on Friday, 2 January, at 10:00."
    );
    assert_eq!(host.jobs().len(), 1);
    assert_eq!(
        cancel(&mut host, None),
        "Cancelled: Haircut on Friday, 2 January, at 09:00."
    );
    assert_eq!(
        command(&mut host, 1, &Command::new("mine")),
        "You have no appointments. /book makes one."
    );
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let config = r#"{ "zone": "Berlin", "services": ["x"], "days": ["mon"], "times": ["9", "10:00"], "days-ahead": 7, "remind-h": 0 }"#;
    let issues = Host::new().with_config(config).issues::<Appointments>();
    let paths: Vec<_> = issues.iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(paths, ["/zone", "/times/0"]);
}
