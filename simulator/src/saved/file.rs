//! Reading and writing the file. It is replaced as a whole or not at all, and what is refused is named.

use std::path::{Path, PathBuf};

use crate::error::WorldFileError;
use crate::saved::{FORMAT, SavedWorld, VERSION};

/// What is read before the rest, because the rest depends on it.
#[derive(serde::Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// Writes a world beside the file of that name and puts it in its place.
pub(crate) async fn write(path: &Path, world: &SavedWorld) -> Result<(), WorldFileError> {
    let failed = |source| WorldFileError::Write {
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_vec(world).map_err(|source| WorldFileError::Malformed {
        path: path.to_owned(),
        source,
    })?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    tokio::fs::write(&beside, text).await.map_err(failed)?;
    tokio::fs::rename(&beside, path).await.map_err(failed)
}

/// Reads a world.
pub(crate) async fn read(path: &Path) -> Result<SavedWorld, WorldFileError> {
    let text = tokio::fs::read(path).await.map_err(|source| WorldFileError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &[u8]) -> Result<SavedWorld, WorldFileError> {
    let path = || path.to_owned();
    let refused = |source: serde_json::Error| {
        if source.is_eof() {
            WorldFileError::Truncated { path: path() }
        } else {
            WorldFileError::Malformed { path: path(), source }
        }
    };
    // Anything that is JSON to the end, so that a file cut short is not taken for one of another kind.
    serde_json::from_slice::<serde::de::IgnoredAny>(text).map_err(refused)?;
    let head: Head = serde_json::from_slice(text).map_err(|_| WorldFileError::Format { path: path() })?;
    if head.format != FORMAT {
        return Err(WorldFileError::Format { path: path() });
    }
    if head.version != VERSION {
        return Err(WorldFileError::Version {
            path: path(),
            found: head.version,
            supported: VERSION,
        });
    }
    serde_json::from_slice(text).map_err(refused)
}
