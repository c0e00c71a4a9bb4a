//! Putting a backup into an empty data directory.
//!
//! All of it is verified before anything is written. Then it is written into a directory of its own inside the data directory, read back,
//! and moved up; while that directory is there no host opens the data directory, so a crash leaves nothing that looks whole.
//!
//! **Device state.** A linked device's keys change with every message. A host that goes on with older ones uses keys that were used up: the
//! other side cannot read it, or reads it once and never again, and WhatsApp may remove the device. Nobody can tell from a backup whether its
//! source went on. So sessions come back without their device and have to be linked again, unless whoever restores says that the source stands still
//! since the backup was taken.
//!
//! **What was on its way** leaves again when the session is connected, under the same message ids: what the source had sent meanwhile is
//! shown once by phones, which know its id, and webhooks are delivered again under the same ids. Events that were not handled are handled
//! again, and what plugins ask for then has the same ids too.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::content::DIRECTORIES;
use super::entry::Entry;
use super::file::{Reader, failed};
use super::{BackupError, Counts, Extent, Manifest};
use crate::id::SessionId;
use crate::schema::session::{APP_STATE, DEVICE, PROTOCOL, SIGNAL};
use crate::schema::system;
use crate::session::{SessionError, Sessions};
use crate::store::{
    Class, Commit, KeyRange, LOCK, MAX_SCAN, Op, OpenError, Order, RESTORING, SledOptions, SledStore, Space, Store,
    StoreError, lock,
};

/// Rows of one commit, and their bytes.
const ROWS: usize = 500;
const ROW_BYTES: usize = 512 << 10;

/// What becomes of the keys of linked devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// They are left out: every session is linked again.
    Left,
    /// They come back: the source has not connected since the backup was taken, and never will again.
    Taken,
}

/// Why a backup was not restored. The data directory is as it was, or is refused by every host until a restore has ended.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Something is there already.
    #[error("the data directory {} is not empty: there is {found:?}; give an empty one, so that nothing is lost", dir.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// What is there.
        found: String,
    },
    /// Somebody uses it, or it cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was written was read back otherwise.
    #[error("{space:?} was read back with {found} records instead of {wanted}")]
    ReadBack {
        /// Where.
        space: Space,
        /// How many were written.
        wanted: u64,
        /// How many are there.
        found: u64,
    },
    /// The register of sessions cannot be used.
    #[error(transparent)]
    Register(#[from] SessionError),
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Backup(error.into())
    }
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was in the backup.
    pub manifest: Manifest,
    /// Records that were written.
    pub records: u64,
    /// Records of linked devices that were left out.
    pub left_out: u64,
    /// Sessions that were linked when the backup was taken.
    pub linked: Vec<SessionId>,
}

/// Reads all of a backup and compares it with what it says of itself.
///
/// # Errors
/// [`BackupError::Damaged`], [`BackupError::Io`].
pub fn check(backup: &Reader) -> Result<(), BackupError> {
    backup.verify_digest()?;
    let manifest = backup.manifest();
    let mut entries = backup.entries()?;
    let mut spaces = HashSet::new();
    let mut files = Counts::default();
    loop {
        match entries.read()? {
            Some(Entry::Space(space, _)) => {
                let found = check_space(backup, &mut entries)?;
                if !spaces.insert(space) || Some(found) != wanted(manifest, space) {
                    return Err(backup.damaged("a space is not the one of its manifest"));
                }
            }
            Some(Entry::File(path)) => {
                parts(&path).ok_or_else(|| backup.damaged("a file has no path in the data directory"))?;
                if let Some(bytes) = check_file(backup, &mut entries)? {
                    files += Counts { count: 1, bytes };
                }
            }
            Some(Entry::End) => break,
            Some(
                Entry::Row(..)
                | Entry::SpaceEnd(_)
                | Entry::SpaceRemoved
                | Entry::Part(_)
                | Entry::FileEnd(..)
                | Entry::FileBroken,
            )
            | None => return Err(backup.damaged("its entries are in no order")),
        }
    }
    if spaces.len() != manifest.sessions.len() + 2 || files != manifest.files {
        return Err(backup.damaged("it does not hold what its manifest says"));
    }
    Ok(())
}

