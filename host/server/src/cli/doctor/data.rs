//! The data directory, the disk it is on, the key to what is in it, and the clock it was written by.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use waspnest_core::clock::{Clock, SystemClock, UnixMs};
use waspnest_core::master_key::MasterKey;
use waspnest_core::store::{InUse, in_use};

use super::finding::{Finding, chain};
use crate::config::Config;
use crate::config::keys::Keys;
use crate::config::server::AdminSecret;
use crate::disk;

/// 2026-01-01T00:00:00Z: no host of this version has run before.
const EARLIEST: UnixMs = UnixMs(1_767_225_600_000);
/// How far data may be ahead of the clock.
const AHEAD: Duration = Duration::from_secs(300);
/// Room that is so many times what is asked for is plenty.
const PLENTY: u64 = 8;

/// What was found, and whether a host has the directory open.
pub(super) fn look(config: &Config) -> (Vec<Finding>, InUse) {
    let dir = &config.storage.dir;
    let mut findings = Vec::new();
    let mut used = InUse::No;
    match std::fs::metadata(dir) {
        Ok(about) if about.is_dir() => {
            findings.push(directory(dir, &about));
            match in_use(dir) {
                Ok(found) => {
                    used = found;
                    findings.push(Finding::ok(
                        "in use",
                        match found {
                            InUse::Yes => "a host runs over the data directory",
                            InUse::No => "no host runs over the data directory",
                        },
                    ));
                }
                Err(error) => findings.push(
                    Finding::failed(
                        "in use",
                        format!("{} cannot be looked at: {error}", dir.join("LOCK").display()),
                    )
                    .advice("run this as the user the host runs as"),
                ),
            }
        }
        Ok(_) => findings.push(
            Finding::failed("data", format!("{} is no directory", dir.display())).advice("set storage.dir to one"),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => findings.push(Finding::ok(
            "data",
            format!("{} does not exist yet; the first start makes it", dir.display()),
        )),
        Err(error) => findings.push(
            Finding::failed("data", format!("{}: {error}", dir.display()))
                .advice("run this as the user the host runs as, or correct storage.dir"),
        ),
    }
    findings.push(room(dir, config.storage.min_free));
    findings.push(key(&config.keys, dir));
    findings.extend(admin_secret(&config.server.admin_secret));
    findings.push(clock(dir));
    (findings, used)
}

fn directory(dir: &Path, about: &Metadata) -> Finding {
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Finding::warning(
            "data",
            format!("{} is open to everybody (mode {mode:o})", dir.display()),
        )
        .advice(format!("chmod 750 {}", dir.display()));
    }
    let others = std::fs::read_dir(dir).map(|entries| {
        let owners = entries.filter_map(|entry| entry.ok()?.metadata().ok().map(|about| about.uid()));
        owners.filter(|owner| *owner != about.uid()).count()
    });
    match others {
        Ok(0) => Finding::ok("data", format!("{} (mode {mode:o})", dir.display())),
        Ok(others) => Finding::warning(
            "data",
            format!(
                "{others} files in {} belong to somebody else than the directory",
                dir.display()
            ),
        )
        .advice("chown -R them to the user the host runs as; a command may have been run as root"),
        Err(error) => Finding::failed("data", format!("{} cannot be read: {error}", dir.display()))
            .advice("run this as the user the host runs as"),
    }
}

fn room(dir: &Path, wanted: u64) -> Finding {
    let there = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() {
        Path::new(".")
    } else {
        there
    };
    let Some(free) = disk::free(there) else {
        return Finding::warning("disk", "the system does not say how much room there is");
    };
    let says = format!("{} MiB free, storage.min-free is {} MiB", free >> 20, wanted >> 20);
    if free < wanted {
        return Finding::failed("disk", says).advice("make room, or move storage.dir to another disk");
    }
    match free < wanted.saturating_mul(PLENTY) {
        true => Finding::warning("disk", says).advice("make room before it is needed"),
        false => Finding::ok("disk", says),
    }
}

fn key(keys: &Keys, dir: &Path) -> Finding {
    let path = match keys {
        Keys::Given(_) => return Finding::ok("master key", "given in the configuration"),
        Keys::File(path) => path,
    };
    if path.exists() {
        return match MasterKey::from_file(path) {
            Ok(_) => Finding::ok("master key", path.display().to_string()),
            Err(error) => Finding::failed("master key", chain(&error))
                .advice("put back the copy that was kept; with another key every device must be linked again"),
        };
    }
    match dir.join("db").exists() {
        true => Finding::failed(
            "master key",
            format!("{} is missing, and there are data under it", path.display()),
        )
        .advice("put back the copy that was kept, before the host is started: it would make another key"),
        false => Finding::ok(
            "master key",
            format!("{} does not exist yet; the first start makes it", path.display()),
        ),
    }
}

fn admin_secret(secret: &AdminSecret) -> Option<Finding> {
    let AdminSecret::File(path) = secret else { return None };
    Some(match std::fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => {
            Finding::failed("admin secret", format!("{} is empty", path.display())).advice("write a secret into it")
        }
        Ok(_) => Finding::ok("admin secret", path.display().to_string()),
        Err(error) => Finding::failed("admin secret", format!("{}: {error}", path.display()))
            .advice("make it readable for the user the host runs as"),
    })
}

/// The clock against what was written by it.
fn clock(dir: &Path) -> Finding {
    let now = SystemClock::new().now();
    if now < EARLIEST {
        return Finding::failed("clock", "the clock of this machine is years behind")
            .advice("set it, and keep it by NTP");
    }
    let written = std::fs::metadata(dir.join("db")).and_then(|about| about.modified());
    let written = written.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let written = UnixMs::default().plus(written.unwrap_or_default());
    match written.since(now) {
        ahead if ahead > AHEAD => Finding::warning(
            "clock",
            format!("the data were written {} s in the future", ahead.as_secs()),
        )
        .advice("set the clock, and keep it by NTP: timers and schedules go by it"),
        _ => Finding::ok("clock", "not behind what was written"),
    }
}
