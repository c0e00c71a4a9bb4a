//! The files that records name, in the data directory: those of plugins, of messages, and packages.
//!
//! They are named by their content and never change, so a file that is read after the records that name it is the one they mean; it may be
//! gone by then, which is told.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::codec;
use crate::files::FileName;
use crate::id::SessionId;
use crate::schema::{session, system};
use crate::store::Space;
use crate::uploaded_plugin::UploadedPlugin;
use crate::version::Versions;

/// Where they are.
pub(super) const DIRECTORIES: [&str; 3] = ["files", "media", "packages"];
/// What is being written is called so, and is none.
const UNFINISHED: &str = "unfinished";

/// One file.
pub(super) struct Content {
    /// Its path in the data directory, with `/` between names.
    pub(super) path: Box<str>,
    /// Where it is.
    pub(super) at: PathBuf,
    /// The digest it is named by; none for a file in a package, which is named as a whole.
    pub(super) named: Option<FileName>,
}

/// All files below the directories, one after another.
pub(super) struct Contents {
    data: PathBuf,
    /// Paths that are still to be looked at, the next one last.
    ahead: Vec<String>,
    sessions: HashSet<String>,
}

impl Contents {
    /// Those in a data directory; of media, those of these sessions.
    pub(super) fn of(data: &Path, sessions: impl Iterator<Item = SessionId>) -> Self {
        Self {
            data: data.to_owned(),
            ahead: DIRECTORIES.iter().rev().map(|&name| name.to_owned()).collect(),
            sessions: sessions.map(|session| session.to_string()).collect(),
        }
    }

    /// The next file.
    pub(super) fn next(&mut self) -> io::Result<Option<Content>> {
        while let Some(path) = self.ahead.pop() {
            let at = self.data.join(&path);
            // It may be gone since its directory was read.
            let Some(about) = found(fs::symlink_metadata(&at))? else {
                continue;
            };
            if about.is_file() {
                let named = path.rsplit('/').next().and_then(|name| name.parse().ok());
                let named = named.filter(|_| !path.starts_with("packages/"));
                return Ok(Some(Content {
                    path: path.into(),
                    at,
                    named,
                }));
            }
            if !about.is_dir() {
                continue;
            }
            let mut names = Vec::new();
            for entry in found(fs::read_dir(&at))?.into_iter().flatten() {
                // A name that is no text is none of ours.
                let Ok(name) = entry?.file_name().into_string() else {
                    continue;
                };
                let wanted = name != UNFINISHED && (path != "media" || self.sessions.contains(&name));
                if wanted {
                    names.push(name);
                }
            }
            names.sort_unstable();
            self.ahead
                .extend(names.into_iter().rev().map(|name| format!("{path}/{name}")));
        }
        Ok(None)
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What must be there: files, and directories of packages.
#[derive(Default)]
pub(super) struct Named(HashSet<String>);

impl Named {
    /// Takes note of what a record names. One that cannot be read names nothing here; checking the store tells of it.
    pub(super) fn read(&mut self, space: Space, key: &Bytes, value: &Bytes) {
        let table = key.first().copied().unwrap_or_default();
        match space {
            Space::Session(id) if table == session::UPLOAD => {
                if let Ok(digest) = <[u8; 32]>::try_from(&key[1..]) {
                    let name = FileName::from(digest).to_string();
                    self.0.insert(format!("media/{id}/{}/{name}", &name[..2]));
                }
            }
            Space::System if table == system::VERSIONS => {
                let versions = codec::decode::<Versions>(key, value);
                let digests = versions
                    .iter()
                    .flat_map(|versions| &versions.installed)
                    .map(|version| version.digest);
                self.0
                    .extend(digests.map(|digest| format!("packages/{}", digest.hex())));
            }
            Space::System if table == system::UPLOADED_PLUGIN => {
                let uploaded = codec::decode::<UploadedPlugin>(key, value);
                let versions = uploaded.iter().flat_map(|uploaded| &uploaded.versions);
                self.0
                    .extend(versions.map(|version| format!("packages/{}", version.digest.hex())));
            }
            Space::Session(_) | Space::System | Space::Sessions => {}
        }
    }

    /// It is there.
    pub(super) fn found(&mut self, path: &str) {
        if !self.0.remove(path) && path.starts_with("packages/") {
            let package: Vec<&str> = path.split('/').take(2).collect();
            self.0.remove(&package.join("/"));
        }
    }

    /// What was not found.
    pub(super) fn missing(self) -> Vec<Box<str>> {
        let mut missing: Vec<Box<str>> = self.0.into_iter().map(String::into_boxed_str).collect();
        missing.sort_unstable();
        missing
    }
}
