//! `cargo xtask docs`: writes the reference of the plugin contract into `docs/`, from the contract itself. `cargo xtask docs --check` says
//! whether it is what would be written.

mod page;
mod request;
mod snippet;
mod wit;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use request::Request;
use wit::Contract;

/// What to do about pages that are not what would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Write them.
    Write,
    /// Complain.
    Complain,
}

pub(crate) fn run(workspace: &Workspace, stale: Stale) -> Result<()> {
    let pages = pages(workspace)?;
    let mut old = Vec::new();
    for (path, text) in &pages {
        let path = workspace.root.join("docs").join(path);
        if fs::read_to_string(&path).is_ok_and(|found| found == *text) {
            continue;
        }
        if stale == Stale::Write {
            let dir = path.parent().context("a page stands in a directory")?;
            fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            println!("wrote {}", path.display());
        }
        old.push(path.display().to_string());
    }
    match stale {
        Stale::Complain if !old.is_empty() => {
            bail!("not what `cargo xtask docs` writes:\n  {}", old.join("\n  "))
        }
        Stale::Complain | Stale::Write => Ok(()),
    }
}

/// All pages, by where they stand in `docs/`.
fn pages(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let sdk = workspace.root.join("plugin-sdk");
    let contract = Contract::read(&sdk.join("wit"))?;
    let schema = fs::read(sdk.join("plugin.schema.json")).context("reading the schema of manifests")?;
    let schema = serde_json::from_slice(&schema).context("reading the schema of manifests")?;
    let requests = Request::all(&schema)?;
    let mut pages = vec![
        (
            PathBuf::from("handlers.md"),
            page::handlers(&contract.of_handlers, &contract.handlers),
        ),
        (
            PathBuf::from("capabilities/README.md"),
            page::capabilities(&contract.of_capabilities, &contract.capabilities),
        ),
        (PathBuf::from("types.md"), page::types(&contract.types)),
    ];
    for interface in &contract.capabilities {
        let asked = requests.iter().filter(|request| request.interface() == interface.name);
        let snippets = snippet::of(&workspace.root, &interface.name)?;
        let path = PathBuf::from("capabilities").join(format!("{}.md", interface.name));
        pages.push((path, page::capability(interface, &asked.collect::<Vec<_>>(), &snippets)));
    }
    let all = |request: &&Request| {
        !contract
            .capabilities
            .iter()
            .any(|known| known.name == request.interface())
    };
    if let Some(stray) = requests.iter().find(all) {
        bail!("{} lets a plugin at no interface of the contract", stray.name);
    }
    Ok(pages)
}
