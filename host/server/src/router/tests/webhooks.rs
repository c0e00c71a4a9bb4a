//! What plugins tell servers: in order in each chat, again until it is taken, and once more after a restart.

use waspnest_core::effect::EffectState;
use waspnest_core::event::Position;
use waspnest_core::hmac;
use waspnest_core::id::EffectId;

use super::harness::{Harness, Install, hostile, id};
use crate::test_server::Server;

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

fn telling(server: &Server) -> Install {
    Install {
        endpoints: vec![("crm", format!("http://{}/hook", server.addr))],
        ..hostile("bot")
    }
}

/// Head and body.
fn parts(request: &str) -> (&str, serde_json::Value) {
    let (head, body) = request.split_once("\r\n\r\n").expect("a request");
    (head, serde_json::from_str(body).expect("JSON"))
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let found = request
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {request}"))
}

async fn data(app: &Harness, server: &Server, count: usize) -> Vec<i64> {
    app.pass_until(async || server.heard().len() >= count).await;
    let heard = server.heard();
    heard
        .iter()
        .map(|request| parts(request).1["data"].as_i64().expect("a number"))
        .collect()
}

#[tokio::test]
async fn a_server_is_told_in_a_signed_envelope() {
    let server = Server::answering(&[]).await;
    let app = Harness::start(vec![telling(&server)]).await;
    app.hears(ADA, "tell crm booking.made {\"day\": [1, 2]}").await;
    app.pass_until(async || !server.heard().is_empty()).await;
    let heard = server.heard().remove(0);
    let (head, body) = parts(&heard);
    assert!(head.starts_with("POST /hook HTTP/1.1"), "{head}");
    assert_eq!(body["type"], "booking.made");
    assert_eq!(body["data"], serde_json::json!({ "day": [1, 2] }));
    assert_eq!(
        (&body["session"], &body["installation"]),
        (&"test".into(), &"bot".into())
    );
    let effect: EffectId = header(&heard, "webhook-id").parse().expect("the id of an effect");
    assert_eq!(body["id"], effect.to_string());
    let (_, text) = heard.split_once("\r\n\r\n").expect("a body");
    let code = hmac::hex(&hmac::sha256(b"swordfish", &[text.as_bytes()]));
    assert_eq!(header(&heard, "x-hub-signature-256"), format!("sha256={code}"));
    app.pass_until(async || matches!(app.effect(effect).await.state, EffectState::Sent { .. }))
        .await;
    app.stop().await;
}

#[tokio::test]
async fn one_chat_waits_for_what_cannot_be_told_and_another_does_not() {
    let server = Server::answering(&[500]).await;
    let app = Harness::start(vec![telling(&server)]).await;
    app.hears(ADA, "tell crm a 1").await;
    app.replies(1).await;
    app.until_heard(&server, 1).await;
    app.hears(ADA, "tell crm a 2").await;
    app.hears(BOB, "tell crm a 3").await;
    app.replies(3).await;
    app.until_heard(&server, 2).await;
    let early: Vec<_> = server
        .heard()
        .iter()
        .map(|request| parts(request).1["data"].clone())
        .collect();
    assert_eq!(
        early,
        [1, 3],
        "the second of the first chat waits, the other chat does not"
    );
    assert_eq!(data(&app, &server, 4).await, [1, 3, 1, 2]);
    let heard = server.heard();
    assert_eq!(header(&heard[0], "webhook-id"), header(&heard[2], "webhook-id"));
    app.stop().await;
}

#[tokio::test]
async fn what_no_server_takes_is_a_failed_effect() {
    let server = Server::answering(&[410, 500, 503, 500]).await;
    let app = Harness::start(vec![telling(&server)]).await;
    app.hears(ADA, "tell crm a 1").await;
    app.hears(ADA, "tell crm a 2").await;
    app.hears(ADA, "tell other a 3").await;
    app.hears(ADA, "tell audit a 4").await;
    app.pass_until_replies(4).await;
    assert_eq!(
        app.replies(4).await[2].1,
        "the host refused webhooks.emit: not granted: webhooks: other is not granted"
    );
    assert_eq!(data(&app, &server, 4).await, [1, 2, 2, 2]);
    for (request, reason, code) in [
        (0, "the endpoint answered 410 Gone", Some(410)),
        (1, "the endpoint answered 500 Internal Server Error", None),
    ] {
        let effect = header(&server.heard()[request], "webhook-id").parse().expect("an id");
        app.pass_until(async || !app.effect(effect).await.state.is_pending())
            .await;
        let EffectState::Failed {
            reason: why,
            code: status,
            ..
        } = app.effect(effect).await.state
        else {
            panic!("it failed")
        };
        assert_eq!((&*why, status), (reason, code));
    }
    // No endpoint of that name is configured.
    let event = app.event(Position(4)).await;
    let effect = EffectId::derive(event, &id("bot"), 0);
    app.pass_until(async || !app.effect(effect).await.state.is_pending())
        .await;
    let state = app.effect(effect).await.state;
    assert!(
        matches!(&state, EffectState::Failed { reason, .. } if **reason == *"there is no [webhooks.audit]"),
        "{state:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_was_not_told_is_told_after_a_restart() {
    let server = Server::answering(&[503]).await;
    let app = Harness::start(vec![telling(&server)]).await;
    app.hears(ADA, "tell crm a 1").await;
    app.hears(ADA, "tell crm a 2").await;
    app.replies(2).await;
    app.until_heard(&server, 1).await;
    let app = app.restart().await;
    assert_eq!(data(&app, &server, 3).await, [1, 1, 2]);
    let heard = server.heard();
    assert_eq!(header(&heard[0], "webhook-id"), header(&heard[1], "webhook-id"));
    app.stop().await;
}
