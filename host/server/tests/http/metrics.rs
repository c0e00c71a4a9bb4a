//! What is measured, as collectors read it: who may, in which form, and that the form is one.

use std::collections::BTreeSet;

use async_trait::async_trait;
use waspnest::service::error::Error;
use waspnest::service::metrics::{Ground, Look, Present};
use waspnest::service::readiness::Lack;
use waspnest_core::store::LastEnd;

use crate::exposition::Exposition;
use crate::support::{Answer, TestApi};

/// A host in which nothing is at work.
pub(crate) struct Idle;

#[async_trait]
impl Look for Idle {
    async fn look(&self) -> Result<Present, Error> {
        Ok(Present {
            sessions: [("connected", 2), ("stopped", 1)].into(),
            places: (32, 1),
            ..Present::default()
        })
    }

    async fn ground(&self) -> Ground {
        Ground {
            disk_free: Some(1 << 40),
            disk_wanted: 64 << 20,
            lacks: vec![Lack::Routers(1)],
            last_end: LastEnd::BrokenOff,
        }
    }
}

#[tokio::test]
async fn only_the_operator_reads_metrics() {
    let api = TestApi::start().await;
    api.bare("GET", "/metrics").send().await.problem(401, "unauthenticated");
    let answer = api.get("/metrics").await;
    assert_eq!(answer.status, 200);
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("a text")
}

#[tokio::test]
async fn the_text_is_one_of_the_formats_of_prometheus() {
    let api = TestApi::start().await;
    api.get("/v1/sessions/main").await;
    api.get("/nowhere/4915112345678").await;
    api.bare("BREW", "/v1/sessions/main").send().await;
    api.bare("GET", "/v1/me").send().await;

    let usual = api.get("/metrics").await;
    assert_eq!(
        usual.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let usual = Exposition::parse(&text(&usual)).expect("the text format");

    let accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    let open = api.request("GET", "/metrics").header("Accept", accept).send().await;
    assert_eq!(
        open.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let open_text = text(&open);
    assert!(open_text.ends_with("# EOF\n"), "OpenMetrics says where it ends");
    let open = Exposition::parse(&open_text).expect("OpenMetrics");
    assert_eq!(usual.names(), open.names(), "both forms show the same");
    assert!(
        usual.names().iter().all(|name| name.starts_with("waspnest_")),
        "{:?}",
        usual.names()
    );

    let requests = |labels: &[(&str, &str)]| usual.value("waspnest_http_requests_total", labels);
    let one = [("method", "GET"), ("route", "/v1/sessions/{s}"), ("status", "2xx")];
    assert_eq!(requests(&one), Some(1.0));
    let made_up = [("method", "other"), ("route", "/v1/sessions/{s}"), ("status", "4xx")];
    assert_eq!(requests(&made_up), Some(1.0), "methods are of a known few");
    let nowhere = [("method", "GET"), ("route", "none"), ("status", "4xx")];
    assert_eq!(requests(&nowhere), Some(1.0), "what somebody asked for is no label");
    let denied = usual.value("waspnest_http_denied_total", &[("code", "unauthenticated")]);
    assert_eq!(denied, Some(1.0));
    assert_eq!(usual.value("waspnest_sessions", &[("state", "connected")]), Some(2.0));
    assert_eq!(usual.value("waspnest_sandbox_places", &[("of", "total")]), Some(32.0));
    assert_eq!(usual.value("waspnest_lacks", &[("of", "router")]), Some(1.0));
    assert_eq!(usual.value("waspnest_lacks", &[("of", "disk")]), Some(0.0));
    assert_eq!(usual.value("waspnest_last_end", &[("how", "broken_off")]), Some(1.0));
}

#[tokio::test]
async fn labels_are_known_beforehand() {
    let api = TestApi::start().await;
    for path in [
        "/v1/sessions/main/chats/4915112345678",
        "/v1/sessions/4915112345678",
        "/4915112345678",
    ] {
        api.get(path).await;
    }
    let shown = text(&api.get("/metrics").await);
    assert!(!shown.contains("4915112345678"), "{shown}");
    let shown = Exposition::parse(&shown).expect("the text format");
    let templates: BTreeSet<_> = waspnest::http::list().into_iter().map(|route| route.path).collect();
    let routes = shown.label_values("waspnest_http_requests_total", "route");
    assert!(!routes.is_empty());
    assert!(
        routes
            .iter()
            .all(|route| route == "none" || templates.contains(route.as_str())),
        "{routes:?}"
    );
}

/// Every name of ours in a text.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = text.match_indices("waspnest_").map(|(at, _)| at);
    let names = starts.map(|at| text[at..].chars().take_while(|c| is_part(*c)).collect());
    names.collect()
}

#[test]
fn the_dashboard_and_the_rules_ask_for_what_there_is() {
    let deploy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/deploy");
    let known = waspnest::meters::names();
    for file in ["grafana/dashboard.json", "prometheus/alerts.yml"] {
        let text = std::fs::read_to_string(format!("{deploy}/{file}")).expect("the file is there");
        let asked = names_in(&text);
        assert!(asked.len() > 10, "{file} asks for {asked:?}");
        for name in asked {
            let family = ["_bucket", "_count", "_sum"]
                .into_iter()
                .find_map(|end| name.strip_suffix(end));
            let is_known = known.contains(&name) || family.is_some_and(|family| known.contains(family));
            assert!(is_known, "{file} asks for {name}, which is not among {known:?}");
        }
    }
    let dashboard = std::fs::read_to_string(format!("{deploy}/grafana/dashboard.json")).expect("the file is there");
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("a list");
    let mut ids: Vec<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
}

#[test]
fn the_page_for_operators_explains_every_metric() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let told = names_in(&page);
    let missing: Vec<_> = waspnest::meters::names()
        .into_iter()
        .filter(|name| !told.contains(name))
        .collect();
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "docs/operations.md does not explain these"
    );
}
