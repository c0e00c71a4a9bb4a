//! The engine beside Extism: the same job in turns, so that whatever else the machine does meets both.
//!
//! Extism's side is `bench/extism`, a workspace of its own that only this command builds. Where it cannot be built (no network, no
//! compiler target), the engine's figures stand alone and the reason is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::step;
use crate::workspace::{Workspace, output};

const TARGET: &str = "wasm32-unknown-unknown";
/// Turns of each side; the median of them is compared.
const ROUNDS: usize = 3;

/// Extism's side, built.
struct Built {
    program: PathBuf,
    plugin: PathBuf,
}

/// Runs the engine's calls and Extism's in turns, prints all figures and how many times more events the engine handles.
pub(super) fn compare(workspace: &Workspace, engine: &Path) -> Result<()> {
    let built = match build(workspace) {
        Ok(built) => built,
        Err(error) => {
            eprintln!("Extism is not measured: {error:#}");
            return Ok(());
        }
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.extend(figures(Command::new(engine).current_dir(&workspace.root).arg("calls"))?);
        theirs.extend(figures(Command::new(&built.program).arg(&built.plugin))?);
    }
    let theirs = medians(&theirs)?;
    for (job, ours) in medians(&ours)? {
        let theirs = theirs.get(&job).context("both sides do the same jobs")?;
        let (sandbox, threads) = &job;
        print(&json!({
            "figure": "engine_beside_extism",
            "sandbox": sandbox,
            "threads": threads,
            "engine_us": ours,
            "extism_us": theirs,
            "times": (theirs / ours * 100.0).round() / 100.0,
        }));
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<Built> {
    let dir = workspace.root.join("bench/extism");
    let target = workspace.target.join("extism");
    let sysroot: PathBuf = output(Command::new("rustc").current_dir(&dir).args(["--print", "sysroot"]))?
        .trim()
        .into();
    if !sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        step::command(
            "a compiler target for Extism's plugin",
            Command::new("rustup").current_dir(&dir).args(["target", "add", TARGET]),
        )?;
    }
    let cargo = |args: &[&str]| {
        let mut cargo = workspace.cargo(args.iter().copied());
        cargo.current_dir(&dir).env("CARGO_TARGET_DIR", &target);
        cargo
    };
    step::command(
        "Extism",
        &mut cargo(&["build", "--locked", "--profile", "measure", "-p", "bench-extism"]),
    )?;
    step::command(
        "Extism's plugin",
        &mut cargo(&[
            "build",
            "--locked",
            "--profile",
            "plugin",
            "-p",
            "extism-echo",
            "--target",
            TARGET,
        ]),
    )?;
    Ok(Built {
        program: target.join("measure/bench-extism"),
        plugin: target.join(TARGET).join("plugin/extism_echo.wasm"),
    })
}

/// The figures a program prints; they are printed on.
fn figures(program: &mut Command) -> Result<Vec<Value>> {
    let figures: Vec<Value> = output(program)?
        .lines()
        .map(|line| serde_json::from_str(line).context("a benchmark prints JSON lines"))
        .collect::<Result<_>>()?;
    figures.iter().for_each(print);
    Ok(figures)
}

fn print(figure: &Value) {
    println!("{figure}");
}

/// The median time of a call, by sandbox and number of threads.
fn medians(figures: &[Value]) -> Result<BTreeMap<(String, u64), f64>> {
    let mut times: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for figure in figures {
        let sandbox = figure["sandbox"]
            .as_str()
            .context("a figure says which sandbox")?
            .to_owned();
        let threads = figure["threads"].as_u64().context("a figure says how many threads")?;
        let time = figure["us_per_call_median"]
            .as_f64()
            .context("a figure says how long")?;
        times.entry((sandbox, threads)).or_default().push(time);
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    Ok(times.into_iter().map(|(job, times)| (job, median(times))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_come_down_to_their_median() -> Result<()> {
        let figure =
            |threads: u32, time: f64| json!({"sandbox": "fresh", "threads": threads, "us_per_call_median": time});
        let found = medians(&[figure(1, 30.0), figure(2, 20.0), figure(1, 50.0), figure(1, 40.0)])?;
        let expected = [(("fresh".to_owned(), 1), 40.0), (("fresh".to_owned(), 2), 20.0)];
        assert_eq!(found, expected.into());
        Ok(())
    }
}
