//! Every route asks who is calling, and every route has a test here.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waspnest::http::{Access, Listed, list};
use waspnest::service::versions::VersionControl;
use waspnest_core::effect::Progress;
use waspnest_core::session::SessionRecord;
use waspnest_core::version::Shadow;

use crate::account_examples;
use crate::backups;
use crate::events;
use crate::made_examples;
use crate::mailbox_examples;
use crate::plugins::installed;
use crate::sending_examples;
use crate::support::{HOOK_SECRET, Request, SECRET, TestApi};
use crate::{known, runs, webhook_examples};

/// A call of every route that works with the secret: method, path in the table, path to call, body.
fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    let mut examples = account_examples::examples();
    examples.extend(general_examples());
    examples.extend(backups::examples());
    examples.extend(mailbox_examples::examples());
    examples.extend(sending_examples::examples());
    examples.extend(made_examples::examples());
    examples.extend(webhook_examples::examples());
    examples
}

fn general_examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        ("GET", "/healthz", "/healthz", None),
        ("GET", "/readyz", "/readyz", None),
        ("GET", "/metrics", "/metrics", None),
        ("GET", "/openapi.json", "/openapi.json", None),
        ("GET", "/docs", "/docs", None),
        ("GET", "/docs/{file}", "/docs/start.js", None),
        ("GET", "/v1/health", "/v1/health", None),
        ("GET", "/v1/version", "/v1/version", None),
        ("GET", "/v1/sessions/{s}/events", "/v1/sessions/main/events", None),
        ("GET", "/v1/events/stream", "/v1/events/stream", None),
        ("GET", "/v1/ws", "/v1/ws", None),
        ("POST", "/v1/stream-tickets", "/v1/stream-tickets", None),
        (
            "POST",
            "/v1/auth/login",
            "/v1/auth/login",
            Some(json!({ "username": "ada", "password": known::PASSWORD })),
        ),
        (
            "POST",
            "/v1/auth/refresh",
            "/v1/auth/refresh",
            Some(json!({ "refresh_token": known::refresh_token() })),
        ),
        ("POST", "/v1/auth/logout", "/v1/auth/logout", None),
        ("GET", "/v1/me", "/v1/me", None),
        (
            "PUT",
            "/v1/me/password",
            "/v1/me/password",
            Some(json!({ "current_password": known::PASSWORD, "password": "battery staple" })),
        ),
        (
            "POST",
            "/v1/tenants",
            "/v1/tenants",
            Some(json!({ "name": "acme", "limits": { "sessions": 3, "messages_per_hour": null } })),
        ),
        ("GET", "/v1/tenants", "/v1/tenants", None),
        ("GET", "/v1/tenants/{t}", "/v1/tenants/default", None),
        (
            "PATCH",
            "/v1/tenants/{t}",
            "/v1/tenants/empty",
            Some(json!({ "limits": { "messages_per_hour": 60 } })),
        ),
        ("DELETE", "/v1/tenants/{t}", "/v1/tenants/empty", None),
        (
            "POST",
            "/v1/users",
            "/v1/users",
            Some(json!({ "username": "bob", "password": "battery staple", "role": "viewer" })),
        ),
        ("GET", "/v1/users", "/v1/users", None),
        ("GET", "/v1/users/{u}", "/v1/users/usr_00000000000000000000000001", None),
        (
            "PATCH",
            "/v1/users/{u}",
            "/v1/users/usr_00000000000000000000000001",
            Some(json!({ "role": "viewer", "suspended": true })),
        ),
        (
            "DELETE",
            "/v1/users/{u}",
            "/v1/users/usr_00000000000000000000000001",
            None,
        ),
        (
            "POST",
            "/v1/api-keys",
            "/v1/api-keys",
            Some(
                json!({ "name": "shop", "scopes": ["messages:send"], "networks": ["192.0.2.0/24"], "expires_at": "2027-01-01T00:00:00Z" }),
            ),
        ),
        ("GET", "/v1/api-keys", "/v1/api-keys", None),
        (
            "GET",
            "/v1/api-keys/{k}",
            "/v1/api-keys/key_00000000000000000000000002",
            None,
        ),
        (
            "PATCH",
            "/v1/api-keys/{k}",
            "/v1/api-keys/key_00000000000000000000000002",
            Some(json!({ "name": "the shop", "scopes": ["messages:read", "messages:send"] })),
        ),
        (
            "DELETE",
            "/v1/api-keys/{k}",
            "/v1/api-keys/key_00000000000000000000000002",
            None,
        ),
        (
            "POST",
            "/v1/api-keys/{k}/rotate",
            "/v1/api-keys/key_00000000000000000000000002:rotate",
            Some(json!({ "overlap_seconds": 3600 })),
        ),
        ("GET", "/v1/audit", "/v1/audit?outcome=changed", None),
        (
            "POST",
            "/v1/sessions/{s}/token",
            "/v1/sessions/main:token",
            Some(json!({ "scopes": ["messages:send"] })),
        ),
        ("DELETE", "/v1/sessions/{s}/token", "/v1/sessions/main/token", None),
        (
            "POST",
            "/v1/sessions",
            "/v1/sessions",
            Some(json!({ "name": "sales", "connect": false })),
        ),
        ("GET", "/v1/sessions", "/v1/sessions", None),
        ("GET", "/v1/sessions/{s}", "/v1/sessions/main", None),
        ("DELETE", "/v1/sessions/{s}", "/v1/sessions/main", None),
        ("GET", "/v1/sessions/{s}/status", "/v1/sessions/main/status", None),
        ("POST", "/v1/sessions/{s}/connect", "/v1/sessions/main:connect", None),
        (
            "POST",
            "/v1/sessions/{s}/disconnect",
            "/v1/sessions/main/disconnect",
            None,
        ),
        ("POST", "/v1/sessions/{s}/logout", "/v1/sessions/main/logout", None),
        ("GET", "/v1/sessions/{s}/qr", "/v1/sessions/main/qr", None),
        (
            "POST",
            "/v1/sessions/{s}/messages",
            "/v1/sessions/main/messages",
            Some(json!({ "type": "text", "to": "+4915112345678", "text": "hello" })),
        ),
        // The effect of the message above, whose key makes its id the same in every run.
        (
            "GET",
            "/v1/sessions/{s}/effects/{e}",
            "/v1/sessions/main/effects/{e}",
            None,
        ),
        ("GET", "/v1/hooks/{s}/{i}/{*path}", "/v1/hooks/main/echo/a/b?c=d", None),
        (
            "POST",
            "/v1/hooks/{s}/{i}/{*path}",
            "/v1/hooks/main/echo/a:b",
            Some(json!({})),
        ),
        ("PUT", "/v1/hooks/{s}/{i}/{*path}", "/v1/hooks/main/echo/a", None),
        ("PATCH", "/v1/hooks/{s}/{i}/{*path}", "/v1/hooks/main/echo/a", None),
        ("DELETE", "/v1/hooks/{s}/{i}/{*path}", "/v1/hooks/main/echo/a", None),
        ("GET", "/v1/hooks/{s}/{i}", "/v1/hooks/main/echo", None),
        ("POST", "/v1/hooks/{s}/{i}", "/v1/hooks/main/echo", None),
        ("GET", "/v1/hooks/{s}/{i}/", "/v1/hooks/main/echo/", None),
        ("POST", "/v1/hooks/{s}/{i}/", "/v1/hooks/main/echo/", None),
        ("GET", "/v1/secrets", "/v1/secrets", None),
        (
            "PUT",
            "/v1/secrets/{n}",
            "/v1/secrets/crm",
            Some(json!({ "value": "open sesame" })),
        ),
        ("DELETE", "/v1/secrets/{n}", "/v1/secrets/crm", None),
        (
            "GET",
            "/v1/installations/{i}/versions",
            "/v1/installations/echo/versions",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/versions",
            "/v1/installations/echo/versions",
            Some(json!({ "directory": "echo-2" })),
        ),
        (
            "POST",
            "/v1/installations/{i}/versions/{v}/activate",
            "/v1/installations/echo/versions/sha256:2222222222222222222222222222222222222222222222222222222222222222:activate",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/versions/{v}/approve",
            "/v1/installations/echo/versions/sha256:3333333333333333333333333333333333333333333333333333333333333333:approve",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/versions/{v}/canary",
            "/v1/installations/echo/versions/sha256:2222222222222222222222222222222222222222222222222222222222222222:canary",
            Some(json!({ "percent": 5 })),
        ),
        (
            "DELETE",
            "/v1/installations/{i}/canary",
            "/v1/installations/echo/canary",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/versions/{v}/shadow",
            "/v1/installations/echo/versions/sha256:2222222222222222222222222222222222222222222222222222222222222222:shadow",
            Some(json!({ "percent": 50 })),
        ),
        (
            "GET",
            "/v1/installations/{i}/shadow",
            "/v1/installations/echo/shadow",
            None,
        ),
        (
            "DELETE",
            "/v1/installations/{i}/shadow",
            "/v1/installations/echo/shadow",
            None,
        ),
        (
            "POST",
            "/v1/installations/{i}/rollback",
            "/v1/installations/echo:rollback",
            None,
        ),
        ("GET", "/v1/schedules", "/v1/schedules?session=main", None),
        (
            "GET",
            "/v1/schedules/{s}/{i}/{id}",
            "/v1/schedules/main/timer/morning",
            None,
        ),
        (
            "POST",
            "/v1/schedules/{s}/{i}/{id}/run",
            "/v1/schedules/main/timer/morning:run",
            None,
        ),
        (
            "POST",
            "/v1/schedules/{s}/{i}/{id}/pause",
            "/v1/schedules/main/timer/morning:pause",
            None,
        ),
        (
            "POST",
            "/v1/schedules/{s}/{i}/{id}/resume",
            "/v1/schedules/main/timer/morning/resume",
            None,
        ),
        (
            "GET",
            "/v1/installations/{i}/runs",
            "/v1/installations/echo/runs?session=main",
            None,
        ),
        ("GET", "/v1/runs/{r}", "/v1/runs/{r}", None),
        ("POST", "/v1/runs/{r}/replay", "/v1/runs/{r}:replay", None),
        (
            "GET",
            "/v1/routes/explain",
            "/v1/routes:explain?session=main&chat=4915112345678&text=hello",
            None,
        ),
    ]
}

