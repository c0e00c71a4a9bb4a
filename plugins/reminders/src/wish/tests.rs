//! Wishes as people write them, and what is made of them.

use super::{Misunderstood, Wish, parse};

/// The wish as "when | text", for short tables.
fn read(text: &str) -> String {
    match parse(text) {
        None => "not for us".into(),
        Some(Ok(Wish::Remind { when, text })) => format!("{when} | {text}"),
        Some(Ok(Wish::List)) => "list".into(),
        Some(Ok(Wish::Forget(number))) => format!("forget {number}"),
        Some(Err(misunderstood)) => format!("{misunderstood:?}"),
    }
}

#[test]
fn spans() {
    assert_eq!(read("remind me in 10 minutes to call mum"), "in 10 minutes | call mum");
    assert_eq!(read("Remind me in an hour to Call Mum!"), "in 1 hour | Call Mum!");
    assert_eq!(
        read("please remind me in 1 hour and 30 minutes about tea"),
        "in 1 hour 30 minutes | tea"
    );
    assert_eq!(
        read("remind me in 2 days that it is Monday"),
        "in 2 days | it is Monday"
    );
    assert_eq!(read("remind me in 5min tea"), "in 5 minutes | tea");
}

#[test]
fn times_of_day() {
    assert_eq!(read("remind me at 18:30 to leave"), "at 18:30 | leave");
    assert_eq!(read("remind me at 6:30pm to leave"), "at 18:30 | leave");
    assert_eq!(read("remind me at 6:30 pm, leave"), "at 18:30 | leave");
    assert_eq!(read("remind me at 8 to leave"), "at 08:00 | leave");
    assert_eq!(read("remind me at 12am to sleep"), "at 00:00 | sleep");
    assert_eq!(read("remind me at noon to eat"), "at 12:00 | eat");
}

#[test]
fn every_day() {
    assert_eq!(
        read("remind me every day at 8:00 to stretch"),
        "every day at 08:00 | stretch"
    );
    assert_eq!(
        read("remind me daily at 08:05 to stretch"),
        "every day at 08:05 | stretch"
    );
}

#[test]
fn the_time_may_come_last() {
    assert_eq!(read("remind me to call mum in 10 minutes"), "in 10 minutes | call mum");
    assert_eq!(read("remind me to be at work at 9:00"), "at 09:00 | be at work");
    assert_eq!(
        read("remind me to put 5 eggs in every day at 7:15"),
        "every day at 07:15 | put 5 eggs in"
    );
}

#[test]
fn the_words_of_the_reminder_stay_as_they_were_written() {
    assert_eq!(
        read("REMIND ME IN 1 H TO Ring  Änne at 5"),
        "in 1 hour | Ring Änne at 5"
    );
}

#[test]
fn what_is_meant_for_us_and_unclear_is_answered() {
    assert_eq!(read("remind me"), "NoTime");
    assert_eq!(read("remind me to call mum"), "NoTime");
    assert_eq!(read("remind me tomorrow to call mum"), "NoTime");
    assert_eq!(read("remind me in 10 minutes"), "NoText");
    assert_eq!(read("remind me at 18:30 to"), "NoText");
    assert_eq!(read("remind me at 25:00 to leave"), "NoSuchTime(\"25:00\")");
    assert_eq!(read("remind me at 13pm to leave"), "NoSuchTime(\"13pm\")");
    assert_eq!(read("remind me at 8:5 to leave"), "NoSuchTime(\"8:5\")");
    assert_eq!(read("remind me in 0 minutes to leave"), "NoSuchSpan");
    assert_eq!(read("remind me in 400 days to leave"), "NoSuchSpan");
    assert_eq!(
        read("forget 99999999999999999999"),
        "NoNumber(\"99999999999999999999\")"
    );
    assert_eq!(read("forget"), "NoNumber(\"\")");
    assert_eq!(
        read(&format!("remind me in 1 hour to {}", "x".repeat(2001))),
        "LongText"
    );
}

#[test]
fn every_answer_says_what_to_write() {
    for misunderstood in [Misunderstood::NoTime, Misunderstood::NoText] {
        assert!(
            misunderstood
                .to_string()
                .contains("remind me in 10 minutes to call mum")
        );
    }
    assert!(Misunderstood::NoSuchTime("25:00".into()).to_string().contains("18:30"));
    assert!(
        Misunderstood::NoNumber("2x".into())
            .to_string()
            .contains("my reminders")
    );
}

#[test]
fn lists_and_numbers() {
    assert_eq!(read("my reminders"), "list");
    assert_eq!(read("My reminders?"), "list");
    assert_eq!(read("list my reminders"), "list");
    assert_eq!(read("forget 2"), "forget 2");
    assert_eq!(read("Forget #12."), "forget 12");
    assert_eq!(read("forget reminder 3"), "forget 3");
}

#[test]
fn other_talk_is_left_alone() {
    for text in [
        "hello",
        "",
        "forget it",
        "remind him in 10 minutes to call",
        "do you get my reminders today",
        "mind me",
    ] {
        assert_eq!(read(text), "not for us", "{text}");
    }
}
