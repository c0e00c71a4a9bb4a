//! The packages of plugins that are installed: directories named by digest, which never change.
//!
//! A package is written aside, synced, and only then named; whoever finds a directory finds all of it. What is read is checked against
//! its name, so that a file that somebody changed is told and not run. Which of them are needed is for others to say
//! ([`Packages::keep_only`]). Only this module touches the directory.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Mutex;

use crate::package::{MAX_BYTES, MAX_FILES, Package, PackageDigest, PackageError};

/// What a package that is being written is called. There is one at a time.
const UNFINISHED: &str = "unfinished";

/// Why a package could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// What lies in its directory is not what it is named by.
    #[error("the files of the package {digest} were changed: {problem}")]
    Changed {
        /// Its name.
        digest: PackageDigest,
        /// How that shows.
        problem: String,
    },
    /// The directory cannot be used.
    #[error("a plugin's package could not be {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> PackagesError {
    move |source| PackagesError::Io { what, source }
}

/// The directory of packages. Clones are the same.
#[derive(Debug, Clone)]
pub struct Packages {
    dir: Arc<Path>,
    /// Held while something is written or removed.
    writing: Arc<Mutex<()>>,
}

impl Packages {
    /// Uses a directory, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn open(dir: &Path) -> Result<Self, PackagesError> {
        fs::create_dir_all(dir).map_err(failed("kept"))?;
        Ok(Self {
            dir: dir.into(),
            writing: Arc::default(),
        })
    }

    /// Where a package is, if it is there: for words, and for whoever wants to look.
    #[must_use]
    pub fn path(&self, digest: &PackageDigest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    /// Keeps a package; durable when this returns. One that is there already is left as it is.
    ///
    /// # Errors
    /// When it cannot be written; nothing is kept then.
    pub async fn put(&self, package: Package) -> Result<PackageDigest, PackagesError> {
        let writing = Arc::clone(&self.writing).lock_owned().await;
        let dir = Arc::clone(&self.dir);
        blocking(move || {
            let _writing = writing;
            let digest = package.digest();
            write(&dir, &digest, &package).map_err(failed("written"))?;
            Ok(digest)
        })
        .await
    }

    /// A package; none if it is not there.
    ///
    /// # Errors
    /// When it cannot be read, or is not what it was.
    pub async fn get(&self, digest: PackageDigest) -> Result<Option<Package>, PackagesError> {
        let path = self.path(&digest);
        blocking(move || {
            if !path.is_dir() {
                return Ok(None);
            }
            let changed = |error: PackageError| PackagesError::Changed {
                digest,
                problem: error.to_string(),
            };
            let mut package = Package::default();
            let mut names = Vec::new();
            list(&path, "", &mut names).map_err(failed("read"))?;
            for name in names {
                let mut content = Vec::new();
                File::open(path.join(&name))
                    .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut content))
                    .map_err(failed("read"))?;
                package.add(&name, Bytes::from(content)).map_err(changed)?;
            }
            match package.digest() {
                same if same == digest => Ok(Some(package)),
                other => Err(PackagesError::Changed {
                    digest,
                    problem: format!("they are those of {other}"),
                }),
            }
        })
        .await
    }

    /// Whether a package is there.
    #[must_use]
    pub fn has(&self, digest: &PackageDigest) -> bool {
        self.path(digest).is_dir()
    }

    /// Removes every package but those; answers how many.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub async fn keep_only(&self, needed: HashSet<PackageDigest>) -> Result<usize, PackagesError> {
        let writing = Arc::clone(&self.writing).lock_owned().await;
        let dir = Arc::clone(&self.dir);
        blocking(move || {
            let _writing = writing;
            let needed: HashSet<String> = needed.iter().map(PackageDigest::hex).collect();
            sweep(&dir, &needed).map_err(failed("removed"))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PackagesError> + Send + 'static,
) -> Result<T, PackagesError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(failed("handled")(io::Error::other(error))))
}

