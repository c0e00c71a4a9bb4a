//! `waspnest plugin install`: brings a version of a plugin to an installation of a running host, and puts it to work.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use url::Url;
use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_engine::{MANIFEST, Manifest, pack};

use super::super::Exit;
use super::super::remote::{Address, Body, Remote};
use super::versions;
use crate::rollout::SIGNATURE;

/// What is brought, and where to.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The directory with plugin.toml, an archive of it (tar, compressed or not), or the https URL of one
    #[arg(default_value = ".")]
    what: String,
    /// The installation of the host's configuration; without it the last part of the plugin's id, if that is at hand
    #[arg(long, value_name = "ID")]
    installation: Option<InstallationId>,
    /// Of what is at a URL: the digest of the package, sha256:…
    #[arg(long)]
    digest: Option<PackageDigest>,
    /// Do not put it to work
    #[arg(long)]
    hold: bool,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Brings it.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let (body, known) = coming(asked)?;
    let installation = asked.installation.clone().or(known);
    let Some(installation) = installation else {
        bail!("say which installation it is for: --installation ID");
    };
    let id = installation.as_str();
    let version = remote.post(&["installations", id, "versions"], body)?;
    let digest = version["digest"]
        .as_str()
        .context("the host does not say which version it is")?;
    let told = match asked.hold {
        true => json!({ "installation": id, "version": version, "active": Value::Null }),
        false => {
            let path = ["installations", id, "versions", digest, "activate"];
            let versions = remote
                .post(&path, Body::Empty)
                .with_context(|| format!("{digest} was brought to {id}, and is not at work"))?;
            json!({ "installation": id, "version": version, "active": versions["active"] })
        }
    };
    if asked.json {
        writeln!(out, "{told}")?;
        return Ok(Exit::Success);
    }
    let number = version["version"].as_str().unwrap_or_default();
    match asked.hold {
        true => writeln!(
            out,
            "{id} has {number} ({digest}); to put it to work: waspnest plugin activate {id} {digest}"
        )?,
        false => versions::tell_active(out, id, &told)?,
    }
    Ok(Exit::Success)
}

/// What the host is sent, and the installation it is for, as far as that can be told from here.
fn coming(asked: &Asked) -> anyhow::Result<(Body, Option<InstallationId>)> {
    if let Ok(url) = asked.what.parse::<Url>()
        && matches!(url.scheme(), "https" | "http")
    {
        let Some(digest) = asked.digest else {
            bail!("what a URL names can change; say which package it is: --digest sha256:…");
        };
        return Ok((
            Body::Json(json!({ "url": url.as_str(), "digest": digest.to_string() })),
            None,
        ));
    }
    if asked.digest.is_some() {
        bail!("--digest is for what is at a URL");
    }
    let path = PathBuf::from(&asked.what);
    if !path.is_dir() {
        let archive = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok((Body::Archive(archive), None));
    }
    let manifest = Manifest::read(&path.join(MANIFEST))?;
    let last = manifest.id.as_str().rsplit('.').next().unwrap_or_default();
    Ok((Body::Archive(archive(&path)?), last.parse().ok()))
}

/// A directory's package with its signature, as one compressed file that is the same for the same files.
pub(super) fn archive(dir: &Path) -> anyhow::Result<Vec<u8>> {
    let package = pack(dir)?;
    let signature = std::fs::read(dir.join(SIGNATURE)).ok();
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let files = package.files().map(|(name, content)| (name, content.as_ref()));
    for (name, content) in files.chain(signature.as_deref().map(|signature| (SIGNATURE, signature))) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content)?;
    }
    Ok(tar.into_inner()?.finish()?)
}
