//! The double keeps the contract's promises that plugins rely on.

mod command;
mod dialogue;
mod outside;
mod secrets;
mod webhooks;

use super::{Host, direct_text};
use crate::log::Level;
use crate::schedule::Job;
use crate::types::{EventContext, HandlerError, Message, Outcome, Tick};
use crate::{MessageHandler, ScheduleHandler, config_value, kv, messaging, schedule};
use core::time::Duration;

/// Remembers every text, and fails after the fact at "fail".
struct Memory;

impl MessageHandler for Memory {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let text = msg.text().unwrap_or_default();
        let store = kv::chat()?;
        let count = store.increment("count", 1)?;
        store.put(&format!("text/{count}"), text)?;
        messaging::reply(msg, format!("{count}: {text}"))?;
        Job::after(format!("job-{count}"), Duration::from_secs(1))
            .payload(text)?
            .put()?;
        crate::info!("remembered {text}", attempt = ctx.attempt);
        if text == "fail" {
            Err(HandlerError::retry("told to"))
        } else {
            Ok(Outcome::next())
        }
    }
}

impl ScheduleHandler for Memory {
    fn on_tick(_: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let text: String = tick.read_payload()?;
        let known: Vec<(String, String)> = kv::chat()?.scan("text/")?;
        messaging::send_text("491511111111@s.whatsapp.net", format!("{text} of {}", known.len()))?;
        Ok(Outcome::next())
    }
}

#[test]
fn a_failed_call_leaves_its_log_and_nothing_else() {
    let mut host = Host::new();
    host.message::<Memory>(&direct_text("one")).expect("succeeds");
    let failed = host.message::<Memory>(&direct_text("fail"));
    assert_eq!(failed, Err(HandlerError::Retry(("told to".into(), None))));
    host.message::<Memory>(&direct_text("two")).expect("succeeds");
    assert_eq!(host.texts(), ["1: one", "2: two"]);
    assert_eq!(host.jobs(), ["job-1", "job-2"]);
    let lines: Vec<_> = host.log().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["remembered one", "remembered fail", "remembered two"]);
    assert_eq!(host.log()[0].level, Level::Info);
    assert_eq!(host.log()[0].fields, [("attempt".to_owned(), "1".to_owned())]);
}

#[test]
fn a_tick_runs_in_the_chat_its_job_was_put_from_and_once() {
    let mut host = Host::new();
    host.message::<Memory>(&direct_text("one")).expect("succeeds");
    let put_at = host.now();
    host.clear_effects();
    host.tick::<Memory>("job-1").expect("the job is set").expect("succeeds");
    assert_eq!(host.texts(), ["one of 1"]);
    assert_eq!(host.now(), put_at + 1000);
    assert!(host.tick::<Memory>("job-1").is_none());
}

#[test]
fn a_missing_grant_is_named() {
    let mut host = Host::new().without_grant("schedule");
    let refused = host.message::<Memory>(&direct_text("one"));
    assert_eq!(
        refused,
        Err(HandlerError::Reject(
            "the host refused schedule.put: not granted: schedule".into()
        ))
    );
    assert!(host.texts().is_empty());
}

/// Tries conditional writes and lifetimes; answers what it found.
struct Careful;

impl MessageHandler for Careful {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let store = kv::session()?;
        let first = store.create("key", &1_u32)?;
        assert!(store.create("key", &2_u32).expect_err("it exists").is_conflict());
        store.replace("key", &3_u32, first)?;
        assert!(
            store
                .replace("key", &4_u32, first)
                .expect_err("it changed")
                .is_conflict()
        );
        let found: u32 = store.get("key")?.expect("it was written");
        assert!(store.delete("key")? && !store.delete("key")?);
        store.put_for("brief", "x", Duration::from_millis(0))?;
        let gone: Option<String> = store.get("brief")?;
        let zone: Option<String> = config_value("/zone")?;
        messaging::reply(msg, format!("{found} {gone:?} {zone:?} {}", schedule::list()?.len()))?;
        Ok(Outcome::stop().with_note("done"))
    }
}

