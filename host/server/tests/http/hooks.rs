//! Who may call a hook, and what becomes of the call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waspnest::replies::Reply;
use waspnest_core::clock::Clock;
use waspnest_core::draft::Response;
use waspnest_core::event::{EventKind, Position};
use waspnest_core::hmac;

use crate::support::{Answer, HOOK_SECRET, Request, TestApi};

fn call<'a>(api: &'a TestApi, path: &str) -> Request<'a> {
    api.bare("POST", path)
        .header("Authorization", &format!("Bearer {HOOK_SECRET}"))
}

#[tokio::test]
async fn a_call_is_an_event_of_its_installation() {
    let api = TestApi::start().await;
    let answer = call(&api, "/v1/hooks/main/echo/orders/7%2F8:paid?a=1&b=x%20y")
        .header("X-Secret", "not passed on")
        .header("Content-Type", "text/plain")
        .body(b"hello")
        .send()
        .await;
    assert_eq!(answer.status, 202);
    let event = api
        .log
        .get(api.main, Position(1))
        .await
        .expect("the store works")
        .expect("an event");
    assert_eq!(answer.json()["event"], event.id.to_string());
    let EventKind::Request(request) = event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(request.installation.as_str(), "echo");
    assert_eq!((&*request.method, &*request.path), ("POST", "/orders/7%2F8:paid"));
    assert_eq!(request.query.as_deref(), Some("a=1&b=x+y"));
    assert_eq!(request.headers, [("content-type".into(), "text/plain".into())]);
    assert_eq!(request.body, b"hello");
}

/// Calls a hook whose callers wait, and says what becomes of it.
async fn answered(reply: Reply) -> Answer {
    let api = TestApi::start().await;
    let plugin = async {
        loop {
            if let Some(event) = api.log.get(api.main, Position(1)).await.expect("the store works") {
                return api.replies.put(event.id, reply);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(call(&api, "/v1/hooks/main/patient/").send(), plugin).0
}

#[tokio::test]
async fn a_call_is_answered_as_the_plugin_says() {
    let response = Response {
        status: 418,
        headers: vec![("x-tea".into(), "green".into())],
        body: b"short and stout".to_vec(),
    };
    let answer = answered(Reply::Answered(response)).await;
    assert_eq!((answer.status, answer.header("x-tea")), (418, Some("green")));
    assert_eq!(answer.body, b"short and stout");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    answered(Reply::Failed).await.problem(502, "hook_failed");
}

#[tokio::test]
async fn only_those_who_know_the_secret_may_call() {
    let api = TestApi::start().await;
    let body = "{\"paid\": true}";
    let hub = |secret: &str| {
        format!(
            "sha256={}",
            hmac::hex(&hmac::sha256(secret.as_bytes(), &[body.as_bytes()]))
        )
    };
    let signed = |secret: &str, body: &str| {
        api.bare("POST", "/v1/hooks/main/hub/")
            .header("X-Hub-Signature-256", &hub(secret))
            .body(body.as_bytes())
    };
    assert_eq!(signed(HOOK_SECRET, body).send().await.status, 202);
    signed("another secret", body)
        .send()
        .await
        .problem(401, "unauthenticated");
    let other_body = signed(HOOK_SECRET, "{\"paid\": false}").send().await;
    other_body.problem(401, "unauthenticated");

    let seconds = api.clock.now().0 / 1000;
    let standard = |time: u64, secret: &str| {
        let head = format!("msg_1.{time}.");
        let code = hmac::sha256(secret.as_bytes(), &[head.as_bytes(), body.as_bytes()]);
        api.bare("POST", "/v1/hooks/main/standard/")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", &time.to_string())
            .header("webhook-signature", &format!("v1,AAAA v1,{}", STANDARD.encode(code)))
            .body(body.as_bytes())
    };
    assert_eq!(standard(seconds, HOOK_SECRET).send().await.status, 202);
    assert_eq!(standard(seconds - 300, HOOK_SECRET).send().await.status, 202);
    standard(seconds - 301, HOOK_SECRET)
        .send()
        .await
        .problem(401, "unauthenticated");
    standard(seconds, "another secret")
        .send()
        .await
        .problem(401, "unauthenticated");
    let bare = api
        .bare("POST", "/v1/hooks/main/standard/")
        .body(body.as_bytes())
        .send()
        .await;
    bare.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_is_not_there_is_not_called() {
    let api = TestApi::start().await;
    call(&api, "/v1/hooks/main/nobody/")
        .send()
        .await
        .problem(404, "unknown_hook");
    call(&api, "/v1/hooks/main/NOT-AN-ID/")
        .send()
        .await
        .problem(404, "unknown_hook");
    call(&api, "/v1/hooks/elsewhere/echo/")
        .send()
        .await
        .problem(404, "unknown_session");
    let sales = api
        .request("POST", "/v1/sessions")
        .json(&serde_json::json!({ "name": "sales", "connect": false }))
        .send()
        .await;
    assert_eq!(sales.status, 201);
    call(&api, "/v1/hooks/sales/echo/")
        .send()
        .await
        .problem(404, "unknown_hook");
    let large = "x".repeat(101);
    call(&api, "/v1/hooks/main/echo/")
        .body(large.as_bytes())
        .send()
        .await
        .problem(413, "body_too_large");
    assert_eq!(api.log.head(api.main).await.expect("the store works"), Position(0));
}
