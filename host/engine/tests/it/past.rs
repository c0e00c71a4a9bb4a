//! What a real guest sees of earlier messages, and what it does not.

use waspnest_core::clock::UnixMs;
use waspnest_core::message::Message;
use waspnest_engine::Grants;

use crate::kit::{NOW, Rig, message};

const ELSEWHERE: &str = "4915187654321";

fn said(phone: &str, id: &str, minutes_ago: u64) -> Message {
    let mut said = message(phone, id);
    said.key.id = id.parse().expect("an id");
    said.timestamp = UnixMs(NOW.0 - minutes_ago * 60_000);
    said
}

fn rig() -> Rig {
    let rig = Rig::new();
    for (id, minutes_ago) in [("one", 30), ("three", 10), ("two", 20)] {
        rig.host.remember(said("4915112345678", id, minutes_ago));
    }
    rig.host.remember(said(ELSEWHERE, "secret", 5));
    rig
}

#[tokio::test]
async fn a_message_is_found_by_its_name() {
    let rig = rig();
    let hostile = rig.install("hostile").await;
    assert_eq!(
        rig.say(&hostile, "get two").await,
        ["two by 4915112345678@s.whatsapp.net"]
    );
    assert_eq!(rig.say(&hostile, "get four").await, ["nothing"]);
}

#[tokio::test]
async fn a_chat_is_read_backwards_page_by_page() {
    let rig = rig();
    let hostile = rig.install("hostile").await;
    let first = rig.say(&hostile, "history 2").await.concat();
    let (words, cursor) = first.split_once(" then ").expect("words and a cursor");
    assert_eq!(words, "three|two");
    assert_eq!(
        rig.say(&hostile, &format!("history 2 {cursor}")).await,
        ["one then nothing"]
    );
    for (word, says) in [
        ("history 0", "must be 1 to 100"),
        ("history 101", "must be 1 to 100"),
        ("history 1 nonsense", "cursor"),
    ] {
        let answer = rig.say(&hostile, word).await.concat();
        assert!(answer.contains(says), "{word}: {answer}");
    }
}

#[tokio::test]
async fn other_chats_are_out_of_scope() {
    let rig = rig();
    let hostile = rig.install("hostile").await;
    for word in [
        format!("get-from {ELSEWHERE}@s.whatsapp.net secret"),
        format!("history-of {ELSEWHERE}@s.whatsapp.net"),
    ] {
        let answer = rig.say(&hostile, &word).await.concat();
        assert!(
            answer.contains("messages.history") && answer.contains("reply-only"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn without_the_grant_nothing_is_seen_and_past_the_rate_not_yet() {
    let rig = rig();
    let granted = |grant: Option<toml::Table>| {
        move |spec: &mut waspnest_engine::InstallationSpec| {
            spec.grants = Grants::as_requested();
            spec.grants.history = grant.and_then(|table| Grants::from_toml("grants", &table).expect("grants").history);
        }
    };
    let hostile = rig.install_with("hostile", granted(None)).await;
    for word in ["get two", "history 2"] {
        let answer = rig.say(&hostile, word).await.concat();
        assert!(answer.ends_with("not granted: messages.history"), "{answer}");
    }
    let rate = toml::toml! { "messages.history" = { rate = "1/min" } };
    let hostile = rig.install_with("hostile", granted(Some(rate))).await;
    rig.say(&hostile, "get two").await;
    let answer = rig.say(&hostile, "history 2").await.concat();
    assert!(answer.ends_with("too fast, wait 60000 ms"), "{answer}");
}

#[tokio::test]
async fn looks_are_counted_in_a_call() {
    let rig = rig();
    let hostile = rig.install("hostile").await;
    let answer = rig.say(&hostile, "get-flood").await.concat();
    assert!(
        answer.starts_with("50: ") && answer.contains("looks at earlier messages"),
        "{answer}"
    );
}
