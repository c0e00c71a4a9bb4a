//! Webhooks: what callers say of them, and what they are shown.

use serde_json::{Value, json};
use waspnest_core::caller::Scope;

use crate::known::scopes;
use crate::support::TestApi;
use crate::webhook_examples::CRM;

async fn make(api: &TestApi, bearer: &str, body: Value) -> Value {
    let made = api.asks(bearer, "POST", "/v1/webhooks", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.shown());
    made.json()
}

#[tokio::test]
async fn what_it_is_signed_with_is_shown_once() {
    let api = TestApi::start().await;
    let made = api
        .post(
            "/v1/webhooks",
            json!({ "url": "https://shop.example/in", "headers": { "Authorization": "sesame" } }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.shown());
    let made = made.json();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    let path = format!("/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    let shown = api.get(&path).await;
    assert!(!shown.shown().contains(&secret) && !shown.shown().contains("sesame"));
    let shown = shown.json();
    assert_eq!(shown["headers"], json!(["authorization"]));
    assert_eq!(
        (&shown["name"], &shown["state"]),
        (&json!("shop.example"), &json!("active"))
    );
    let rotated = api
        .post(&format!("{path}:rotate"), json!({ "secret": "a-secret-of-my-own" }))
        .await
        .json();
    assert_eq!(rotated["secret"], "a-secret-of-my-own");
    assert_eq!(rotated["previous_secret_until"], "2026-01-02T00:00:00.000Z");
}

#[tokio::test]
async fn a_change_changes_what_it_names() {
    let api = TestApi::start().await;
    let path = format!("/v1/webhooks/{CRM}");
    let changed = api
        .request("PATCH", &path)
        .json(&json!({ "events": ["receipt"], "own_messages": true, "enabled": true }))
        .send()
        .await;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let changed = changed.json();
    assert_eq!(
        (
            &changed["events"],
            &changed["own_messages"],
            &changed["state"],
            &changed["name"]
        ),
        (&json!(["receipt"]), &json!(true), &json!("active"), &json!("crm"))
    );
    let all = api.request("PATCH", &path).json(&json!({ "events": [] })).send().await;
    assert_eq!(all.json()["events"], json!([]));
    let wrong = api
        .request("PATCH", &path)
        .json(&json!({ "backlog": "skip" }))
        .send()
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.shown());
}

#[tokio::test]
async fn what_no_webhook_can_be_is_told() {
    let api = TestApi::start().await;
    for (body, pointer) in [
        (json!({ "url": "ftp://shop.example/" }), None),
        (json!({ "url": "https://ada:sesame@shop.example/" }), None),
        (json!({ "url": "shop" }), Some("/url")),
        (
            json!({ "url": "https://shop.example/", "events": ["message.recieved"] }),
            Some("/events"),
        ),
        (
            json!({ "url": "https://shop.example/", "events": ["pairing.qr"] }),
            Some("/events"),
        ),
        (
            json!({ "url": "https://shop.example/", "headers": { "Host": "other" } }),
            Some("/headers"),
        ),
        (
            json!({ "url": "https://shop.example/", "headers": { "a": 1 } }),
            Some("/headers"),
        ),
        (
            json!({ "url": "https://shop.example/", "secret": "with spaces in it" }),
            Some("/secret"),
        ),
        (
            json!({ "url": "https://shop.example/", "chats": ["everybody"] }),
            Some("/chats"),
        ),
        (
            json!({ "url": "https://shop.example/", "format": "smoke_signals" }),
            Some("/format"),
        ),
        (
            json!({ "url": "https://shop.example/", "format": "multi_session", "events": ["receipt"] }),
            None,
        ),
        (
            json!({ "url": "https://shop.example/", "sessions": ["ses_00000000000000000000000009"] }),
            None,
        ),
    ] {
        let answer = api.post("/v1/webhooks", body.clone()).await;
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.shown());
        if let Some(pointer) = pointer {
            assert_eq!(
                answer.json()["errors"][0]["pointer"],
                pointer,
                "{body}: {}",
                answer.shown()
            );
        }
    }
}

