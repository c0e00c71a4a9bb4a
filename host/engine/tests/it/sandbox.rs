//! What a guest can see and do: a clock and randomness that the host gives, nothing of the machine, and what is granted.

use std::time::Duration;

use waspnest_core::draft::TimerChange;
use waspnest_core::effect::{Action, Typing};
use waspnest_core::id::EffectId;
use waspnest_core::message::Content;
use waspnest_engine::{CallContext, Grants};

use crate::kit::{NOW, Rig, message, sent};

#[tokio::test]
async fn echo_answers_what_was_written() {
    let rig = Rig::new();
    let echo = rig.install("echo").await;
    let event = rig.text("hello");
    let draft = rig.call(&echo, &event).await.expect("echo answers");
    let [Action::Send(send)] = draft.effects.as_slice() else {
        panic!("one message, not {:?}", draft.effects)
    };
    assert_eq!(send.to.to_string(), "4915112345678@s.whatsapp.net");
    assert!(matches!(&send.content, Content::Text(text) if &*text.body == "hello"));
    assert!(draft.kv.is_empty() && draft.timers.is_empty() && draft.kv_reads.is_empty());
}

#[tokio::test]
async fn the_clock_is_the_injected_one() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(rig.say(&hostile, "clock").await, [NOW.0.to_string()]);
    rig.clock.advance(Duration::from_secs(3600));
    assert_eq!(rig.say(&hostile, "clock").await, [(NOW.0 + 3_600_000).to_string()]);
}

#[tokio::test]
async fn randomness_comes_from_the_seed() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("random");
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let context = CallContext {
            seed,
            ..CallContext::new(&event, &rig.session)
        };
        let draft = rig
            .engine
            .call(&hostile, context, rig.host.clone())
            .await
            .expect("the guest answers");
        seen.push(sent(&draft));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn the_machine_cannot_be_seen() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(rig.say(&hostile, "env").await, ["0: "]);
    assert_eq!(rig.say(&hostile, "args").await, ["0: "]);
    let files = rig.say(&hostile, "files").await.concat();
    assert!(
        !files.contains("bytes") && !files.contains("entries") && !files.contains("written"),
        "{files}"
    );
}

#[tokio::test]
async fn the_context_and_the_configuration_arrive() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.config = serde_json::json!({ "greeting": "servus" });
        })
        .await;
    let event = rig.text("context");
    let context = CallContext {
        attempt: 3,
        binding: "everything",
        ..CallContext::new(&event, &rig.session)
    };
    let draft = rig
        .engine
        .call(&hostile, context, rig.host.clone())
        .await
        .expect("the guest answers");
    assert_eq!(
        sent(&draft),
        [format!(
            "event {} attempt 3 session sales-de binding everything",
            event.id
        )]
    );
    assert_eq!(rig.say(&hostile, "config").await, ["servus"]);
    assert!(
        rig.say(&hostile, "budget")
            .await
            .concat()
            .starts_with("sends 20 http 10 memory ")
    );
}

#[tokio::test]
async fn ids_are_the_same_at_every_attempt() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("double");
    let first = rig.call(&hostile, &event).await.expect("the guest answers");
    let again = rig.call(&hostile, &event).await.expect("the guest answers");
    assert_eq!(first, again);
    assert_eq!(sent(&first), ["first", "second"]);
    // What the guest was told is what the outbox will derive.
    let id = |index| EffectId::derive(event.id, hostile.id(), index).message_id();
    assert_ne!(id(0), id(1));
}

