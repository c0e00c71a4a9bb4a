//! The simulator as a program: how it starts, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::{Value, json};

use crate::calls::{Calls, started, text};

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
