//! What webhooks are told: everything, in order in each chat, again until it is taken.

mod bench;
mod formats;
mod torture;

use std::time::Duration;

use waspnest_core::address::ChatKind;
use waspnest_core::delivery::{Again, DeliveryOutcome};
use waspnest_core::event::Position;
use waspnest_core::hmac;
use waspnest_core::message::Origin;
use waspnest_core::progress::Found;
use waspnest_core::webhook::{Own, Standing};

use crate::test_server::{Says, Server};
use bench::{ADA, BOB, Bench, GROUP, MOST_OPEN, SIGNING, header, id_of, json, text_of};

fn texts(server: &Server) -> Vec<String> {
    server.heard().iter().map(|request| text_of(request)).collect()
}

#[tokio::test]
async fn a_server_is_told_what_happens_signed_in_both_forms() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    bench.hears(ADA, "before it was there").await;
    let webhook = bench.webhook(&server, |webhook| {
        let headers = &mut webhook.secrets.headers;
        headers.push(("authorization".into(), "Bearer sesame".into()));
    });
    let webhook = webhook.await;
    let event = bench.hears(ADA, "hello").await;
    bench.until(async || server.heard().len() == 1).await;
    let heard = server.heard().remove(0);
    assert!(heard.starts_with("POST /hook HTTP/1.1"), "{heard}");
    assert_eq!(header(&heard, "authorization"), "Bearer sesame");
    assert_eq!(header(&heard, "webhook-id"), event.id.to_string());
    let body = json(&heard);
    assert_eq!(body["id"], event.id.to_string());
    assert_eq!(body["type"], "message.received");
    assert_eq!(body["session"]["name"], "main");
    assert_eq!(body["position"], 2);
    assert_eq!(text_of(&heard), "hello");
    let (_, text) = heard.split_once("\r\n\r\n").expect("a body");
    let code = hmac::hex(&hmac::sha256(SIGNING.as_bytes(), &[text.as_bytes()]));
    assert_eq!(header(&heard, "x-hub-signature-256"), format!("sha256={code}"));
    let seconds = header(&heard, "webhook-timestamp");
    let signed = hmac::sha256(
        SIGNING.as_bytes(),
        &[format!("{}.{seconds}.", event.id).as_bytes(), text.as_bytes()],
    );
    assert!(header(&heard, "webhook-signature").starts_with("v1,"));
    assert_eq!(
        header(&heard, "webhook-signature"),
        format!("v1,{}", bench::base64(&signed))
    );
    bench.done(webhook, event.position).await;
    let delivered = bench
        .deliveries
        .list(bench.session, webhook, None, 10)
        .await
        .expect("read");
    assert_eq!(delivered.len(), 1, "what was before it is not told");
    assert_eq!(delivered[0].1.outcome, DeliveryOutcome::Delivered { status: 200 });
    bench.stop().await;
}