fn write(dir: &Path, digest: &PackageDigest, package: &Package) -> io::Result<()> {
    let path = dir.join(digest.hex());
    if path.is_dir() {
        return Ok(());
    }
    let unfinished = dir.join(UNFINISHED);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir(&unfinished)?;
    for (name, content) in package.files() {
        let place = unfinished.join(name);
        if let Some(above) = place.parent() {
            fs::create_dir_all(above)?;
        }
        let mut file = File::create(place)?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    sync_directories(&unfinished)?;
    fs::rename(&unfinished, &path)?;
    // The name is durable when the directory it stands in is.
    File::open(dir)?.sync_all()
}

fn sync_directories(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    File::open(dir)?.sync_all()
}

/// Names of all files below a directory. Anything else there is listed too, and is no file of a package when it is read.
fn list(dir: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if names.len() > MAX_FILES {
            return Ok(());
        }
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

fn sweep(dir: &Path, needed: &HashSet<String>) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if needed.contains(&name) {
            continue;
        }
        // Out of the way first: half a package must not be found under its name.
        let unfinished = dir.join(UNFINISHED);
        if name != UNFINISHED {
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            fs::rename(entry.path(), &unfinished)?;
            swept += 1;
        }
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn package(content: &'static [u8]) -> Package {
        let mut package = Package::default();
        package.add("plugin.toml", Bytes::from_static(content)).expect("a file");
        package
            .add("deep/schema.json", Bytes::from_static(b"{}"))
            .expect("a file");
        package
    }

    fn open() -> (TempDir, Packages) {
        let dir = tempfile::tempdir().expect("a directory");
        let packages = Packages::open(&dir.path().join("packages")).expect("it opens");
        (dir, packages)
    }

    #[tokio::test]
    async fn a_package_is_found_by_its_digest_as_it_was() {
        let (dir, packages) = open();
        let digest = packages.put(package(b"one")).await.expect("kept");
        assert_eq!(digest, package(b"one").digest());
        assert_eq!(packages.put(package(b"one")).await.expect("kept"), digest, "once more");
        let again = Packages::open(&dir.path().join("packages")).expect("it opens");
        assert_eq!(again.get(digest).await.expect("read"), Some(package(b"one")));
        assert_eq!(again.get(package(b"two").digest()).await.expect("read"), None);
    }

    #[tokio::test]
    async fn what_was_changed_is_told() {
        let (_dir, packages) = open();
        let digest = packages.put(package(b"one")).await.expect("kept");
        fs::write(packages.path(&digest).join("plugin.toml"), "two").expect("written");
        let error = packages.get(digest).await.expect_err("changed");
        assert!(matches!(error, PackagesError::Changed { .. }), "{error}");
        fs::write(packages.path(&digest).join("plugin.toml"), "one").expect("written");
        fs::write(packages.path(&digest).join("more"), "").expect("written");
        let error = packages.get(digest).await.expect_err("changed");
        assert!(matches!(error, PackagesError::Changed { .. }), "{error}");
    }

    #[tokio::test]
    async fn what_a_crash_left_is_in_nobodys_way() {
        let (_dir, packages) = open();
        fs::create_dir(packages.dir.join(UNFINISHED)).expect("made");
        fs::write(packages.dir.join(UNFINISHED).join("old"), "half").expect("written");
        let digest = packages.put(package(b"one")).await.expect("kept");
        assert_eq!(packages.get(digest).await.expect("read"), Some(package(b"one")));
    }

    #[tokio::test]
    async fn only_what_is_needed_stays() {
        let (_dir, packages) = open();
        let one = packages.put(package(b"one")).await.expect("kept");
        let two = packages.put(package(b"two")).await.expect("kept");
        assert_eq!(packages.keep_only(HashSet::from([two])).await.expect("swept"), 1);
        assert!(!packages.has(&one) && packages.has(&two));
    }
}
