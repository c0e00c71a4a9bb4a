//! Another version takes the place of the one at work while events wait.

use super::harness::{Harness, Install, hostile};

const SLOW: &str = "4915100001";
const QUICK: &str = "4915100002";

#[tokio::test]
async fn a_call_ends_with_the_version_that_began_it_and_the_next_one_is_the_others() {
    let app = Harness::start(vec![hostile("bot")]).await;
    let other = app.installed(&Install::of("echo", "bot")).await;
    app.hears(QUICK, "before").await;
    assert_eq!(app.replies(1).await, [(QUICK.to_owned(), "ok: before".to_owned())]);
    // Both versions answer the first with its own text; the second waits behind it, and was queued for the version that goes.
    app.hears(SLOW, "slow 900").await;
    app.hears(SLOW, "one").await;
    app.switches_to(other);
    app.hears(SLOW, "two").await;
    app.hears(QUICK, "after").await;
    let replies = app.replies(5).await;
    let of = |chat: &str| -> Vec<&str> {
        let own = replies.iter().filter(|(to, _)| to == chat);
        own.map(|(_, text)| text.as_str()).collect()
    };
    assert_eq!(of(SLOW), ["slow 900", "one", "two"]);
    assert_eq!(of(QUICK), ["ok: before", "after"]);
    app.stop().await;
}
