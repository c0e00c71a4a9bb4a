//! Taking a backup of a store that is in use.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::content::{Content, Contents, Named};
use super::entry::Entry;
use super::file::{Writer, failed};
use super::{BackupError, Counts, Extent, Manifest, SessionPart};
use crate::clock::Clock;
use crate::codec;
use crate::files::FileName;
use crate::id::TenantId;
use crate::master_key::MasterKey;
use crate::schema::{session, sessions, trailing_number};
use crate::session::{SessionRecord, owner_in};
use crate::store::{Page, Space, Store};

/// Bytes of one part of a file.
const PART: usize = 64 << 10;
/// Bytes of files that are read and written in one go.
const AT_ONCE: usize = 4 << 20;

/// Takes backups of one host. Clones are the same.
#[derive(Debug, Clone)]
pub struct Taker {
    /// What is backed up.
    pub store: Arc<dyn Store>,
    /// The data directory, with the files that records name.
    pub data: PathBuf,
    /// What a backup is sealed under.
    pub key: MasterKey,
    /// The moments that are noted.
    pub clock: Arc<dyn Clock>,
    /// The version of the program.
    pub host_version: &'static str,
}

/// How far a backup has come; for others to look at.
#[derive(Debug, Default)]
pub struct Progress {
    records: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    /// Records that are written.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Files that are written.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Bytes of the backup so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Taker {
    /// Writes a backup to a path that is free. Until it is whole its bytes are beside it, under `unfinished`, and gone when this is dropped
    /// or fails.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn take(&self, to: &Path, unfinished: &Path, progress: Arc<Progress>) -> Result<Manifest, BackupError> {
        let removed = Removed(unfinished.to_owned());
        let writer = Writer::create(unfinished, &self.key, self.clock.now(), self.host_version)?;
        let mut taking = Taking {
            taker: self,
            writer: Some(writer),
            progress,
            longest_pause: Duration::ZERO,
            named: Named::default(),
        };
        let mut registered = Registered::default();
        let register = taking
            .space(Space::Sessions, |key, value| registered.read(key, value))
            .await?;
        let mut parts = Vec::with_capacity(registered.records.len());
        for record in std::mem::take(&mut registered.records) {
            let at = self.clock.now();
            let mut last_event = 0;
            let taken = taking
                .space(Space::Session(record.id), |key, _| {
                    if key.first() == Some(&session::EVENT) {
                        last_event = trailing_number(key).unwrap_or_default();
                    }
                })
                .await?;
            parts.push(SessionPart {
                id: record.id,
                name: record.name.as_str().into(),
                tenant: registered.owner(&record),
                at,
                records: taken.records,
                last_event,
                extent: taken.extent,
            });
        }
        let system = taking.space(Space::System, |_, _| {}).await?;
        let (files, mut missing) = taking.files(&parts).await?;
        missing.extend(std::mem::take(&mut taking.named).missing());
        let manifest = Manifest {
            finished_at: self.clock.now(),
            sessions: parts,
            register: register.records,
            system: system.records,
            files,
            missing,
            longest_pause_us: u64::try_from(taking.longest_pause.as_micros()).unwrap_or(u64::MAX),
        };
        let (told, to) = (manifest.clone(), to.to_owned());
        taking
            .blocking(move |writer| {
                let Removed(unfinished) = &removed;
                // A writer that is finished is not used again.
                let Some(writer) = writer.take() else { return Ok(()) };
                writer.finish(&told)?;
                fs::rename(unfinished, &to).map_err(failed(&to, "named"))?;
                let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty());
                let dir = dir.unwrap_or(Path::new("."));
                File::open(dir)
                    .and_then(|dir| dir.sync_all())
                    .map_err(failed(dir, "made durable"))
            })
            .await?;
        Ok(manifest)
    }
}

/// A file that is removed with it, unless it has another name by then.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // One that stays is removed at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// The register of sessions, as it goes by.
#[derive(Default)]
struct Registered {
    records: Vec<SessionRecord>,
    owners: Vec<(crate::id::SessionId, TenantId)>,
}

impl Registered {
    /// What cannot be read is kept as it is, and names no session.
    fn read(&mut self, key: &Bytes, value: &Bytes) {
        match key.first() {
            Some(&sessions::RECORD) => self.records.extend(codec::decode(key, value).ok()),
            Some(&sessions::OWNER) => self.owners.extend(owner_in(key, value)),
            Some(_) | None => {}
        }
    }

    fn owner(&self, record: &SessionRecord) -> TenantId {
        let owner = self.owners.iter().find(|(id, _)| *id == record.id);
        owner.map_or(TenantId::DEFAULT, |(_, tenant)| *tenant)
    }
}

/// A space that was written.
struct Taken {
    records: Counts,
    extent: Extent,
}

