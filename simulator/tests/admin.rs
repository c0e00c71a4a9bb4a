//! The admin interface over real HTTP, in process and as a program.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use waspnest_simulator::admin::{Admin, AdminConfig, AdminError, Token};
use waspnest_simulator::{Config, Simulator};

/// A blocking HTTP client that returns errors as answers.
#[derive(Clone)]
struct Calls {
    agent: ureq::Agent,
    base: String,
    token: Option<&'static str>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    kind: String,
    allow: Option<String>,
    body: Value,
}

impl Calls {
    fn to(base: impl Into<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .into();
        Self {
            agent,
            base: base.into(),
            token: None,
        }
    }

    /// `call` is `METHOD /path`; a body makes sense for POST only.
    async fn call(&self, call: &str, body: Option<String>) -> anyhow::Result<Reply> {
        let (calls, call) = (self.clone(), call.to_owned());
        tokio::task::spawn_blocking(move || calls.call_blocking(&call, body)).await?
    }

    fn call_blocking(&self, call: &str, body: Option<String>) -> anyhow::Result<Reply> {
        let (method, path) = call.split_once(' ').context("METHOD /path")?;
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = self.agent.run(request.body(body.unwrap_or_default())?)?;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (kind, allow) = (header("content-type").unwrap_or_default(), header("allow"));
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).with_context(|| format!("{call} answered {text:?}"))?;
        Ok(Reply {
            status: response.status().as_u16(),
            kind,
            allow,
            body,
        })
    }

    /// A call that must work.
    async fn done(&self, call: &str, body: Value) -> anyhow::Result<Value> {
        let body = (!body.is_null()).then(|| body.to_string());
        let reply = self.call(call, body).await?;
        anyhow::ensure!(
            (200..300).contains(&reply.status),
            "{call}: {} {}",
            reply.status,
            reply.body
        );
        assert_eq!(reply.kind, "application/json", "{call}");
        Ok(reply.body)
    }

    /// A call that must fail with this status and code.
    async fn fails(&self, call: &str, body: &str, status: u16, code: &str) -> anyhow::Result<Reply> {
        let reply = self.call(call, (!body.is_empty()).then(|| body.to_owned())).await?;
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (status, &json!(code)),
            "{call} {body}: {}",
            reply.body
        );
        assert_eq!(reply.kind, "application/problem+json");
        assert_eq!(reply.body["status"], json!(status));
        Ok(reply)
    }
}

async fn started() -> anyhow::Result<(Simulator, Admin, Calls)> {
    let simulator = Simulator::start(Config::default()).await?;
    let admin = Admin::start(AdminConfig::default(), simulator.clone()).await?;
    let calls = Calls::to(admin.url());
    Ok((simulator, admin, calls))
}

