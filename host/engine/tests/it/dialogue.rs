//! Conversations of a real guest: what it sets, waits for and is told.

use waspnest_core::dialogue::{End, Pending, Wait};
use waspnest_core::draft::{Draft, KvScope, Timer, TimerChange, TimerRule};
use waspnest_core::event::{Event, EventKind, Tick, TickCause};
use waspnest_engine::{CallContext, CallError, Grants, Installation, LoadError, Occasion};

use crate::kit::{NOW, Rig, changed, sent};

/// Tells the guest of the end of a wait.
async fn tell(rig: &Rig, talker: &Installation, event: &Event, pending: &Pending) -> Result<Draft, CallError> {
    let context = CallContext {
        occasion: Occasion::Reply(pending),
        ..CallContext::new(event, &rig.session)
    };
    rig.engine.call(talker, context, rig.host.clone()).await
}

/// The wait that a draft begins.
fn wait_of(draft: &Draft, end: End) -> (Pending, Timer) {
    let write = draft.dialogues.first().expect("it waits");
    let entry = write.entry.clone().expect("it begins");
    let wait: Wait = waspnest_core::codec::decode(b"wait", &entry.value).expect("a wait");
    let pending = Pending {
        scope: write.key.scope.clone(),
        state: wait.state,
        end,
        entry,
    };
    let Some(TimerChange::Set(timer)) = draft.timers.first() else {
        panic!("{:?}", draft.timers)
    };
    (pending, timer.clone())
}

#[tokio::test]
async fn a_guest_waits_and_is_told() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    let asked = rig
        .call(&talker, &rig.text("ask size 60000"))
        .await
        .expect("it answers");
    assert_eq!(sent(&asked), ["asked size"]);
    rig.host.commit(&asked);
    let (pending, timer) = wait_of(&asked, End::Answered);
    let chat = "4915112345678@s.whatsapp.net".parse().expect("a JID");
    assert!(matches!(&pending.scope, KvScope::Sender { chat: of, .. } if *of == chat));
    assert_eq!(
        (timer.next.0, &timer.rule),
        (NOW.0 + 60_000, &TimerRule::Wait(timer.next))
    );
    assert_eq!((&*pending.state.name, pending.state.version), ("size", 1));
    assert_eq!(rig.say(&talker, "jobs").await, ["0"], "the host's timers are its own");
    assert!(
        rig.say(&talker, "reserved")
            .await
            .concat()
            .contains("\"waspnest:\" are the host's")
    );

    let told = tell(&rig, &talker, &rig.text("large"), &pending)
        .await
        .expect("it answers");
    assert_eq!(sent(&told), ["size got large"]);
    assert_eq!(told.dialogues, [pending.over()]);
    assert_eq!(told.dialogue_reads, [pending.read()]);
    assert!(matches!(told.timers.as_slice(), [TimerChange::Cancel(id)] if *id == timer.id));

    let called_off = tell(&rig, &talker, &rig.text("cancel"), &pending)
        .await
        .expect("it answers");
    assert_eq!(
        sent(&called_off),
        ["false", "size got cancel"],
        "the wait it is told of is over"
    );
    let again = tell(&rig, &talker, &rig.text("again"), &pending)
        .await
        .expect("it answers");
    let next = again
        .dialogues
        .first()
        .and_then(|write| write.entry.as_ref())
        .expect("it waits again");
    assert_ne!(next.revision, pending.entry.revision);
}

#[tokio::test]
async fn a_guest_is_told_that_nothing_came() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    for word in ["ask size 60000", "ask-chat size 60000"] {
        let asked = rig.call(&talker, &rig.text(word)).await.expect("it answers");
        let (pending, timer) = wait_of(&asked, End::Expired);
        let tick = rig.event(EventKind::Tick(Tick {
            installation: talker.id().clone(),
            schedule: timer.id.clone(),
            cause: TickCause::Expired,
            scheduled_for: timer.next,
            missed: 0,
            previous: None,
            zone: timer.zone.clone(),
            payload: timer.payload.clone(),
            origin: timer.origin.clone(),
        }));
        assert!(talker.wants(&tick.kind));
        let told = tell(&rig, &talker, &tick, &pending).await.expect("it answers");
        assert_eq!(sent(&told), ["size got nothing"], "in the chat it asked in");
        assert_eq!(told.dialogues, [pending.over()]);
    }
}