#[tokio::test]
async fn nobody_has_others_told_what_they_may_not_see() {
    let api = TestApi::start().await;
    let reader = api
        .key(json!({ "scopes": ["webhooks:read", "webhooks:write", "groups:read"] }))
        .await
        .1;
    let wanted = json!({ "url": "https://shop.example/", "events": ["group"] });
    make(&api, &reader, wanted).await;
    for (method, path, body) in [
        (
            "POST",
            "/v1/webhooks".to_owned(),
            Some(json!({ "url": "https://shop.example/", "events": ["message"] })),
        ),
        (
            "PATCH",
            format!("/v1/webhooks/{CRM}"),
            Some(json!({ "url": "https://mine.example/" })),
        ),
        ("POST", format!("/v1/webhooks/{CRM}:rotate"), None),
        ("DELETE", format!("/v1/webhooks/{CRM}"), None),
    ] {
        let answer = api.asks(&reader, method, &path, body.as_ref()).await;
        answer.problem(403, "tells_too_much");
    }
}

#[tokio::test]
async fn who_is_held_to_sessions_sees_webhooks_of_theirs_alone() {
    let api = TestApi::start().await;
    let held = json!({ "sessions": [api.main.to_string()], "scopes": scopes(Scope::is_of_sessions) });
    let held = api.key(held).await.1;
    let made = make(&api, &held, json!({ "url": "https://shop.example/" })).await;
    assert_eq!(
        made["sessions"],
        json!([api.main.to_string()]),
        "and of those to come nothing"
    );
    let listed = api.asks(&held, "GET", "/v1/webhooks", None).await.json();
    let ids: Vec<&Value> = listed["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["id"])
        .collect();
    assert_eq!(ids, [&made["id"]]);
    let other = api.asks(&held, "GET", &format!("/v1/webhooks/{CRM}"), None).await;
    other.problem(404, "unknown_webhook");
}

#[tokio::test]
async fn a_tenant_has_its_own_and_as_many_as_it_may() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    for nth in 0..5 {
        let url = format!("https://{nth}.example/");
        let made = make(&api, &twin.secret, json!({ "url": url })).await;
        assert_eq!(made["tenant"], json!(twin.tenant.to_string()));
    }
    let more = json!({ "url": "https://more.example/" });
    let answer = api.asks(&twin.secret, "POST", "/v1/webhooks", Some(&more)).await;
    answer.problem(409, "too_many_webhooks");
    let listed = api.asks(&twin.secret, "GET", "/v1/webhooks", None).await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(5));
    for path in ["", "/statistics", "/deliveries", "/dead-letters"] {
        let path = format!("/v1/webhooks/{CRM}{path}");
        let answer = api.asks(&twin.secret, "GET", &path, None).await;
        answer.problem(404, "unknown_webhook");
    }
    // Theirs go with them.
    let session = format!("/v1/sessions/{}", twin.session.id);
    assert_eq!(api.request("DELETE", &session).send().await.status, 204);
    let path = format!("/v1/tenants/{}", twin.tenant);
    assert_eq!(api.request("DELETE", &path).send().await.status, 204);
    let listed = api.get("/v1/webhooks").await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_was_given_up_is_seen_and_settled() {
    let api = TestApi::start().await;
    let path = format!("/v1/webhooks/{CRM}");
    let deliveries = api.get(&format!("{path}/deliveries")).await.json();
    let delivery = &deliveries["items"][0];
    assert_eq!(
        (&delivery["outcome"], &delivery["attempts"]),
        (&json!("given_up"), &json!(1))
    );
    let one = api.get(&format!("{path}/deliveries/main/1")).await.json();
    assert_eq!(one["event"], delivery["event"]);
    let none = api.get(&format!("{path}/deliveries/main/77")).await;
    none.problem(404, "unknown_delivery");
    let statistics = api.get(&format!("{path}/statistics")).await.json();
    assert_eq!(
        (&statistics["dead_letters"], &statistics["delivered"]),
        (&json!(1), &json!(0))
    );
    let letters = api.get(&format!("{path}/dead-letters")).await.json();
    assert_eq!(letters["items"][0]["error"], "the endpoint answered 404 Not Found");
    let discarded = api
        .post(&format!("{path}/dead-letters/discard"), json!({}))
        .await
        .json();
    assert_eq!(discarded, json!({ "discarded": 1 }));
    let letters = api.get(&format!("{path}/dead-letters")).await.json();
    assert_eq!(letters["items"], json!([]));
    let test = api.request("POST", &format!("{path}:test")).send().await.json();
    assert_eq!((&test["delivered"], &test["status"]), (&json!(true), &json!(204)));
}
