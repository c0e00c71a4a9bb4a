//! Machines that answer each other, and the end of it.

use std::time::Duration;

use super::harness::{Harness, Install, everything};
use crate::config::bind::{Bind, Own};

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

#[tokio::test]
async fn the_accounts_own_messages_are_answered_so_often_and_people_always() {
    let own_too = Bind {
        own: Own::Included,
        ..everything("all")
    };
    let app = Harness::start(vec![Install {
        binds: vec![own_too],
        ..Install::of("talker", "bot")
    }])
    .await;
    for _ in 0..4 {
        app.writes(ADA, "/order tea").await;
    }
    app.hears(ADA, "I am no machine").await;
    let said: Vec<_> = app.replies(3).await.into_iter().map(|(_, text)| text).collect();
    assert!(said[0].contains("tea") && said[1].contains("tea"), "{said:?}");
    assert_eq!(said[2], "ok: I am no machine", "two replies are allowed here");
    app.writes(BOB, "/order tea").await;
    assert_eq!(app.replies(4).await[3].0, BOB, "each chat has its own count");
    app.pass(Duration::from_secs(60));
    app.writes(ADA, "/order milk").await;
    let last = app.replies(5).await.remove(4);
    assert!(last.0 == ADA && last.1.contains("milk"), "{last:?}");
    app.stop().await;
}