#[tokio::test]
async fn states_are_kept_and_called_off() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    for (word, answer) in [
        ("noted", "nothing"),
        ("note order", "noted"),
        ("noted", "order 7"),
        ("noted-chat", "nothing"),
        ("note-chat party", "noted"),
        ("noted-chat", "party 7"),
        ("forget", "forgotten"),
        ("noted", "nothing"),
        ("note-for short 5000", "noted"),
        ("noted", "short 0"),
        ("cancel", "false"),
        ("ask size 60000", "asked size"),
        ("cancel-chat", "false"),
        ("cancel", "true"),
        ("cancel", "false"),
    ] {
        assert_eq!(rig.say(&talker, word).await, [answer], "{word}");
    }
}

#[tokio::test]
async fn nothing_is_kept_of_a_call_that_fails() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    rig.call(&talker, &rig.text("ask-fail size"))
        .await
        .expect_err("it rejects");
    assert_eq!(rig.say(&talker, "cancel").await, ["false"]);
}

#[tokio::test]
async fn a_guest_is_told_what_it_may_not() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    for (word, says) in [
        ("ask size 5", "invalid: ttl-ms: must be 1000 to 2592000000"),
        ("ask-large 16385", "larger than 16384 bytes"),
        (
            &format!("note {}", "x".repeat(129)),
            "invalid: name: must have 1 to 128 bytes",
        ),
    ] {
        let answer = rig.say(&talker, word).await.concat();
        assert!(answer.contains(says), "{word}: {answer}");
    }
    assert_eq!(rig.say(&talker, "ask-large 16384").await, ["asked"]);
    let error = rig
        .call(&talker, &rig.text("flood-dialogue"))
        .await
        .expect_err("it floods");
    assert!(error.to_string().contains("dialogue operations"), "{error}");

    let none = rig
        .install_with("talker", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.dialogue = None;
        })
        .await;
    assert!(!none.takes_replies());
    for word in ["ask a 60000", "cancel", "note a", "noted", "forget"] {
        let answer = rig.say(&none, word).await.concat();
        assert!(answer.contains("not granted: dialogue"), "{word}: {answer}");
    }

    let narrow: toml::Table = toml::from_str("\"messages.send\" = true\ndialogue = { max-open = 1 }").expect("a table");
    let narrow = Grants::from_toml("plugin.grants", &narrow).expect("grants");
    let rig = Rig::new();
    let talker = rig.install_with("talker", |spec| spec.grants = narrow).await;
    assert_eq!(rig.say(&talker, "note a").await, ["noted"]);
    let answer = rig.say(&talker, "ask a 60000").await.concat();
    assert!(answer.contains("used up: dialogue: 1 open"), "{answer}");
}

#[tokio::test]
async fn a_tick_has_the_dialogue_of_the_chat_it_was_set_from() {
    let rig = Rig::new();
    let talker = rig.install("talker").await;
    rig.say(&talker, "note order").await;
    let set = rig.call(&talker, &rig.text("tick 5000")).await.expect("it answers");
    let Some(TimerChange::Set(timer)) = set.timers.first() else {
        panic!("{:?}", set.timers)
    };
    let tick = rig.call(&talker, &rig.tick(timer, &talker)).await.expect("it answers");
    assert_eq!(sent(&tick), ["nothing; order 7"]);
    let elsewhere = Timer {
        origin: None,
        payload: Vec::new(),
        ..timer.clone()
    };
    let error = rig
        .call(&talker, &rig.tick(&elsewhere, &talker))
        .await
        .expect_err("there is no chat");
    assert!(error.to_string().contains("of: the event has no chat"), "{error}");
}

#[tokio::test]
async fn who_holds_dialogues_takes_replies_and_nobody_else() {
    let rig = Rig::new();
    let asks_not = changed("talker", |manifest| {
        manifest.replace("\"dialogue\" =", "\"x-dialogue\" =")
    });
    let error = rig
        .engine
        .load(asks_not.path())
        .await
        .expect_err("it imports what it does not ask for");
    assert!(matches!(&error, LoadError::UndeclaredImport { .. }), "{error}");
    assert!(
        error.to_string().contains("add \"dialogue\" to [capabilities]"),
        "{error}"
    );
    let takes_none = changed("echo", |manifest| {
        manifest.replace(
            "[capabilities]",
            "[capabilities]\ndialogue = { reason = \"for nothing\" }",
        )
    });
    let error = rig.engine.load(takes_none.path()).await.expect_err("it has no handler");
    assert!(
        matches!(
            &error,
            LoadError::MissingHandler {
                handler: "reply-handler",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("[capabilities] dialogue"), "{error}");
}
