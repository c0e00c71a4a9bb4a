//! An author's directory, and what is generated in it.
//!
//! Everything generated is below `.waspnest/`, which git ignores by a file of its own. A file is written only when its content
//! changed, so that tools which build by time build nothing anew; files of an earlier version go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::carried::{CONTRACT, MANIFEST_SCHEMA};
use crate::language::Language;
use crate::toolchain::{self, BuildError};
use crate::world::World;

/// The directory for what is generated, below the plugin's.
pub const GENERATED: &str = ".waspnest";

/// The plugin of one directory.
#[derive(Debug, Clone)]
pub struct Project {
    dir: PathBuf,
    language: Language,
    source: PathBuf,
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file or directory.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl Project {
    /// The plugin in `dir`, whose sources begin at `source` below it, or where those of its language usually do.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn new(dir: &Path, language: Language, source: Option<&Path>) -> io::Result<Self> {
        Ok(Self {
            // Tools run elsewhere, and some take absolute paths only.
            dir: dir.canonicalize()?,
            language,
            source: source.unwrap_or(Path::new(language.usual_source())).to_owned(),
        })
    }

    /// Its directory, absolute.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its language.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Where its sources begin: a file or directory, absolute.
    #[must_use]
    pub fn source(&self) -> PathBuf {
        self.dir.join(&self.source)
    }

    /// The WIT package with its world, absolute; the contract is in `deps/` there.
    #[must_use]
    pub fn wit(&self) -> PathBuf {
        self.dir.join(GENERATED).join("wit")
    }

    /// The SDK of its language, absolute.
    #[must_use]
    pub fn sdk(&self) -> PathBuf {
        self.dir.join(GENERATED).join("sdk").join(self.language.word())
    }

    /// Where tools are that were fetched for it, absolute.
    pub(crate) fn tools(&self) -> PathBuf {
        self.dir.join(GENERATED).join("tools")
    }

    /// A directory in which its tools may leave what they like, absolute. Made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<PathBuf, WriteError> {
        let path = self.dir.join(GENERATED).join("build");
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(WriteError { path, source }),
        }
    }

    /// Writes what is generated: world, contract, SDK, and the schema of the manifest.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn generate(&self, world: &World) -> Result<(), WriteError> {
        let top = self.dir.join(GENERATED);
        write(&top.join(".gitignore"), "*\n")?;
        write(&top.join("plugin.schema.json"), MANIFEST_SCHEMA)?;
        let mut wit = vec![(PathBuf::from("world.wit"), world.wit())];
        wit.extend(CONTRACT.iter().map(|file| {
            let path = Path::new("deps/waspnest-plugin").join(file.path);
            (path, file.text.to_owned())
        }));
        write_all(&self.wit(), wit)?;
        write_all(&self.sdk(), self.language.toolchain().layer(world))
    }

    /// Calls the tool of its language, and answers what it made: a component, or a core module that says in a section of its own which
    /// component it is meant to be. Lines of the tool go to `progress`.
    ///
    /// # Errors
    /// [`BuildError`], which says what to do.
    pub fn build(&self, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let toolchain = self.language.toolchain();
        toolchain::look_for(toolchain.tools())?;
        let source = self.source();
        if !source.exists() {
            return Err(BuildError::NoSource { path: source });
        }
        toolchain.build(self, progress)
    }
}

/// Makes a directory hold exactly these files.
fn write_all(dir: &Path, files: Vec<(PathBuf, String)>) -> Result<(), WriteError> {
    let mut wanted = BTreeSet::new();
    for (path, text) in files {
        let path = dir.join(path);
        write(&path, &text)?;
        wanted.insert(path);
    }
    remove_others(dir, &wanted)
}

fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    if fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| WriteError {
            path: path.to_owned(),
            source,
        })
}

fn remove_others(dir: &Path, wanted: &BTreeSet<PathBuf>) -> Result<(), WriteError> {
    let failed = |source| WriteError {
        path: dir.to_owned(),
        source,
    };
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            remove_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path).map_err(|source| WriteError { path, source })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
