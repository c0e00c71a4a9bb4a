//! A session as lines of JSON, compared with what lists show.

use serde_json::{Value, json};
use waspnest::cli::Exit;

use crate::command_line::{environment, run_any};
use crate::support::TestApi;

fn lines(text: &str) -> Vec<Value> {
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"));
    lines.collect()
}

/// The lines of a type, as lists show them.
fn of(lines: &[Value], kind: &str) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["type"] == kind);
    found.map(|line| line["data"].clone()).collect()
}

async fn listed(api: &TestApi, list: &str) -> Vec<Value> {
    let told = api.get(&format!("/v1/sessions/main/{list}?limit=200")).await.json();
    assert_eq!(told["next"], Value::Null);
    told["items"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn an_export_is_what_lists_show_and_says_where_it_ends() {
    let api = TestApi::start().await;
    let answer = api.get("/v1/sessions/main/export").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let (exit, text, err) = run_any(environment(&api), &["session", "export", "main"]).await;
    assert_eq!(exit, Exit::Success, "{err}");
    let lines = lines(&text);
    let mut counts = json!({ "groups": of(&lines, "group").len() });
    for (kind, list) in [("chat", "chats"), ("contact", "contacts"), ("message", "messages")] {
        let shown = listed(&api, list).await;
        assert!(!shown.is_empty(), "there are {list}");
        assert_eq!(of(&lines, kind), shown, "{list}");
        counts[list] = shown.len().into();
    }
    assert_eq!(of(&lines, "end"), [counts]);
    assert_eq!(lines.last().expect("a line")["type"], "end");
    let unknown = api.get("/v1/sessions/other/export").await;
    unknown.problem(404, "unknown_session");
}
