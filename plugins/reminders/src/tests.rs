//! Whole conversations on the in-memory host.

use crate::Reminders;
use waspnest_plugin::messaging::Options;
use waspnest_plugin::testing::{Effect, Host, context, direct_text, group_text};
use waspnest_plugin::types::EventContext;

const PERSON: &str = "491511111111@s.whatsapp.net";
const MINUTE: u64 = 60_000;

fn host() -> Host {
    Host::new().with_config(r#"{ "zone": "Europe/Berlin", "max-per-chat": 3 }"#)
}

/// Writes a text in the direct chat, and answers what came back.
fn say(host: &mut Host, text: &str) -> String {
    host.clear_effects();
    host.message::<Reminders>(&direct_text(text))
        .expect("the handler answers");
    host.texts().join("\n")
}

fn tick(host: &mut Host, number: u64) -> String {
    host.clear_effects();
    let ticked = host.tick::<Reminders>(&format!("{PERSON}/{number}"));
    ticked.expect("the reminder is set").expect("the handler answers");
    host.texts().join("\n")
}

#[test]
fn a_reminder_comes_once_and_quotes_the_wish() {
    let mut host = host();
    let start = host.now();
    let confirmed = say(&mut host, "remind me in 10 minutes to call mum");
    assert_eq!(confirmed, "I will remind you in 10 minutes: call mum (number 1)");
    assert_eq!(say(&mut host, "my reminders"), "1. call mum, in 10 minutes");
    assert_eq!(tick(&mut host, 1), "Reminder: call mum");
    assert_eq!(host.now(), start + 10 * MINUTE);
    let [
        Effect::Sent {
            to,
            options: Options { quote: Some(quote), .. },
            ..
        },
    ] = host.effects()
    else {
        panic!("one message that quotes: {:?}", host.effects());
    };
    assert_eq!((to.as_str(), quote), (PERSON, &direct_text("").key));
    assert_eq!(say(&mut host, "my reminders"), "There are no reminders in this chat.");
}

#[test]
fn a_time_of_day_comes_once_and_every_day_stays() {
    let due = host().now() + 125 * MINUTE;
    let mut host = host().with_cron_due_at(due);
    let at = say(&mut host, "remind me at 18:30 to leave");
    assert_eq!(
        at,
        "I will remind you at 18:30, that is in 2 hours 5 minutes: leave (number 1)"
    );
    let daily = say(&mut host, "remind me every day at 8:00 to stretch");
    assert_eq!(
        daily,
        "I will remind you every day at 08:00, first in 2 hours 5 minutes: stretch (number 2)"
    );
    assert_eq!(
        say(&mut host, "my reminders"),
        "1. leave, in 2 hours 5 minutes\n2. stretch, every day at 08:00"
    );
    assert_eq!(tick(&mut host, 1), "Reminder: leave");
    assert_eq!(tick(&mut host, 2), "Reminder: stretch");
    assert_eq!(tick(&mut host, 2), "Reminder: stretch");
    assert_eq!(host.jobs(), [format!("{PERSON}/2")]);
}

#[test]
fn forgetting_takes_one_away_and_its_number_is_not_used_again() {
    let mut host = host();
    say(&mut host, "remind me in 1 hour to one");
    say(&mut host, "remind me in 2 hours to two");
    assert_eq!(say(&mut host, "forget 2"), "I have forgotten number 2.");
    let again = "There is no reminder with the number 2 in this chat. \"my reminders\" lists them.";
    assert_eq!(say(&mut host, "forget 2"), again);
    assert!(say(&mut host, "remind me in 3 hours to three").ends_with("(number 3)"));
}

#[test]
fn chats_do_not_see_each_other() {
    let mut host = host();
    say(&mut host, "remind me in 1 hour to one");
    host.clear_effects();
    host.message::<Reminders>(&group_text("my reminders"))
        .expect("the handler answers");
    host.message::<Reminders>(&group_text("forget 1"))
        .expect("the handler answers");
    assert_eq!(host.texts()[0], "There are no reminders in this chat.");
    assert!(host.texts()[1].starts_with("There is no reminder with the number 1"));
    assert_eq!(say(&mut host, "my reminders"), "1. one, in 1 hour");
}

#[test]
fn a_chat_has_only_so_many() {
    let mut host = host();
    for _ in 0..3 {
        say(&mut host, "remind me in 1 hour to one");
    }
    let refused = say(&mut host, "remind me in 1 hour to one");
    assert_eq!(refused, "This chat has 3 reminders already. Forget one first.");
}

#[test]
fn a_span_counts_from_when_an_offline_message_was_written() {
    let mut host = host();
    let mut msg = direct_text("remind me in 10 minutes to call mum");
    msg.offline = true;
    msg.timestamp = host.now() - 4 * MINUTE;
    let ctx = EventContext {
        received_at: host.now(),
        ..context()
    };
    host.message_in::<Reminders>(&ctx, &msg).expect("the handler answers");
    let start = host.now();
    tick(&mut host, 1);
    assert_eq!(host.now(), start + 6 * MINUTE);
}

#[test]
fn unclear_wishes_are_answered_and_other_talk_is_not() {
    let mut host = host();
    assert!(say(&mut host, "remind me to call mum").starts_with("When?"));
    assert!(say(&mut host, "remind me at 25:00 to leave").starts_with("\"25:00\" is not a time of day"));
    assert_eq!(say(&mut host, "good morning"), "");
    assert!(host.jobs().is_empty());
}

#[test]
fn own_messages_are_left_alone() {
    let mut host = host();
    let mut own = direct_text("remind me in 10 minutes to call mum");
    own.key.from_me = true;
    host.message::<Reminders>(&own).expect("the handler looks away");
    assert!(host.effects().is_empty() && host.jobs().is_empty());
}
