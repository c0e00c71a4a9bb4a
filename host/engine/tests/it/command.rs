//! Commands of a real guest: what it is handed of what people typed.

use chrono_tz::Tz;
use waspnest_core::event::{Event, EventKind};
use waspnest_engine::command::{CommandBook, Heard, Naming, Setting};
use waspnest_engine::{CallContext, LoadError, Occasion};

use crate::kit::{NOW, Rig, changed, sent};

#[tokio::test]
async fn a_guest_gets_a_command_with_its_arguments() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    let book = CommandBook::new(&talker.plugin().manifest.commands, &Naming::default()).expect("good commands");
    for (text, answer) in [
        (
            "/order tea",
            r#"order as order: what=Arg::Text("tea") count=Arg::Integer(1)"#,
        ),
        (
            "/Buy 'green tea' 2 with milk",
            r#"order as Buy: what=Arg::Text("green tea") count=Arg::Integer(2) note=Arg::Rest("with milk")"#,
        ),
        ("/list open", "list open as list:"),
        (
            "/all 1.5 no 90s now @123456789012345 GREEN a 'b c'",
            &format!(
                "all as all: number=Arg::Number(1.5) flag=Arg::Boolean(false) span=Arg::DurationMs(90000) when=Arg::When({}) \
                 who=Arg::User(\"123456789012345@lid\") colour=Arg::Choice(\"green\") items=Arg::Items([\"a\", \"b c\"])",
                NOW.0
            ),
        ),
    ] {
        let event = rig.text(text);
        let mentions = ["123456789012345@lid".parse().expect("a LID")];
        let setting = Setting {
            now: NOW,
            zone: Tz::UTC,
            mentions: &mentions,
        };
        let Heard::Command(typed) = book.hear(text, &|_| true) else {
            panic!("{text} is a command")
        };
        let command = typed.parse(setting, "en").expect("good arguments");
        let context = CallContext {
            occasion: Occasion::Command(&command),
            ..CallContext::new(&event, &rig.session)
        };
        let draft = rig
            .engine
            .call(&talker, context, rig.host.clone())
            .await
            .expect("it answers");
        assert_eq!(sent(&draft), [answer], "{text}");
    }
}

#[tokio::test]
async fn only_a_message_is_a_command() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    let set = rig.call(&talker, &rig.text("tick 5000")).await.expect("it answers");
    let Some(waspnest_core::draft::TimerChange::Set(timer)) = set.timers.first() else {
        panic!("{:?}", set.timers)
    };
    let book = CommandBook::new(&talker.plugin().manifest.commands, &Naming::default()).expect("good commands");
    let Heard::Command(typed) = book.hear("/stop", &|_| true) else {
        panic!("it is a command")
    };
    let setting = Setting {
        now: NOW,
        zone: Tz::UTC,
        mentions: &[],
    };
    let command = typed.parse(setting, "en").expect("no arguments");
    let tick: Event = rig.tick(timer, &talker);
    assert!(matches!(tick.kind, EventKind::Tick(_)));
    let context = CallContext {
        occasion: Occasion::Command(&command),
        ..CallContext::new(&tick, &rig.session)
    };
    rig.engine
        .call(&talker, context, rig.host.clone())
        .await
        .expect_err("a tick is none");
}

#[tokio::test]
async fn who_has_commands_handles_them_and_nobody_else() {
    let rig = Rig::new();
    let takes_none = changed("echo", |manifest| format!("{manifest}\n[[command]]\nname = \"echo\"\n"));
    let error = rig.engine.load(takes_none.path()).await.expect_err("it has no handler");
    assert!(
        matches!(
            &error,
            LoadError::MissingHandler {
                handler: "command-handler",
                ..
            }
        ),
        "{error}"
    );
    let declares_none = changed("talker", |manifest| manifest.replace("[[command]]", "[[x-command]]"));
    let error = rig
        .engine
        .load(declares_none.path())
        .await
        .expect_err("its handler is for nothing");
    assert!(error.to_string().contains("has no [[command]]"), "{error}");
}