/// What a manifest says of a space.
fn wanted(manifest: &Manifest, space: Space) -> Option<(Counts, Extent)> {
    match space {
        Space::System => Some((manifest.system, Extent::Whole)),
        Space::Sessions => Some((manifest.register, Extent::Whole)),
        Space::Session(id) => {
            let part = manifest.sessions.iter().find(|part| part.id == id)?;
            Some((part.records, part.extent))
        }
    }
}

fn check_space(backup: &Reader, entries: &mut super::Entries) -> Result<(Counts, Extent), BackupError> {
    let mut found = Counts::default();
    let mut last: Option<Bytes> = None;
    loop {
        match entries.read()? {
            Some(Entry::Row(key, value)) => {
                if last.is_some_and(|last| last >= key) {
                    return Err(backup.damaged("records are in no order"));
                }
                found.add(key.len() + value.len());
                last = Some(key);
            }
            Some(Entry::SpaceEnd(said)) if said == found => return Ok((found, Extent::Whole)),
            Some(Entry::SpaceRemoved) => return Ok((found, Extent::Removed)),
            Some(_) | None => return Err(backup.damaged("a space has no end, or another one than it says")),
        }
    }
}

/// The size of a file; none for one that was broken when it was read.
fn check_file(backup: &Reader, entries: &mut super::Entries) -> Result<Option<u64>, BackupError> {
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        match entries.read()? {
            Some(Entry::Part(part)) => {
                hash.update(&part);
                size += part.len() as u64;
            }
            Some(Entry::FileEnd(said, digest)) if said == size && digest == *hash.finalize() => return Ok(Some(size)),
            Some(Entry::FileBroken) => return Ok(None),
            Some(_) | None => return Err(backup.damaged("a file has no end, or another one than it says")),
        }
    }
}

/// The names of a path, if it is one of a file that backups hold.
fn parts(path: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path.split('/').collect();
    let plain = |part: &&str| !part.is_empty() && *part != "." && *part != ".." && !part.contains(['\\', '\0']);
    let known = parts.len() > 1 && DIRECTORIES.contains(&parts[0]);
    (known && parts.iter().all(plain)).then_some(parts)
}

/// Restores a backup into `dir`, in which nothing may be but what is named in `beside` and what no host counts as its data: a lock, backups, a
/// restore that did not end. Waits for disks where it is called, and is for a program that does nothing else.
///
/// # Errors
/// [`RestoreError`].
pub async fn restore(
    backup: &Reader,
    dir: &Path,
    beside: &[&Path],
    device_state: DeviceState,
    options: SledOptions,
) -> Result<Restored, RestoreError> {
    fs::create_dir_all(dir).map_err(failed(dir, "made"))?;
    let _lock = lock(dir)?;
    refuse_what_is_there(dir, beside)?;
    check(backup)?;
    let within = dir.join(RESTORING);
    if within.exists() {
        empty(dir, beside)?;
        fs::remove_dir_all(&within).map_err(failed(&within, "removed"))?;
    }
    fs::create_dir(&within).map_err(failed(&within, "made"))?;
    sync(dir)?;
    let restored = fill(backup, &within, device_state, options).await?;
    move_up(&within, dir)?;
    Ok(restored)
}

/// Refuses a directory in which there is something.
fn refuse_what_is_there(dir: &Path, beside: &[&Path]) -> Result<(), RestoreError> {
    if dir.join(RESTORING).exists() {
        return Ok(());
    }
    match data_in(dir, beside)?.first() {
        None => Ok(()),
        Some(found) => Err(RestoreError::NotEmpty {
            dir: dir.to_owned(),
            found: found.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }),
    }
}