#[test]
fn conditional_writes_lifetimes_and_pointers() {
    let mut host = Host::new().with_config(r#"{ "zone": "Europe/Berlin" }"#);
    let outcome = host.message::<Careful>(&direct_text("go")).expect("succeeds");
    assert_eq!(outcome, Outcome::stop().with_note("done"));
    assert_eq!(host.texts(), [r#"3 None Some("Europe/Berlin") 0"#]);
}

/// Counts in a store that others use too.
struct Sharing;

impl MessageHandler for Sharing {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let count = kv::shared("pool")?.increment("counter", 1)?;
        let own: Option<i64> = kv::session()?.get("counter")?;
        messaging::reply(msg, format!("{count} {own:?}"))?;
        Ok(Outcome::next())
    }
}

#[test]
fn a_shared_store_is_apart_from_the_others() {
    let mut host = Host::new();
    for _ in 0..2 {
        host.message::<Sharing>(&direct_text("go")).expect("succeeds");
    }
    assert_eq!(host.texts(), ["1 None", "2 None"]);
}

/// Says "draft", makes it "final", stars the question, passes it on, and takes both back when told to.
struct Editor;

impl MessageHandler for Editor {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let own = messaging::sent_key(&msg.key, messaging::reply(msg, "draft")?);
        messaging::edit(&own, "final")?;
        messaging::star(&msg.key)?;
        messaging::forward(&msg.key, msg.chat())?;
        messaging::pin(&own, messaging::PinTime::Week)?;
        messaging::revoke(&own)?;
        messaging::revoke(&msg.key)?;
        Ok(Outcome::next())
    }
}

#[test]
fn changes_of_messages_are_effects() {
    let msg = super::group_text("hello");
    let mut host = Host::new();
    host.message::<Editor>(&msg).expect("succeeds");
    let own = messaging::sent_key(&msg.key, "SENT1".into());
    assert!(own.from_me && own.participant.is_none());
    let effects = host.effects();
    assert!(matches!(&effects[1], super::Effect::Edited { target, .. } if *target == own));
    assert!(matches!(&effects[2], super::Effect::Starred { target, on: true } if *target == msg.key));
    assert!(
        matches!(&effects[3], super::Effect::Sent { what: messaging::Outgoing::Forward(key), .. } if *key == msg.key)
    );
    assert!(matches!(
        &effects[4],
        super::Effect::Pinned {
            seconds: Some(604_800),
            ..
        }
    ));
    assert!(matches!(&effects[5], super::Effect::Revoked { target } if *target == own));
    let refused = Host::new().without_grant("messages.moderate").message::<Editor>(&msg);
    assert_eq!(
        refused,
        Err(HandlerError::Reject(
            "the host refused messaging.revoke: not granted: messages.moderate".into()
        ))
    );
}

/// Answers how many messages it sees of its chat.
struct Historian;

impl MessageHandler for Historian {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let latest = messaging::latest(msg.chat(), 10)?;
        let known = messaging::get(&msg.key)?.is_some();
        messaging::reply(msg, format!("{} {known}", latest.len()))?;
        Ok(Outcome::next())
    }
}

#[test]
fn the_double_remembers_messages() {
    let mut before = direct_text("before");
    before.key.id = "BEFORE".into();
    let mut host = Host::new().with_message(&before);
    host.message::<Historian>(&direct_text("now")).expect("succeeds");
    assert_eq!(host.texts(), ["2 true"]);
}

/// Answers a picture with a file that says how large it is.
struct Measurer;

impl MessageHandler for Measurer {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let Some(file) = crate::media::of(msg) else {
            return Ok(Outcome::next());
        };
        let size = crate::media::read(&file.handle)?.len();
        let report = crate::media::make("text/plain", size.to_string().as_bytes())?;
        messaging::send_document(msg.chat(), report, "size.txt")?;
        Ok(Outcome::next())
    }
}

#[test]
fn files_are_read_and_made() {
    let mut host = Host::new().with_file("evt_test", &[7; 3]);
    host.message::<Measurer>(&super::direct_image("")).expect("succeeds");
    let [
        super::Effect::Sent {
            what: messaging::Outgoing::Document(upload),
            ..
        },
    ] = host.effects()
    else {
        panic!("{:?}", host.effects())
    };
    assert_eq!(host.file(&upload.handle), Some(&b"3"[..]));
    let refused = Host::new()
        .with_file("evt_test", &[7; 3])
        .without_grant("media.write")
        .message::<Measurer>(&super::direct_image(""));
    assert!(matches!(refused, Err(HandlerError::Reject(reason)) if reason.contains("media.write")));
}

/// Says "working" at once and "done" under a key, and fails at first.
struct Worker;

impl MessageHandler for Worker {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        messaging::send_text_now(msg.chat(), "working")?;
        messaging::send_text_once(msg.chat(), "done", "job")?;
        if ctx.attempt == 1 {
            return Err(HandlerError::retry("not yet"));
        }
        Ok(Outcome::next())
    }
}

#[test]
fn what_leaves_at_once_outlives_a_failure_and_a_key_stands_for_one_message() {
    let mut host = Host::new();
    let msg = direct_text("go");
    let mut ctx = super::context();
    host.message_in::<Worker>(&ctx, &msg).expect_err("at first");
    assert_eq!(host.texts(), ["working"]);
    ctx.attempt = 2;
    host.message_in::<Worker>(&ctx, &msg).expect("the second time");
    assert_eq!(host.texts(), ["working", "done"]);
    host.message_in::<Worker>(&ctx, &msg).expect("another event");
    assert_eq!(host.texts(), ["working", "done", "working"]);
}
