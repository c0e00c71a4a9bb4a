//! `cargo xtask tidy`: rules about files that no compiler checks. A rule nobody checks is a wish.
//!
//! Looks at what git tracks or would track, by name and by line; understands no Rust beyond that.

mod rule;

use crate::workspace::{Workspace, output};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut list = Command::new("git");
    let list = list
        .current_dir(&workspace.root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let mut complaints = Vec::new();
    for path in output(list)?.lines() {
        let file = workspace.root.join(path);
        // A file that was deleted and not yet committed is still listed.
        if file.is_file() {
            complaints.extend(complaints_about(path, &file)?);
        }
    }
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{} untidy places:\n  {}", complaints.len(), complaints.join("\n  "))
}

fn complaints_about(path: &str, file: &Path) -> Result<Vec<String>> {
    let mut complaints = rule::name(path);
    let bytes = fs::read(file).with_context(|| format!("reading {path}"))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        complaints.push(format!("{path}: empty"));
    }
    if let Ok(text) = String::from_utf8(bytes) {
        if path.ends_with(".rs") {
            complaints.extend(rule::size(path, &text));
            complaints.extend(rule::module_doc(path, &text));
            complaints.extend(rule::unfinished(path, &text));
            complaints.extend(rule::layers(path, &text));
        } else if path.ends_with("Cargo.toml") {
            complaints.extend(rule::dependencies(path, &text));
        }
    }
    Ok(complaints)
}
