//! `cargo xtask languages`: every language that `waspnest plugin build` knows, from nothing to a plugin at work.
//!
//! For each, the conformance plugin is built from a fresh copy and must do what `examples/conformance/tests` says, the same for all; then a
//! new plugin is made of the template, built, checked and tested, and so is the example of the language in `examples`. In the end the new ones are put to work in a running host one after the other,
//! and a person must get its answer from each. Tools that are fetched are kept in `target/languages`, for all projects and the next run. A
//! tool that cannot be had here is a failure: nothing is skipped.

mod live;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use waspnest_author::Language;

use crate::demo::stage::Stage;
use crate::step;
use crate::workspace::Workspace;

/// Where the conformance plugins are, and what all of them must do.
const CONFORMANCE: &str = "examples/conformance";
/// Examples of plugins, by language. The larger one in Rust is built and played with the plugins that ship.
const EXAMPLES: [(Language, &str); 5] = [
    (Language::Js, "examples/quiz"),
    (Language::Ts, "examples/orders"),
    (Language::Python, "examples/expenses"),
    (Language::Go, "examples/units"),
    (Language::C, "examples/tally"),
];
/// What is not copied.
const GENERATED: [&str; 3] = [".waspnest", "target", "__pycache__"];
/// The profile that figures are measured with.
const PROFILE: &str = "measure";

/// Whether the engine measures what was built, which takes a build of the engine that is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figures {
    Measured,
    LeftOut,
}

/// The program, and where things are built.
struct Bench<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
    place: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, filter: Option<&str>, figures: Figures) -> Result<()> {
    let languages: Vec<_> = Language::ALL
        .into_iter()
        .filter(|language| filter.is_none_or(|filter| language.word() == filter))
        .collect();
    if languages.is_empty() {
        bail!(
            "there is no such language; there are: {}",
            Language::ALL.map(Language::word).join(", ")
        );
    }
    same_manifests(&workspace.root.join(CONFORMANCE))?;
    Stage::build(workspace)?;
    let bench = Bench {
        workspace,
        program: workspace.target.join("debug/waspnest"),
        place: workspace.target.join("languages"),
    };
    let (mut built, mut made) = (Vec::new(), Vec::new());
    for language in languages {
        let repeat = format!("cargo xtask languages {language}");
        step::work(language.word(), &repeat, || {
            built.push(bench.conforms(language)?);
            made.push((language, bench.begins(language)?));
            for (_, example) in EXAMPLES.iter().filter(|(of, _)| *of == language) {
                bench.shows(language, example)?;
            }
            Ok(())
        })?;
    }
    step::work("a running host", "cargo xtask languages", || {
        live::run(workspace, &bench.program, &made)
    })?;
    match figures {
        Figures::LeftOut => Ok(()),
        Figures::Measured => measure(workspace, &built),
    }
}

impl Bench<'_> {
    /// Builds the conformance plugin and plays the scenarios of all languages with it; answers where it is.
    fn conforms(&self, language: Language) -> Result<PathBuf> {
        let suite = self.workspace.root.join(CONFORMANCE);
        let dir = self.place.join("conformance").join(language.word());
        clean(&dir)?;
        copy(&suite.join(language.word()), &dir)?;
        self.link_tools(&dir)?;
        let told = self.waspnest(&["plugin", "build", "--json", text(&dir)?])?;
        self.waspnest(&["plugin", "test", text(&suite)?, "--package", text(&dir)?])?;
        let told: Value = serde_json::from_str(&told).context("reading what `plugin build --json` says")?;
        let kib = told["bytes"].as_u64().unwrap_or_default().div_ceil(1024);
        let seconds = told["seconds"].as_f64().unwrap_or_default();
        println!("{language}: conforms; {kib} KiB, built in {seconds:.1} s");
        Ok(dir)
    }

    /// Makes a new plugin, and does with it what its author would do first; answers where it is.
    fn begins(&self, language: Language) -> Result<PathBuf> {
        let dir = self.place.join("new").join(language.word());
        clean(&dir)?;
        self.waspnest(&[
            "plugin",
            "new",
            "greeter",
            "--lang",
            language.word(),
            "--dir",
            text(&dir)?,
        ])?;
        self.link_tools(&dir)?;
        for words in [&["build"][..], &["check"], &["test"]] {
            self.waspnest(&[&["plugin"], words, &[text(&dir)?]].concat())?;
        }
        println!("{language}: a new plugin is built, checked and tested");
        Ok(dir)
    }

    /// Builds an example from a fresh copy, and plays its scenarios.
    fn shows(&self, language: Language, example: &str) -> Result<()> {
        let dir = self.place.join(example);
        clean(&dir)?;
        copy(&self.workspace.root.join(example), &dir)?;
        self.link_tools(&dir)?;
        for words in [&["build"][..], &["check"], &["test"]] {
            self.waspnest(&[&["plugin"], words, &[text(&dir)?]].concat())?;
        }
        println!("{language}: {example} is built, checked and tested");
        Ok(())
    }

    /// Lets a project find the tools that were fetched before.
    fn link_tools(&self, dir: &Path) -> Result<()> {
        let tools = self.place.join("tools");
        let generated = dir.join(".waspnest");
        fs::create_dir_all(&tools)
            .and_then(|()| fs::create_dir_all(&generated))
            .and_then(|()| symlink(&tools, generated.join("tools")))
            .with_context(|| format!("linking the tools into {}", dir.display()))
    }

    /// Runs the program to its good end and answers what it printed. Its progress goes where ours goes.
    fn waspnest(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        // Two plugins in Rust compile the same dependencies.
        command.args(words).env("CARGO_TARGET_DIR", self.place.join("rust"));
        let done = command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        ensure!(
            done.status.success(),
            "waspnest {} ended with {}:\n{said}",
            words.join(" "),
            done.status
        );
        Ok(said)
    }
}

/// One plugin in several languages asks for the same in all of them.
fn same_manifests(suite: &Path) -> Result<()> {
    let read = |language: Language| -> Result<String> {
        let path = suite.join(language.word()).join("plugin.toml");
        let manifest = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let own = |line: &&str| !line.starts_with("id = ") && !line.starts_with("language = ");
        Ok(manifest.lines().filter(own).collect::<Vec<_>>().join("\n"))
    };
    let first = read(Language::Rust)?;
    for language in Language::ALL {
        ensure!(
            read(language)? == first,
            "the manifests of {CONFORMANCE} differ in more than `id` and `language`: {language}"
        );
    }
    Ok(())
}

fn measure(workspace: &Workspace, built: &[PathBuf]) -> Result<()> {
    // The packages and features of `cargo xtask bench`, so that nothing is compiled twice.
    let mut build = workspace.cargo(["build", "--locked", "--profile", PROFILE, "--example", "engine"]);
    for package in ["waspnest-core", "waspnest-engine", "waspnest", "waspnest-simulator"] {
        build.args(["-p", package]);
    }
    build.args(["--features", "waspnest/simulator"]);
    step::command("the engine, optimised", &mut build)?;
    let program = workspace.target.join(PROFILE).join("examples/engine");
    step::command("figures", Command::new(program).arg("languages").args(built))
}

fn clean(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", dir.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Copies sources, without what is generated beside them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if GENERATED.iter().any(|generated| name == *generated) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(name));
        match entry.file_type()?.is_dir() {
            true => copy(&from, &to)?,
            false => drop(fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?),
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
