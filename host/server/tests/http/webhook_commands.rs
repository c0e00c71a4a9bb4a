//! `waspnest webhook …` against a running host.

use serde_json::{Value, json};
use waspnest::cli::Exit;

use crate::command_line::{environment, run_any};
use crate::support::TestApi;
use crate::webhook_examples::CRM;

async fn run(api: &TestApi, arguments: &[&str]) -> (Exit, String, String) {
    let all: Vec<&str> = ["webhook"].iter().chain(arguments).copied().collect();
    run_any(environment(api), &all).await
}

async fn done(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, out, err) = run(api, arguments).await;
    assert_eq!(exit, Exit::Success, "{arguments:?}: {out}{err}");
    out
}

#[tokio::test]
async fn one_is_made_tried_rested_and_removed() {
    let api = TestApi::start().await;
    let url = "https://shop.example/whatsapp";
    let made = done(&api, &["create", url, "--event", "message", "--format", "gowa"]).await;
    let (id, secret) = made.trim_end().split_once("  ").expect("an id and a secret");
    assert!(id.starts_with("wh_") && secret.starts_with("whsec_"), "{made}");

    let listed = done(&api, &["list"]).await;
    let line = format!("{id}  active  gowa  {url}  message\n");
    assert!(listed.ends_with(&line) && !listed.contains(secret), "{listed}");
    assert_eq!(done(&api, &["test", id]).await.split(' ').nth(2), Some("204"));

    assert_eq!(done(&api, &["pause", id]).await, format!("{id} is paused\n"));
    assert_eq!(done(&api, &["resume", id, "--skip"]).await, format!("{id} is active\n"));
    let rotated = done(&api, &["rotate", id, "--overlap", "0"]).await;
    assert!(
        rotated.starts_with("whsec_") && rotated.trim_end() != secret,
        "{rotated}"
    );
    let shown: Value = serde_json::from_str(&done(&api, &["show", id]).await).expect("JSON");
    assert_eq!(
        (&shown["format"], &shown["statistics"]["delivered"]),
        (&json!("gowa"), &json!(0))
    );

    done(&api, &["remove", id]).await;
    let (exit, _, err) = run(&api, &["show", id]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("unknown_webhook") || err.contains("no webhook"), "{err}");
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_told_again() {
    let api = TestApi::start().await;
    let letters = done(&api, &["dead-letters", CRM]).await;
    assert!(
        letters.ends_with("  message.received  the endpoint answered 404 Not Found\n"),
        "{letters}"
    );
    assert_eq!(done(&api, &["replay", CRM]).await, "told again: 1\n");
}
