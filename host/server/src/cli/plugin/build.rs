//! `waspnest plugin build`: from sources to the component beside plugin.toml, by the tool of the language.
//!
//! What a tool made is judged as `waspnest plugin check` does before it takes the place of what was there. Progress goes to standard
//! error; standard output says what came of it.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use clap::Args;
use serde_json::json;
use waspnest_author::{Language, Project, World};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_engine::{MANIFEST, Manifest, component_of, repack};

use super::super::{Exit, Output};
use super::check::{self, Found};

/// Which plugin is built.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The directory with plugin.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
}

/// Builds it.
pub(super) fn run(asked: &Asked, output: Output<'_>) -> anyhow::Result<Exit> {
    let Output { out, err } = output;
    let clock = SystemClock::new();
    let dir = &asked.dir;
    let manifest = Manifest::read(&dir.join(MANIFEST))?;
    let project = project(dir, &manifest)?;
    let made = project.build(&mut |line| {
        // Who cannot be told how far it is can still have the component.
        let _ = writeln!(err, "{line}");
    })?;
    let component = dir.join(&manifest.component);
    let wasm = component_of(made).with_context(|| format!("what was built cannot be {}", component.display()))?;
    let found = judge(dir, &manifest, &wasm)?;
    put(&component, &wasm)?;
    let seconds = clock.monotonic().as_secs_f64();
    if asked.json {
        let told = json!({
            "component": component,
            "bytes": found.bytes,
            "digest": found.plugin.digest.to_string(),
            "seconds": seconds,
            "warnings": found.warnings,
        });
        writeln!(out, "{told}")?;
        return Ok(Exit::Success);
    }
    for warning in &found.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let size = found.bytes.div_ceil(1024);
    writeln!(out, "built {}: {size} KiB in {seconds:.1} s", component.display())?;
    Ok(Exit::Success)
}

/// Builds it for somebody who watches its sources.
pub(super) fn again(dir: &Path, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let asked = Asked {
        dir: dir.to_owned(),
        json: false,
    };
    let mut progress = Vec::new();
    let built = run(
        &asked,
        Output {
            out,
            err: &mut progress,
        },
    );
    if built.is_err() {
        // What the tool said is why.
        out.write_all(&progress)?;
    }
    built
}

/// The project of a directory, with everything that is generated in it.
pub(super) fn project(dir: &Path, manifest: &Manifest) -> anyhow::Result<Project> {
    let languages = Language::ALL.map(Language::word).join(", ");
    let build = manifest.build.as_ref().ok_or_else(|| {
        let manifest = dir.join(MANIFEST);
        anyhow!(
            "{} does not say how it is built; add `[build]` with a `language`: {languages}",
            manifest.display()
        )
    })?;
    let language: Language = build.language.parse()?;
    let project = Project::new(dir, language, build.source.as_deref())
        .with_context(|| format!("cannot use the directory {}", dir.display()))?;
    let named = |interfaces: Vec<&str>| interfaces.into_iter().map(Into::into).collect();
    let world = World {
        imports: named(manifest.imports()),
        exports: named(manifest.exports()),
    };
    project.generate(&world)?;
    Ok(project)
}

/// Loads the package that the component would make with the files that are there.
fn judge(dir: &Path, manifest: &Manifest, wasm: &[u8]) -> anyhow::Result<Found> {
    let component = manifest.component.to_string_lossy();
    let package = repack(dir, |name| match name == component {
        true => Some(Bytes::copy_from_slice(wasm)),
        false => std::fs::read(dir.join(name)).ok().map(Into::into),
    })?;
    check::judge(package, dir)
}

/// Written beside and renamed, so that whoever reads it meanwhile sees the old or the new one, never half of it.
fn put(component: &Path, wasm: &[u8]) -> anyhow::Result<()> {
    let beside = component.with_extension("wasm.new");
    let parent = component.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&beside, wasm))
        .and_then(|()| std::fs::rename(&beside, component))
        .with_context(|| format!("cannot write {}", component.display()))
}
