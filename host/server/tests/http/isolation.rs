//! Two tenants that look alike: whatever one asks for, it never learns of the other.

use serde_json::{Value, json};
use waspnest_core::caller::Scope;
use waspnest_core::files::FileName;

use crate::known::{ADA, SHOP, scopes, shop};
use crate::mailbox;
use crate::support::TestApi;

/// The values of a field over the elements of a list.
async fn listed(api: &TestApi, bearer: &str, path: &str, field: &str) -> Vec<String> {
    let answer = api.asks(bearer, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.shown());
    let told = answer.json();
    let items = told["items"].as_array().expect("a list").iter();
    let found = items.map(|item| item[field].as_str().expect("a text").to_owned());
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_sees_its_own_under_the_same_names() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let ours = shop();
    for (bearer, session, user, key) in [
        (&ours, api.main.to_string(), ADA, SHOP),
        (&twin.secret, twin.session.id.to_string(), &*twin.user, &*twin.key),
    ] {
        assert_eq!(listed(&api, bearer, "/v1/sessions", "id").await, [&*session]);
        assert_eq!(listed(&api, bearer, "/v1/users", "id").await, [user]);
        assert_eq!(listed(&api, bearer, "/v1/api-keys", "id").await, [key]);
        let named = api.asks(bearer, "GET", "/v1/sessions/main", None).await;
        assert_eq!(named.json()["id"], json!(session));
    }
    let all = api.get("/v1/sessions").await.json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2), "the operator sees both");
    let one = api.get("/v1/sessions?tenant=twin").await.json();
    assert_eq!(one["items"][0]["id"], json!(twin.session.id.to_string()));
    let named = api.get("/v1/sessions/main").await.json();
    assert_eq!(
        named["id"],
        json!(api.main.to_string()),
        "and means the default tenant's by a name"
    );
}

#[tokio::test]
async fn nobody_finds_what_another_was_told() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    mailbox::resemble(&api.mailbox, twin.session.id).await;
    let ours = shop();
    for (bearer, name, said) in [
        (&ours, "Ada", "hello invoice"),
        (&twin.secret, "Another Ada", "another invoice"),
    ] {
        for path in [
            "/v1/sessions/main/messages?q=invoice",
            "/v1/sessions/main/messages?q=inv*&chat=4915112345678",
            "/v1/sessions/main/chats/4915112345678/messages?q=invoice",
        ] {
            assert_eq!(listed(&api, bearer, path, "text").await, [said], "{path}");
        }
        assert_eq!(listed(&api, bearer, "/v1/sessions/main/chats", "name").await, [name]);
        let one = api
            .asks(bearer, "GET", "/v1/sessions/main/messages/3EB0AAAA", None)
            .await;
        assert_eq!(one.json()["text"], said);
    }
    // The same bytes under the same digest are here, and they are another's.
    let digest = FileName::of(mailbox::PICTURE);
    api.asks(&twin.secret, "GET", &format!("/v1/sessions/main/media/{digest}"), None)
        .await
        .problem(404, "unknown_media");
    api.asks(&twin.secret, "GET", "/v1/sessions/main/messages/3EB0CCCC/media", None)
        .await
        .problem(503, "session_not_connected");
    for rest in [
        "messages",
        "messages/3EB0AAAA",
        "messages/3EB0CCCC/media",
        "chats",
        "contacts",
        "history",
        "events",
    ] {
        api.asks(&twin.secret, "GET", &format!("/v1/sessions/{}/{rest}", api.main), None)
            .await
            .problem(404, "unknown_session");
    }
}

#[tokio::test]
async fn guessing_an_id_is_like_guessing_nothing() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let message = json!({ "type": "text", "to": "+4915112345678", "text": "hello" });
    let sent = api.post("/v1/sessions/main/messages", message.clone()).await.json();
    let effect = sent["id"].as_str().expect("an id");
    let main = api.main.to_string();
    let nowhere = crate::known::nowhere().to_string();
    for (method, theirs, none, body) in [
        (
            "GET",
            format!("/v1/sessions/{main}"),
            format!("/v1/sessions/{nowhere}"),
            None,
        ),
        (
            "DELETE",
            format!("/v1/sessions/{main}"),
            format!("/v1/sessions/{nowhere}"),
            None,
        ),
        (
            "POST",
            format!("/v1/sessions/{main}/messages"),
            format!("/v1/sessions/{nowhere}/messages"),
            Some(&message),
        ),
        (
            "POST",
            format!("/v1/sessions/{main}/token"),
            format!("/v1/sessions/{nowhere}/token"),
            None,
        ),
        (
            "GET",
            format!("/v1/sessions/main/effects/{effect}"),
            "/v1/sessions/main/effects/eff_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            None,
        ),
        (
            "GET",
            format!("/v1/users/{ADA}"),
            "/v1/users/usr_00000000000000000000000099".to_owned(),
            None,
        ),
        (
            "DELETE",
            format!("/v1/users/{ADA}"),
            "/v1/users/usr_00000000000000000000000099".to_owned(),
            None,
        ),
        (
            "GET",
            format!("/v1/api-keys/{SHOP}"),
            "/v1/api-keys/key_00000000000000000000000099".to_owned(),
            None,
        ),
        (
            "POST",
            format!("/v1/api-keys/{SHOP}:rotate"),
            "/v1/api-keys/key_00000000000000000000000099:rotate".to_owned(),
            None,
        ),
    ] {
        let guessed = api.asks(&twin.secret, method, &theirs, body).await;
        let missing = api.asks(&twin.secret, method, &none, body).await;
        assert_eq!(
            (guessed.status, missing.status),
            (404, 404),
            "{method} {theirs}: {}",
            guessed.shown()
        );
        assert_eq!(guessed.json()["code"], missing.json()["code"], "{method} {theirs}");
    }
    assert_eq!(api.get("/v1/sessions/main").await.status, 200, "nothing of it was done");
    assert_eq!(api.asks(&shop(), "GET", "/v1/me", None).await.status, 200);
}

