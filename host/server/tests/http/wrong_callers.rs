//! Every route with every kind of wrong caller. It walks the table of routes and the examples, so a new route is in it by itself.

use std::time::Duration;

use serde_json::{Value, json};
use waspnest::http::{Access, list};
use waspnest::service::control::Control;
use waspnest_core::caller::{Scope, Standing};
use waspnest_core::clock::SeededIds;
use waspnest_core::session::Desired;

use crate::credentials::{example, start};
use crate::known::{self, ADA, scopes};
use crate::support::{HOOK_SECRET, TestApi};

/// Somebody who is not to get in, or not to find what is another's.
struct Wrong {
    what: &'static str,
    bearer: Option<String>,
    expected: Expected,
}

/// What they are told.
#[derive(Clone, Copy)]
enum Expected {
    /// That nobody knows them.
    Unknown,
    /// That they are not where they should be.
    Elsewhere,
    /// That they may not, whatever they ask for.
    NoScope,
    /// That what is another's is not there.
    Stranger,
}

/// The answers that are right for a stranger: what the path names is not there, and of what it does not name only their own is shown.
fn right_for_a_stranger(access: Access, template: &str, may: impl Fn(Scope) -> bool) -> &'static [u16] {
    match access {
        Access::Admin => &[403],
        Access::May(scope) if !may(scope) => &[403],
        // Something of somebody's.
        Access::May(_)
            if ["{s}", "{i}", "{r}", "{u}", "{k}", "{w}"]
                .iter()
                .any(|name| template.contains(name)) =>
        {
            &[404]
        }
        // Lists, which are empty or one's own, and what is made is one's own.
        Access::May(_) | Access::Known => &[200, 201, 202, 204, 400, 403, 404, 409, 415, 422, 426],
        Access::Open | Access::Hook => &[401],
    }
}

async fn all(api: &TestApi) -> Vec<Wrong> {
    let wrong = |what, bearer: String, expected| Wrong {
        what,
        bearer: Some(bearer),
        expected,
    };
    let ended = api.key(json!({ "expires_at": "2026-01-01T01:00:00Z" })).await.1;
    let expired = api.log_in("default").await;
    let (rotated_id, rotated) = api.key(json!({})).await;
    let rotate = api
        .post(
            &format!("/v1/api-keys/{rotated_id}/rotate"),
            json!({ "overlap_seconds": 60 }),
        )
        .await;
    assert_eq!(rotate.status, 200, "{}", rotate.shown());
    let old_token = token(api, "main").await;
    // An hour and more after all of that was made.
    api.clock.advance(Duration::from_secs(86_400));

    let token_before = token(api, "main").await;
    token(api, "main").await;
    let revoked = api.log_in("default").await;
    assert_eq!(api.asks(&revoked, "POST", "/v1/auth/logout", None).await.status, 204);
    let suspended = api.log_in("default").await;
    let register = api.register().await;
    let suspend = |user: &mut waspnest_core::caller::User| user.standing = Standing::Suspended;
    register
        .users
        .update(known::user_id(ADA), suspend)
        .await
        .expect("it writes");
    let (removed_id, removed) = api.key(json!({})).await;
    assert_eq!(
        api.request("DELETE", &format!("/v1/api-keys/{removed_id}"))
            .send()
            .await
            .status,
        204
    );

    let twin = api.twin().await;
    let ids = SeededIds::new(5);
    let other = api.settings.register.create(
        "other".parse().expect("a name"),
        Desired::Disconnected,
        &*api.clock,
        &ids,
    );
    let other = other.await.expect("it is new");
    api.script.start(&other).await.expect("it starts");
    let of_sessions = scopes(Scope::is_of_sessions);
    let held = json!({ "sessions": [other.id.to_string()], "scopes": of_sessions });
    let held = api.key(held).await.1;
    let elsewhere = api.key(json!({ "networks": ["192.0.2.0/24"] })).await.1;
    let other_token = token(api, "other").await;
    vec![
        Wrong {
            what: "nothing",
            bearer: None,
            expected: Expected::Unknown,
        },
        wrong("a wrong secret", "wrong".into(), Expected::Unknown),
        wrong(
            "the secret of a hook, which is not this one's",
            HOOK_SECRET.to_uppercase(),
            Expected::Unknown,
        ),
        wrong(
            "a key that nobody made",
            format!("wn_live_{}_{}", &known::SHOP[4..], "00".repeat(32)),
            Expected::Unknown,
        ),
        wrong(
            "the token of a session that is not there",
            format!("wn_session_{}_{}", known::nowhere().ulid(), "00".repeat(32)),
            Expected::Unknown,
        ),
        wrong("a refresh token", known::refresh_token(), Expected::Unknown),
        wrong("an access token that has ended", expired, Expected::Unknown),
        wrong("an access token whose login has ended", revoked, Expected::Unknown),
        wrong(
            "an access token of a user who is suspended",
            suspended,
            Expected::Unknown,
        ),
        wrong("a key that has ended", ended, Expected::Unknown),
        wrong("a key that is removed", removed, Expected::Unknown),
        wrong(
            "the secret of a key before it was rotated, when its time is over",
            rotated,
            Expected::Unknown,
        ),
        wrong(
            "the token of a session before the one it has",
            token_before,
            Expected::Unknown,
        ),
        wrong("the token of a session before that", old_token, Expected::Unknown),
        wrong("a key from another network", elsewhere, Expected::Elsewhere),
        wrong("a key of another tenant", twin.secret, Expected::Stranger),
        wrong("a key for another session", held, Expected::NoScope),
        wrong("the token of another session", other_token, Expected::NoScope),
    ]
}

