//! A plugin as it lies on disk: a manifest and the bytes of a component.

use std::path::{Path, PathBuf};

use crate::manifest::Manifest;
use crate::plugin::{Digest, LoadError};

/// Bytes of the largest component the host compiles.
const COMPONENT_BYTES: u64 = 25 << 20;

/// What was read, and nothing of it trusted yet.
pub(super) struct Package {
    pub(super) manifest: Manifest,
    /// Where the component is, for messages.
    pub(super) path: PathBuf,
    pub(super) digest: Digest,
    pub(super) wasm: Vec<u8>,
}

impl Package {
    /// Reads a manifest and the component beside it.
    pub(super) fn read(manifest_file: &Path) -> Result<Self, LoadError> {
        let manifest = Manifest::read(manifest_file)?;
        let path = manifest_file
            .parent()
            .unwrap_or(Path::new(""))
            .join(&manifest.component);
        let read_error = |source| LoadError::Read {
            path: path.clone(),
            source,
        };
        let bytes = std::fs::metadata(&path).map_err(read_error)?.len();
        if bytes > COMPONENT_BYTES {
            return Err(LoadError::TooLarge {
                path,
                bytes,
                max: COMPONENT_BYTES,
            });
        }
        let wasm = std::fs::read(&path).map_err(read_error)?;
        let problem = match wasm.get(..8) {
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                Some("it is a core module; wrap it with `wasm-tools component new`")
            }
            Some([0, b'a', b's', b'm', ..]) => None,
            Some(_) | None => Some("it does not begin like WebAssembly"),
        };
        match problem {
            Some(problem) => Err(LoadError::NotAComponent { path, problem }),
            None => Ok(Self {
                manifest,
                path,
                digest: Digest::of(&wasm),
                wasm,
            }),
        }
    }
}
