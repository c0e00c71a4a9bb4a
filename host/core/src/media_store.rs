//! The bytes of media, on disk: what people sent and was fetched, and what was put here to be sent.
//!
//! Media are named by their content and belong to one session; another session that has the same bytes has a file of its own, so that
//! nobody learns from a name what others have. Writing is all or nothing and durable when it returns, and neither writing nor reading
//! holds more than a part of a file in memory. What a file is (its type, its name) stands in records elsewhere. Only this module touches
//! the directory.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, UnixMs};
use crate::files::FileName;
use crate::id::SessionId;

/// How many bytes one [`MediaFile::read`] answers at most.
pub const PART: usize = 64 * 1024;

/// How long media stay that no message has; see [`MediaStore::old`].
pub const LIFE: Duration = Duration::from_secs(48 * 3600);

/// Where files are that are being written.
const UNFINISHED: &str = "unfinished";

/// Why media could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is more of it than may be kept.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// What may be.
        limit: u64,
    },
    /// The directory cannot be used.
    #[error("media could not be {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> MediaError {
    move |source| MediaError::Io { what, source }
}

/// The media of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct MediaStore {
    dir: Arc<Path>,
    clock: Arc<dyn Clock>,
    /// Tells files apart that are being written.
    next: Arc<AtomicU64>,
}

/// Media that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Their name.
    pub name: FileName,
    /// Bytes.
    pub size: u64,
}