#[tokio::test]
async fn each_effect_is_drafted() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let effects = async |word: &str| {
        rig.call(&hostile, &rig.text(word))
            .await
            .expect("the guest answers")
            .effects
    };
    let key = message("4915112345678", "react").key;
    let reacted = effects("react").await;
    assert!(
        matches!(&reacted[0], Action::React { target, emoji: Some(emoji) } if *target == key && &**emoji == "👍"),
        "{reacted:?}"
    );
    let read = effects("read").await;
    assert!(
        matches!(&read[0], Action::MarkRead { targets } if targets.len() == 1),
        "{read:?}"
    );
    let typing = effects("typing").await;
    assert!(
        matches!(
            &typing[0],
            Action::SetTyping {
                state: Typing::Composing,
                ..
            }
        ),
        "{typing:?}"
    );
    let quoted = effects("quote").await;
    let Action::Send(send) = &quoted[0] else {
        panic!("{quoted:?}")
    };
    let quote = send.quote.as_ref().expect("a quotation");
    assert!(matches!(quote.content.as_deref(), Some(Content::Text(text)) if &*text.body == "quote"));
    assert_eq!(quote.sender.to_string(), "4915112345678@s.whatsapp.net");
}

#[tokio::test]
async fn what_is_not_granted_is_denied_by_name() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let refused = rig.say(&hostile, "send-to 4915187654321@s.whatsapp.net").await.concat();
    assert!(
        refused.contains("messages.send") && refused.contains("reply-only"),
        "{refused}"
    );
    assert_eq!(
        rig.say(&hostile, "send-to 4915112345678@s.whatsapp.net").await,
        ["hello", "sent"]
    );
    assert_eq!(
        rig.say(&hostile, "send-to 123456789012345@lid").await,
        ["hello", "sent"],
        "the same person by the other address"
    );
    assert_eq!(rig.say(&hostile, "granted messages.send").await, ["true"]);
    assert_eq!(rig.say(&hostile, "granted groups.write").await, ["false"]);
}

#[tokio::test]
async fn what_this_version_cannot_do_says_so() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for (word, says) in [("interactive", "interactive"), ("kv-instance", "instance")] {
        let answer = rig.say(&hostile, word).await.concat();
        assert!(answer.contains(says), "{word}: {answer}");
    }
}

#[tokio::test]
async fn a_rate_holds_over_calls_and_is_not_charged_for_failed_ones() {
    let rig = Rig::new();
    let grants: toml::Table = toml::from_str(
        r#"
        "messages.send" = { rate = "2/min" }
        "messages.react" = true
        "messages.read" = true
        "messages.typing" = true
        kv = true
        schedule = true
        "#,
    )
    .expect("a table");
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::from_toml("plugin.grants", &grants).expect("grants")
        })
        .await;
    for _ in 0..5 {
        rig.call(&hostile, &rig.text("half"))
            .await
            .expect_err("it stops half-way, after a send");
    }
    rig.say(&hostile, "one").await;
    rig.say(&hostile, "two").await;
    rig.call(&hostile, &rig.text("three"))
        .await
        .expect_err("the guest gives up when its answer is refused");
    rig.clock.advance(Duration::from_secs(61));
    rig.say(&hostile, "three").await;
}

#[tokio::test]
async fn a_quoted_message_is_looked_up() {
    let rig = Rig::new();
    let reminders = rig.install("reminders").await;
    let asked = message("4915112345678", "remind me in 1 minute to stretch");
    let draft = rig
        .call(&reminders, &rig.text("remind me in 1 minute to stretch"))
        .await
        .expect("it answers");
    let [TimerChange::Set(timer)] = draft.timers.as_slice() else {
        panic!("{:?}", draft.timers)
    };
    let quote = async || {
        let tick = rig
            .call(&reminders, &rig.tick(timer, &reminders))
            .await
            .expect("the reminder comes");
        let [Action::Send(send)] = tick.effects.as_slice() else {
            panic!("{:?}", tick.effects)
        };
        send.quote.clone().expect("a quotation")
    };
    let unknown = quote().await;
    assert_eq!(
        (unknown.content, unknown.sender.to_string().as_str()),
        (None, "4915112345678@s.whatsapp.net")
    );
    rig.host.remember(asked.clone());
    let known = quote().await;
    assert_eq!((known.key, known.content.as_deref()), (asked.key, Some(&asked.content)));
}
