//! `waspnest store`: looks over the data directory of a host that is not running.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use waspnest_core::check::{Checker, Remedy, check_files};
use waspnest_core::clock::{SeededIds, SystemClock};
use waspnest_core::master_key::MasterKey;
use waspnest_core::rekey::rekey;
use waspnest_core::store::{SledOptions, SledStore, Space, Store, compact};
use waspnest_whatsapp::Devices;

use super::Exit;
use crate::config::Config;
use crate::config::keys::Keys;

/// Findings that are told one by one.
const TOLD: usize = 100;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Read every record and every file, and say what does not agree
    Check {
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Make indexes and counters again from the records, and move records that cannot be read into a file in the data directory
        #[arg(long)]
        repair: bool,
    },
    /// Write the database anew, without the bytes of what was removed, which stay in it otherwise until their room is needed
    Compact {
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Bring the data directory under another master key: everything that is sealed is sealed anew. The configuration has to name that
    /// key afterwards; backups that were taken before open under the former key alone
    Rekey {
        /// The configuration, with the master key as it is now; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The file with the new master key; made with a fresh key when there is none
        #[arg(long, value_name = "FILE")]
        new_key_file: PathBuf,
    },
}

/// What is done with what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Tell,
    Repair,
}

impl Deed {
    /// The configuration that was named.
    pub(super) fn config(&self) -> Option<PathBuf> {
        match self {
            Self::Check { config, .. } | Self::Compact { config } | Self::Rekey { config, .. } => config.clone(),
        }
    }
}

/// Does it. A check fails when something is wrong that was not put right.
pub(super) fn run(config: &Config, deed: &Deed, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let options = SledOptions {
        cache_bytes: config.storage.cache,
    };
    match deed {
        Deed::Check { repair, .. } => {
            let then = if *repair { Then::Repair } else { Then::Tell };
            runtime.block_on(check(config, then, options, out))
        }
        Deed::Compact { .. } => {
            let done = runtime.block_on(compact(&config.storage.dir, options))?;
            writeln!(
                out,
                "{} records; the database had {} bytes and has {}",
                done.records, done.before, done.after
            )?;
            Ok(Exit::Success)
        }
        Deed::Rekey { new_key_file, .. } => {
            let key = match &config.keys {
                Keys::Given(key) => key.clone(),
                // A key that is made now would open nothing.
                Keys::File(path) if !path.exists() => bail!("there is no master key at {}", path.display()),
                Keys::File(path) => MasterKey::from_file(path)?,
            };
            let new = MasterKey::from_file(new_key_file)?;
            let done = runtime.block_on(rekey(&config.storage.dir, options, (&key, &new), &Devices))?;
            writeln!(
                out,
                "{} records; everything that is sealed opens under the key in {file} now\n\
                 name it before the next start: [keys] master-key-file = {file:?}, or put it where the former key is\n\
                 keep the former key for as long as you keep backups that were taken under it",
                done.records,
                file = new_key_file.display().to_string(),
            )?;
            Ok(Exit::Success)
        }
    }
}

async fn check(
    config: &Config,
    then: Then,
    options: SledOptions,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    let dir = &config.storage.dir;
    let store: Arc<dyn Store> = SledStore::open(dir, options)?;
    let ids = Arc::new(SeededIds::from_entropy());
    let checker = Checker::new(Arc::clone(&store), Arc::new(SystemClock::new()), ids);
    let report = checker.check().await?;
    for (space, counts) in &report.spaces {
        writeln!(
            out,
            "{}: {} records, {} bytes",
            named(*space),
            counts.count,
            counts.bytes
        )?;
    }
    let (files, wrong) = check_files(dir).with_context(|| format!("cannot read the files in {}", dir.display()))?;
    writeln!(out, "files: {}, {} bytes", files.count, files.bytes)?;
    writeln!(
        out,
        "{} records were read, {} are sealed or have no form of their own",
        report.read, report.opaque
    )?;
    for finding in report.findings.iter().take(TOLD) {
        let key = finding.key.as_ref().map(|key| format!(" {}", key.escape_ascii()));
        let remedy = match finding.remedy {
            Remedy::Mend(_) => "can be mended",
            Remedy::MoveAside => "can be moved aside",
            Remedy::None => "somebody has to look",
        };
        let key = key.unwrap_or_default();
        writeln!(out, "{}{key}: {} ({remedy})", named(finding.space), finding.what)?;
    }
    if report.findings.len() > TOLD {
        writeln!(out, "and {} more", report.findings.len() - TOLD)?;
    }
    for path in &wrong {
        writeln!(out, "{}: it is not what it is named by", path.display())?;
    }
    let mut left = report.findings.len() + wrong.len();
    if left == 0 {
        writeln!(out, "everything is as it should be")?;
    } else if then == Then::Repair {
        let aside = dir.join("moved-aside.txt");
        let done = checker.repair(report.findings, &aside).await?;
        left = done.left + wrong.len();
        writeln!(
            out,
            "{} mended, {} moved to {}, {left} left",
            done.mended,
            done.moved,
            aside.display()
        )?;
    } else {
        writeln!(out, "{left} findings; nothing was changed")?;
    }
    store.flush().await?;
    Ok(if left == 0 { Exit::Success } else { Exit::Failure })
}

fn named(space: Space) -> String {
    match space {
        Space::System => "system".into(),
        Space::Sessions => "register of sessions".into(),
        Space::Session(id) => id.to_string(),
    }
}
