//! What a backup is a row of: the entries between its header and its manifest.
//!
//! An entry is its length in four bytes, one byte that says what it is, and the rest. The bytes are promised: a new kind gets a new number.

use std::io::{self, Read, Write};

use bytes::Bytes;

use super::Counts;
use crate::clock::UnixMs;
use crate::id::SessionId;
use crate::store::{MAX_VALUE, Space};

/// The largest entry: a record, with room for its key.
const LARGEST: usize = MAX_VALUE + (1 << 17);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The records of a space follow, as they were then.
    Space(Space, UnixMs),
    /// A record.
    Row(Bytes, Bytes),
    /// There are no more records of the space, of so many.
    SpaceEnd(Counts),
    /// The space was removed meanwhile.
    SpaceRemoved,
    /// The parts of a file follow: its path in the data directory, with `/` between names.
    File(Box<str>),
    /// Bytes of the file.
    Part(Bytes),
    /// The file's size, and the SHA-256 of its bytes.
    FileEnd(u64, [u8; 32]),
    /// The file could not be read to its end, and is none.
    FileBroken,
    /// There is nothing more.
    End,
}

impl Entry {
    /// Writes it.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = vec![0; 4];
        match self {
            Self::Space(space, UnixMs(at)) => {
                bytes.push(1);
                bytes.extend_from_slice(&at.to_be_bytes());
                match space {
                    Space::System => bytes.push(0),
                    Space::Sessions => bytes.push(1),
                    Space::Session(id) => {
                        bytes.push(2);
                        bytes.extend_from_slice(&id.ulid().to_bytes());
                    }
                }
            }
            Self::Row(key, value) => {
                bytes.push(2);
                let length = u32::try_from(key.len()).map_err(io::Error::other)?;
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(value);
            }
            Self::SpaceEnd(Counts { count, bytes: size }) => {
                bytes.push(3);
                bytes.extend_from_slice(&count.to_be_bytes());
                bytes.extend_from_slice(&size.to_be_bytes());
            }
            Self::SpaceRemoved => bytes.push(4),
            Self::File(path) => {
                bytes.push(5);
                bytes.extend_from_slice(path.as_bytes());
            }
            Self::Part(part) => {
                bytes.push(6);
                bytes.extend_from_slice(part);
            }
            Self::FileEnd(size, digest) => {
                bytes.push(7);
                bytes.extend_from_slice(&size.to_be_bytes());
                bytes.extend_from_slice(digest);
            }
            Self::FileBroken => bytes.push(8),
            Self::End => bytes.push(9),
        }
        let length = bytes.len() - 4;
        if length > LARGEST {
            return Err(io::Error::other("a record is larger than records are"));
        }
        let length = u32::try_from(length).map_err(io::Error::other)?;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        to.write_all(&bytes)
    }

    /// Reads the next one.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LARGEST {
            return Err(unreadable());
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Self::parse(Bytes::from(bytes)).ok_or_else(unreadable)
    }

    fn parse(bytes: Bytes) -> Option<Self> {
        let kind = *bytes.first()?;
        let rest = bytes.slice(1..);
        let number = |at: usize| -> Option<u64> {
            let bytes = rest.get(at..at + 8)?;
            bytes.try_into().ok().map(u64::from_be_bytes)
        };
        let ends = |at: usize| (rest.len() == at).then_some(());
        Some(match kind {
            1 => {
                let space = match rest.get(8)? {
                    0 => ends(9).map(|()| Space::System)?,
                    1 => ends(9).map(|()| Space::Sessions)?,
                    2 => {
                        let id: [u8; 16] = rest.get(9..)?.try_into().ok()?;
                        Space::Session(SessionId::new(ulid::Ulid::from_bytes(id)))
                    }
                    _ => return None,
                };
                Self::Space(space, UnixMs(number(0)?))
            }
            2 => {
                let length: [u8; 4] = rest.get(..4)?.try_into().ok()?;
                let end = 4 + u32::from_be_bytes(length) as usize;
                rest.get(4..end)?;
                Self::Row(rest.slice(4..end), rest.slice(end..))
            }
            3 => {
                ends(16)?;
                Self::SpaceEnd(Counts {
                    count: number(0)?,
                    bytes: number(8)?,
                })
            }
            4 => ends(0).map(|()| Self::SpaceRemoved)?,
            5 => Self::File(std::str::from_utf8(&rest).ok()?.into()),
            6 => Self::Part(rest),
            7 => Self::FileEnd(number(0)?, rest.get(8..)?.try_into().ok()?),
            8 => ends(0).map(|()| Self::FileBroken)?,
            9 => ends(0).map(|()| Self::End)?,
            _ => return None,
        })
    }
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an entry cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, SESSION};

    fn one_of_each() -> Vec<Entry> {
        vec![
            Entry::Space(Space::System, NOON),
            Entry::Space(Space::Sessions, NOON),
            Entry::Space(Space::Session(SESSION), NOON),
            Entry::Row(Bytes::from_static(b"key"), Bytes::from_static(b"value")),
            Entry::Row(Bytes::from_static(b"key"), Bytes::new()),
            Entry::SpaceEnd(Counts { count: 2, bytes: 11 }),
            Entry::SpaceRemoved,
            Entry::File("media/a".into()),
            Entry::Part(Bytes::from_static(b"bytes")),
            Entry::FileEnd(5, [7; 32]),
            Entry::FileBroken,
            Entry::End,
        ]
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        for entry in one_of_each() {
            entry.write(&mut bytes).expect("memory takes it");
        }
        let mut from = bytes.as_slice();
        for entry in one_of_each() {
            assert_eq!(Entry::read(&mut from).expect("it reads"), entry);
        }
        assert!(from.is_empty());
    }

    #[test]
    fn bytes_of_entries_are_these() {
        let mut told = String::new();
        for entry in one_of_each() {
            let mut bytes = Vec::new();
            entry.write(&mut bytes).expect("memory takes it");
            told.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
            told.push('\n');
        }
        assert_eq!(told, include_str!("entry/stored_form.txt"));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for bytes in [
            &[0, 0, 0, 0][..],
            &[0, 0, 0, 1, 77],
            &[0, 0, 0, 2, 4, 0],
            &[0, 0, 0, 5, 2, 0, 0, 0, 9],
            &[0xFF; 8],
            &[0, 0, 0, 9, 1],
        ] {
            assert!(Entry::read(&mut &*bytes).is_err(), "{bytes:?}");
        }
    }
}