#[tokio::test]
async fn nobody_makes_anything_for_another() {
    let api = TestApi::start().await;
    let twin = api.twin().await;
    let makes = async |path: &str, body: Value| api.asks(&twin.secret, "POST", path, Some(&body)).await;
    let user = json!({ "tenant": "default", "username": "eve", "password": "battery staple" });
    makes("/v1/users", user).await.problem(404, "unknown_tenant");
    let key = json!({ "tenant": "default", "name": "eve", "scopes": ["sessions:read"] });
    makes("/v1/api-keys", key).await.problem(404, "unknown_tenant");
    let session = json!({ "tenant": "default", "name": "eve", "connect": false });
    makes("/v1/sessions", session).await.problem(404, "unknown_tenant");
    let reaching = json!({ "name": "eve", "scopes": ["sessions:read"], "sessions": [api.main.to_string()] });
    makes("/v1/api-keys", reaching).await.problem(404, "unknown_session");

    let made = makes("/v1/sessions", json!({ "name": "sales", "connect": false })).await;
    assert_eq!(made.status, 201, "{}", made.shown());
    assert_eq!(listed(&api, &shop(), "/v1/sessions", "name").await, ["main"]);
    assert_eq!(
        listed(&api, &twin.secret, "/v1/sessions", "name").await,
        ["main", "sales"]
    );
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let api = TestApi::start().await;
    let few = api.key(json!({ "scopes": ["tenant:admin", "messages:read"] })).await.1;
    let makes = async |path: &str, body: Value| api.asks(&few, "POST", path, Some(&body)).await;
    let key = json!({ "name": "more", "scopes": ["messages:send"] });
    makes("/v1/api-keys", key).await.problem(403, "scope_missing");
    let user = json!({ "username": "eve", "password": "battery staple", "role": "owner" });
    makes("/v1/users", user).await.problem(403, "scope_missing");
    makes(&format!("/v1/api-keys/{SHOP}/rotate"), json!({}))
        .await
        .problem(403, "scope_missing");
    let change = json!({ "password": "battery staple" });
    let taken = api
        .asks(&few, "PATCH", &format!("/v1/users/{ADA}"), Some(&change))
        .await;
    taken.problem(403, "scope_missing");
    let key = json!({ "name": "less", "scopes": ["messages:read"] });
    assert_eq!(makes("/v1/api-keys", key).await.status, 201);

    let held = json!({ "name": "held", "scopes": ["tenant:admin"], "sessions": [api.main.to_string()] });
    api.post("/v1/api-keys", held)
        .await
        .problem(422, "scope_beyond_sessions");
}

#[tokio::test]
async fn a_key_for_some_sessions_knows_of_no_others() {
    let api = TestApi::start().await;
    let made = api
        .post("/v1/sessions", json!({ "name": "sales", "connect": false }))
        .await
        .json();
    let sales = made["id"].as_str().expect("an id");
    let of_sessions = scopes(Scope::is_of_sessions);
    let held = api.key(json!({ "scopes": of_sessions, "sessions": [sales] })).await.1;
    assert_eq!(listed(&api, &held, "/v1/sessions", "name").await, ["sales"]);
    assert_eq!(api.asks(&held, "GET", "/v1/sessions/sales", None).await.status, 200);
    api.asks(&held, "GET", "/v1/sessions/main", None)
        .await
        .problem(404, "unknown_session");
    let another = json!({ "name": "more", "connect": false });
    api.asks(&held, "POST", "/v1/sessions", Some(&another))
        .await
        .problem(403, "held_to_sessions");

    let token = api
        .request("POST", "/v1/sessions/sales/token")
        .json(&json!({}))
        .send()
        .await
        .json();
    let token = token["token"].as_str().expect("a token");
    assert_eq!(listed(&api, token, "/v1/sessions", "name").await, ["sales"]);
    let me = api.asks(token, "GET", "/v1/me", None).await.json();
    assert_eq!(
        (&me["kind"], &me["id"], &me["sessions"]),
        (&json!("session"), &json!(sales), &json!([sales]))
    );
    api.asks(token, "GET", "/v1/sessions/main/status", None)
        .await
        .problem(404, "unknown_session");
    assert_eq!(api.request("DELETE", "/v1/sessions/sales").send().await.status, 204);
    api.asks(token, "GET", "/v1/me", None)
        .await
        .problem(401, "unauthenticated");
}