struct Taking<'a> {
    taker: &'a Taker,
    /// None only while somebody writes.
    writer: Option<Writer>,
    progress: Arc<Progress>,
    longest_pause: Duration,
    named: Named,
}

impl Taking<'_> {
    /// Lets a thread of its own work with the writer, which may wait for a disk.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Option<Writer>) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let mut writer = self.writer.take();
        let worked = tokio::task::spawn_blocking(move || {
            let worked = work(&mut writer);
            (writer, worked)
        });
        let (writer, worked) = worked
            .await
            .map_err(|error| failed(Path::new("backup"), "written")(std::io::Error::other(error)))?;
        if let Some(writer) = &writer {
            self.progress.bytes.store(writer.size(), Ordering::Relaxed);
        }
        self.writer = writer;
        worked
    }

    async fn write(&mut self, entries: Vec<Entry>) -> Result<(), BackupError> {
        self.blocking(move |writer| match writer {
            Some(writer) => entries.iter().try_for_each(|entry| writer.write(entry)),
            None => Ok(()),
        })
        .await
    }

    async fn space(&mut self, space: Space, mut see: impl FnMut(&Bytes, &Bytes)) -> Result<Taken, BackupError> {
        let at = self.taker.clock.now();
        let mut snapshot = self.taker.store.snapshot(space).await?;
        self.write(vec![Entry::Space(space, at)]).await?;
        let mut records = Counts::default();
        let extent = loop {
            let rows = match snapshot.next().await? {
                Page::Rows(rows) => rows,
                Page::End => break Extent::Whole,
                Page::Removed => break Extent::Removed,
            };
            for (key, value) in &rows {
                records.add(key.len() + value.len());
                see(key, value);
                self.named.read(space, key, value);
            }
            self.progress.records.fetch_add(rows.len() as u64, Ordering::Relaxed);
            let rows = rows.into_iter().map(|(key, value)| Entry::Row(key, value));
            self.write(rows.collect()).await?;
        };
        self.longest_pause = self.longest_pause.max(snapshot.longest_pause());
        let end = match extent {
            Extent::Whole => Entry::SpaceEnd(records),
            Extent::Removed => Entry::SpaceRemoved,
        };
        self.write(vec![end]).await?;
        Ok(Taken { records, extent })
    }

    /// Writes every file there is; answers how many, and which were not what they are named by.
    async fn files(&mut self, sessions: &[SessionPart]) -> Result<(Counts, Vec<Box<str>>), BackupError> {
        let mut contents = Contents::of(&self.taker.data, sessions.iter().map(|part| part.id));
        let mut counts = Counts::default();
        let mut broken = Vec::new();
        loop {
            let data = self.taker.data.clone();
            let written = self
                .blocking(move |writer| {
                    let mut written = Vec::new();
                    let mut size = 0;
                    while size < AT_ONCE {
                        let next = contents.next().map_err(failed(&data, "listed"))?;
                        let (Some(content), Some(writer)) = (next, writer.as_mut()) else {
                            break;
                        };
                        let one = file(writer, &content)?;
                        size += match one {
                            One::Written(bytes) => usize::try_from(bytes).unwrap_or(AT_ONCE),
                            One::Broken | One::Gone => 0,
                        };
                        written.push((content.path, one));
                    }
                    Ok((contents, written))
                })
                .await?;
            contents = written.0;
            if written.1.is_empty() {
                return Ok((counts, broken));
            }
            for (path, one) in written.1 {
                match one {
                    One::Written(bytes) => {
                        counts += Counts { count: 1, bytes };
                        self.progress.files.fetch_add(1, Ordering::Relaxed);
                        self.named.found(&path);
                    }
                    One::Broken => {
                        self.named.found(&path);
                        broken.push(path);
                    }
                    One::Gone => {}
                }
            }
        }
    }
}

/// What became of a file.
enum One {
    /// So many bytes.
    Written(u64),
    /// Its bytes are not those it is named by, or could not be read.
    Broken,
    /// It went away.
    Gone,
}

fn file(writer: &mut Writer, content: &Content) -> Result<One, BackupError> {
    let Ok(mut file) = File::open(&content.at) else {
        return Ok(One::Gone);
    };
    writer.write(&Entry::File(content.path.clone()))?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut part = vec![0; PART];
    loop {
        let Ok(read) = file.read(&mut part) else {
            writer.write(&Entry::FileBroken)?;
            return Ok(One::Broken);
        };
        if read == 0 {
            break;
        }
        hash.update(&part[..read]);
        size += read as u64;
        writer.write(&Entry::Part(Bytes::copy_from_slice(&part[..read])))?;
    }
    let digest: [u8; 32] = hash.finalize().into();
    if content.named.is_some_and(|named| named != FileName::from(digest)) {
        writer.write(&Entry::FileBroken)?;
        return Ok(One::Broken);
    }
    writer.write(&Entry::FileEnd(size, digest))?;
    Ok(One::Written(size))
}
