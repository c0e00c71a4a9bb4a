//! Calls that cannot work are told what would.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waspnest_simulator::admin::{Admin, AdminConfig, AdminError, Token};
use waspnest_simulator::{Config, Simulator};

use crate::calls::{Calls, started, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_calls_are_told_what_would_work() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let account = calls
        .done("POST /accounts", json!({"push_name": "Bot", "phone": "4915199999999"}))
        .await?;
    assert_eq!(account["jid"], json!("4915199999999@s.whatsapp.net"));

    let lost = calls.fails("GET /nowhere", "", 404, "no_such_path").await?;
    assert!(
        lost.body["allowed"].to_string().contains("POST /people/{phone}/say"),
        "{}",
        lost.body
    );
    let wrong = calls.fails("DELETE /people", "", 405, "method_not_allowed").await?;
    assert_eq!(wrong.allow.as_deref(), Some("GET, POST"));
    assert_eq!(wrong.body["allowed"], json!(["GET", "POST"]));

    let field = calls
        .fails("POST /accounts", r#"{"push_name": "A", "fone": "1"}"#, 400, "bad_body")
        .await?;
    let detail = text(&field.body, "detail")?;
    assert!(detail.contains("`fone`") && detail.contains("`phone`"), "{detail}");
    let missing = calls.fails("POST /accounts", "", 400, "bad_body").await?;
    assert!(text(&missing.body, "detail")?.contains("push_name"));
    calls.fails("POST /accounts", "{", 400, "bad_body").await?;
    calls
        .fails(
            "POST /accounts",
            r#"{"push_name": "A", "phone": "12"}"#,
            422,
            "bad_phone",
        )
        .await?;
    calls
        .fails(
            "POST /accounts",
            r#"{"push_name": "A", "phone": "4915199999999"}"#,
            409,
            "phone_taken",
        )
        .await?;
    calls
        .fails("POST /accounts", &" ".repeat(300 * 1024), 413, "body_too_large")
        .await?;

    let nobody = calls
        .fails("POST /people/49/say", r#"{"to": "1", "text": "x"}"#, 404, "unknown")
        .await?;
    assert!(nobody.body["allowed"].is_null(), "nobody is there yet: {}", nobody.body);
    let known = calls.fails("POST /accounts/49/drop", "", 404, "unknown").await?;
    assert_eq!(known.body["allowed"], json!(["4915199999999"]));
    let state = r#"{"state": "sideways"}"#;
    let state = calls
        .fails("POST /accounts/4915199999999/reachability", state, 400, "bad_body")
        .await?;
    assert!(text(&state.body, "detail")?.contains("`online`"), "{}", state.body);
    let reason = r#"{"reason": "mood"}"#;
    let reason = calls
        .fails("POST /accounts/4915199999999/refuse", reason, 400, "bad_body")
        .await?;
    assert!(
        text(&reason.body, "detail")?.contains("`logged_out`"),
        "{}",
        reason.body
    );
    calls
        .fails(
            "POST /accounts/4915199999999/scan",
            r#"{"qr": "nonsense"}"#,
            422,
            "bad_pairing_code",
        )
        .await?;
    let query = calls.fails("GET /stanzas?befor=1", "", 400, "bad_query").await?;
    assert!(text(&query.body, "detail")?.contains("`after`"), "{}", query.body);
    calls.fails("GET /stanzas?after=minus", "", 400, "bad_query").await?;

    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let anna = text(&anna, "phone")?;
    let address = r#"{"to": "anybody", "text": "x"}"#;
    let address = calls
        .fails(&format!("POST /people/{anna}/say"), address, 422, "bad_address")
        .await?;
    assert!(text(&address.body, "detail")?.contains("anybody"));
    calls
        .fails(
            &format!("POST /people/{anna}/read"),
            r#"{"id": "NOSUCH"}"#,
            404,
            "unknown",
        )
        .await?;
    calls
        .fails(
            &format!("POST /people/{anna}/react"),
            r#"{"id": "NOSUCH", "emoji": "x"}"#,
            404,
            "unknown_message",
        )
        .await?;
    calls
        .fails(
            &format!("GET /people/{anna}/inbox/wait?timeout_ms=20"),
            "",
            404,
            "nothing_heard",
        )
        .await?;
    calls
        .fails(
            &format!("GET /people/{anna}/inbox/wait?from=who"),
            "",
            422,
            "bad_address",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_wanted_when_there_is_one() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let config = AdminConfig {
        token: Some(Token::new("open sesame")),
        ..AdminConfig::default()
    };
    let admin = Admin::start(config, simulator.clone()).await?;
    let mut calls = Calls::to(admin.url());
    calls.fails("GET /accounts", "", 401, "unauthorized").await?;
    calls.fails("GET /nowhere", "", 401, "unauthorized").await?;
    let health = calls.done("GET /health", Value::Null).await?;
    assert_eq!(health, json!({"status": "ok", "url": simulator.url()}));
    calls.token = Some("open simsim");
    calls.fails("GET /accounts", "", 401, "unauthorized").await?;
    calls.token = Some("open sesame");
    // What signs the server's certificates, for clients that pin it.
    let key = calls.done("GET /root-key", Value::Null).await?;
    let signed = simulator.root_key().map(|key| STANDARD.encode(key));
    assert_eq!(key, json!({"root_key": signed}));
    assert_eq!(calls.done("GET /accounts", Value::Null).await?, json!({"items": []}));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn it_is_not_offered_to_other_machines() -> anyhow::Result<()> {
    let simulator = Simulator::start(Config::default()).await?;
    let config = AdminConfig {
        listen: "0.0.0.0:0".parse()?,
        token: None,
    };
    let refused = Admin::start(config, simulator.clone())
        .await
        .expect_err("reachable from elsewhere");
    assert!(matches!(refused, AdminError::NotLoopback(_)), "{refused}");
    simulator.shutdown().await;
    Ok(())
}
