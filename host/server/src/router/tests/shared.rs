//! What installations of one session share, with lanes that run side by side.

use std::collections::BTreeSet;

use super::harness::{Harness, hostile};

async fn counted(app: &Harness, replies: usize) -> BTreeSet<u64> {
    app.pass_until_replies(replies).await;
    let replies = app.replies(replies).await;
    let number = |(_, text): (String, String)| text.parse().unwrap_or_else(|_| panic!("no number: {text}"));
    replies.into_iter().map(number).collect()
}

#[tokio::test]
async fn nothing_is_lost_when_two_installations_count_together() {
    let app = Harness::start(vec![hostile("one"), hostile("two")]).await;
    for chat in 0..5 {
        app.hears_without_waiting(&format!("491510000{chat}"), "kv-shared pool add")
            .await;
    }
    assert_eq!(counted(&app, 10).await, (1..=10).collect(), "each counted on");
    let app = app.restart().await;
    app.hears("4915100009", "kv-shared pool add").await;
    assert_eq!(counted(&app, 12).await, (1..=12).collect(), "and after a restart");

    // Another session has a store of its own by that name.
    let beside = app.beside(vec![hostile("one")]).await;
    beside.hears("4915100009", "kv-shared pool add").await;
    assert_eq!(counted(&beside, 1).await, BTreeSet::from([1]));
    beside.stop().await;
    app.stop().await;
}
