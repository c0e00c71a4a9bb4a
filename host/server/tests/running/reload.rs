//! SIGHUP: another configuration while the host runs.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::program::{Program, SECRET, wait};

/// Asks as somebody whom nobody knows, and answers the status.
fn stranger(program: &Program) -> Result<u16> {
    Ok(program.ask("GET", "/v1/me", "nobody's", &Value::Null)?.0)
}

#[test]
fn what_can_change_changes_and_what_cannot_is_named() -> Result<()> {
    let program = Program::start("[log]\nlevel = \"warn\"\n")?;
    wait(|| Ok(program.ask("GET", "/healthz", "", &Value::Null).ok()))?;
    for _ in 0..5 {
        assert_eq!(stranger(&program)?, 401);
    }
    let long = serde_json::json!({ "name": "x".repeat(4000) });
    assert_ne!(program.ask("POST", "/v1/sessions", SECRET, &long)?.0, 413);

    // Calls of one address, what a body may be, what is logged, and something that only a start takes up.
    program.configure(
        "[server]\nbody-limit = \"2KiB\"\ngrace = \"7s\"\n[callers]\nrequests-per-minute-from-address = 2\n[log]\nlevel = \"info\"\n",
    )?;
    program.signal("HUP")?;
    program.logs("needs a restart: server.grace")?;
    let statuses: Vec<u16> = (0..4).map(|_| stranger(&program)).collect::<Result<_>>()?;
    ensure!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(program.ask("POST", "/v1/sessions", SECRET, &long)?.0, 413);
    program.logs("http.route")?;

    // One fault, and nothing of the file holds.
    program.configure("[server]\nbody-limit = \"3MiB\"\ngrase = \"7s\"\n")?;
    program.signal("HUP")?;
    let log = program.logs("the configuration was not reloaded")?;
    ensure!(log.contains("server.grase"), "{log}");
    assert_eq!(program.ask("POST", "/v1/sessions", SECRET, &long)?.0, 413);

    program.configure("[log]\nlevel = \"info\"\n")?;
    program.signal("HUP")?;
    program.logs("the configuration was reloaded\n")?;
    assert_ne!(program.ask("POST", "/v1/sessions", SECRET, &long)?.0, 413);
    // What was taken before stays taken, and comes back faster now.
    wait(|| Ok((stranger(&program)? == 401).then_some(())))?;
    program.terminate().map(drop)
}
