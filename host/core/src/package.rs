//! A plugin as it travels: a handful of files, named together by one digest.
//!
//! The digest is what a version of a plugin is: whatever changes in a package makes another version, and nothing else does (not where it
//! came from, not when, not its signature). It is the SHA-256 of
//!
//! ```text
//! "waspnest package 1\n", then for every file in the order of the bytes of its name:
//!     the length of the name (4 bytes, big-endian), the name,
//!     the length of the content (8 bytes, big-endian), the SHA-256 of the content (32 bytes)
//! ```
//!
//! and is written `sha256:` and 64 hexadecimal digits. What the files mean is not known here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Most files of a package.
pub const MAX_FILES: usize = 64;

/// Most bytes of all files of a package together.
pub const MAX_BYTES: u64 = 32 << 20;

/// Most bytes of a file's name.
const MAX_NAME: usize = 200;

/// What stands before the files in what is hashed: the form of the digest, so that another form can never give the same one.
const FORM: &[u8] = b"waspnest package 1\n";

const PREFIX: &str = "sha256:";

/// Names a package by everything in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageDigest([u8; 32]);

impl PackageDigest {
    /// Its 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its 64 hexadecimal digits, without what they are of.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What whoever signs a package signs: the digest as it is written, and a line feed.
    #[must_use]
    pub fn signed_text(&self) -> String {
        format!("{self}\n")
    }
}

impl From<[u8; 32]> for PackageDigest {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for PackageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PackageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no digest of a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a digest: expected \"sha256:\" and 64 hexadecimal digits")]
pub struct InvalidDigest;

impl FromStr for PackageDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let digits = text.strip_prefix(PREFIX).ok_or(InvalidDigest)?.as_bytes();
        let digits: &[u8; 64] = digits.try_into().map_err(|_| InvalidDigest)?;
        let value = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (value(pair[0]), value(pair[1]));
            *byte = high.zip(low).map(|(high, low)| high << 4 | low).ok_or(InvalidDigest)?;
        }
        Ok(Self(bytes))
    }
}

/// What cannot be a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// A name that could lead out of the package's directory, or that not every file system takes.
    #[error(
        "{name:?} cannot be a file of a package: its name must be a plain relative path of letters, digits, \"-\", \"_\" and \".\""
    )]
    Name {
        /// The name.
        name: Box<str>,
    },
    /// Two files of one name, or one that is a directory of another.
    #[error("two files of the package are called {name:?}")]
    Twice {
        /// The name.
        name: Box<str>,
    },
    /// Too many files.
    #[error("the package has more than {MAX_FILES} files")]
    Files,
    /// Too many bytes.
    #[error("the package has more than {MAX_BYTES} bytes")]
    Bytes,
}

/// The files of a package.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Package {
    files: BTreeMap<Box<str>, Bytes>,
    bytes: u64,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("files", &self.files.keys())
            .field("bytes", &self.bytes)
            .finish()
    }
}

impl Package {
    /// Adds a file.
    ///
    /// # Errors
    /// [`PackageError`]; the package is as it was then.
    pub fn add(&mut self, name: &str, content: Bytes) -> Result<(), PackageError> {
        if !is_plain(name) {
            return Err(PackageError::Name { name: name.into() });
        }
        let above = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        let clash = |other: &str| other == name || above(other, name) || above(name, other);
        if let Some((other, _)) = self.files().find(|(other, _)| clash(other)) {
            return Err(PackageError::Twice { name: other.into() });
        }
        if self.files.len() == MAX_FILES {
            return Err(PackageError::Files);
        }
        let bytes = self.bytes.saturating_add(content.len() as u64);
        if bytes > MAX_BYTES {
            return Err(PackageError::Bytes);
        }
        self.bytes = bytes;
        self.files.insert(name.into(), content);
        Ok(())
    }

    /// The content of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }

    /// Every file, in the order of names.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.files.iter().map(|(name, content)| (&**name, content))
    }

    /// Bytes of all files.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What names it.
    #[must_use]
    pub fn digest(&self) -> PackageDigest {
        let mut hasher = Sha256::new();
        hasher.update(FORM);
        for (name, content) in self.files() {
            let name_length = u32::try_from(name.len()).unwrap_or(u32::MAX);
            hasher.update(name_length.to_be_bytes());
            hasher.update(name);
            hasher.update((content.len() as u64).to_be_bytes());
            hasher.update(Sha256::digest(content));
        }
        PackageDigest(hasher.finalize().into())
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let parts = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    name.len() <= MAX_NAME && name.split('/').all(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &'static [u8])]) -> Package {
        let mut package = Package::default();
        for (name, content) in files {
            package.add(name, Bytes::from_static(content)).expect("a good file");
        }
        package
    }

    #[test]
    fn the_digest_is_of_names_and_contents_and_of_nothing_else() {
        let one = package(&[("plugin.toml", b"manifest = 1"), ("a.wasm", b"\0asm")]);
        let same = package(&[("a.wasm", b"\0asm"), ("plugin.toml", b"manifest = 1")]);
        assert_eq!(one.digest(), same.digest());
        for other in [
            package(&[("plugin.toml", b"manifest = 2"), ("a.wasm", b"\0asm")]),
            package(&[("plugin.toml", b"manifest = 1"), ("b.wasm", b"\0asm")]),
            package(&[("plugin.toml", b"manifest = 1")]),
            package(&[("plugin.toml", b"manifest = 1"), ("a.wasm", b"\0asm"), ("c", b"")]),
            package(&[("plugin.toml", b""), ("a.wasm", b"manifest = 1\0asm")]),
        ] {
            assert_ne!(one.digest(), other.digest(), "{other:?}");
        }
        // Written down: it must be the same in every version of the host. Checked against `sha256sum` of the bytes the text above gives.
        assert_eq!(
            package(&[("a", b"1")]).digest().to_string(),
            "sha256:35529361df41e2135084b7123bacff8eb788a409302a5073832f0198821edbce"
        );
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = package(&[("a", b"1")]).digest();
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.signed_text(), format!("sha256:{}\n", digest.hex()));
        let hex = digest.hex();
        for wrong in [
            "",
            "sha256:",
            &hex,
            &format!("sha512:{hex}"),
            &format!("sha256:{hex}0"),
            &format!("sha256:{}g", &hex[1..]),
        ] {
            assert_eq!(wrong.parse::<PackageDigest>(), Err(InvalidDigest), "{wrong}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_package() {
        for name in [
            "",
            "/etc/passwd",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            ".hidden",
            "a/.b",
            "C:\\a",
            "a\0b",
            "ü",
            "a b",
        ] {
            let refused = Package::default().add(name, Bytes::new());
            assert_eq!(refused, Err(PackageError::Name { name: name.into() }));
        }
        let mut package = package(&[("a", b"1"), ("b/c", b"2")]);
        for name in ["a", "a/b", "b"] {
            assert!(
                matches!(package.add(name, Bytes::new()), Err(PackageError::Twice { .. })),
                "{name}"
            );
        }
    }

    #[test]
    fn a_package_is_of_bounded_size() {
        let mut package = Package::default();
        let half = Bytes::from(vec![0; usize::try_from(MAX_BYTES / 2).expect("it fits")]);
        package.add("a", half.clone()).expect("room");
        package.add("b", half).expect("room");
        assert_eq!(package.add("c", Bytes::from_static(b"1")), Err(PackageError::Bytes));
        for number in 2..MAX_FILES {
            package.add(&number.to_string(), Bytes::new()).expect("room");
        }
        assert_eq!(package.add("c", Bytes::new()), Err(PackageError::Files));
    }
}
