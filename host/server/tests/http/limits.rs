//! How often, how much, from where: limits of credentials, addresses and tenants, proxies, and pages of other sites.

use std::time::Duration;

use serde_json::{Value, json};
use waspnest::config::callers::Callers;

use crate::known::shop;
use crate::support::{Answer, TestApi};

fn config() -> Callers {
    Callers {
        requests: 3,
        address_requests: 5,
        ..Callers::default()
    }
}

fn busy(answer: &Answer, code: &str, seconds: &str) {
    answer.problem(429, code);
    assert_eq!(answer.header("retry-after"), Some(seconds));
}

#[tokio::test]
async fn one_credential_and_one_address_may_call_so_often() {
    let api = TestApi::start_with(Vec::new(), config()).await;
    for _ in 0..3 {
        assert_eq!(api.asks(&shop(), "GET", "/v1/me", None).await.status, 200);
    }
    busy(
        &api.asks(&shop(), "GET", "/v1/me", None).await,
        "too_many_requests",
        "20",
    );
    // Four were counted for the address.
    api.asks("nonsense", "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    busy(
        &api.asks("nonsense", "GET", "/v1/me", None).await,
        "too_many_requests",
        "12",
    );
    busy(&api.bare("GET", "/healthz").send().await, "too_many_requests", "12");
    for _ in 0..10 {
        assert_eq!(api.get("/v1/me").await.status, 200, "the operator is never kept out");
    }
    api.clock.advance(Duration::from_secs(20));
    assert_eq!(api.asks(&shop(), "GET", "/v1/me", None).await.status, 200);
}

#[tokio::test]
async fn who_guesses_passwords_waits() {
    let api = TestApi::start().await;
    let tries = async |password: &str| {
        let body = json!({ "username": "ada", "password": password });
        api.bare("POST", "/v1/auth/login").json(&body).send().await
    };
    for _ in 0..5 {
        tries("wrong battery").await.problem(401, "wrong_password");
    }
    busy(&tries(crate::known::PASSWORD).await, "too_many_requests", "60");
    api.clock.advance(Duration::from_secs(60));
    assert_eq!(tries(crate::known::PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_tenant_has_so_many_sessions() {
    let api = TestApi::start().await;
    api.post("/v1/tenants", json!({ "name": "acme", "limits": { "sessions": 1 } }))
        .await;
    let makes = async |name: &str| {
        let body = json!({ "tenant": "acme", "name": name, "connect": false });
        api.post("/v1/sessions", body).await
    };
    assert_eq!(makes("one").await.status, 201);
    makes("two").await.problem(409, "too_many_sessions");
    let limits = json!({ "limits": { "sessions": 2 } });
    assert_eq!(
        api.request("PATCH", "/v1/tenants/acme")
            .json(&limits)
            .send()
            .await
            .status,
        200
    );
    assert_eq!(makes("two").await.status, 201, "its name was free again");
}

#[tokio::test]
async fn a_tenant_sends_so_many_messages_an_hour() {
    let api = TestApi::start().await;
    let limits = json!({ "limits": { "messages_per_hour": 2 } });
    assert_eq!(
        api.request("PATCH", "/v1/tenants/default")
            .json(&limits)
            .send()
            .await
            .status,
        200
    );
    let sends = async || {
        let body = json!({ "type": "text", "to": "+4915112345678", "text": "hello" });
        api.asks(&shop(), "POST", "/v1/sessions/main/messages", Some(&body))
            .await
    };
    assert_eq!((sends().await.status, sends().await.status), (202, 202));
    busy(&sends().await, "too_many_messages", "3600");
    api.clock.advance(Duration::from_secs(3600));
    assert_eq!(sends().await.status, 202);
}

#[tokio::test]
async fn a_key_opens_from_its_networks_alone_and_proxies_are_believed_when_they_are_named() {
    let key = json!({ "networks": ["192.0.2.0/24"] });
    let comes = async |api: &TestApi, bearer: &str, from: &str| {
        let request = api
            .bare("GET", "/v1/me")
            .header("Authorization", &format!("Bearer {bearer}"));
        request.header("X-Forwarded-For", from).send().await
    };
    let api = TestApi::start().await;
    let bearer = api.key(key.clone()).await.1;
    comes(&api, &bearer, "192.0.2.7")
        .await
        .problem(403, "address_not_allowed");

    let proxied = Callers {
        proxies: vec!["127.0.0.1".parse().expect("a network")],
        ..Callers::default()
    };
    let api = TestApi::start_with(Vec::new(), proxied).await;
    let bearer = api.key(key).await.1;
    assert_eq!(comes(&api, &bearer, "192.0.2.7").await.status, 200);
    assert_eq!(comes(&api, &bearer, "198.51.100.1, 192.0.2.7").await.status, 200);
    comes(&api, &bearer, "192.0.2.7, 198.51.100.1")
        .await
        .problem(403, "address_not_allowed");
}

#[tokio::test]
async fn pages_of_sites_that_are_named_may_call() {
    let config = Callers {
        origins: vec!["https://app.example.com".parse().expect("an origin")],
        ..Callers::default()
    };
    let api = TestApi::start_with(Vec::new(), config).await;
    let asks = async |site: &str| {
        let request = api.bare("OPTIONS", "/v1/sessions").header("Origin", site);
        request.header("Access-Control-Request-Method", "POST").send().await
    };
    let told = asks("https://app.example.com").await;
    assert_eq!(told.status, 204);
    assert_eq!(
        told.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    assert_eq!(told.header("access-control-allow-methods"), Some("POST, GET"));
    assert!(
        told.header("access-control-allow-headers")
            .is_some_and(|allowed| allowed.contains("authorization"))
    );
    assert_eq!(
        asks("https://evil.example").await.header("access-control-allow-origin"),
        None
    );
    let calls = async |site: &str| api.request("GET", "/v1/me").header("Origin", site).send().await;
    let answer = calls("https://app.example.com").await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example.com")
    );
    assert_eq!(answer.header("vary"), Some("origin"));
    assert_eq!(
        calls("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        None
    );
    let none: Value = asks("https://app.example.com:8443")
        .await
        .header("access-control-allow-origin")
        .into();
    assert_eq!(none, Value::Null, "another port is another site");
}
