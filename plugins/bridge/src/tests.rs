//! Whole exchanges on the in-memory host.

use crate::Bridge;
use waspnest_plugin::testing::{Host, context, direct_image, direct_text, group_text};
use waspnest_plugin::types::{Address, EventContext, HandlerError, Message};

const URL: &str = "https://flows.example/hook";

fn config(more: &str) -> String {
    let more: serde_json::Value = serde_json::from_str(more).expect("an object");
    let mut config = serde_json::json!({
        "url": URL, "headers": {}, "sign": false, "timeout-s": 25, "prefix": "", "chats": "any", "groups": [], "media": "describe",
        "error-text": "",
    });
    for (key, value) in more.as_object().expect("an object") {
        config[key] = value.clone();
    }
    config.to_string()
}

fn host(more: &str, status: u16, body: &str) -> Host {
    let body = body.to_owned();
    Host::new()
        .with_config(&config(more))
        .with_http(move |_| Some((status, body.clone())))
}

fn asked(host: &Host, nth: usize) -> serde_json::Value {
    serde_json::from_slice(&host.requests()[nth].body).expect("JSON")
}

fn reason(result: Result<waspnest_plugin::types::Outcome, HandlerError>) -> (String, &'static str) {
    match result.expect_err("it failed") {
        HandlerError::Retry((reason, _)) => (reason, "retry"),
        HandlerError::Reject(reason) => (reason, "reject"),
    }
}

#[test]
fn a_message_is_handed_over_and_the_answer_said() {
    let mut host = host("{}", 200, "hello back");
    let mut attempt = |attempt| {
        let ctx = EventContext { attempt, ..context() };
        host.message_in::<Bridge>(&ctx, &direct_text("hello"))
            .expect("it answers");
    };
    attempt(1);
    attempt(2);
    assert_eq!(host.texts(), ["hello back", "hello back"]);
    let told = asked(&host, 0);
    assert_eq!(told["message"]["text"], "hello");
    assert_eq!(
        (&told["sender"]["name"], &told["chat"]["kind"]),
        (&"Anna".into(), &"direct".into())
    );
    assert_eq!(told, asked(&host, 1), "an attempt that comes after says the same");
}

#[test]
fn a_request_is_signed_where_that_is_configured() {
    let mut host = host(
        r#"{ "sign": true, "headers": { "x-key": "{{secret:bridge-token}}" } }"#,
        204,
        "",
    )
    .with_secret("bridge-signature", "key");
    host.message::<Bridge>(&direct_text("hello")).expect("it is silent");
    assert!(host.effects().is_empty());
    let request = &host.requests()[0];
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(header("x-key"), "{{secret:bridge-token}}");
    let signature = header("x-waspnest-signature")
        .strip_prefix("sha256=")
        .expect("a signature");
    assert_eq!(signature.len(), 64);
}

#[test]
fn files_are_described_and_handed_over_only_where_that_is_configured() {
    let image = direct_image("look");
    let handle = "evt_test";
    let base64 = |more: &str, without: &str| {
        let mut host = host(more, 204, "")
            .with_file(handle, b"a picture")
            .without_grant(without);
        host.message::<Bridge>(&image).expect("it is silent");
        let media = asked(&host, 0)["message"]["media"].clone();
        assert_eq!(media["mime"], "image/jpeg");
        media["base64"].clone()
    };
    assert!(base64("{}", "none").is_null());
    assert_eq!(base64(r#"{ "media": "inline" }"#, "none"), "YSBwaWN0dXJl");
    assert!(base64(r#"{ "media": "inline" }"#, "media.read").is_null());
}

#[test]
fn only_what_is_wanted_is_handed_over() {
    let mentioned = Message {
        mentions_me: true,
        ..group_text("hi")
    };
    let own = |mut msg: Message| {
        msg.key.from_me = true;
        msg
    };
    for (more, msg, wanted) in [
        ("{}", group_text("hi"), true),
        ("{}", own(direct_text("hi")), false),
        (r#"{ "chats": "direct" }"#, group_text("hi"), false),
        (r#"{ "chats": "group" }"#, direct_text("hi"), false),
        (r#"{ "chats": "mentioned" }"#, group_text("hi"), false),
        (r#"{ "chats": "mentioned" }"#, mentioned, true),
        (r#"{ "prefix": "!ai" }"#, direct_text("!ai hi"), true),
        (r#"{ "prefix": "!ai" }"#, direct_text("hi"), false),
        (r#"{ "groups": ["1@g.us"] }"#, group_text("hi"), false),
        (r#"{ "groups": ["1@g.us"] }"#, direct_text("hi"), true),
    ] {
        let mut host = host(more, 204, "");
        host.message::<Bridge>(&msg).expect("it is silent");
        assert_eq!(host.requests().len(), usize::from(wanted), "{more}");
        if wanted {
            assert_eq!(asked(&host, 0)["message"]["text"], "hi");
        }
    }
}

#[test]
fn what_may_pass_is_tried_again_and_what_will_not_is_refused() {
    let handled = |more: &str, status| host(more, status, "no").message::<Bridge>(&direct_text("hi"));
    for status in [408, 429, 500, 503] {
        assert_eq!(reason(handled("{}", status)).1, "retry", "{status}");
    }
    assert_eq!(
        reason(handled("{}", 404)),
        ("the endpoint answered 404".into(), "reject")
    );
    let mut nobody = Host::new().with_config(&config("{}"));
    assert_eq!(reason(nobody.message::<Bridge>(&direct_text("hi"))).1, "retry");
}

#[test]
fn the_person_is_told_only_where_the_operator_has_a_text_for_it() {
    let more = r#"{ "error-text": "Sorry." }"#;
    let mut refused = host(more, 404, "");
    refused.message::<Bridge>(&direct_text("hi")).expect("told");
    assert_eq!(refused.texts(), ["Sorry."]);
    let mut down = host(more, 500, "");
    let mut attempt = |attempt| {
        let ctx = EventContext { attempt, ..context() };
        down.message_in::<Bridge>(&ctx, &direct_text("hi")).map(drop)
    };
    assert!(attempt(1).is_err() && attempt(2).is_err());
    attempt(3).expect("told");
    assert_eq!(down.texts(), ["Sorry."]);
}

#[test]
fn whom_a_message_answers_counts_as_spoken_to() {
    let me: Address = context().me.expect("an account");
    let mut answer = group_text("hi");
    answer.quoted = Some(waspnest_plugin::types::Quoted {
        key: waspnest_plugin::messaging::sent_key(&answer.key, "ID".into()),
        sender: me.jid,
        kind: "text".into(),
        text: None,
    });
    let mut host = host(r#"{ "chats": "mentioned" }"#, 204, "");
    host.message::<Bridge>(&answer).expect("it is silent");
    assert_eq!(host.requests().len(), 1);
}

#[test]
fn a_wrong_configuration_is_told_with_its_places() {
    let issues = |more: &str| {
        let host = Host::new().with_config(&config(more));
        let issues = host.issues::<Bridge>();
        issues
            .into_iter()
            .map(|issue| (issue.path, issue.fatal))
            .collect::<Vec<_>>()
    };
    assert_eq!(issues("{}"), []);
    assert_eq!(issues(r#"{ "url": "" }"#), [("/url".into(), true)]);
    let wrong = r#"{ "url": "flows.example", "headers": { "x y": "1" }, "chats": "direct", "groups": ["1@g.us"] }"#;
    assert_eq!(
        issues(wrong),
        [
            ("/url".into(), true),
            ("/headers".into(), true),
            ("/groups".into(), false)
        ]
    );
}
