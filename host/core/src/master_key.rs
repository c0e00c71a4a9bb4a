//! The key that device keys and stored secrets are encrypted under at rest.
//!
//! Given in configuration as text, or kept in a file that only its owner may read. It never appears in a message or a log.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use sha2::{Digest, Sha256};

/// Bytes of a key.
const LENGTH: usize = 32;

/// 32 secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Arc<[u8; LENGTH]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not a key in text form.
    #[error("the master key is not 32 bytes as 64 hex digits or base64 (got {length} characters)")]
    Text {
        /// Its length; never its content.
        length: usize,
    },
    /// The key file can be read by others.
    #[error("the key file {} can be read by others (mode {mode:o}): run chmod 600 on it", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("the key file {} does not hold a key", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<MasterKeyError>,
    },
    /// The key file could not be read or made.
    #[error("the key file {} could not be {step}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed.
        step: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl MasterKey {
    /// Wraps raw bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(Arc::new(bytes))
    }

    /// Draws a key from the operating system.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; LENGTH];
        OsRng.fill_bytes(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// Reads the key file, and makes it with a fresh key when there is none.
    ///
    /// # Errors
    /// [`MasterKeyError::Readable`] when group or others have any right on it, [`MasterKeyError::Content`], [`MasterKeyError::Io`].
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                refuse_readable(path)?;
                text.trim().parse().map_err(|source| MasterKeyError::Content {
                    path: path.to_owned(),
                    source: Box::new(source),
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::generate_file(path),
            Err(source) => Err(MasterKeyError::Io {
                path: path.to_owned(),
                step: "read",
                source,
            }),
        }
    }

    fn generate_file(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |step| {
            move |source| MasterKeyError::Io {
                path: path.to_owned(),
                step,
                source,
            }
        };
        let key = Self::generate();
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed("created"))?;
        writeln!(file, "{}", STANDARD.encode(key.bytes())).map_err(failed("written"))?;
        file.sync_all().map_err(failed("made durable"))?;
        // The name must survive a crash too: without this file every linked device would have to be linked again.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("made durable"))?;
        Ok(key)
    }

    /// A secret that only the holder of this key can compute, the same for the same use and input.
    #[must_use]
    pub fn derive(&self, purpose: &str, input: &[u8]) -> [u8; LENGTH] {
        let mut inner = Sha256::new();
        inner.update(*self.0);
        inner.update(purpose);
        inner.update([0]);
        inner.update(input);
        // Hashed twice, so that one secret tells nothing about another.
        let mut outer = Sha256::new();
        outer.update(*self.0);
        outer.update(inner.finalize());
        outer.finalize().into()
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

#[cfg(unix)]
fn refuse_readable(path: &Path) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path).map_err(|source| MasterKeyError::Io {
        path: path.to_owned(),
        step: "read",
        source,
    })?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::Readable {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_readable(_path: &Path) -> Result<(), MasterKeyError> {
    Ok(())
}

impl FromStr for MasterKey {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<Self, MasterKeyError> {
        let wrong = || MasterKeyError::Text {
            length: text.chars().count(),
        };
        let bytes = if text.len() == 2 * LENGTH {
            hex(text)
        } else {
            STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
        };
        let bytes: [u8; LENGTH] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
        Ok(Self::from_bytes(bytes))
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(*pair.get(1)?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_base64_are_the_same_key() {
        let key = MasterKey::from_bytes(std::array::from_fn(|n| u8::try_from(n).expect("small")));
        let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [
            hex.clone(),
            hex.to_uppercase(),
            STANDARD.encode(key.bytes()),
            URL_SAFE_NO_PAD.encode(key.bytes()),
        ] {
            assert!(text.parse::<MasterKey>().expect("a key") == key, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_without_being_shown() {
        for text in [
            "",
            "secret",
            &"zz".repeat(32),
            &"00".repeat(31),
            &STANDARD.encode([1; 31]),
        ] {
            let error = text.parse::<MasterKey>().expect_err("no key").to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn derived_secrets_differ_by_key_use_and_input() {
        let key = MasterKey::generate();
        let secret = key.derive("a", b"b");
        assert_eq!(key.clone().derive("a", b"b"), secret);
        for other in [
            key.derive("b", b"b"),
            key.derive("a", b"c"),
            MasterKey::generate().derive("a", b"b"),
            *key.bytes(),
        ] {
            assert_ne!(other, secret);
        }
    }

    #[test]
    fn debug_says_nothing() {
        assert_eq!(format!("{:?}", MasterKey::generate()), "MasterKey(…)");
    }

    #[test]
    fn a_made_file_is_private_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let made = MasterKey::from_file(&path).expect("made");
        assert!(MasterKey::from_file(&path).expect("read") == made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).expect("there").permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        MasterKey::from_file(&path).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
        let error = MasterKey::from_file(&path).expect_err("refused");
        assert!(matches!(error, MasterKeyError::Readable { mode: 0o640, .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_without_a_key_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        MasterKey::from_file(&path).expect("made");
        std::fs::write(&path, "nonsense\n").expect("written");
        assert!(
            MasterKey::from_file(&path)
                .expect_err("refused")
                .to_string()
                .contains("master.key")
        );
    }
}
