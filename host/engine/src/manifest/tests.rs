use std::path::Path;
use std::time::Duration;

use waspnest_core::address::ChatKind;
use waspnest_core::draft::Missed;
use waspnest_core::event::Family;

use super::*;

const FULL: &str = r#"
manifest = 1
x-generator = "by hand"

[plugin]
id = "org.example.appointments"
name = "Appointments"
version = "1.4.0"
description = "Books appointments by chat"
license = "MIT"
homepage = "https://example.org"
component = "out/appointments.wasm"
api = "0.1"

[[subscribe]]
event = "message"
kinds = ["text", "voice"]
chats = ["direct"]
from-me = true

[[subscribe]]
event = "receipt"
status = ["read", "failed"]
chats = ["group"]

[[subscribe]]
event = "presence"
states = ["typing"]

[[schedule]]
id = "mornings"
cron = "0 8 * * MON-FRI"
zone = "Europe/Berlin"
missed = "skip"

[[schedule]]
id = "sweep"
every = "10m"
zone = "config:/zone"
max-lateness = "2h"
fan-out = "once"
jitter = "30s"
overlap = "skip"
payload = { deep = true }

[[schedule]]
id = "jubilee"
at = 2030-05-01T12:00:00
payload = "hooray"

[capabilities]
"messages.send" = { reason = "answers", rate = "5/min" }
"messages.react" = { scope = "any", optional = true }
kv = { max-bytes = "20MiB", max-keys = 50, shared = ["orders"] }
schedule = true

[limits]
memory = "32MiB"
call-timeout = "1s 500ms"
fuel = 50_000_000
hostcall-bytes = "8MiB"
concurrency = 2
sends-per-minute = 20
sends-per-chat-per-minute = 6
log-bytes-per-minute = "64KiB"

[config]
defaults = { zone = "UTC", greeting = { de = "Servus" } }

[build]
language = "rust"
source = "code"
handlers = ["lifecycle", "config-check"]

[test]
scenarios = "tests/*.toml"

[tool.mine]
anything = 1
"#;

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(Path::new("a/plugin.toml"), text)
}

#[test]
fn every_key_is_read() {
    let manifest = parse(FULL).expect("a manifest");
    assert_eq!(manifest.id.as_str(), "org.example.appointments");
    assert_eq!(manifest.component, Path::new("out/appointments.wasm"));
    assert_eq!(
        manifest.subscriptions,
        [
            Subscription::Message(MessageFilter {
                kinds: vec!["text", "voice"],
                chats: vec![ChatKind::Direct],
                own: OwnMessages::Wanted
            }),
            Subscription::Other(EventFilter {
                family: Family::Receipt,
                details: vec!["read", "failed"],
                chats: vec![ChatKind::Group],
            }),
            Subscription::Other(EventFilter {
                family: Family::Presence,
                details: vec!["typing"],
                chats: Vec::new(),
            }),
        ]
    );
    assert_eq!(manifest.schedules[0].rule, ScheduleRule::Cron("0 8 * * MON-FRI".into()));
    assert_eq!(
        (manifest.schedules[0].zone.clone(), manifest.schedules[0].missed),
        (ZoneRule::Named("Europe/Berlin".into()), Missed::Skip)
    );
    assert_eq!(
        manifest.schedules[1].rule,
        ScheduleRule::Every(Duration::from_secs(600))
    );
    assert_eq!(
        (manifest.schedules[1].zone.clone(), manifest.schedules[1].missed),
        (ZoneRule::Setting("/zone".into()), Missed::Once)
    );
    let send = manifest.requests.send.as_ref().expect("requested");
    assert_eq!(
        (&send.terms.scope, send.need, send.reason.as_deref()),
        (&Scope::reply_only(), Need::Required, Some("answers"))
    );
    assert_eq!(
        send.terms.rates,
        [Rate {
            count: 5,
            per: Duration::from_secs(60)
        }]
    );
    let react = manifest.requests.react.as_ref().expect("requested");
    assert_eq!((&react.terms.scope, react.need), (&Scope::ANY, Need::Optional));
    assert_eq!(
        manifest.requests.kv.as_ref().map(|kv| kv.terms.clone()),
        Some(KvTerms {
            max_bytes: 20 << 20,
            max_keys: 50,
            shared: ["orders".parse().expect("a name")].into(),
        })
    );
    assert_eq!(
        manifest.requests.schedule.as_ref().map(|jobs| jobs.terms),
        Some(JobTerms::DEFAULT)
    );
    assert_eq!(manifest.requests.read, None);
    assert_eq!(
        manifest.limits,
        LimitWish {
            memory_bytes: Some(32 << 20),
            call_timeout: Some(Duration::from_millis(1500)),
            fuel: Some(50_000_000),
            hostcall_bytes: Some(8 << 20),
            concurrency: Some(2),
            sends_per_minute: Some(20),
            sends_per_chat_per_minute: Some(6),
            log_bytes_per_minute: Some(64 << 10),
        }
    );
    assert_eq!(manifest.defaults["greeting"]["de"], "Servus");
    assert_eq!(
        manifest.build,
        Some(Build {
            language: "rust",
            source: Some("code".into()),
            handlers: vec!["lifecycle", "config-check"],
        })
    );
}