/// The call of a route that works, ready to be made: method, path, body.
pub(crate) fn example(route: &Listed) -> (&'static str, String, Option<Value>) {
    let (method, _, path, body) = examples()
        .into_iter()
        .find(|(method, path, ..)| route.method == *method && route.path == *path)
        .expect("an example");
    let path = path
        .replace("{b}", "bak_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .replace("{e}", "eff_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .replace("{failed}", "eff_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .replace("{sm}", "smg_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        .replace("{sent}", "ABC")
        .replace("{media}", &"0".repeat(64))
        .replace("{r}", runs::RUN);
    (method, path, body)
}

const ECHO: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
"#;

#[test]
fn every_route_has_an_example() {
    let routes: BTreeSet<_> = list()
        .into_iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    let examples: BTreeSet<_> = examples()
        .into_iter()
        .map(|(method, path, ..)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(
        routes, examples,
        "a route without an example has no test of its credentials and no snapshot: add it above"
    );
}

/// With the installation that the examples speak of.
pub(crate) async fn start() -> TestApi {
    let echo = "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\ngrants = { \"messages.send\" = true }\n[plugin.config]\nprefix = \"file: \"\n";
    let timed = "[[plugin]]\nid = \"timer\"\nsource = \"tuner\"\ngrants = { \"messages.send\" = true }\n";
    TestApi::start_over(installed(&format!("{echo}{timed}")).await).await
}

fn with<'a>(request: Request<'a>, body: Option<&Value>) -> Request<'a> {
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

#[tokio::test]
async fn nobody_gets_in_without_the_secret() {
    let api = start().await;
    for route in list() {
        // A refresh token works once, and needs nothing beside it.
        if route.path == "/v1/auth/refresh" {
            continue;
        }
        let (method, path, body) = example(&route);
        let wrong = [
            None,
            Some("Bearer wrong"),
            Some("Bearer "),
            Some("Bearer"),
            Some("Basic YTpi"),
            Some(SECRET),
        ];
        for credentials in wrong {
            let request = api.bare(method, &path);
            let request = match credentials {
                Some(credentials) => request.header("Authorization", credentials),
                None => request,
            };
            let answer = with(request, body.as_ref()).send().await;
            match route.access {
                Access::Open => assert_eq!(answer.status, 200, "{method} {path}"),
                // A hook is open to those who know its secret, and to nobody else.
                Access::Admin | Access::May(_) | Access::Known | Access::Hook => {
                    answer.problem(401, "unauthenticated");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                }
            }
        }
    }
    // Nothing of it was done.
    assert_eq!(
        api.get("/v1/sessions").await.json()["items"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let api = start().await;
    let answer = api
        .bare("GET", "/v1/version")
        .header("authorization", &format!("bearer  {SECRET} "))
        .send()
        .await;
    assert_eq!(answer.status, 200);
}

/// The path with the names of what it speaks of, which is made.
async fn prepared(api: &TestApi, path: String) -> String {
    let messages = "/v1/sessions/main/messages";
    let hello = |more: Value| {
        let mut body = json!({ "type": "text", "to": "+4915112345678", "text": "hello" });
        body["send_at"] = more;
        body
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (name, found) = match path.split(['{', '}']).nth(1) {
        Some("e") => {
            let message = api.request("POST", messages).header("Idempotency-Key", "example");
            (
                "{e}",
                text(&message.json(&hello(Value::Null)).send().await.json()["id"]),
            )
        }
        Some("failed") => {
            let sent = text(&api.post(messages, hello(Value::Null)).await.json()["id"]);
            let failed = Progress::Failed {
                reason: "not on WhatsApp".into(),
                code: None,
            };
            let id = sent.parse().expect("an effect's id");
            api.outbox.progress(api.main, id, failed).await.expect("it notes");
            ("{failed}", sent)
        }
        Some("sent") => (
            "{sent}",
            text(&api.post(messages, hello(Value::Null)).await.json()["message_id"]),
        ),
        Some("sm") => {
            let scheduled = api.post(messages, hello(json!("2026-06-01T00:00:00Z"))).await.json();
            ("{sm}", text(&scheduled["scheduled"][0]["id"]))
        }
        Some("b") => ("{b}", backups::taken(api).await),
        Some("media") => {
            let put = api
                .request("POST", "/v1/sessions/main/media")
                .json(&json!({ "a": "file" }));
            ("{media}", text(&put.send().await.json()["id"]))
        }
        _ => return path,
    };
    path.replace(name, &found)
}

#[tokio::test]
async fn every_route_answers_in_its_shape() {
    for (method, template, path, body) in examples() {
        // Only a replay needs a plugin that is there.
        let api = match template.ends_with("{r}/replay") {
            true => TestApi::start_over(installed(ECHO).await).await,
            false => start().await,
        };
        api.script.show_qr(api.main, "2@code,of,a,pairing");
        let mut path = path.replace("{r}", runs::RUN);
        if (method, template) == ("GET", "/v1/sessions/{s}/profile") {
            let linked = |record: &mut SessionRecord| record.jid = "4915112345678".parse().ok();
            let register = &api.settings.register;
            register.update(api.main, linked).await.expect("it is there");
        }
        if template == "/v1/installations/{i}/shadow" {
            let shadow = Shadow {
                digest: [0x22; 32].into(),
                percent: 100,
            };
            let echo = "echo".parse().expect("an id");
            api.versions.set_shadow(&echo, Some(shadow)).await.expect("it is known");
        }
        if template.ends_with("{s}/events") {
            events::happen(&api).await;
        }
        if template.contains("runs") {
            runs::record(&api, runs::RUN).await;
        }
        made_examples::prepare(&api, method, &path).await;
        path = prepared(&api, path).await;
        // Only users can log out and change their password.
        let users = ["/v1/auth/logout", "/v1/me/password"].contains(&template);
        let bearer = match users {
            true => api.log_in("default").await,
            false => SECRET.to_owned(),
        };
        let request = match template.starts_with("/v1/hooks") {
            false => api
                .bare(method, &path)
                .header("Authorization", &format!("Bearer {bearer}")),
            true => api
                .bare(method, &path)
                .header("Authorization", &format!("Bearer {HOOK_SECRET}")),
        };
        let request = match template {
            "/v1/ws" => request
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            _ => request,
        };
        let answer = with(request, body.as_ref()).send().await;
        if template == "/v1/ws" {
            assert_eq!(answer.status, 101);
            // The key and its answer are those of RFC 6455.
            assert_eq!(
                answer.header("sec-websocket-accept"),
                Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            );
            continue;
        }
        if (method, template) == ("POST", "/v1/sessions/{s}/app-state") {
            answer.problem(501, "not_supported");
            continue;
        }
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {}",
            answer.shown()
        );
        assert_eq!(answer.header("x-request-id"), Some("test"));
        if template.starts_with("/docs") {
            // Neither a resource nor JSON; it has a test of its own.
            continue;
        }
        // Files may be kept by who has seen them.
        let keep = match method == "GET" && template.contains("/media") {
            true => "private, no-cache",
            false => "no-store",
        };
        assert_eq!(answer.header("cache-control"), Some(keep));
        if template.ends_with("/export") {
            // It has a test of its own.
            assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
            continue;
        }
        if template.ends_with("/stream") {
            // It has tests of its own.
            assert_eq!(answer.header("content-type"), Some("text/event-stream"));
            continue;
        }
        if template == "/metrics" {
            // It has tests of its own, and no two processes answer the same.
            continue;
        }
        let mut shown = answer.shown().replace(env!("CARGO_PKG_VERSION"), "[version]");
        if template == "/openapi.json" {
            // The document has a snapshot of its own.
            continue;
        }
        if template.ends_with("/qr") {
            // The picture has a test of its own.
            let picture = answer.json()["png"].as_str().expect("a picture").to_owned();
            assert!(picture.starts_with("data:image/png;base64,iVBOR"));
            shown = shown.replace(&picture, "data:image/png;base64,…");
        }
        for secret in ["access_token", "refresh_token", "key", "token", "ticket"] {
            // What is secret has tests of its own.
            if let Some(text) = serde_json::from_slice::<Value>(&answer.body)
                .ok()
                .and_then(|told| told[secret].as_str().map(str::to_owned))
            {
                shown = shown.replace(&text, "[secret]");
            }
        }
        if template.starts_with("/v1/plugins") || path.ends_with("greeter") || template == "/v1/installations" {
            let told = serde_json::from_slice(&answer.body).unwrap_or_default();
            shown = made_examples::without_chance(shown, &told);
        }
        if template.ends_with("{r}/replay") {
            let told = answer.json();
            for (field, stands_for) in [("digest", "[digest]"), ("version", "[version]")] {
                shown = shown.replace(told["plugin"][field].as_str().expect("a text"), stands_for);
            }
            shown = shown.replace(&told["memory_bytes"].to_string(), "[bytes]");
        }
        if template.starts_with("/v1/backups") {
            shown = backups::without_chance(shown);
        }
        let name = format!(
            "{method}_{}",
            template.trim_start_matches('/').replace(['/', '{', '}', '*'], "_")
        );
        insta::assert_snapshot!(name, shown);
    }
}
