//! Schemathesis against a host that is up and paired: `interop/schemathesis` says what it tries.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::demo::process::Scene;
use crate::demo::stage::Stage;
use crate::step;
use crate::workspace::Workspace;

/// A host with a session and an installation that the requests are about.
const CONFIG: &str = r#"
[[session]]
name = "main"

[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }

[[bind]]
id = "echo"
plugin = "echo"
chats = { kind = ["direct"] }
"#;

/// Makes the requests.
pub(super) fn run(workspace: &Workspace, dir: &Path, logs: &Path) -> Result<()> {
    let environment = logs.join("schemathesis");
    let wanted = dir.join("requirements.txt");
    let kept = environment.join("requirements.txt");
    if std::fs::read(&kept).ok() != Some(std::fs::read(&wanted)?) {
        let mut make = Command::new("python3");
        step::command(
            "python environment",
            make.args(["-m", "venv", "--clear"]).arg(&environment),
        )?;
        let mut install = Command::new(environment.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        step::command("schemathesis", install.arg(&wanted))?;
        std::fs::copy(&wanted, &kept)?;
    }
    Stage::build(workspace)?;
    let stage = Stage::set(workspace, &Scene::Text(CONFIG.to_owned()))?;
    let mut requests = Command::new(environment.join("bin/python"));
    requests.arg(dir.join("run.py")).args([&stage.url(), stage.secret()]);
    step::command("requests", &mut requests)?;
    stage.stop()
}
