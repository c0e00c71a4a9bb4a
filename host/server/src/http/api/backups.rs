//! Backups of the whole host.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::backup::{Counts, Extent, SessionPart};
use waspnest_core::clock::UnixMs;
use waspnest_core::id::BackupId;

use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::integer;
use crate::http::operation::Query;
use crate::http::page::{Listed, Plain};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, NoContent, Shown};
use crate::service::backups::{Backup, BackupState, Taken};

/// Seconds a caller may wait for a backup to be taken.
const LONGEST_WAIT: u64 = 60;

/// How long to wait for it.
pub(in crate::http) struct Wait(Duration);

impl FromQuery for Wait {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "Seconds to wait while it is being taken; none if nothing is said.";
        let seconds = params.optional("wait", integer(0, LONGEST_WAIT), says);
        Some(Self(Duration::from_secs(seconds.unwrap_or_default())))
    }
}

/// How a backup stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BackupState")]
enum ShownState {
    /// It is being taken.
    Running,
    /// It was taken.
    Taken,
    /// It was not taken, or its file cannot be read.
    Failed,
}

/// A backup of the host.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Backup")]
pub(in crate::http) struct ShownBackup {
    /// Its id.
    id: String,
    state: ShownState,
    /// When it was begun.
    begun_at: Moment,
    /// Records in it, so far.
    records: u64,
    /// Files in it, so far.
    files: u64,
    /// Bytes of its own file, so far.
    bytes: u64,
    /// What is in it, once it was taken.
    contents: Option<ShownContents>,
    /// Why it failed.
    reason: Option<String>,
}

/// What is in a backup.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupContents")]
struct ShownContents {
    /// Its file on the machine of the host.
    file: String,
    /// When it was finished.
    finished_at: Moment,
    /// The version of the host that took it.
    host_version: String,
    /// The schema of its records.
    schema: u32,
    /// Its sessions.
    sessions: Vec<ShownPart>,
    /// What it has of the register of sessions.
    register: ShownCounts,
    /// What it has of everything else: tenants, users, keys, secrets, installations.
    system: ShownCounts,
    /// Files of messages, of plugins, and packages.
    files: ShownCounts,
    /// Files that records name and that were not there or not what they were: paths in the data directory.
    missing: Vec<String>,
    /// The longest time that commits were held up for it, in microseconds.
    longest_pause_us: u64,
}

/// How many, and how many bytes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupCounts")]
struct ShownCounts {
    /// Records or files.
    count: u64,
    /// Their bytes.
    bytes: u64,
}

/// One session in a backup.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupSession")]
struct ShownPart {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Whose it is.
    tenant: String,
    /// The moment it is of.
    at: Moment,
    records: ShownCounts,
    /// The position of its last event; 0 when there is none.
    last_event: u64,
    /// Whether it was removed meanwhile, which is done again when the backup is restored.
    removed: bool,
}

pub(in crate::http) async fn create(ctx: Ctx) -> Result<Accepted<ShownBackup>, ApiError> {
    Ok(Accepted(shown(ctx.parts.backups.start()?)))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<BackupId>>,
) -> Result<Shown<Listed<ShownBackup>>, ApiError> {
    let all = ctx.parts.backups.list().await?.into_iter();
    // The latest is first.
    let behind = all.filter(|backup| page.after.is_none_or(|after| backup.id < after));
    let found = behind.take(page.look_ahead()).collect();
    Ok(Shown(page.answer(found, |backup: &Backup| backup.id, shown)))
}

pub(in crate::http) async fn get(ctx: Ctx, Query(Wait(wait)): Query<Wait>) -> Result<Shown<ShownBackup>, ApiError> {
    let backup = ctx.parts.backups.get(id(&ctx)?, wait).await?;
    Ok(Shown(shown(backup)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    ctx.parts.backups.remove(id(&ctx)?).await?;
    Ok(NoContent)
}

fn id(ctx: &Ctx) -> Result<BackupId, ApiError> {
    ctx.param("b")
        .parse()
        .map_err(|error| ApiError::unknown("unknown_backup", format!("{error}")))
}

fn shown(Backup { id, state }: Backup) -> ShownBackup {
    let begun_at = Moment(UnixMs(id.ulid().timestamp_ms()));
    let none = ShownBackup {
        id: id.to_string(),
        state: ShownState::Failed,
        begun_at,
        records: 0,
        files: 0,
        bytes: 0,
        contents: None,
        reason: None,
    };
    match state {
        BackupState::Running { records, files, bytes } => ShownBackup {
            state: ShownState::Running,
            records,
            files,
            bytes,
            ..none
        },
        BackupState::Failed { why } => ShownBackup {
            reason: Some(why.into()),
            ..none
        },
        BackupState::Taken(taken) => ShownBackup {
            state: ShownState::Taken,
            records: taken.manifest.records().count,
            files: taken.manifest.files.count,
            bytes: taken.bytes,
            contents: Some(contents(*taken)),
            ..none
        },
    }
}

fn contents(taken: Taken) -> ShownContents {
    let Taken {
        file, header, manifest, ..
    } = taken;
    ShownContents {
        file: file.display().to_string(),
        finished_at: Moment(manifest.finished_at),
        host_version: header.host_version.into(),
        schema: header.schema,
        sessions: manifest.sessions.iter().map(part).collect(),
        register: counts(manifest.register),
        system: counts(manifest.system),
        files: counts(manifest.files),
        missing: manifest.missing.into_iter().map(Into::into).collect(),
        longest_pause_us: manifest.longest_pause_us,
    }
}

fn part(part: &SessionPart) -> ShownPart {
    ShownPart {
        id: part.id.to_string(),
        name: part.name.to_string(),
        tenant: part.tenant.to_string(),
        at: Moment(part.at),
        records: counts(part.records),
        last_event: part.last_event,
        removed: match part.extent {
            Extent::Whole => false,
            Extent::Removed => true,
        },
    }
}

const fn counts(counts: Counts) -> ShownCounts {
    ShownCounts {
        count: counts.count,
        bytes: counts.bytes,
    }
}
