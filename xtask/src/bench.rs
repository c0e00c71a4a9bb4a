//! `cargo xtask bench`: measures what the product promises, one JSON line a figure on standard output and nothing else there.
//!
//! Each benchmark is an example of the crate it measures. All are built in one go, with one set of features, so that no dependency is
//! compiled twice; the profile is `measure`. Figures of a machine that is busy with something else are worth little.

mod extism;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step;
use crate::workspace::Workspace;

/// The profile they are built with, which is also the name of its directory.
const PROFILE: &str = "measure";

/// Name of each benchmark; the example of that name.
const BENCHMARKS: [&str; 9] = [
    "commits",
    "engine",
    "echo",
    "http",
    "memory",
    "sessions",
    "webhooks",
    "streams",
    "simulator",
];

/// Runs those whose name contains `filter`, all without one.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    let chosen = chosen(filter)?;
    // As a process of its own, because it lists on standard output what it has built.
    let own = std::env::current_exe().context("finding this program")?;
    step::command(
        "plugins",
        Command::new(own)
            .current_dir(&workspace.root)
            .arg("plugins")
            .stdout(std::io::stderr()),
    )?;
    let mut build = workspace.cargo(["build", "--locked", "--profile", PROFILE]);
    build.args(["-p", "waspnest-core", "-p", "waspnest-engine", "-p", "waspnest"]);
    build.args(["-p", "waspnest-simulator"]);
    build.args(["--features", "waspnest/simulator"]);
    for name in BENCHMARKS {
        build.args(["--example", name]);
    }
    step::command("benchmarks", &mut build)?;
    for name in chosen {
        let program: PathBuf = workspace.target.join(PROFILE).join("examples").join(name);
        step::command(name, Command::new(&program).current_dir(&workspace.root))?;
        if name == "engine" {
            extism::compare(workspace, &program)?;
        }
    }
    Ok(())
}

fn chosen(filter: Option<&str>) -> Result<Vec<&'static str>> {
    let chosen: Vec<_> = BENCHMARKS
        .into_iter()
        .filter(|name| filter.is_none_or(|filter| name.contains(filter)))
        .collect();
    if chosen.is_empty() {
        bail!(
            "no benchmark is named like {:?}; there are {}",
            filter.unwrap_or_default(),
            BENCHMARKS.join(", ")
        );
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_chooses_by_part_of_the_name() -> Result<()> {
        assert_eq!(chosen(Some("echo"))?, ["echo"]);
        assert_eq!(chosen(None)?, BENCHMARKS);
        Ok(())
    }

    #[test]
    fn a_filter_that_fits_nothing_names_what_there_is() {
        let error = chosen(Some("ecko")).expect_err("there is no such benchmark");
        assert!(
            error
                .to_string()
                .contains("commits, engine, echo, http, memory, sessions, webhooks, streams, simulator"),
            "{error}"
        );
    }
}
