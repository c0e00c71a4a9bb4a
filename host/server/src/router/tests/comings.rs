//! Installations come and go while events are handled.

use std::sync::Arc;

use ulid::Ulid;
use waspnest_core::id::TenantId;

use super::harness::{Harness, Install, hostile};
use crate::router::Installed;

const SLOW: &str = "4915100001";
const QUICK: &str = "4915100002";

#[tokio::test]
async fn who_comes_hears_what_comes_then_and_a_call_under_way_ends_once() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears(QUICK, "before").await;
    assert_eq!(app.replies(1).await, [(QUICK.to_owned(), "ok: before".to_owned())]);
    app.hears(SLOW, "slow 900").await;
    app.hears(SLOW, "behind").await;
    app.comes(app.installed(&Install::of("echo", "echo")).await).await;
    app.hears(QUICK, "after").await;
    let mut replies = app.replies(5).await;
    let slow: Vec<&str> = replies
        .iter()
        .filter(|(to, _)| to == SLOW)
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(slow.last(), Some(&"ok: behind"), "its place in the lane is kept");
    assert_eq!(slow.len(), 2, "{replies:?}");
    replies.retain(|(to, text)| to == QUICK && text != "ok: before");
    replies.sort();
    assert_eq!(
        replies,
        [
            (QUICK.to_owned(), "after".to_owned()),
            (QUICK.to_owned(), "ok: after".to_owned())
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn who_goes_is_called_no_more_and_goes_on_where_it_stood_when_it_comes_back() {
    let app = Harness::start(vec![hostile("bot"), Install::of("echo", "echo")]).await;
    app.hears(QUICK, "one").await;
    app.replies(2).await;
    let echo = app.goes("echo").await;
    app.hears(QUICK, "two").await;
    let replies = app.replies(3).await;
    assert!(
        replies.contains(&(QUICK.to_owned(), "ok: two".to_owned())),
        "{replies:?}"
    );
    app.comes(echo).await;
    app.hears(QUICK, "three").await;
    let replies = app.replies(6).await;
    let echoed: Vec<&str> = replies
        .iter()
        .map(|(_, text)| text.as_str())
        .filter(|text| !text.starts_with("ok: "))
        .collect();
    assert_eq!(echoed, ["one", "two", "three"]);
    let app = app.restart().await;
    app.hears(QUICK, "four").await;
    assert_eq!(app.replies(8).await.len(), 8, "nothing is handled again");
    app.stop().await;
}

#[tokio::test]
async fn who_is_of_another_tenant_is_never_called() {
    let app = Harness::start(vec![hostile("bot")]).await;
    let of = async |tenant: TenantId| {
        let installed = app.installed(&Install::of("echo", "echo")).await;
        let installed = Arc::try_unwrap(installed).expect("nobody else has it");
        Arc::new(Installed {
            tenant: Some(tenant),
            ..installed
        })
    };
    app.comes(of(TenantId::new(Ulid(7))).await).await;
    app.hears(QUICK, "one").await;
    app.hears(QUICK, "two").await;
    assert_eq!(app.replies(2).await.len(), 2);
    drop(app.goes("echo").await);
    app.comes(of(TenantId::DEFAULT).await).await;
    app.hears(QUICK, "three").await;
    let replies = app.replies(4).await;
    let echoed: Vec<&str> = replies
        .iter()
        .map(|(_, text)| text.as_str())
        .filter(|text| !text.starts_with("ok: "))
        .collect();
    assert_eq!(echoed, ["three"], "this one's tenant's, from when it came");
    app.stop().await;
}
