//! `waspnest user …` and `waspnest key …` against a running host.

use std::ffi::OsString;

use waspnest::cli::{self, Exit, Output};

use crate::known::ADA;
use crate::support::{SECRET, TestApi};

/// Runs a command to its end, where it may wait for answers, and gives how it ended and what it printed to either side.
async fn run(api: &TestApi, arguments: &[&str]) -> (Exit, String, String) {
    let all: Vec<_> = ["waspnest"].iter().chain(arguments).map(OsString::from).collect();
    let env = [
        ("WASPNEST_URL".to_owned(), format!("http://{}/", api.address)),
        ("WASPNEST_SECRET".to_owned(), SECRET.to_owned()),
    ];
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let exit = cli::run(all.into_iter(), env.into_iter(), output);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(out), text(err))
    });
    ran.await.expect("it does not panic")
}

async fn done(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, out, err) = run(api, arguments).await;
    assert_eq!(exit, Exit::Success, "{arguments:?}: {out}{err}");
    out
}

#[tokio::test]
async fn a_key_is_printed_once_rotated_and_removed() {
    let api = TestApi::start().await;
    let arguments = [
        "key",
        "create",
        "till",
        "--scope",
        "messages:send",
        "--scope",
        "messages:read",
    ];
    let printed = done(&api, &arguments).await;
    let key = printed.trim_end();
    assert_eq!(api.asks(key, "GET", "/v1/me", None).await.status, 200);
    let listed = done(&api, &["key", "list"]).await;
    let line = listed
        .lines()
        .find(|line| line.contains("  till  "))
        .expect("it is listed");
    assert!(
        line.contains("messages:read,messages:send") && !listed.contains(key),
        "{listed}"
    );
    let id = line.split(' ').next().expect("an id");
    let rotated = done(&api, &["key", "rotate", id, "--overlap", "0"]).await;
    assert_eq!(api.asks(key, "GET", "/v1/me", None).await.status, 401);
    assert_eq!(api.asks(rotated.trim_end(), "GET", "/v1/me", None).await.status, 200);
    assert_eq!(done(&api, &["key", "remove", id]).await, format!("{id} is removed\n"));
    assert_eq!(api.asks(rotated.trim_end(), "GET", "/v1/me", None).await.status, 401);

    let (exit, _, err) = run(&api, &["key", "create", "till", "--scope", "messages:write"]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("/scopes") && err.contains("messages:send"), "{err}");
}

#[tokio::test]
async fn users_are_listed_suspended_and_removed() {
    let api = TestApi::start().await;
    let listed = done(&api, &["user", "list"]).await;
    assert!(listed.starts_with(&format!("{ADA}  ada  member  ten_")), "{listed}");
    done(&api, &["user", "suspend", ADA]).await;
    assert!(done(&api, &["user", "list"]).await.contains("suspended"));
    done(&api, &["user", "resume", ADA]).await;
    assert!(!done(&api, &["user", "list"]).await.contains("suspended"));
    done(&api, &["user", "remove", ADA]).await;
    assert_eq!(done(&api, &["user", "list"]).await, "");
    let (exit, _, err) = run(&api, &["user", "remove", ADA]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("unknown_user"), "{err}");
}
