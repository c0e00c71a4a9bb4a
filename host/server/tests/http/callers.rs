//! Users, keys, tokens and tenants over the API, and what the audit log keeps of them.

use std::time::Duration;

use serde_json::{Value, json};
use waspnest_core::clock::UnixMs;

use crate::known::{ADA, PASSWORD, SHOP, shop};
use crate::support::{START, TestApi};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value:#}"))
}

#[tokio::test]
async fn a_user_logs_in_goes_on_and_logs_out() {
    let api = TestApi::start().await;
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = api.bare("POST", "/v1/auth/login").json(&body).send().await.json();
    assert_eq!(login["expires_at"], "2026-01-01T00:15:00.000Z");
    let access = text(&login, "access_token");
    let me = api.asks(access, "GET", "/v1/me", None).await.json();
    assert_eq!(
        (text(&me, "kind"), text(&me, "id"), text(&me["tenant"], "name")),
        ("user", ADA, "default")
    );
    assert_eq!(api.asks(access, "GET", "/v1/sessions", None).await.status, 200);
    api.asks(access, "GET", "/v1/users", None)
        .await
        .problem(403, "scope_missing");

    api.clock.advance(Duration::from_secs(900));
    api.asks(access, "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    let refresh = async |token: &str| {
        let body = json!({ "refresh_token": token });
        api.bare("POST", "/v1/auth/refresh").json(&body).send().await
    };
    let on = refresh(text(&login, "refresh_token")).await.json();
    assert_eq!(
        api.asks(text(&on, "access_token"), "GET", "/v1/me", None).await.status,
        200
    );
    refresh(text(&login, "refresh_token"))
        .await
        .problem(401, "refresh_token_reused");
    api.asks(text(&on, "access_token"), "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    refresh(text(&on, "refresh_token")).await.problem(401, "login_ended");

    let access = api.log_in("default").await;
    assert_eq!(api.asks(&access, "POST", "/v1/auth/logout", None).await.status, 204);
    api.asks(&access, "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    api.asks(&shop(), "POST", "/v1/auth/logout", None)
        .await
        .problem(409, "no_login");
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_name_are_told_alike() {
    let api = TestApi::start().await;
    let mut told = Vec::new();
    for body in [
        json!({ "username": "ada", "password": "wrong battery" }),
        json!({ "username": "bob", "password": PASSWORD }),
        json!({ "tenant": "nowhere", "username": "ada", "password": PASSWORD }),
    ] {
        let answer = api.bare("POST", "/v1/auth/login").json(&body).send().await;
        told.push(answer.problem(401, "wrong_password"));
    }
    assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:#?}");
}

#[tokio::test]
async fn another_password_ends_all_logins() {
    let api = TestApi::start().await;
    let (mine, elsewhere) = (api.log_in("default").await, api.log_in("default").await);
    let change = async |old: &str, new: &str| {
        let body = json!({ "current_password": old, "password": new });
        api.asks(&mine, "PUT", "/v1/me/password", Some(&body)).await
    };
    change("wrong battery", "battery staple")
        .await
        .problem(403, "wrong_password");
    change(PASSWORD, "short").await.problem(422, "weak_password");
    assert_eq!(change(PASSWORD, "battery staple").await.status, 204);
    for access in [&mine, &elsewhere] {
        api.asks(access, "GET", "/v1/me", None)
            .await
            .problem(401, "unauthenticated");
    }
    let login = async |password: &str| {
        let body = json!({ "username": "ada", "password": password });
        api.bare("POST", "/v1/auth/login").json(&body).send().await.status
    };
    assert_eq!((login(PASSWORD).await, login("battery staple").await), (401, 200));
}

#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let api = TestApi::start().await;
    let bob = json!({ "username": "bob", "password": "battery staple", "role": "owner" });
    let made = api.post("/v1/users", bob.clone()).await;
    assert_eq!(made.status, 201, "{}", made.shown());
    assert!(
        !made.shown().contains("battery") && !made.shown().contains("argon2"),
        "{}",
        made.shown()
    );
    api.post("/v1/users", bob).await.problem(409, "name_taken");
    let weak = json!({ "username": "eve", "password": "eve" });
    api.post("/v1/users", weak).await.problem(422, "weak_password");
    let id = text(&made.json(), "id").to_owned();
    let login = async || {
        let body = json!({ "username": "bob", "password": "battery staple" });
        api.bare("POST", "/v1/auth/login").json(&body).send().await
    };
    let access = login().await.json();
    let access = text(&access, "access_token").to_owned();
    assert_eq!(api.asks(&access, "GET", "/v1/users", None).await.status, 200);
    let change = async |change: Value| {
        api.request("PATCH", &format!("/v1/users/{id}"))
            .json(&change)
            .send()
            .await
    };
    assert_eq!(change(json!({ "role": "viewer" })).await.json()["role"], "viewer");
    api.asks(&access, "GET", "/v1/users", None)
        .await
        .problem(403, "scope_missing");
    assert_eq!(change(json!({ "suspended": true })).await.json()["suspended"], true);
    api.asks(&access, "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    assert_eq!(login().await.status, 401);
    assert_eq!(change(json!({ "suspended": false })).await.status, 200);
    assert_eq!(login().await.status, 200);
    assert_eq!(
        api.request("DELETE", &format!("/v1/users/{id}")).send().await.status,
        204
    );
    assert_eq!(login().await.status, 401);
}

#[tokio::test]
async fn a_key_is_shown_once_and_rotated_with_overlap() {
    let api = TestApi::start().await;
    let (id, old) = api.key(json!({ "scopes": ["sessions:read"] })).await;
    assert!(old.starts_with("wn_live_"), "{old}");
    let shown = api.get(&format!("/v1/api-keys/{id}")).await;
    assert!(!shown.shown().contains(&old[8 + 27..]), "{}", shown.shown());
    let works = async |key: &str| api.asks(key, "GET", "/v1/sessions", None).await.status;
    let rotated = api
        .post(&format!("/v1/api-keys/{id}:rotate"), json!({ "overlap_seconds": 60 }))
        .await
        .json();
    let new = text(&rotated, "key").to_owned();
    assert_eq!((works(&old).await, works(&new).await), (200, 200));
    assert_eq!(rotated["previous_until"], "2026-01-01T00:01:00.000Z");
    api.clock.advance(Duration::from_secs(60));
    assert_eq!((works(&old).await, works(&new).await), (401, 200));
    assert_eq!(
        api.request("DELETE", &format!("/v1/api-keys/{id}")).send().await.status,
        204
    );
    assert_eq!(works(&new).await, 401);
    let past = json!({ "name": "late", "scopes": ["sessions:read"], "expires_at": "2020-01-01T00:00:00Z" });
    api.post("/v1/api-keys", past).await.problem(422, "in_the_past");
    let none = json!({ "name": "none", "scopes": [] });
    api.post("/v1/api-keys", none).await.problem(422, "invalid_body");
}

#[tokio::test]
async fn a_tenant_goes_when_nothing_of_it_is_at_work() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    api.request("DELETE", "/v1/tenants/twin")
        .send()
        .await
        .problem(409, "tenant_in_use");
    api.request("DELETE", "/v1/tenants/default")
        .send()
        .await
        .problem(409, "default_tenant");
    api.post("/v1/tenants", json!({ "name": "twin" }))
        .await
        .problem(409, "name_taken");
    let session = format!("/v1/sessions/{}", twin.session.id);
    assert_eq!(api.request("DELETE", &session).send().await.status, 204);
    let id = twin.tenant.to_string();
    assert_eq!(
        api.request("DELETE", &format!("/v1/tenants/{id}")).send().await.status,
        204
    );
    api.asks(&twin.secret, "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
    api.get("/v1/tenants/twin").await.problem(404, "unknown_tenant");
    assert_eq!(
        api.get(&format!("/v1/users/{ADA}")).await.status,
        200,
        "the default tenant's user stays"
    );
}

#[tokio::test]
async fn a_token_is_good_until_its_time_by_whatever_the_clock_says() {
    let api = TestApi::start().await;
    let access = api.log_in("default").await;
    let quarter = Duration::from_secs(900);
    let asked = async || api.asks(&access, "GET", "/v1/me", None).await.status;
    for (at, status) in [
        (UnixMs(START.0 - 3_600_000), 200),
        (START.plus(quarter * 4), 401),
        (START, 200),
        (START.plus(quarter), 401),
    ] {
        api.clock.set(at);
        assert_eq!(asked().await, status, "{at:?}");
    }
}

#[tokio::test]
async fn the_audit_log_says_who_was_denied_what_and_who_changed_what() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let few = api.key(json!({ "scopes": ["sessions:read"] })).await;
    api.asks("wn_live_nonsense", "GET", "/v1/sessions", None)
        .await
        .problem(401, "unauthenticated");
    api.clock.advance(Duration::from_secs(1));
    api.asks(&few.1, "DELETE", "/v1/sessions/main", None)
        .await
        .problem(403, "scope_missing");
    api.clock.advance(Duration::from_secs(1));
    let bob = json!({ "username": "bob", "password": "battery staple" });
    let made = api.asks(&shop(), "POST", "/v1/users", Some(&bob)).await.json();
    assert_eq!(
        api.asks(&shop(), "GET", "/v1/users", None).await.status,
        200,
        "who looks is not noted"
    );

    let entries = api.get("/v1/audit?limit=2").await.json();
    let [changed, denied] = &entries["items"].as_array().expect("a list")[..] else {
        panic!("{entries:#}")
    };
    assert_eq!(
        (text(changed, "outcome"), text(changed, "call"), text(changed, "target")),
        (
            "changed",
            "POST /v1/users",
            &*format!("/v1/users/{}", text(&made, "id"))
        )
    );
    assert_eq!(
        (text(&changed["actor"], "kind"), text(&changed["actor"], "id")),
        ("api-key", SHOP)
    );
    assert_eq!(
        (text(changed, "address"), text(changed, "request_id")),
        ("127.0.0.1", "test")
    );
    assert_eq!(
        (
            text(denied, "outcome"),
            text(denied, "reason"),
            text(denied, "call"),
            text(denied, "target")
        ),
        (
            "denied",
            "scope_missing",
            "DELETE /v1/sessions/{s}",
            "/v1/sessions/main"
        )
    );
    assert_eq!(text(&denied["actor"], "id"), few.0);
    assert!(!entries.to_string().contains("battery"), "{entries:#}");

    let nobody = api.get("/v1/audit?outcome=denied").await.json();
    let nobody = nobody["items"]
        .as_array()
        .expect("a list")
        .last()
        .cloned()
        .expect("an entry");
    assert_eq!(
        (text(&nobody["actor"], "kind"), text(&nobody, "reason")),
        ("nobody", "unauthenticated")
    );
    let next = text(&entries, "next");
    let more = api.get(&format!("/v1/audit?limit=2&cursor={next}")).await.json();
    assert_ne!(more["items"], entries["items"]);

    let theirs = api.asks(&twin.secret, "GET", "/v1/audit", None).await.json();
    assert_eq!(theirs["items"], json!([]), "another tenant's are another's");
    let ours = api.asks(&shop(), "GET", "/v1/audit", None).await.json();
    let ours = ours["items"].as_array().expect("a list");
    assert_eq!(ours.len(), 2, "{ours:#?}");
    let tenant = waspnest_core::id::TenantId::DEFAULT.to_string();
    assert!(ours.iter().all(|entry| entry["tenant"] == json!(tenant)));
}