impl MediaStore {
    /// The media under a directory, which is made if it is not there. What an earlier process left half written is removed.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, MediaError> {
        let unfinished = dir.join(UNFINISHED);
        found(fs::remove_dir_all(&unfinished)).map_err(failed("kept: what was half written cannot be removed"))?;
        fs::create_dir_all(&unfinished).map_err(failed("kept: the directory cannot be made"))?;
        Ok(Self {
            dir: dir.into(),
            clock,
            next: Arc::default(),
        })
    }

    /// Begins a file of at most `limit` bytes. Nothing is kept of it before [`Unfinished::finish`].
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn begin(&self, session: SessionId, limit: u64) -> Result<Unfinished, MediaError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(UNFINISHED).join(number.to_string());
        let (dir, now) = (self.dir_of(session), self.now());
        blocking("written", move || {
            let file = File::options().read(true).write(true).create_new(true).open(&path)?;
            Ok(Unfinished {
                file,
                path: Removed(path),
                dir,
                now,
                limit,
                overflown: Overflown::No,
            })
        })
        .await
    }

    /// Keeps bytes that are in memory already.
    ///
    /// # Errors
    /// [`MediaError`]; nothing is kept then.
    pub async fn put(&self, session: SessionId, bytes: Bytes, limit: u64) -> Result<Kept, MediaError> {
        self.begin(session, limit).await?.append(bytes).await?.finish().await
    }

    /// Opens a file, if the session has it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn get(&self, session: SessionId, name: &FileName) -> Result<Option<MediaFile>, MediaError> {
        let path = self.path(session, name);
        blocking("opened", move || {
            let Some(file) = found(File::open(path))? else {
                return Ok(None);
            };
            let size = file.metadata()?.len();
            Ok(Some(MediaFile {
                file: Arc::new(Mutex::new(file)),
                size,
            }))
        })
        .await
    }

    /// The size of a file, if the session has it. It stays for another [`LIFE`].
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn touch(&self, session: SessionId, name: &FileName) -> Result<Option<u64>, MediaError> {
        let (path, now) = (self.path(session, name), self.now());
        blocking("kept for longer", move || {
            let Some(file) = found(File::options().write(true).open(path))? else {
                return Ok(None);
            };
            file.set_modified(now)?;
            Ok(Some(file.metadata()?.len()))
        })
        .await
    }

    /// Removes a file, if the session has it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, session: SessionId, name: &FileName) -> Result<(), MediaError> {
        let path = self.path(session, name);
        blocking("removed", move || found(fs::remove_file(path)).map(drop)).await
    }

    /// Removes everything of sessions that are not among these.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn keep_sessions(&self, sessions: &[SessionId]) -> Result<(), MediaError> {
        let kept: HashSet<_> = sessions.iter().map(|session| self.dir_of(*session)).collect();
        let dir = Arc::clone(&self.dir);
        blocking("removed", move || {
            for entry in fs::read_dir(&dir)? {
                let path = entry?.path();
                if path.file_name().is_some_and(|name| name != UNFINISHED) && !kept.contains(&path) {
                    fs::remove_dir_all(path)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Everything a session has that was not written or asked for within its [`LIFE`], with its size.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn old(&self, session: SessionId) -> Result<Vec<Kept>, MediaError> {
        let (dir, old) = (self.dir_of(session), self.now() - LIFE);
        blocking("listed", move || list(&dir, |modified| modified < old)).await
    }

    /// How many bytes a session has.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn size(&self, session: SessionId) -> Result<u64, MediaError> {
        let dir = self.dir_of(session);
        let all = blocking("counted", move || list(&dir, |_| true)).await?;
        Ok(all.iter().map(|kept| kept.size).sum())
    }

    fn now(&self) -> SystemTime {
        let UnixMs(now) = self.clock.now();
        SystemTime::UNIX_EPOCH + Duration::from_millis(now)
    }

    fn dir_of(&self, session: SessionId) -> PathBuf {
        self.dir.join(session.to_string())
    }

    fn path(&self, session: SessionId, name: &FileName) -> PathBuf {
        path_in(&self.dir_of(session), name)
    }
}

/// A directory of directories, so that none holds too many files.
fn path_in(dir: &Path, name: &FileName) -> PathBuf {
    let name = name.to_string();
    dir.join(name.get(..2).unwrap_or_default()).join(name)
}

fn list(dir: &Path, wanted: impl Fn(SystemTime) -> bool) -> io::Result<Vec<Kept>> {
    let mut all = Vec::new();
    for shelf in found(fs::read_dir(dir))?.into_iter().flatten() {
        for file in fs::read_dir(shelf?.path())? {
            let file = file?;
            let about = file.metadata()?;
            let name = file.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(name) = name
                && wanted(about.modified()?)
            {
                all.push(Kept {
                    name,
                    size: about.len(),
                });
            }
        }
    }
    Ok(all)
}

/// A file that is being written. Dropped, it is gone.
///
/// It is also a plain writer, for whoever writes on a thread of their own.
pub struct Unfinished {
    file: File,
    path: Removed,
    dir: PathBuf,
    now: SystemTime,
    limit: u64,
    overflown: Overflown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflown {
    No,
    Yes,
}

/// A path whose file is removed with it.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // One that was moved to its place is not there any more; one that stays is removed at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Unfinished {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`MediaError`]; nothing is kept then.
    pub async fn append(mut self, bytes: Bytes) -> Result<Self, MediaError> {
        let limit = self.limit;
        let (this, written) = blocking("written", move || {
            let written = self.write_all(&bytes);
            Ok((self, written))
        })
        .await?;
        match written {
            Ok(()) => Ok(this),
            Err(_) if this.has_overflown() => Err(MediaError::TooLarge { limit }),
            Err(source) => Err(failed("written")(source)),
        }
    }

    /// How many bytes it may have.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether more was written than may be.
    #[must_use]
    pub const fn has_overflown(&self) -> bool {
        matches!(self.overflown, Overflown::Yes)
    }

    /// Takes everything back that was written behind a size.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    /// Puts the file in its place; durable when this returns.
    ///
    /// # Errors
    /// When it cannot be; nothing is kept then.
    pub async fn finish(mut self) -> Result<Kept, MediaError> {
        blocking("written", move || {
            self.file.rewind()?;
            let mut hash = Sha256::new();
            let mut part = vec![0; PART];
            let mut size = 0;
            loop {
                let read = self.file.read(&mut part)?;
                if read == 0 {
                    break;
                }
                hash.update(&part[..read]);
                size += read as u64;
            }
            let name = FileName::from(<[u8; 32]>::from(hash.finalize()));
            self.file.set_modified(self.now)?;
            self.file.sync_all()?;
            let place = path_in(&self.dir, &name);
            let shelf = place.parent().unwrap_or(&self.dir);
            fs::create_dir_all(shelf)?;
            fs::rename(&self.path.0, &place)?;
            // The name is durable when its directory is, and a directory that was made just now when the one above it is.
            for dir in shelf.ancestors().take(3) {
                File::open(dir)?.sync_all()?;
            }
            Ok(Kept { name, size })
        })
        .await
    }
}

impl Write for Unfinished {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.file.stream_position()? + part.len() as u64 > self.limit {
            self.overflown = Overflown::Yes;
            return Err(io::Error::other("the file is larger than it may be"));
        }
        self.file.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Unfinished {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file that is there. It can be read to its end though it is removed meanwhile.
#[derive(Debug, Clone)]
pub struct MediaFile {
    file: Arc<Mutex<File>>,
    size: u64,
}

impl MediaFile {
    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Up to `most` bytes (and up to [`PART`]) from `start` on; none at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, start: u64, most: u64) -> Result<Bytes, MediaError> {
        let file = Arc::clone(&self.file);
        let most = usize::try_from(most.min(self.size.saturating_sub(start)))
            .unwrap_or(PART)
            .min(PART);
        blocking("read", move || {
            // A seek and a read leave the file as good as it was.
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(start))?;
            let mut part = vec![0; most];
            file.read_exact(&mut part)?;
            Ok(part.into())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MediaError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(failed(what))
}

/// None for what is not there.
fn found<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::clock::ManualClock;
    use crate::fixture::{NOON, SESSION};

    const OTHER: SessionId = SessionId::new(ulid::Ulid(8));

    fn store() -> (TempDir, Arc<ManualClock>, MediaStore) {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(NOON));
        let store = MediaStore::open(&dir.path().join("media"), clock.clone()).expect("it opens");
        (dir, clock, store)
    }

    #[tokio::test]
    async fn media_are_read_in_parts_and_by_their_session_alone() {
        let (_dir, _, store) = store();
        let bytes: Bytes = (0..200_000_u32).map(|number| number as u8).collect::<Vec<_>>().into();
        let mut unfinished = store.begin(SESSION, 200_000).await.expect("it begins");
        for part in bytes.chunks(70_000) {
            unfinished = unfinished.append(bytes.slice_ref(part)).await.expect("it fits");
        }
        let kept = unfinished.finish().await.expect("it is kept");
        assert_eq!(
            kept,
            Kept {
                name: FileName::of(&bytes),
                size: 200_000
            }
        );
        let file = store
            .get(SESSION, &kept.name)
            .await
            .expect("it opens")
            .expect("it is there");
        let mut read = Vec::new();
        loop {
            let part = file.read(read.len() as u64, u64::MAX).await.expect("it reads");
            assert!(part.len() <= PART);
            if part.is_empty() {
                break;
            }
            read.extend_from_slice(&part);
        }
        assert_eq!(read, bytes);
        assert_eq!(
            file.read(199_990, 4).await.expect("it reads"),
            bytes.slice(199_990..199_994)
        );
        assert!(store.get(OTHER, &kept.name).await.expect("it looks").is_none());
        assert_eq!(store.size(SESSION).await.expect("it counts"), 200_000);
        let other = store
            .put(OTHER, Bytes::from_static(b"abc"), 3)
            .await
            .expect("it is kept");
        store.keep_sessions(&[SESSION]).await.expect("it removes");
        assert!(store.get(OTHER, &other.name).await.expect("it looks").is_none());
        assert!(store.get(SESSION, &kept.name).await.expect("it looks").is_some());
        store.remove(SESSION, &kept.name).await.expect("it is removed");
        assert!(store.get(SESSION, &kept.name).await.expect("it looks").is_none());
    }

    #[tokio::test]
    async fn what_is_too_large_or_not_finished_leaves_nothing() {
        let (dir, clock, store) = store();
        let refused = store.put(SESSION, Bytes::from_static(b"abcde"), 4).await;
        assert!(matches!(refused, Err(MediaError::TooLarge { limit: 4 })), "{refused:?}");
        drop(store.begin(SESSION, 4).await.expect("it begins"));
        let unfinished = dir.path().join("media").join(UNFINISHED);
        assert_eq!(fs::read_dir(&unfinished).expect("it is there").count(), 0);
        fs::write(unfinished.join("7"), b"half").expect("it writes");
        MediaStore::open(&dir.path().join("media"), clock).expect("it opens again");
        assert_eq!(fs::read_dir(&unfinished).expect("it is there").count(), 0);
    }

    #[tokio::test]
    async fn what_nobody_asked_for_grows_old() {
        let (_dir, clock, store) = store();
        let kept = store
            .put(SESSION, Bytes::from_static(b"abc"), 10)
            .await
            .expect("it is kept");
        assert_eq!(store.old(SESSION).await.expect("it lists"), []);
        clock.advance(LIFE + Duration::from_secs(1));
        assert_eq!(store.old(SESSION).await.expect("it lists"), [kept]);
        assert_eq!(store.touch(SESSION, &kept.name).await.expect("it looks"), Some(3));
        assert_eq!(store.old(SESSION).await.expect("it lists"), []);
    }
}
