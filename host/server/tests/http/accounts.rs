//! What callers read when an account is asked and it comes to nothing, and when what they ask cannot be.

use std::time::Duration;

use serde_json::json;
use waspnest_core::live::Refusal;

use crate::support::TestApi;

#[tokio::test]
async fn each_refusal_has_one_status_and_one_code() {
    let api = TestApi::start().await;
    let refused = |code| Refusal::Refused {
        code,
        words: "no".into(),
    };
    for (refusal, status, code) in [
        (Refusal::Offline, 503, "session_not_connected"),
        (Refusal::TimedOut, 504, "no_answer_in_time"),
        (Refusal::NotFound, 404, "not_found"),
        (Refusal::Invalid("group: it cannot be".into()), 422, "not_possible"),
        (Refusal::TooFast { wait: None }, 429, "asked_too_often"),
        (refused(0), 502, "refused_by_whatsapp"),
        (refused(403), 502, "refused_by_whatsapp"),
    ] {
        api.script.refuse(Some(refusal.clone()));
        let answer = api.get("/v1/sessions/main/groups").await;
        answer.problem(status, code);
        let told = answer.json();
        let waits = matches!(refusal, Refusal::TooFast { .. });
        assert_eq!(answer.header("retry-after"), waits.then_some("60"), "{refusal:?}");
        let whatsapp = matches!(refusal, Refusal::Refused { code: 403, .. });
        assert_eq!(told["whatsapp_code"].as_u64(), whatsapp.then_some(403), "{told}");
    }
    api.script.refuse(Some(Refusal::TooFast {
        wait: Some(Duration::from_secs(7)),
    }));
    let answer = api.get("/v1/sessions/main/groups").await;
    assert_eq!(answer.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn what_cannot_be_is_told_before_whatsapp_is_asked() {
    let api = TestApi::start().await;
    for (path, what) in [
        ("/v1/sessions/main/groups/4915112345678", "of a group"),
        ("/v1/sessions/main/groups/what", "is not a WhatsApp address"),
        ("/v1/sessions/main/contacts/120363000000000001@g.us", "of a person"),
        (
            "/v1/sessions/main/newsletters/120363000000000001@g.us",
            "of a newsletter",
        ),
    ] {
        let answer = api.get(path).await;
        answer.problem(400, "invalid_path");
        let detail = answer.json()["detail"].as_str().expect("words").to_owned();
        assert!(detail.contains(what), "{path}: {detail}");
    }
    // Addresses may be escaped.
    let escaped = api.get("/v1/sessions/main/groups/120363000000000001%40g.us").await;
    assert_eq!(escaped.status, 200, "{}", escaped.shown());
    for (method, path, body, pointer) in [
        ("POST", "groups", json!({ "subject": "" }), "/subject"),
        (
            "PATCH",
            "groups/120363000000000001@g.us",
            json!({ "picture": "aGVsbG8=" }),
            "/picture",
        ),
        (
            "PATCH",
            "groups/120363000000000001@g.us",
            json!({ "member_add": "everyone" }),
            "/member_add",
        ),
        (
            "POST",
            "contacts:check",
            json!({ "phones": ["100000000000001@lid"] }),
            "/phones",
        ),
        ("PATCH", "privacy", json!({ "online": "nobody" }), "/online"),
        (
            "PATCH",
            "privacy",
            json!({ "last_seen": "contacts_except" }),
            "/last_seen",
        ),
        ("PATCH", "chats/4915112345678", json!({ "muted": "soon" }), "/muted"),
        (
            "POST",
            "statuses",
            json!({ "type": "text", "text": "x", "background": "green" }),
            "/background",
        ),
        ("POST", "pairing-code", json!({ "phone": "1@lid" }), "/phone"),
        ("PUT", "proxy", json!({ "url": "https://proxy.example:1" }), "/url"),
        (
            "PUT",
            "proxy",
            json!({ "url": "http://127.0.0.1:1", "username": "ana" }),
            "/password",
        ),
    ] {
        let answer = api
            .request(method, &format!("/v1/sessions/main/{path}"))
            .json(&body)
            .send()
            .await;
        answer.problem(422, "invalid_body");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{method} {path}: {}",
            answer.shown()
        );
    }
}

#[tokio::test]
async fn what_the_client_cannot_do_says_so() {
    let api = TestApi::start().await;
    let answer = api.post("/v1/sessions/main/app-state", json!({ "any": "thing" })).await;
    answer.problem(501, "not_supported");
}

#[tokio::test]
async fn a_status_for_nobody_is_no_status() {
    let api = TestApi::start().await;
    let lonely = api.post("/v1/sessions", json!({ "name": "lonely" })).await;
    assert_eq!(lonely.status, 201);
    let post = json!({ "type": "text", "text": "hello" });
    let answer = api.post("/v1/sessions/lonely/statuses", post).await;
    answer.problem(409, "no_recipients");
}

#[tokio::test]
async fn what_a_proxy_is_told_is_never_shown() {
    let api = TestApi::start().await;
    let body = json!({ "url": "socks5://127.0.0.1:1080", "username": "ana", "password": "open sesame" });
    let set = api.request("PUT", "/v1/sessions/main/proxy").json(&body).send().await;
    let shown = api.get("/v1/sessions/main/proxy").await;
    for answer in [set, shown] {
        assert_eq!(
            answer.json(),
            json!({ "url": "socks5://127.0.0.1:1080", "authenticated": true })
        );
    }
    assert_eq!(
        api.request("DELETE", "/v1/sessions/main/proxy").send().await.status,
        204
    );
    let shown = api.get("/v1/sessions/main/proxy").await;
    assert_eq!(shown.json(), json!({ "url": null, "authenticated": false }));
}