/// What may not be there, in order.
fn data_in(dir: &Path, beside: &[&Path]) -> Result<Vec<PathBuf>, BackupError> {
    let mut there = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed(dir, "listed"))? {
        let path = entry.map_err(failed(dir, "listed"))?.path();
        let name = path.file_name().unwrap_or_default();
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_beside = beside.iter().any(|beside| real(beside) == real(&path));
        if !is_beside && ![LOCK, RESTORING, "lost+found"].iter().any(|known| name == *known) {
            there.push(path);
        }
    }
    there.sort_unstable();
    Ok(there)
}

/// Removes what an earlier restore had moved up already.
fn empty(dir: &Path, beside: &[&Path]) -> Result<(), BackupError> {
    for path in data_in(dir, beside)? {
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(failed(&path, "removed"))?;
    }
    Ok(())
}

/// Writes everything, and reads it back.
async fn fill(
    backup: &Reader,
    within: &Path,
    device_state: DeviceState,
    options: SledOptions,
) -> Result<Restored, RestoreError> {
    let mut filled = Vec::new();
    let (mut records, mut left_out) = (0, 0);
    let mut linked = Vec::new();
    let store: Arc<dyn Store> = SledStore::open(within, options)?;
    let mut entries = backup.entries()?;
    while let Some(entry) = entries.read()? {
        match entry {
            Entry::Space(space, _) => {
                let written = write_space(backup, &mut entries, &*store, space, device_state).await?;
                left_out += written.left_out;
                if let (Space::Session(id), Linked::Yes) = (space, written.linked) {
                    linked.push(id);
                }
                records += written.count;
                filled.push((space, written.compared, written.extent));
            }
            Entry::File(path) => write_file(backup, &mut entries, within, &path)?,
            Entry::End => break,
            Entry::Row(..)
            | Entry::SpaceEnd(_)
            | Entry::SpaceRemoved
            | Entry::Part(_)
            | Entry::FileEnd(..)
            | Entry::FileBroken => return Err(backup.damaged("its entries are in no order").into()),
        }
    }
    store.flush().await?;
    for (space, wanted, _) in &filled {
        let (space, wanted) = (*space, *wanted);
        let found = count(&*store, space).await?;
        if found != wanted {
            return Err(RestoreError::ReadBack { space, wanted, found });
        }
    }
    let register = Sessions::open(Arc::clone(&store)).await?;
    for (space, _, extent) in &filled {
        match (space, extent) {
            (Space::Session(id), Extent::Removed) => register.remove(*id).await?,
            (Space::Session(_) | Space::System | Space::Sessions, Extent::Whole | Extent::Removed) => {}
        }
    }
    store.flush().await?;
    drop((register, store));
    // Once more, which brings an older schema up.
    drop(SledStore::open(within, options)?);
    sync_all(within)?;
    Ok(Restored {
        manifest: backup.manifest().clone(),
        records,
        left_out,
        linked,
    })
}