#[test]
fn a_world_follows_from_what_is_asked_for_and_subscribed_to() {
    let manifest = parse(FULL).expect("a manifest");
    assert_eq!(
        manifest.imports(),
        ["types", "config", "log", "meta", "messaging", "kv", "schedule"]
    );
    assert_eq!(
        manifest.exports(),
        [
            "message-handler",
            "schedule-handler",
            "receipt-handler",
            "presence-handler",
            "lifecycle",
            "config-check"
        ]
    );
    let bare = "manifest = 1\n[plugin]\nid = \"a\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n\
                [capabilities]\ndialogue = true\nschedule = true\n[[command]]\nname = \"a\"\n";
    assert_eq!(
        parse(bare).expect("a manifest").exports(),
        ["schedule-handler", "reply-handler", "command-handler"]
    );
}

#[test]
fn mistakes_name_file_and_key() {
    for (from, to, says) in [
        (
            "manifest = 1",
            "manifest = 2",
            "manifest: version 2 of the manifest is not known",
        ),
        ("manifest = 1", "", "manifest: is missing"),
        (
            "version = \"1.4.0\"",
            "version = \"1.4\"",
            "plugin.version: \"1.4\" is not a version",
        ),
        ("name = \"Appointments\"", "", "plugin.name: is missing"),
        (
            "name = \"Appointments\"",
            "name = 4",
            "plugin.name: expected a text, found integer",
        ),
        (
            "homepage",
            "home-page",
            "plugin.home-page: unknown key \"home-page\"; did you mean \"homepage\"?",
        ),
        (
            "event = \"message\"",
            "event = \"reciept\"",
            "subscribe[0].event: unknown event \"reciept\"; did you mean \"receipt\"?",
        ),
        (
            "status = [\"read\", \"failed\"]",
            "status = [\"read\", \"fail\"]",
            "subscribe[1].status[1]: unknown status \"fail\"; did you mean \"failed\"?",
        ),
        (
            "status = [",
            "states = [",
            "subscribe[1].states: unknown key \"states\"; did you mean \"status\"?",
        ),
        (
            "states = [\"typing\"]",
            "",
            "subscribe[2].states: is missing; presence is told only to those",
        ),
        (
            "states = [\"typing\"]",
            "states = [\"typing\"]\nkinds = [\"text\"]",
            "subscribe[2].kinds: unknown key \"kinds\"",
        ),
        (
            "chats = [\"direct\"]",
            "chats = [\"groups\"]",
            "subscribe[0].chats[0]: unknown kind of chat \"groups\"; did you mean \"group\"?",
        ),
        (
            "id = \"sweep\"",
            "id = \"mornings\"",
            "schedule[1].id: \"mornings\" is the name of another schedule",
        ),
        (
            "every = \"10m\"",
            "every = \"10 apples\"",
            "schedule[1].every: \"10 apples\" is not a span of time",
        ),
        (
            "every = \"10m\"",
            "every = \"10ms\"",
            "schedule[1].every: must be at least one second",
        ),
        ("every = \"10m\"", "", "schedule[1].cron: is missing"),
        (
            "missed = \"skip\"",
            "missed = \"never\"",
            "schedule[0].missed: unknown policy \"never\"",
        ),
        (
            "kv = {",
            "kvs = {",
            "capabilities.kvs: unknown key \"kvs\"; did you mean \"kv\"?",
        ),
        (
            "max-keys = 50",
            "max-keys = -1",
            "capabilities.kv.max-keys: must not be negative",
        ),
        (
            "defaults",
            "default",
            "config.default: unknown key \"default\"; did you mean \"defaults\"?",
        ),
        (
            "language = \"rust\"",
            "language = \"cobol\"",
            "build.language: unknown language \"cobol\"; there are: rust, js, ts, python, go, c",
        ),
        (
            "source = \"code\"",
            "source = \"../code\"",
            "build.source: \"../code\" must be a path below the manifest's directory",
        ),
        (
            "\"config-check\"]",
            "\"message\"]",
            "build.handlers[1]: unknown handler \"message\"; there are: schedule, lifecycle, config-check",
        ),
        (
            "id = \"org.example.appointments\"",
            "id = \"Org Example\"",
            "plugin.id: \"Org Example\" is not a valid PluginId",
        ),
    ] {
        assert!(FULL.contains(from), "{from}");
        let error = parse(&FULL.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.starts_with("a/plugin.toml: ") && error.contains(says), "{error}");
    }
    assert!(matches!(parse("manifest = "), Err(ManifestError::Syntax { .. })));
}

