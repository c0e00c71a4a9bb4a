//! A package that came as one file: a tar archive, compressed by gzip or not.
//!
//! The manifest is at the top of the archive or in the one directory that is there; what else lies around is passed over, as it is in a
//! directory. Nothing is written while it is read, links are not followed, and no more is unpacked than a package may hold.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::Path;

use bytes::Bytes;
use waspnest_core::package::{MAX_BYTES, MAX_FILES};
use waspnest_engine::{MANIFEST, repack};

use super::{Arrived, RolloutError, signature};

/// Entries that are looked at: a package's own, and as many beside them.
const MAX_ENTRIES: usize = MAX_FILES * 16;

/// The first bytes of what gzip made.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The package in an archive; `place` is what messages call it.
///
/// # Errors
/// [`RolloutError::Arrival`] when it is no archive or holds no manifest, [`RolloutError::Load`] when a file is missing.
pub(crate) fn unpack(archive: &Bytes, place: &Path) -> Result<Arrived, RolloutError> {
    let reader = Cursor::new(archive.clone());
    let files = if archive.starts_with(&GZIP) {
        files(flate2::read::GzDecoder::new(reader))
    } else {
        files(reader)
    };
    let files = files.map_err(|error| RolloutError::Arrival {
        problem: format!("the archive cannot be read: {error}"),
    })?;
    let manifests = files.keys().filter_map(|name| name.strip_suffix(MANIFEST));
    let mut tops = manifests.filter(|top| top.is_empty() || top.find('/') == Some(top.len() - 1));
    let Some(top) = tops.next().map(str::to_owned) else {
        return Err(RolloutError::Arrival {
            problem: format!("there is no {MANIFEST} at the top of the archive, nor in a directory there"),
        });
    };
    if !top.is_empty() && tops.next().is_some() {
        return Err(RolloutError::Arrival {
            problem: "several directories of the archive hold a plugin".to_owned(),
        });
    }
    let find = |name: &str| files.get(&format!("{top}{name}")).cloned();
    Ok(Arrived {
        package: repack(place, find)?,
        signature: find(signature::FILE),
        origin: place.display().to_string(),
    })
}

/// The ordinary files of an archive by their names.
fn files(reader: impl Read) -> io::Result<BTreeMap<String, Bytes>> {
    let too_large = || io::Error::other(format!("it holds more than a package may: {MAX_BYTES} bytes"));
    let mut files = BTreeMap::new();
    let mut room = MAX_BYTES;
    let mut archive = tar::Archive::new(reader.take(2 * MAX_BYTES));
    for (index, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if index >= MAX_ENTRIES {
            return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} entries")));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path()?.to_string_lossy().into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
        let mut content = Vec::new();
        entry.by_ref().take(room + 1).read_to_end(&mut content)?;
        room = room.checked_sub(content.len() as u64).ok_or_else(too_large)?;
        files.insert(name, content.into());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &str = "manifest = 1\n[plugin]\nid = \"org.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n";

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            // By hand: the library refuses to write names that we have to refuse to read.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).expect("memory");
        }
        builder.into_inner().expect("memory")
    }

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory").into()
    }

    fn unpacked(archive: impl Into<Bytes>) -> Result<Arrived, String> {
        unpack(&archive.into(), Path::new("upload")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plugin_has_the_same_digest_whichever_way_it_came() {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, content) in [(MANIFEST, TEXT), ("a.wasm", "\0asm"), ("README.md", "read me")] {
            std::fs::write(dir.path().join(name), content).expect("written");
        }
        let digest = waspnest_engine::pack(dir.path()).expect("a package").digest();
        let files: [(&str, &[u8]); 3] = [
            ("a.wasm", b"\0asm"),
            ("README.md", b"other"),
            (MANIFEST, TEXT.as_bytes()),
        ];
        let below = [("./a-1.0/a.wasm", files[0].1), ("./a-1.0/plugin.toml", files[2].1)];
        for archive in [tar(&files).into(), gzip(&tar(&files)), gzip(&tar(&below))] {
            assert_eq!(unpacked(archive).map(|arrived| arrived.package.digest()), Ok(digest));
        }
    }

    #[test]
    fn what_is_no_package_is_refused() {
        let manifest = (MANIFEST, TEXT.as_bytes());
        let wasm = ("a.wasm", &b"\0asm"[..]);
        let cases: [(Bytes, &str); 7] = [
            (Bytes::from_static(b"hello"), "cannot be read"),
            (gzip(b"hello"), "cannot be read"),
            (tar(&[wasm]).into(), "no plugin.toml"),
            (
                tar(&[("a/b/plugin.toml", TEXT.as_bytes()), wasm]).into(),
                "no plugin.toml",
            ),
            (
                tar(&[("a/plugin.toml", b""), ("b/plugin.toml", b"")]).into(),
                "several directories",
            ),
            (tar(&[manifest]).into(), "a.wasm"),
            (tar(&[manifest, ("../a.wasm", b"\0asm")]).into(), "a.wasm"),
        ];
        for (archive, says) in cases {
            let error = unpacked(archive).expect_err(says);
            assert!(error.contains(says), "{error}");
        }
        let bomb = gzip(&tar(&[(
            "a.wasm",
            &vec![0; usize::try_from(MAX_BYTES).expect("it fits") + 1],
        )]));
        assert!(bomb.len() < 1 << 20, "it is small when it comes");
        assert!(
            unpacked(bomb)
                .expect_err("too large")
                .contains("more than a package may")
        );
    }
}
