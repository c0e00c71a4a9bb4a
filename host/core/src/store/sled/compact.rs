//! Writing a store anew, without what was removed from it.
//!
//! sled writes what changes behind what there is, and gives the room of what was removed to something else some day; until then its bytes are
//! in the file. Whoever has to know that nothing is left copies what there is into a fresh file, which then takes the place of the old one.
//! The copy lies in a directory beside it, [`COPYING`] until it is whole and [`COPIED`] from then on. A crash leaves either the old file, or a
//! whole copy that the next opening puts in its place.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::directory::{OpenError, lock};
use super::{SledOptions, SledStore};
use crate::store::{Class, Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// What a copy that is being made is in.
const COPYING: &str = "copying";
/// What a whole copy is in, until its file has taken the place of the old one.
const COPIED: &str = "copied";

/// Bytes that are copied between two flushes.
const FLUSH: usize = 32 << 20;

/// Why a store was not written anew. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read, or the copy not be written.
    #[error("the store could not be copied")]
    Store(#[from] StoreError),
    /// A file cannot be handled.
    #[error("the copy of the store could not be {step}")]
    Io {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The copy is not what was copied.
    #[error("the copy of {space:?} has {found} records instead of {wanted}")]
    Different {
        /// Where.
        space: Space,
        /// How many there are.
        wanted: u64,
        /// How many the copy has.
        found: u64,
    },
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Records that were copied.
    pub records: u64,
    /// Bytes of the file before.
    pub before: u64,
    /// And now.
    pub after: u64,
}

fn failed(step: &'static str) -> impl FnOnce(io::Error) -> CompactError {
    move |source| CompactError::Io { step, source }
}

/// Writes the store in `dir` anew. Nobody else may use it, and there has to be room for another copy.
///
/// # Errors
/// [`CompactError`].
pub async fn compact(dir: &Path, options: SledOptions) -> Result<Compacted, CompactError> {
    let (records, before) = copy(dir, options).await?;
    take_over(dir, &lock(dir)?)?;
    let after = size(dir)?;
    Ok(Compacted { records, before, after })
}

/// Writes the store in `dir` anew, as `change` makes it of a copy. Until all of that is done the store is as it was; then it is all
/// changed, and nothing of what was before is left in its file. There has to be room for two copies.
///
/// # Errors
/// [`CompactError`], or that of `change`.
pub async fn compact_changed<E: From<CompactError>>(
    dir: &Path,
    options: SledOptions,
    change: impl AsyncFnOnce(Arc<dyn Store>) -> Result<(), E>,
) -> Result<Compacted, E> {
    let (_, before) = copy(dir, options).await?;
    // Nobody begins to write into what is about to be replaced.
    let held = lock(dir).map_err(CompactError::from)?;
    let copying = dir.join(COPYING);
    let changed = async {
        let store: Arc<dyn Store> = SledStore::open(&copying, options).map_err(CompactError::from)?;
        change(Arc::clone(&store)).await?;
        Ok::<_, E>(store.flush().await.map_err(CompactError::from)?)
    };
    if let Err(error) = changed.await {
        super::directory::wait_for_lingering_threads(&copying);
        fs::remove_dir_all(&copying).map_err(failed("removed"))?;
        return Err(error);
    }
    let Compacted { records, .. } = Box::pin(compact(&copying, options)).await?;
    take_over(dir, &held)?;
    let after = size(dir)?;
    Ok(Compacted { records, before, after })
}

fn size(dir: &Path) -> Result<u64, CompactError> {
    let about = fs::metadata(dir.join("db"));
    about.map(|about| about.len()).map_err(failed("measured"))
}

/// Copies what is in the store into [`COPYING`], and answers with the count of records and the size before.
async fn copy(dir: &Path, options: SledOptions) -> Result<(u64, u64), CompactError> {
    let copying = dir.join(COPYING);
    let copied = {
        let store = SledStore::open(dir, options)?;
        if copying.exists() {
            fs::remove_dir_all(&copying).map_err(failed("removed"))?;
        }
        let copy: Arc<dyn Store> = SledStore::open(&copying, options)?;
        let mut records = 0;
        for space in store.spaces().await? {
            let wanted = each(&*store, space, Some(&*copy)).await?;
            let found = each(&*copy, space, None).await?;
            if found != wanted {
                return Err(CompactError::Different { space, wanted, found });
            }
            records += wanted;
        }
        copy.flush().await?;
        store.flush().await?;
        (records, size(dir)?)
    };
    super::directory::wait_for_lingering_threads(&copying);
    Ok(copied)
}

/// Puts what is in [`COPYING`] in the place of the store. Nobody has either open: the directory is held.
fn take_over(dir: &Path, _held: &File) -> Result<(), CompactError> {
    let copying = dir.join(COPYING);
    super::directory::wait_for_lingering_threads(dir);
    super::directory::wait_for_lingering_threads(&copying);
    fs::rename(&copying, dir.join(COPIED)).map_err(failed("named"))?;
    sync(dir).map_err(failed("made durable"))?;
    put_in_place(dir).map_err(failed("put in its place"))
}

/// Counts the records of a space, and copies them if there is somewhere to copy them to.
async fn each(from: &dyn Store, space: Space, to: Option<&dyn Store>) -> Result<u64, StoreError> {
    let mut range = KeyRange::prefix(&[]);
    let (mut count, mut unflushed) = (0, 0);
    loop {
        let page = from.scan(space, range.clone(), Order::Ascending, MAX_SCAN).await?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        range = range.after(last);
        count += page.len() as u64;
        let Some(to) = to else { continue };
        unflushed += page.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        let commit = Commit {
            space,
            expect: Vec::new(),
            ops: page.into_iter().map(|(key, value)| Op::Put(key, value)).collect(),
            class: Class::Lazy,
        };
        to.commit(commit).await?;
        if unflushed >= FLUSH {
            to.flush().await?;
            unflushed = 0;
        }
    }
}

/// Puts a whole copy in the place of the store, if there is one. May be interrupted and begun again.
pub(super) fn put_in_place(dir: &Path) -> io::Result<()> {
    let copied = dir.join(COPIED);
    if !copied.exists() {
        return Ok(());
    }
    // Snapshots are an index that sled makes again; one of the old file must not meet the new one.
    for dir in [dir, &copied] {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("snap.") {
                fs::remove_file(entry.path())?;
            }
        }
    }
    for name in ["conf", "db"] {
        if copied.join(name).exists() {
            fs::rename(copied.join(name), dir.join(name))?;
        }
    }
    sync(dir)?;
    fs::remove_dir_all(&copied)?;
    sync(dir)
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    const WORD: &[u8] = b"unmistakable-marmalade";

    fn contains(dir: &Path) -> bool {
        let has = |path: &Path| {
            let bytes = fs::read(path).expect("it reads");
            bytes.windows(WORD.len()).any(|window| window == WORD)
        };
        let entries = fs::read_dir(dir)
            .expect("it lists")
            .map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_file()).any(|path| has(&path))
    }

    fn space(number: u128) -> Space {
        Space::Session(SessionId::new(ulid::Ulid(number)))
    }

    fn open(dir: &Path) -> Arc<dyn Store> {
        SledStore::open(dir, SledOptions::default()).expect("it opens")
    }

    async fn filled(dir: &Path) -> Arc<dyn Store> {
        let store = open(dir);
        for number in 0..500_u64 {
            let key = number.to_be_bytes().to_vec();
            let gone = Commit::lazy(space(1)).put(key.clone(), [WORD, &[7; 300]].concat());
            store.commit(gone).await.expect("it commits");
            let stays = Commit::lazy(space(2)).put(key, vec![8; 300]);
            store.commit(stays).await.expect("it commits");
        }
        store.drop_space(space(1)).await.expect("it is dropped");
        store
    }

    #[tokio::test]
    async fn nothing_of_what_was_removed_is_left() {
        let dir = tempfile::tempdir().expect("a directory");
        drop(filled(dir.path()).await);
        assert!(
            contains(dir.path()),
            "sled has let go of it by itself: this is needed no more"
        );
        let done = compact(dir.path(), SledOptions::default())
            .await
            .expect("it is written anew");
        assert!(!contains(dir.path()));
        assert!(done.after <= done.before, "{done:?}");
        let store = open(dir.path());
        assert_eq!(each(&*store, space(2), None).await.expect("it reads"), 500);
        assert_eq!(
            done.records,
            500 + each(&*store, Space::System, None).await.expect("it reads")
        );
        store
            .commit(Commit::durable(space(3)).put("k", "1"))
            .await
            .expect("it takes more");
    }

    #[tokio::test]
    async fn a_crash_leaves_the_old_store_or_the_new_one() {
        let dir = tempfile::tempdir().expect("a directory");
        drop(filled(dir.path()).await);
        // Half copied.
        fs::create_dir(dir.path().join(COPYING)).expect("it is made");
        fs::write(dir.path().join(COPYING).join("db"), "half").expect("it is written");
        assert_eq!(each(&*open(dir.path()), space(2), None).await.expect("it reads"), 500);
        compact(dir.path(), SledOptions::default())
            .await
            .expect("it begins again");
        assert!(!dir.path().join(COPYING).exists());
        // Whole, and not in its place yet.
        let copied = dir.path().join(COPIED);
        let copy = open(&copied);
        let commit = Commit::durable(space(2)).put("only", "one");
        copy.commit(commit)
            .await
            .expect("it commits")
            .durable()
            .await
            .expect("it is durable");
        drop(copy);
        assert_eq!(each(&*open(dir.path()), space(2), None).await.expect("it reads"), 1);
        assert!(!copied.exists());
    }
}
