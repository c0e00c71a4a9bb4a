//! Every version of the contract that was released is still served: components that were built against it, as they were built then, do
//! the same today, and what the host offers today holds all that was offered then.
//!
//! What was frozen is in `plugin-sdk/contracts/VERSION` (`cargo xtask freeze`): `wit`, the `corpus` of components, and `asked.txt`, what
//! is said to them. What they answer is a snapshot of each version, which is never changed.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use waspnest_core::event::Event;
use waspnest_engine::{Grants, Installation, InstallationSpec};
use wit_component::semver_check;
use wit_parser::{PackageId, Resolve};

use crate::bus::{request, topic};
use crate::families::everything;
use crate::kit::{Rig, sent, soon};

/// The world that holds every handler: a plugin exports some of them, so that it may grow.
const EVERYTHING: &str = "everything";

/// What stands for one event of each kind that is neither a message nor below.
const EVENTS: &str = "(events)";

/// What stands for a publication.
const TOPIC: &str = "(topic)";

/// What stands for a request from outside.
const REQUEST: &str = "(request)";

/// Version and directory of each.
fn frozen() -> Vec<(String, PathBuf)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/contracts");
    let mut found: Vec<_> = fs::read_dir(&all)
        .expect("what was frozen")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().into_string().expect("a version"), entry.path()))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "nothing was released yet");
    found
}

#[tokio::test]
async fn components_of_every_release_do_what_they_did() {
    for (version, dir) in frozen() {
        let asked = fs::read_to_string(dir.join("asked.txt")).expect("what is said to them");
        let mut said = String::new();
        for (plugin, lines) in by_plugin(&asked) {
            let rig = Rig::new();
            let plugin_dir = dir.join("corpus").join(plugin);
            let granted = |spec: &mut InstallationSpec| spec.grants = Grants::as_requested();
            let installed = rig.install_from(&plugin_dir, granted).await;
            for line in lines {
                let events = match line {
                    EVENTS => everything().into_iter().map(|kind| rig.event(kind)).collect(),
                    TOPIC => vec![topic(&rig, "said.loud", 1)],
                    REQUEST => vec![request(&rig, &installed, "/echo")],
                    text => vec![rig.text(text)],
                };
                for event in events {
                    let answer = answer(&rig, &installed, &event).await;
                    writeln!(said, "{plugin}: {line} -> {answer}").expect("a line");
                }
            }
        }
        insta::assert_snapshot!(format!("contract_{version}"), said);
    }
}

async fn answer(rig: &Rig, installed: &Installation, event: &Event) -> String {
    match soon(rig.call(installed, event)).await {
        Ok(draft) => {
            rig.host.commit(&draft);
            let mut said = sent(&draft);
            said.extend(draft.topics.iter().map(|topic| format!("publishes {}", topic.topic)));
            said.extend(
                draft
                    .response
                    .iter()
                    .map(|response| format!("answers {}", response.status)),
            );
            without_ids(&said.join(" | "))
        }
        // How it is said may change; what kind of an end it was may not.
        Err(error) => error.class().to_owned(),
    }
}

/// The same text without what comes of the rig's own ids, which are no part of the contract.
fn without_ids(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    let prefixes = ["evt_", "3EB0"];
    while let Some((at, prefix)) = prefixes
        .iter()
        .filter_map(|prefix| rest.find(prefix).map(|at| (at, prefix)))
        .min()
    {
        let (before, id) = rest.split_at(at + prefix.len());
        left.push_str(before);
        rest = id.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
    }
    left + rest
}

/// The lines of `plugin: text`, in their order, as a conversation with each plugin.
fn by_plugin(asked: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in asked.lines() {
        let (plugin, text) = line.split_once(": ").expect("PLUGIN: TEXT");
        match found.last_mut() {
            Some((last, lines)) if *last == plugin => lines.push(text),
            Some(_) | None => found.push((plugin, vec![text])),
        }
    }
    found
}

#[test]
fn the_contract_only_grows() {
    for (version, dir) in frozen() {
        let mut resolve = Resolve::default();
        let then = package(&mut resolve, renamed(&dir.join("wit"), &version).path());
        let now = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/wit");
        let now = package(&mut resolve, &now);
        let worlds: Vec<_> = resolve.packages[then]
            .worlds
            .iter()
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        for (name, old) in worlds.into_iter().filter(|(name, _)| name != EVERYTHING) {
            let new = resolve.packages[now].worlds.get(&name).copied();
            let new = new.unwrap_or_else(|| panic!("{version} had the world {name}"));
            if let Err(error) = semver_check(resolve.clone(), old, new) {
                panic!("a component of the world {name} of {version} would not run any more: {error:#}");
            }
        }
    }
}

/// A copy of the contract of a version under another one: two packages of the same version cannot stand side by side.
fn renamed(dir: &Path, version: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    for entry in fs::read_dir(dir).expect("a directory") {
        let file = entry.expect("an entry").path();
        let text = fs::read_to_string(&file).expect("WIT");
        let name = file.file_name().expect("a name");
        let text = text.replace(&format!("waspnest:plugin@{version}"), "waspnest:plugin@0.0.1");
        fs::write(copy.path().join(name), text).expect("written");
    }
    copy
}

fn package(resolve: &mut Resolve, dir: &Path) -> PackageId {
    resolve.push_dir(dir).expect("good WIT").0
}
