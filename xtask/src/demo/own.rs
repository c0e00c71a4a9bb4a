//! The demo with a plugin of somebody's own, and nothing else: what they have built is at work, and they are the person who chats with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::process::Scene;
use super::stage::Stage;
use super::{chat, say};
use crate::workspace::Workspace;

/// The events that a bind can let through.
const EVENTS: [&str; 9] = [
    "message", "receipt", "group", "presence", "contact", "chat", "call", "session", "topic",
];

/// Plays it until the input ends.
pub(crate) fn run(workspace: &Workspace, dir: &Path) -> Result<()> {
    Stage::build(workspace)?;
    let (id, scene) = scene(&workspace.target.join("debug/waspnest"), dir)?;
    let stage = Stage::set(workspace, &scene)?;
    say(&format!("{id} is at work. To change it meanwhile, in its directory:"));
    eprintln!(
        "  export WASPNEST_URL={} WASPNEST_SECRET={}",
        stage.url(),
        stage.secret()
    );
    eprintln!("  waspnest plugin build && waspnest plugin install");
    chat::run(&stage.person("Ada")?, "hi")?;
    stage.stop()
}

/// A configuration in which the plugin of a directory is the only one, with all that it asks for; and its installation's name.
pub(crate) fn scene(waspnest: &Path, dir: &Path) -> Result<(String, Scene)> {
    let dir: PathBuf = dir
        .canonicalize()
        .with_context(|| format!("looking for {}", dir.display()))?;
    let checked = Command::new(waspnest)
        .args(["plugin", "check", "--json"])
        .arg(&dir)
        .stderr(Stdio::inherit())
        .output()
        .context("starting waspnest")?;
    ensure!(checked.status.success(), "{} cannot be put to work", dir.display());
    let told: Value = serde_json::from_slice(&checked.stdout).context("reading what `plugin check --json` says")?;
    let whole = told["id"].as_str().context("a plugin has an id")?;
    let id = whole.rsplit('.').next().unwrap_or(whole).to_owned();
    let texts = |value: &Value, key: Option<&str>| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        let text = |item: &Value| key.map_or(item, |key| &item[key]).as_str().map(str::to_owned);
        items.filter_map(text).collect()
    };
    let grants: String = texts(&told["requests"], Some("capability"))
        .iter()
        .map(|capability| format!("{capability:?} = true\n"))
        .collect();
    let mut events = texts(&told["events"], None);
    events.retain(|event| EVENTS.contains(&event.as_str()));
    events.extend(["command".to_owned(), "reply".to_owned()]);
    let text = format!(
        "[[session]]\nname = \"main\"\n\n[[plugin]]\nid = {id:?}\nsource = \"file:{}\"\n\n[plugin.grants]\n{grants}\n[[bind]]\nid = \"all\"\nplugin = {id:?}\nevents = {events:?}\n",
        dir.display()
    );
    Ok((id, Scene::Text(text)))
}