/// A new token of a session.
async fn token(api: &TestApi, session: &str) -> String {
    let answer = api
        .request("POST", &format!("/v1/sessions/{session}/token"))
        .send()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    answer.json()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn no_route_lets_anybody_in_who_is_not_to_get_in() {
    let api = start().await;
    let wrong = all(&api).await;
    let before = rows(&api).await;
    let mut calls = 0;
    for route in list() {
        if route.access == Access::Open {
            continue;
        }
        let (method, path, body) = example(&route);
        // By its id: the other tenant has a session of that name too.
        let path = path.replace("/main", &format!("/{}", api.main));
        for caller in &wrong {
            let request = api.bare(method, &path);
            let request = match &caller.bearer {
                Some(bearer) => request.header("Authorization", &format!("Bearer {bearer}")),
                None => request,
            };
            let answer = match &body {
                Some(body) => request.json(body).send().await,
                None => request.send().await,
            };
            calls += 1;
            let told = format!("{method} {path} with {}: {}", caller.what, answer.status);
            match (caller.expected, route.access) {
                (Expected::Unknown, _) | (_, Access::Hook) => {
                    assert_eq!(answer.status, 401, "{told}");
                    answer.problem(401, "unauthenticated");
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{told}");
                }
                (Expected::Elsewhere, _) => {
                    assert_eq!(answer.status, 403, "{told}");
                    answer.problem(403, "address_not_allowed");
                }
                (Expected::Stranger, access) => {
                    let right = right_for_a_stranger(access, route.path, |_| true);
                    assert!(right.contains(&answer.status), "{told}: expected one of {right:?}");
                    says_nothing_of_main(&api, &answer.body, &told);
                }
                (Expected::NoScope, access) => {
                    let right = right_for_a_stranger(access, route.path, Scope::is_of_sessions);
                    assert!(right.contains(&answer.status), "{told}: expected one of {right:?}");
                    says_nothing_of_main(&api, &answer.body, &told);
                }
            }
        }
    }
    assert_eq!(rows(&api).await, before, "something of the session was changed");
    assert!(calls > 500, "only {calls} calls");
}

/// Everything that is stored of `main`.
async fn rows(api: &TestApi) -> usize {
    use waspnest_core::store::{KeyRange, Order, Space};
    let rows = api
        .store
        .scan(Space::Session(api.main), KeyRange::prefix(&[]), Order::Ascending, 1000)
        .await;
    rows.expect("it reads").len()
}

fn says_nothing_of_main(api: &TestApi, body: &[u8], told: &str) {
    let body = String::from_utf8_lossy(body);
    for id in [api.main.to_string(), ADA.to_owned(), known::SHOP.to_owned()] {
        // A caller is told what it asked for, and nothing else.
        let problem = serde_json::from_str::<Value>(&body).is_ok_and(|body| body["code"].is_string());
        assert!(problem || !body.contains(&id), "{told} tells of {id}: {body}");
    }
}

#[tokio::test]
async fn every_route_asks_for_its_scope_and_for_no_other() {
    let api = start().await;
    for route in list() {
        let Access::May(scope) = route.access else { continue };
        let (method, path, body) = example(&route);
        let without = api.key(json!({ "scopes": scopes(|other| other != scope) })).await.1;
        let answer = api.asks(&without, method, &path, body.as_ref()).await;
        let told = answer.problem(403, "scope_missing");
        let detail = told["detail"].as_str().expect("words");
        assert!(detail.contains(scope.name()), "{method} {path}: {detail}");
        // Nobody gives or takes what they do not have, so those who see to users and keys need the rest as well.
        let only = scopes(|other| match scope {
            Scope::TenantAdmin => true,
            // Nobody has others told what they may not see.
            Scope::WebhooksWrite => other == scope || other.only_reads(),
            _ => other == scope,
        });
        let only = api.key(json!({ "scopes": only })).await.1;
        let answer = api.asks(&only, method, &path, body.as_ref()).await;
        assert!(
            ![401, 403].contains(&answer.status),
            "{method} {path}: {}",
            answer.shown()
        );
    }
}