/// A space that was written.
struct Written {
    count: u64,
    /// Those that are looked for when they are read back.
    compared: u64,
    left_out: u64,
    linked: Linked,
    extent: Extent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linked {
    Yes,
    No,
}

/// Whether a record belongs to a linked device. These are the tables that logging out removes too.
fn is_device_state(space: Space, key: &[u8]) -> bool {
    let table = key.first().copied().unwrap_or_default();
    matches!(space, Space::Session(_)) && [DEVICE, SIGNAL, APP_STATE, PROTOCOL].contains(&table)
}

/// Whether opening a store writes the record, so that it is there whether it was restored or not.
fn is_of_the_store(space: Space, key: &[u8]) -> bool {
    space == Space::System && key == [system::SCHEMA]
}

async fn write_space(
    backup: &Reader,
    entries: &mut super::Entries,
    store: &dyn Store,
    space: Space,
    device_state: DeviceState,
) -> Result<Written, RestoreError> {
    let mut written = Written {
        count: 0,
        compared: 0,
        left_out: 0,
        linked: Linked::No,
        extent: Extent::Whole,
    };
    let mut ops = Vec::new();
    let mut bytes = 0;
    loop {
        match entries.read()? {
            Some(Entry::Row(key, value)) => {
                if is_device_state(space, &key) {
                    written.linked = Linked::Yes;
                    if device_state == DeviceState::Left {
                        written.left_out += 1;
                        continue;
                    }
                }
                written.count += 1;
                written.compared += u64::from(!is_of_the_store(space, &key));
                bytes += key.len() + value.len();
                ops.push(Op::Put(key, value));
                if ops.len() == ROWS || bytes >= ROW_BYTES {
                    write_rows(store, space, std::mem::take(&mut ops)).await?;
                    bytes = 0;
                }
            }
            Some(Entry::SpaceEnd(_)) => break,
            Some(Entry::SpaceRemoved) => {
                written.extent = Extent::Removed;
                break;
            }
            Some(_) | None => return Err(backup.damaged("a space has no end").into()),
        }
    }
    write_rows(store, space, ops).await?;
    Ok(written)
}

async fn write_rows(store: &dyn Store, space: Space, ops: Vec<Op>) -> Result<(), StoreError> {
    let commit = Commit {
        space,
        expect: Vec::new(),
        ops,
        class: Class::Lazy,
    };
    store.commit(commit).await.map(drop)
}

async fn count(store: &dyn Store, space: Space) -> Result<u64, StoreError> {
    let mut range = KeyRange {
        start: Bytes::new(),
        end: None,
    };
    let mut count = 0;
    loop {
        let page = store.scan(space, range.clone(), Order::Ascending, MAX_SCAN).await?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        range = range.after(last);
        count += page.iter().filter(|(key, _)| !is_of_the_store(space, key)).count() as u64;
    }
}

fn write_file(backup: &Reader, entries: &mut super::Entries, within: &Path, path: &str) -> Result<(), BackupError> {
    let parts = parts(path).ok_or_else(|| backup.damaged("a file has no path in the data directory"))?;
    let at = parts.iter().fold(within.to_owned(), |path, part| path.join(part));
    let above = at.parent().unwrap_or(within);
    fs::create_dir_all(above).map_err(failed(above, "made"))?;
    let mut file = File::create_new(&at).map_err(failed(&at, "written"))?;
    loop {
        match entries.read()? {
            Some(Entry::Part(part)) => file.write_all(&part).map_err(failed(&at, "written"))?,
            Some(Entry::FileEnd(..)) => return file.sync_all().map_err(failed(&at, "written")),
            Some(Entry::FileBroken) => return fs::remove_file(&at).map_err(failed(&at, "removed")),
            Some(_) | None => return Err(backup.damaged("a file has no end")),
        }
    }
}

fn move_up(within: &Path, dir: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(within).map_err(failed(within, "listed"))? {
        let from = entry.map_err(failed(within, "listed"))?.path();
        let name = from.file_name().unwrap_or_default();
        if name == LOCK {
            fs::remove_file(&from).map_err(failed(&from, "removed"))?;
        } else {
            fs::rename(&from, dir.join(name)).map_err(failed(&from, "moved into the data directory"))?;
        }
    }
    sync(dir)?;
    fs::remove_dir(within).map_err(failed(within, "removed"))?;
    sync(dir)
}

/// Makes a directory and all directories in it durable.
fn sync_all(dir: &Path) -> Result<(), BackupError> {
    for entry in fs::read_dir(dir).map_err(failed(dir, "listed"))? {
        let path = entry.map_err(failed(dir, "listed"))?.path();
        if path.is_dir() {
            sync_all(&path)?;
        }
    }
    sync(dir)
}

fn sync(dir: &Path) -> Result<(), BackupError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(failed(dir, "made durable"))
}
