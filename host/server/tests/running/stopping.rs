//! The end of the program, and what it says of it.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::program::{Program, SECRET, wait};

#[test]
fn a_host_says_what_it_has_left() -> Result<()> {
    let program = Program::start("[[session]]\nname = \"main\"\nconnect = false\n")?;
    wait(|| Ok(program.ask("GET", "/healthz", "", &Value::Null).ok()))?;
    // The session has no device yet, so what is to be sent waits.
    for text in ["one", "two"] {
        let message = json!({ "type": "text", "to": "+4915112345678", "text": text });
        let (status, sent) = program.ask("POST", "/v1/sessions/main/messages", SECRET, &message)?;
        ensure!(status == 202, "{status} {sent:#}");
    }
    let log = program.terminate()?;
    let last = log.lines().find(|line| line.contains("stopped; ")).unwrap_or_default();
    ensure!(
        last.contains(
            "effects to send: 2 left; events to handle: none; events to tell webhooks: none; no task was cut off"
        ),
        "{log}"
    );
    Ok(())
}
