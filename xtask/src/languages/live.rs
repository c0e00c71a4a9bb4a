//! A running host that is given the same plugin from one language after the other, while somebody chats with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waspnest_author::Language;

use crate::demo::own;
use crate::demo::stage::Stage;
use crate::workspace::Workspace;

/// Puts each to work in turn, as its author would, and wants a person to get its answer.
pub(super) fn run(workspace: &Workspace, program: &Path, made: &[(Language, PathBuf)]) -> Result<()> {
    let (_, first) = made.first().context("there is something to install")?;
    let (installation, scene) = own::scene(program, first)?;
    let stage = Stage::set(workspace, &scene)?;
    let ada = stage.person("Ada")?;
    for (language, dir) in made {
        let installed = Command::new(program)
            .args(["plugin", "install", "--json", "--installation", &installation])
            .arg(dir)
            .env("WASPNEST_URL", stage.url())
            .env("WASPNEST_SECRET", stage.secret())
            .stderr(Stdio::inherit())
            .output()
            .context("starting waspnest")?;
        ensure!(
            installed.status.success(),
            "the plugin in {language} cannot be installed"
        );
        let told: Value = serde_json::from_slice(&installed.stdout).context("reading what `plugin install` says")?;
        ensure!(
            told["active"] == told["version"]["digest"],
            "the plugin in {language} is not at work: {told}"
        );
        let heard = ada.heard_so_far();
        ada.say("hi")?;
        let answer = ada.next(heard)?;
        ensure!(
            answer.text == "Hello!",
            "Ada said hi, and the plugin in {language} answered {:?}",
            answer.text
        );
        println!("{language}: installed in the running host, and Ada got its answer");
    }
    stage.stop()
}
