//! `waspnest restore`: puts a backup into the empty data directory of a host that is not running.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use waspnest_core::backup::{Extent, Reader, restore};
use waspnest_core::master_key::MasterKey;
use waspnest_core::store::SledOptions;

use super::Exit;
use crate::config::Config;
use crate::config::keys::Keys;
use crate::rfc3339::rfc3339;

/// What is to be restored, and how.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The file of the backup
    file: PathBuf,
    /// The configuration; without it ./config.toml, or defaults where that is missing
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Only read the backup and say whether it is whole; nothing is written
    #[arg(long, conflicts_with = "with_device_state")]
    check: bool,
    /// Bring back the keys of linked devices too. Only for a source that has not connected since the backup was taken and never will again:
    /// keys that were used meanwhile make messages unreadable, and WhatsApp may remove the device
    #[arg(long)]
    with_device_state: bool,
}

/// Does it.
pub(super) fn run(config: &Config, wanted: &Restore, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let key = match &config.keys {
        Keys::Given(key) => key.clone(),
        // A key that is made now would open nothing.
        Keys::File(path) if !path.exists() => bail!(
            "there is no master key at {}: put the one there that the backup was taken under",
            path.display()
        ),
        Keys::File(path) => MasterKey::from_file(path)?,
    };
    let backup = Reader::open(&wanted.file, &key)?;
    describe(&backup, out)?;
    if wanted.check {
        restore::check(&backup)?;
        writeln!(out, "the backup is whole")?;
        return Ok(Exit::Success);
    }
    let device_state = match wanted.with_device_state {
        true => restore::DeviceState::Taken,
        false => restore::DeviceState::Left,
    };
    let dir = &config.storage.dir;
    let mut beside: Vec<&Path> = vec![&config.backup.dir];
    if let Keys::File(path) = &config.keys {
        beside.push(path);
    }
    let options = SledOptions {
        cache_bytes: config.storage.cache,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let restored = runtime.block_on(restore::restore(&backup, dir, &beside, device_state, options))?;
    writeln!(out, "restored {} records into {}", restored.records, dir.display())?;
    let linked = restored.linked.len();
    match device_state {
        restore::DeviceState::Left if linked > 0 => writeln!(
            out,
            "{linked} sessions were linked and have to be linked again: their keys ({} records) were left out, since they change with every \
             message, and a host that goes on with older ones writes what nobody can read. If the source has not connected since {}, \
             and never will again, restore once more with --with-device-state.",
            restored.left_out,
            rfc3339(backup.header().begun_at)
        )?,
        restore::DeviceState::Taken if linked > 0 => writeln!(
            out,
            "{linked} sessions keep their devices. Never start the source again: two hosts with the same keys break both."
        )?,
        restore::DeviceState::Left | restore::DeviceState::Taken => {}
    }
    writeln!(
        out,
        "what had not left when the backup was taken leaves when its session is connected, under the ids it had: what the source has sent \
         meanwhile phones show once, and webhooks come again under the same ids"
    )?;
    Ok(Exit::Success)
}

fn describe(backup: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
    let (header, manifest) = (backup.header(), backup.manifest());
    writeln!(
        out,
        "a backup of {} by version {}, schema {}",
        rfc3339(header.begun_at),
        header.host_version,
        header.schema
    )?;
    let records = manifest.records();
    writeln!(
        out,
        "{} sessions, {} records of {} bytes, {} files of {} bytes",
        manifest.sessions.len(),
        records.count,
        records.bytes,
        manifest.files.count,
        manifest.files.bytes
    )?;
    for session in &manifest.sessions {
        let removed = match session.extent {
            Extent::Whole => "",
            Extent::Removed => ", removed while it was taken",
        };
        writeln!(
            out,
            "  {}  {}: {} records, events to {}{removed}",
            session.id, session.name, session.records.count, session.last_event
        )?;
    }
    for missing in &manifest.missing {
        writeln!(out, "  was missing: {missing}")?;
    }
    Ok(())
}
