//! When a real guest's messages leave, and which of them are one.

use waspnest_core::effect::{Action, Change};
use waspnest_engine::{CallContext, Grants};

use crate::kit::{Rig, sent};

#[tokio::test]
async fn what_leaves_at_once_outlives_a_failed_call_and_leaves_once() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("now-until 3");
    for attempt in 1..=3 {
        let context = CallContext {
            attempt,
            ..CallContext::new(&event, &rig.session)
        };
        let called = rig.engine.call(&hostile, context, rig.host.clone()).await;
        assert_eq!(called.is_ok(), attempt == 3);
        if let Ok(draft) = called {
            assert_eq!(sent(&draft), ["attempt 3"], "what left is not in the draft");
        }
    }
    assert_eq!(rig.host.left(), ["now", "now 1", "now 2", "now 3"]);
}

#[tokio::test]
async fn a_message_that_grows_is_sent_once_and_ends_as_the_draft_says() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("grow-until 2");
    for attempt in 1..=2 {
        let context = CallContext {
            attempt,
            ..CallContext::new(&event, &rig.session)
        };
        let called = rig.engine.call(&hostile, context, rig.host.clone()).await;
        if attempt == 2 {
            let draft = called.expect("it is finished");
            assert!(
                matches!(&*draft.effects, [Action::Change(Change::Edit { content, .. })] if content.plain_text() == Some("whole")),
                "{:?}",
                draft.effects
            );
        }
    }
    assert_eq!(rig.host.left(), ["first"]);
    assert_eq!(rig.host.edits_left(), ["first and", "attempt 1", "attempt 2"]);
}

#[tokio::test]
async fn an_edit_that_leaves_at_once_needs_what_edits_need() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(rig.say(&hostile, "edit-now 3EB0").await, ["done"]);
    assert_eq!(rig.host.edits_left(), ["other words"]);
    let theirs = rig.say(&hostile, "edit-now-theirs").await.concat();
    assert!(theirs.contains("only the account's own"), "{theirs}");
    let elsewhere = rig.say(&hostile, "elsewhere edit-now").await.concat();
    assert!(
        elsewhere.contains("messages.edit") && elsewhere.contains("reply-only"),
        "{elsewhere}"
    );
    let rate = toml::toml! { "messages.edit" = { rate = "1/min" } };
    let rate = Grants::from_toml("grants", &rate).expect("grants");
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.edit = rate.edit;
        })
        .await;
    assert_eq!(rig.say(&hostile, "edit-now 3EB1").await, ["done"]);
    let second = rig.say(&hostile, "edit-now 3EB2").await.concat();
    assert!(second.ends_with("too fast, wait 60000 ms"), "{second}");
    assert_eq!(rig.host.edits_left().len(), 2);
}

#[tokio::test]
async fn what_left_is_paid_for_even_if_the_call_fails() {
    let rig = Rig::new();
    let rate = toml::toml! { "messages.send" = { rate = "2/min" } };
    let rate = Grants::from_toml("grants", &rate).expect("grants");
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.send = rate.send;
        })
        .await;
    let event = rig.text("now-until 9");
    rig.call(&hostile, &event).await.expect_err("told to retry");
    rig.call(&hostile, &rig.text("hello"))
        .await
        .expect_err("its answer is past the rate");
    assert_eq!(rig.host.left(), ["now", "now 1"]);
}

#[tokio::test]
async fn a_key_stands_for_one_message() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let draft = rig.call(&hostile, &rig.text("once tea")).await.expect("it answers");
    let [Action::Send(_), Action::Send(_)] = draft.effects.as_slice() else {
        panic!("{:?}", draft.effects)
    };
    let id = draft.sent_keys[0].message.clone();
    assert_eq!(sent(&draft), ["once", id.as_str()]);
    rig.host.commit(&draft);
    assert_eq!(
        rig.say(&hostile, "once tea").await,
        [id.as_str()],
        "another event sends nothing more"
    );
    assert_eq!(rig.say(&hostile, "once milk").await[0], "once");
    for word in [
        "now-key tea".to_owned(),
        "once".to_owned(),
        format!("once {}", "x".repeat(129)),
    ] {
        let refused = rig.say(&hostile, &word).await.concat();
        assert!(refused.contains("options.idempotency-key"), "{refused}");
    }
}
