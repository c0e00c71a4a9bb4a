//! `waspnest plugin new`: a directory with a plugin that works.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use waspnest_author::template::{self, Name};
use waspnest_author::{Language, UnknownLanguage};
use waspnest_engine::{MANIFEST, Manifest};

use super::super::Exit;
use super::build;

/// What is made.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Its name: small letters, digits and hyphens
    name: Name,
    /// The language it is written in
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Language,
    /// Where it is made; without it in a directory of its name
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
}

fn language(word: &str) -> Result<Language, UnknownLanguage> {
    word.parse()
}

/// Makes it.
pub(super) fn run(asked: &Asked, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let usual = PathBuf::from(asked.name.as_str());
    let dir = asked.dir.as_ref().unwrap_or(&usual);
    template::write(asked.lang, &asked.name, dir)?;
    // What the build would generate, so that editors find it before there is one.
    let manifest = Manifest::read(&dir.join(MANIFEST))?;
    build::project(dir, &manifest)?;
    if asked.json {
        let told = json!({
            "dir": dir,
            "name": asked.name.as_str(),
            "language": asked.lang.word(),
            "id": manifest.id.as_str(),
            "component": dir.join(&manifest.component),
        });
        writeln!(out, "{told}")?;
        return Ok(Exit::Success);
    }
    let place = dir.display();
    writeln!(out, "made {place}; next:")?;
    writeln!(out, "  waspnest plugin build {place}")?;
    writeln!(out, "  waspnest plugin test {place}")?;
    writeln!(out, "  waspnest plugin run {place}")?;
    Ok(Exit::Success)
}
