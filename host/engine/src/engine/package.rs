//! From the files of a package to a manifest and the bytes of a component.
//!
//! A package is the manifest, under the name `plugin.toml`, and the files it names; what else lies beside them is not part of it, so that
//! a plugin has the same digest whichever way it came. Nothing that is read here is trusted yet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use waspnest_core::package::{Package, PackageDigest};

use super::adapt;
use crate::configuration::ConfigSchema;
use crate::manifest::{Manifest, ManifestError};
use crate::plugin::{Digest, LoadError};

/// What the manifest of a package is called.
pub const MANIFEST: &str = "plugin.toml";

/// Bytes of the largest component the host compiles.
const COMPONENT_BYTES: u64 = 25 << 20;

/// Bytes of the largest manifest that is read.
const MANIFEST_BYTES: u64 = 1 << 20;

/// Makes a package of a plugin's directory; `path` is the directory, or the manifest in it.
///
/// # Errors
/// [`LoadError`], when the manifest or a file it names cannot be used.
pub fn pack(path: &Path) -> Result<Package, LoadError> {
    let manifest = if path.is_dir() {
        path.join(MANIFEST)
    } else {
        path.to_owned()
    };
    let dir = manifest.parent().unwrap_or(Path::new("")).to_owned();
    let unreadable = |source| {
        let file = manifest.clone();
        LoadError::Manifest(ManifestError::Read { file, source })
    };
    let text = read(&manifest, MANIFEST_BYTES).map_err(unreadable)?;
    assemble(&dir, text, |name| read(&dir.join(name), COMPONENT_BYTES))
}

/// Makes a package of files that came together, of which `find` finds one by its name; `place` is what messages call them.
///
/// # Errors
/// [`LoadError`], when the manifest or a file it names is missing or cannot be used.
pub fn repack(place: &Path, find: impl Fn(&str) -> Option<Bytes>) -> Result<Package, LoadError> {
    let found = |name: &str| find(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
    let text = found(MANIFEST).map_err(|source| {
        let file = place.join(MANIFEST);
        LoadError::Manifest(ManifestError::Read { file, source })
    })?;
    assemble(place, text, found)
}

fn assemble(
    place: &Path,
    manifest: Bytes,
    mut read: impl FnMut(&str) -> io::Result<Bytes>,
) -> Result<Package, LoadError> {
    let parsed = parse(place, &manifest)?;
    let mut package = Package::default();
    let mut add = |name: &str, content| {
        package.add(name, content).map_err(|source| LoadError::Package {
            place: place.to_owned(),
            source,
        })
    };
    add(MANIFEST, manifest)?;
    for name in parsed.files() {
        let path = place.join(&*name);
        let content = read(&name).map_err(|source| LoadError::Read { path, source })?;
        add(&name, content)?;
    }
    Ok(package)
}

fn parse(place: &Path, manifest: &[u8]) -> Result<Manifest, LoadError> {
    let file = place.join(MANIFEST);
    let text = std::str::from_utf8(manifest).map_err(|error| ManifestError::Read {
        file: file.clone(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })?;
    Ok(Manifest::parse(&file, text)?)
}

/// A file, or as much of it as shows that it is too large.
fn read(path: &Path, most: u64) -> io::Result<Bytes> {
    use io::Read as _;
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut content)?;
    Ok(content.into())
}

/// A package, read.
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    /// Where the component is, for messages.
    pub(super) path: PathBuf,
    /// Names the component.
    pub(super) digest: Digest,
    /// Names all of it.
    pub(super) package: PackageDigest,
    pub(super) wasm: Vec<u8>,
    /// What the plugin's configuration must fit.
    pub(super) schema: Option<Arc<ConfigSchema>>,
}

/// Reads the manifest and finds the component.
pub(super) fn unpack(place: &Path, package: &Package) -> Result<Unpacked, LoadError> {
    let missing = |name: &str| LoadError::Read {
        path: place.join(name),
        source: io::Error::from(io::ErrorKind::NotFound),
    };
    let manifest = parse(place, package.get(MANIFEST).ok_or_else(|| missing(MANIFEST))?)?;
    let name = manifest.component.to_string_lossy();
    let path = place.join(&*name);
    let wasm = package.get(&name).ok_or_else(|| missing(&name))?;
    if wasm.len() as u64 > COMPONENT_BYTES {
        return Err(LoadError::TooLarge {
            path,
            max: COMPONENT_BYTES,
        });
    }
    let form = adapt::form(wasm);
    let schema = manifest.config_schema.as_ref().map(|name| {
        let name = name.to_string_lossy();
        schema(place.join(&*name), package.get(&name).ok_or_else(|| missing(&name))?)
    });
    let schema = schema.transpose()?;
    match form {
        Err(problem) => Err(LoadError::NotAComponent { path, problem }),
        Ok(adapt::Form::Component | adapt::Form::Described) => Ok(Unpacked {
            path,
            digest: Digest::of(wasm),
            package: package.digest(),
            wasm: wasm.to_vec(),
            schema,
            manifest,
        }),
    }
}

/// Reads a schema, of which nothing is trusted.
fn schema(path: PathBuf, text: &[u8]) -> Result<Arc<ConfigSchema>, LoadError> {
    let parsed = match std::str::from_utf8(text) {
        Ok(text) => ConfigSchema::parse(text).map_err(|error| error.to_string()),
        Err(error) => Err(format!("is not text: {error}")),
    };
    match parsed {
        Ok(schema) => Ok(Arc::new(schema)),
        Err(problem) => Err(LoadError::ConfigSchema { path, problem }),
    }
}