#[test]
fn raw_is_everything_but_what_must_be_named_unless_it_names_kinds() {
    let raw = |kinds: &str| {
        let text = FULL.replacen(
            "event = \"presence\"\nstates = [\"typing\"]",
            &format!("event = \"raw\"\n{kinds}"),
            1,
        );
        parse(&text).map(|manifest| manifest.subscriptions[2].clone())
    };
    let everything = raw("").expect("a manifest");
    let named = raw("kinds = [\"presence\", \"call\"]").expect("a manifest");
    let covered = |subscription: &Subscription| -> Vec<_> {
        let covers = |family: &Family| subscription.covers(*family);
        Family::ALL.into_iter().filter(covers).collect()
    };
    assert_eq!(covered(&named), [Family::Presence, Family::Call]);
    let left_out: Vec<_> = Family::ALL
        .into_iter()
        .filter(|family| !everything.covers(*family))
        .collect();
    let others = [Family::Schedule, Family::Presence, Family::Topic, Family::Request];
    assert_eq!(left_out, others);
    let error = raw("kinds = [\"schedule\"]").expect_err("no such kind").to_string();
    assert!(
        error.contains("subscribe[2].kinds[0]: unknown kind \"schedule\""),
        "{error}"
    );
}

proptest::proptest! {
    /// Whatever is in the file: an error or a manifest, never a panic.
    #[test]
    fn no_text_is_a_surprise(cut in 0..FULL.len(), junk in ".{0,20}") {
        let mut text = FULL.to_owned();
        text.insert_str(cut, &junk);
        drop(parse(&text));
    }
}

fn requests(text: &str) -> Requests {
    let manifest = format!(
        "manifest = 1\n[plugin]\nid = \"org.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n[capabilities]\n{text}"
    );
    let parsed = Manifest::parse(Path::new("plugin.toml"), &manifest);
    parsed.expect("a good manifest").requests
}

#[test]
fn what_is_asked_for_beyond_another_manifest_is_said_in_words() {
    let before = requests(
        r#"
"messages.send" = { rate = "10/min" }
kv = { max-keys = 10 }
http = { allow = ["https://a.example", "https://b.example"], methods = ["GET"] }
"groups.read" = { scope = { chats = ["120363000000000001@g.us", "120363000000000002@g.us"] } }
"#,
    );
    let no_more = [
        "",
        r#""messages.send" = { rate = "5/min", reason = "another one" }"#,
        r#"kv = { max-keys = 10, optional = true }"#,
        r#"kv = { max-keys = 9, max-bytes = "1MiB" }"#,
        r#"http = { allow = ["https://b.example"], methods = ["GET"], rate = "1/s" }"#,
        r#""groups.read" = { scope = { chats = ["120363000000000002@g.us"] } }"#,
    ];
    for text in no_more {
        assert_eq!(requests(text).beyond(&before), [], "{text}");
    }
    let more = [
        r#"dialogue = true"#,
        r#""messages.send" = true"#,
        r#""messages.send" = { rate = "11/min" }"#,
        r#""messages.send" = { rate = "10/min", scope = "any" }"#,
        r#"kv = { max-keys = 11 }"#,
        r#"http = { allow = ["https://c.example"], methods = ["GET"] }"#,
        r#"http = { allow = ["https://a.example"] }"#,
        r#""groups.read" = true"#,
        r#""groups.read" = { scope = "any" }"#,
    ];
    for text in more {
        assert_eq!(requests(text).beyond(&before).len(), 1, "{text}");
    }
    let after = requests(
        "kv = { max-keys = 11, reason = \"more bookings\" }\ndialogue = true\nschedule = { max-jobs = 5, optional = true }",
    );
    assert_eq!(
        after.beyond(&before).join("\n"),
        "it asks for \"kv\" on the terms { max-keys = 11 }; before, it asked on the terms { max-keys = 10 } (its reason: more bookings)\n\
         it asks for \"schedule\", on the terms { max-jobs = 5 }, which it did not before\n\
         it asks for \"dialogue\", without further terms, which it did not before"
    );
}

#[test]
fn the_form_of_data_is_a_number_from_one_on() {
    let with = |text: &str| {
        let manifest = format!(
            "manifest = 1\n[plugin]\nid = \"org.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n{text}"
        );
        Manifest::parse(Path::new("plugin.toml"), &manifest).map(|manifest| manifest.data_version)
    };
    assert_eq!(with("").expect("good"), 1);
    assert_eq!(with("data-version = 3").expect("good"), 3);
    for wrong in [
        "data-version = 0",
        "data-version = -1",
        "data-version = \"2\"",
        "data-version = 5000000000",
    ] {
        let error = with(wrong).expect_err("refused").to_string();
        assert!(error.contains("plugin.data-version"), "{error}");
    }
}