#[tokio::test]
async fn one_chat_waits_for_what_cannot_be_told_and_another_does_not() {
    let server = Server::answering(&[500]).await;
    let bench = Bench::start().await;
    bench.webhook(&server, |_| {}).await;
    bench.hears(ADA, "a1").await;
    bench.until(async || server.heard().len() == 1).await;
    bench.hears(ADA, "a2").await;
    bench.hears(BOB, "b1").await;
    bench.until(async || server.heard().len() == 2).await;
    assert_eq!(texts(&server), ["a1", "b1"], "the second of the first chat waits");
    bench.pass_until(async || server.heard().len() == 4).await;
    assert_eq!(texts(&server), ["a1", "b1", "a1", "a2"]);
    let heard = server.heard();
    assert_eq!(id_of(&heard[0]), id_of(&heard[2]));
    bench.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_at_once_and_told_again_when_somebody_wants() {
    let server = Server::saying(vec![Says::Status(404), Says::Redirect]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    bench.hears(ADA, "a1").await;
    bench.hears(ADA, "a2").await;
    let last = bench.hears(ADA, "a3").await;
    bench.done(webhook, last.position).await;
    assert_eq!(
        texts(&server),
        ["a1", "a2", "a3"],
        "one attempt each, and no redirect is followed"
    );
    let letters = bench.letters(webhook).await;
    let said: Vec<_> = letters.iter().map(|(at, letter)| (at.0, &*letter.error)).collect();
    assert_eq!(
        said,
        [
            (1, "the endpoint answered 404 Not Found"),
            (2, "the endpoint answered 302 Found")
        ]
    );
    let found = bench.progress.replay(bench.session, webhook, Position(2)).await;
    assert_eq!(found.expect("the store works"), Found::Yes);
    bench.until(async || server.heard().len() == 4).await;
    assert_eq!(texts(&server)[3], "a2");
    bench
        .until(async || {
            bench
                .progress
                .replays(bench.session, webhook)
                .await
                .expect("read")
                .is_empty()
        })
        .await;
    assert_eq!(bench.letters(webhook).await.len(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn nothing_inside_is_told_anything_however_it_is_written() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    for host in [
        "10.0.0.1",
        "127.0.0.2",
        "2130706434",
        "0x7f.0.0.2",
        "0177.0.0.2",
        "127.2",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
        "[fd00::1]",
    ] {
        let url = format!("http://{host}:{}/", server.addr.port());
        let webhook = bench.webhook(&server, |webhook| webhook.url = url.into()).await;
        let event = bench.hears(ADA, "hello").await;
        bench.done(webhook, event.position).await;
        let letters = bench.letters(webhook).await;
        let error = letters.first().map(|(_, letter)| &*letter.error).unwrap_or_default();
        assert!(error.contains("is not on the public internet"), "{host}: {error}");
        bench.endpoints.remove(webhook).await.expect("the store works");
    }
    assert_eq!(server.heard().len(), 0);
    bench.stop().await;
}

#[tokio::test]
async fn what_fails_too_often_is_a_dead_letter_and_the_chat_goes_on() {
    let server = Server::answering(&[500, 503, 500]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    bench.hears(ADA, "a1").await;
    let last = bench.hears(ADA, "a2").await;
    bench
        .pass_until(async || bench.is_done(webhook, last.position).await)
        .await;
    assert_eq!(texts(&server), ["a1", "a1", "a1", "a2"]);
    let letters = bench.letters(webhook).await;
    assert_eq!((letters.len(), letters[0].1.attempts), (1, 3));
    let statistics = bench.endpoints.get(webhook).expect("it is there").server.counts();
    assert_eq!(
        (statistics.delivered, statistics.failed, statistics.given_up),
        (1, 3, 1)
    );
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_no_more_until_somebody_wants_it_so() {
    let server = Server::answering(&[200, 410]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    let other = bench
        .webhook(&server, |webhook| webhook.url = format!("{}/other", webhook.url).into())
        .await;
    bench.change(other, |webhook| webhook.standing = Standing::Paused).await;
    bench.hears(ADA, "a1").await;
    bench.until(async || server.heard().len() == 1).await;
    bench.hears(ADA, "a2").await;
    let standing = || bench.endpoints.get(webhook).expect("it is there").webhook.standing;
    bench.until(async || matches!(standing(), Standing::Gone { .. })).await;
    bench.hears(BOB, "b1").await;
    bench.change(other, |webhook| webhook.standing = Standing::Active).await;
    bench.until(async || server.heard().len() == 5).await;
    let (told, others): (Vec<_>, Vec<_>) = server.heard().into_iter().partition(|heard| !heard.contains("/other"));
    let told: Vec<_> = told.iter().map(|heard| text_of(heard)).collect();
    let mut others: Vec<_> = others.iter().map(|heard| text_of(heard)).collect();
    others.sort();
    assert_eq!(
        (told.as_slice(), others.as_slice()),
        (
            &["a1".into(), "a2".into()][..],
            &["a1".into(), "a2".into(), "b1".into()][..]
        )
    );
    bench
        .change(webhook, |webhook| webhook.standing = Standing::Active)
        .await;
    bench.until(async || server.heard().len() == 7).await;
    let mut last = texts(&server)[5..].to_vec();
    last.sort();
    assert_eq!(last, ["a2", "b1"], "what was not told waited");
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_and_nothing_is_lost() {
    let server = Server::answering(&[]).await;
    server.then(Says::Resets);
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    for index in 0..40 {
        bench.hears(&format!("49151000{index:02}"), "hello").await;
    }
    let resting = || {
        bench
            .endpoints
            .get(webhook)
            .expect("it is there")
            .server
            .breaker
            .condition(bench.now())
    };
    bench.pass_until(async || resting().until().is_some()).await;
    let tried = server.heard().len();
    assert!(tried < 40, "{tried} attempts, and it was not left alone");
    server.then(Says::Status(200));
    let taken = || {
        server
            .told()
            .iter()
            .filter(|(_, says)| *says == Says::Status(200))
            .count()
    };
    bench.pass_until(async || taken() == 40).await;
    assert_eq!(bench.letters(webhook).await, []);
    bench.stop().await;
}

#[tokio::test]
async fn only_what_is_wanted_is_told() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    bench
        .webhook(&server, |webhook| {
            webhook.wants.events = Some(vec!["message".into()]);
            webhook.wants.chats = Some(vec![ChatKind::Direct]);
            webhook.wants.own = Own::LeftOut;
        })
        .await;
    bench.hears(GROUP, "in a group").await;
    bench.writes(ADA, "my own", Origin::Me).await;
    bench.reads(ADA).await;
    bench.hears(ADA, "hello").await;
    bench.until(async || !server.heard().is_empty()).await;
    assert_eq!(texts(&server), ["hello"]);
    bench.stop().await;
}

#[tokio::test]
async fn what_was_not_told_is_told_after_a_restart_and_what_was_is_not() {
    let server = Server::answering(&[200, 503]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    let first = bench.hears(BOB, "b1").await;
    bench.done(webhook, first.position).await;
    bench.hears(ADA, "a1").await;
    bench.hears(ADA, "a2").await;
    bench.until(async || server.heard().len() == 2).await;
    let bench = bench.restart().await;
    bench.pass_until(async || server.heard().len() == 4).await;
    assert_eq!(texts(&server), ["b1", "a1", "a1", "a2"]);
    bench.stop().await;
}

#[tokio::test]
async fn a_range_is_told_once_more_in_order_over_a_restart() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    for index in 1..=200 {
        bench.hears(ADA, &index.to_string()).await;
    }
    bench.done(webhook, Position(200)).await;
    server.then(Says::Nothing);
    let range = Again {
        next: Position(11),
        to: Position(190),
    };
    bench
        .deliveries
        .tell_again(bench.session, webhook, range)
        .await
        .expect("the store works");
    bench.until(async || server.heard().len() == 201).await;
    server.then(Says::Status(200));
    let bench = bench.restart().await;
    bench
        .pass_until(async || {
            let left = bench.deliveries.again(bench.session, webhook).await;
            left.expect("the store works").is_none()
        })
        .await;
    let told = server.told().into_iter().skip(201);
    let again: Vec<String> = told.map(|(request, _)| text_of(&request)).collect();
    let wanted: Vec<String> = (11..=190).map(|index: u32| index.to_string()).collect();
    assert_eq!(again, wanted);
    let ids: Vec<_> = server.heard().iter().map(|request| id_of(request)).collect();
    assert_eq!(ids[10], ids[201], "under the same id");
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_hangs_holds_up_nobody_else() {
    let (slow, quick) = (Server::answering(&[]).await, Server::answering(&[]).await);
    slow.then(Says::Nothing);
    let bench = Bench::start().await;
    bench.webhook(&slow, |_| {}).await;
    bench.webhook(&quick, |_| {}).await;
    for index in 0..100 {
        bench.hears(ADA, &index.to_string()).await;
    }
    bench.until(async || quick.heard().len() == 100).await;
    assert_eq!(slow.heard().len(), 1);
    slow.then(Says::Status(200));
    bench.pass(Duration::from_secs(11));
    bench.pass_until(async || slow.heard().len() == 101).await;
    bench.stop().await;
}

#[tokio::test]
async fn what_is_more_than_can_be_held_is_read_when_there_is_room() {
    let server = Server::answering(&[]).await;
    server.then(Says::Nothing);
    let bench = Bench::start().await;
    bench.webhook(&server, |_| {}).await;
    // Exactly as much as can be held, and then more.
    for index in 0..MOST_OPEN {
        bench.hears(ADA, &index.to_string()).await;
    }
    bench.until(async || server.heard().len() == 1).await;
    let all = 5 * MOST_OPEN;
    for index in MOST_OPEN..all {
        bench.hears(ADA, &index.to_string()).await;
    }
    server.then(Says::Status(200));
    bench.pass(Duration::from_secs(11));
    bench.pass_until(async || server.heard().len() == all + 1).await;
    let wanted: Vec<String> = (0..all).map(|index| index.to_string()).collect();
    assert_eq!(texts(&server)[1..], wanted);
    bench.stop().await;
}

#[tokio::test]
async fn a_webhook_that_is_removed_leaves_nothing() {
    let server = Server::answering(&[404, 200]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    bench.hears(ADA, "a1").await;
    let last = bench.hears(ADA, "a2").await;
    bench.done(webhook, last.position).await;
    assert!(bench.rows_of(webhook).await > 0);
    bench.endpoints.remove(webhook).await.expect("the store works");
    bench.until(async || bench.rows_of(webhook).await == 0).await;
    bench.hears(ADA, "a3").await;
    bench.stop().await;
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_while() {
    let server = Server::answering(&[]).await;
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    let until = bench.now().plus(Duration::from_secs(3600));
    bench
        .change(webhook, |webhook| {
            let text = std::mem::replace(&mut webhook.secrets.signing, "another secret".into());
            webhook.secrets.previous = Some(waspnest_core::webhook::PreviousSecret { text, until });
        })
        .await;
    bench.hears(ADA, "a1").await;
    bench.until(async || server.heard().len() == 1).await;
    bench.pass(Duration::from_secs(3600));
    bench.hears(ADA, "a2").await;
    bench.until(async || server.heard().len() == 2).await;
    let signatures: Vec<usize> = server
        .heard()
        .iter()
        .map(|request| header(request, "webhook-signature").split(' ').count())
        .collect();
    assert_eq!(signatures, [2, 1]);
    bench.stop().await;
}