fn text<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    value[field].as_str().with_context(|| format!("{field} in {value}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_over_http() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let ben = calls
        .done("POST /people", json!({"push_name": "Ben", "phone": "4915112345678"}))
        .await?;
    assert_eq!(
        (&anna["standing"], &ben["phone"]),
        (&json!("connected"), &json!("4915112345678"))
    );
    let (anna, ben) = (text(&anna, "phone")?, text(&ben, "phone")?);

    // The wait begins before there is anything to hear.
    let waiting = {
        let (calls, path) = (
            calls.clone(),
            format!("GET /people/{ben}/inbox/wait?contains=over+HTTP&from={anna}"),
        );
        async move { calls.done(&path, Value::Null).await }
    };
    let saying = async {
        let body = json!({"to": ben, "text": "Hello over HTTP"});
        calls.done(&format!("POST /people/{anna}/say"), body).await
    };
    let (heard, said) = tokio::join!(waiting, saying);
    let (heard, said) = (heard?, said?);
    assert_eq!(heard["id"], said["id"]);
    assert_eq!(heard["sender"], json!(format!("{anna}@s.whatsapp.net")));

    let id = text(&said, "id")?;
    let reply = json!({"to": anna, "text": "Hello back", "quote": id});
    calls.done(&format!("POST /people/{ben}/say"), reply).await?;
    let answer = calls
        .done(&format!("GET /people/{anna}/inbox/wait?contains=back"), Value::Null)
        .await?;
    assert_eq!(answer["quoted"], said["id"]);

    calls
        .done(&format!("POST /people/{ben}/read"), json!({"id": id}))
        .await?;
    calls
        .done(
            &format!("POST /people/{ben}/typing"),
            json!({"to": anna, "state": "composing"}),
        )
        .await?;
    calls
        .done(
            &format!("POST /people/{anna}/react"),
            json!({"id": answer["id"], "emoji": "🎉"}),
        )
        .await?;
    let after = heard["seq"].as_u64().context("a position")?;
    let reaction = calls
        .done(&format!("GET /people/{ben}/inbox/wait?after={after}"), Value::Null)
        .await?;
    assert_eq!(reaction["reaction"], json!({"emoji": "🎉", "target": answer["id"]}));

    let inbox = calls.done(&format!("GET /people/{ben}/inbox"), Value::Null).await?;
    assert_eq!(
        (inbox["items"].as_array().map(Vec::len), &inbox["next"]),
        (Some(2), &json!(2))
    );
    let rest = calls
        .done(&format!("GET /people/{ben}/inbox?after=2&limit=5"), Value::Null)
        .await?;
    assert_eq!((&rest["items"], &rest["next"]), (&json!([]), &json!(2)));
    let receipts = calls.done(&format!("GET /people/{anna}/receipts"), Value::Null).await?;
    let kinds: Vec<_> = receipts["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|r| r["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"delivered"), "{receipts}");

    let people = calls.done("GET /people", Value::Null).await?;
    assert_eq!(people["items"].as_array().map(Vec::len), Some(2));
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_misbehaves_over_http() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let ben = calls.done("POST /people", json!({"push_name": "Ben"})).await?;
    let (anna, ben) = (text(&anna, "phone")?, text(&ben, "phone")?);

    let away = calls.done(&format!("POST /people/{ben}/offline"), Value::Null).await?;
    assert_eq!(away["standing"], json!("away"));
    calls
        .fails(
            &format!("POST /people/{ben}/say"),
            &json!({"to": anna, "text": "?"}).to_string(),
            409,
            "offline",
        )
        .await?;
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": ben, "text": "are you there?"}),
        )
        .await?;
    let back = calls.done(&format!("POST /people/{ben}/online"), Value::Null).await?;
    assert_eq!(back["standing"], json!("connected"));
    calls
        .done(&format!("GET /people/{ben}/inbox/wait?contains=there"), Value::Null)
        .await?;

    let dropped = calls.done(&format!("POST /accounts/{anna}/drop"), Value::Null).await?;
    assert_eq!(dropped, json!({"dropped": 1}));
    calls
        .done(
            &format!("POST /people/{anna}/say"),
            json!({"to": ben, "text": "after the cut"}),
        )
        .await?;
    calls
        .done(&format!("GET /people/{ben}/inbox/wait?contains=after"), Value::Null)
        .await?;

    for state in ["offline", "online"] {
        let set = calls
            .done(&format!("POST /accounts/{ben}/reachability"), json!({"state": state}))
            .await?;
        assert_eq!(set, json!({"state": state}));
    }
    let none = calls
        .done(&format!("POST /accounts/{anna}/refuse"), json!({"reason": null}))
        .await?;
    assert_eq!(none, json!({"reason": null}));

    let stats = calls.done("GET /stats", Value::Null).await?;
    assert!(stats["messages"].as_u64() >= Some(2), "{stats}");
    let page = calls
        .done(&format!("GET /stanzas?account={anna}&limit=5"), Value::Null)
        .await?;
    let items = page["items"].as_array().context("items")?;
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| item["account"] == json!(anna)), "{page}");
    let next = page["next"].as_u64().context("next")?;
    let later = calls
        .done(&format!("GET /stanzas?after={next}&limit=1"), Value::Null)
        .await?;
    assert_eq!(later["items"][0]["seq"], json!(next + 1));

    calls
        .done(&format!("POST /accounts/{anna}/unlink"), json!({"device": 1}))
        .await?;
    calls
        .fails(
            &format!("POST /accounts/{anna}/unlink"),
            r#"{"device": 1}"#,
            404,
            "unknown",
        )
        .await?;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_long_polls() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let path = format!("GET /people/{}/inbox/wait?timeout_ms=100000", text(&anna, "phone")?);
    let waiting = calls.fails(&path, "", 503, "shutting_down");
    let asking = calls.done("POST /shutdown", Value::Null);
    let (waited, asked) = tokio::join!(waiting, asking);
    waited?;
    assert_eq!(asked?, json!({"stopping": true}));
    admin.shutdown_requested().await;
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[test]
fn the_program_announces_itself_and_ends_when_told() -> anyhow::Result<()> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest-simulator"))
        .args(["--seed", "7"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(program.stdout.take().context("its output")?).lines();
    let ready: Value = serde_json::from_str(&lines.next().context("a line")??)?;
    assert!(text(&ready, "url")?.starts_with("ws://127.0.0.1:"), "{ready}");
    let calls = Calls::to(text(&ready, "admin")?);
    let health = calls.call_blocking("GET /health", None)?;
    assert_eq!((health.status, &health.body["url"]), (200, &ready["url"]));
    assert_eq!(calls.call_blocking("POST /shutdown", None)?.status, 202);
    assert!(program.wait()?.success());
    assert!(lines.next().is_none(), "one line, no more");
    Ok(())
}

#[test]
fn the_program_ends_cleanly_on_signals() -> anyhow::Result<()> {
    for signal in ["-TERM", "-INT"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest-simulator"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(program.stdout.take().context("its output")?).lines();
        lines.next().context("a line")??;
        let sent = Command::new("kill")
            .args([signal, &program.id().to_string()])
            .status()?;
        assert!(sent.success(), "kill {signal}");
        assert!(program.wait()?.success(), "{signal}");
    }
    Ok(())
}

#[test]
fn the_program_refuses_the_outside_world() -> anyhow::Result<()> {
    for option in ["--listen", "--admin"] {
        let refused = Command::new(env!("CARGO_BIN_EXE_waspnest-simulator"))
            .args([option, "0.0.0.0:0"])
            .output()?;
        assert!(!refused.status.success(), "{option}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.contains("0.0.0.0:0") && said.contains("loopback"),
            "{option}: {said}"
        );
        assert!(refused.stdout.is_empty(), "nothing was announced");
    }
    Ok(())
}
