//! The file of a backup.
//!
//! ```text
//! WASPBKUP                      eight bytes
//! format                        one byte
//! header                        its length in four bytes, a record
//! frames                        entries in zstd, sealed in chunks (core::seal::stream), bound to all before
//! manifest                      one frame more, sealed alike
//! length of the manifest frame  four bytes
//! SHA-256 of all before         32 bytes
//! ```

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use sha2::{Digest, Sha256};

use super::entry::Entry;
use super::{BackupError, Header, Manifest};
use crate::clock::UnixMs;
use crate::codec;
use crate::master_key::MasterKey;
use crate::schema::SCHEMA;
use crate::seal::stream::{Opening, Sealing, StreamKey};

const MAGIC: &[u8; 8] = b"WASPBKUP";
const FORMAT: u8 = 1;
const DIGEST: u64 = 32;
/// The length of the manifest, and the digest.
const TAIL: u64 = 4 + DIGEST;
const LONGEST_HEADER: u32 = 64 << 10;
const LONGEST_MANIFEST: u32 = 256 << 20;
const KEY_CHECK: &str = "backup key check 1";

/// Hashes what passes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A backup that is being written; nothing can be made of the file before [`Writer::finish`].
pub(super) struct Writer {
    entries: zstd::stream::write::Encoder<'static, Sealing<Hashing<BufWriter<File>>>>,
    key: StreamKey,
    path: PathBuf,
}

impl Writer {
    /// Begins one in a file that is not there yet.
    pub(super) fn create(
        path: &Path,
        key: &MasterKey,
        begun_at: UnixMs,
        host_version: &str,
    ) -> Result<Self, BackupError> {
        let mut salt = [0; 32];
        OsRng.fill_bytes(&mut salt);
        let header = Header {
            schema: SCHEMA,
            begun_at,
            host_version: host_version.into(),
            salt,
            key_check: key_check(key, &salt),
        };
        let header = codec::encode(&header);
        let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
        let head = [MAGIC, &[FORMAT][..], &length.to_be_bytes(), &header].concat();
        let key = StreamKey::new(key, &salt, &head);
        let begin = || {
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = Hashing {
                inner: BufWriter::with_capacity(1 << 18, options.open(path)?),
                hash: Sha256::new(),
                size: 0,
            };
            file.write_all(&head)?;
            zstd::stream::write::Encoder::new(Sealing::new(key.clone(), file), 3)
        };
        let entries = begin().map_err(failed(path, "created"))?;
        Ok(Self {
            entries,
            key,
            path: path.to_owned(),
        })
    }

    pub(super) fn write(&mut self, entry: &Entry) -> Result<(), BackupError> {
        entry.write(&mut self.entries).map_err(failed(&self.path, "written"))
    }

    /// Bytes of the file so far.
    pub(super) fn size(&self) -> u64 {
        self.entries.get_ref().inner().size
    }

    /// Writes what is in it, and makes it durable under the name it has.
    pub(super) fn finish(mut self, manifest: &Manifest) -> Result<(), BackupError> {
        self.write(&Entry::End)?;
        let Self { entries, key, path } = self;
        let finish = || {
            let mut file = entries.finish()?.finish()?;
            let about = key.about(&codec::encode(manifest))?;
            file.write_all(&about)?;
            let length = u32::try_from(about.len()).map_err(io::Error::other)?;
            file.write_all(&length.to_be_bytes())?;
            let Hashing { mut inner, hash, .. } = file;
            inner.write_all(&hash.finalize())?;
            let file = inner.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()
        };
        finish().map_err(failed(&path, "written"))
    }
}

pub(super) fn failed(path: &Path, step: &'static str) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::Io {
        path: path.to_owned(),
        step,
        source,
    }
}

fn key_check(key: &MasterKey, salt: &[u8; 32]) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&key.derive(KEY_CHECK, salt)[..16]);
    check
}

/// A backup whose beginning and end were read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    size: u64,
    header: Header,
    manifest: Manifest,
    key: StreamKey,
    /// Where its entries are.
    body: std::ops::Range<u64>,
}

impl Reader {
    /// Opens one and reads what is in it. Damage in its middle does not show yet: see [`Reader::verify_digest`].
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn open(path: &Path, key: &MasterKey) -> Result<Self, BackupError> {
        let mut file = File::open(path).map_err(failed(path, "opened"))?;
        let size = file.metadata().map_err(failed(path, "read"))?.len();
        let (head, header) = read_header(path, &mut file)?;
        if header.schema > SCHEMA {
            return Err(BackupError::Newer {
                path: path.to_owned(),
                host_version: header.host_version,
            });
        }
        if key_check(key, &header.salt) != header.key_check {
            return Err(BackupError::WrongKey { path: path.to_owned() });
        }
        let key = StreamKey::new(key, &header.salt, &head);
        let begin = head.len() as u64;
        let cut_short = || damaged(path, "it was cut short");
        if size < begin + TAIL {
            return Err(cut_short());
        }
        let mut tail = [0; 4];
        file.seek(SeekFrom::Start(size - TAIL))
            .and_then(|_| file.read_exact(&mut tail))
            .map_err(failed(path, "read"))?;
        let length = u32::from_be_bytes(tail);
        let end = (size - TAIL).checked_sub(length.into()).filter(|end| *end >= begin);
        let (Some(end), true) = (end, length <= LONGEST_MANIFEST) else {
            return Err(cut_short());
        };
        let mut about = vec![0; length as usize];
        file.seek(SeekFrom::Start(end))
            .and_then(|_| file.read_exact(&mut about))
            .map_err(failed(path, "read"))?;
        let manifest = key.told(&about).map_err(|_| cut_short())?;
        let manifest =
            codec::decode(b"manifest", &manifest).map_err(|_| damaged(path, "its manifest cannot be read"))?;
        Ok(Self {
            path: path.to_owned(),
            size,
            header,
            manifest,
            key,
            body: begin..end,
        })
    }

    /// Who took it, and when.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What is in it.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Compares every byte with the digest at the end.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], [`BackupError::Io`].
    pub fn verify_digest(&self) -> Result<(), BackupError> {
        let read = || {
            let file = File::open(&self.path)?;
            let mut all = BufReader::with_capacity(1 << 18, file).take(self.size);
            let mut hash = Sha256::new();
            let mut left = self.size - DIGEST;
            let mut part = vec![0; 1 << 18];
            while left > 0 {
                let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(part.len());
                all.read_exact(&mut part[..wanted])?;
                hash.update(&part[..wanted]);
                left -= wanted as u64;
            }
            let mut digest = [0; DIGEST as usize];
            all.read_exact(&mut digest)?;
            Ok(digest == *hash.finalize())
        };
        match read().map_err(failed(&self.path, "read"))? {
            true => Ok(()),
            false => Err(self.damaged("its SHA-256 is another one than it says")),
        }
    }

    /// Its entries, from the first.
    ///
    /// # Errors
    /// When it cannot be opened again.
    pub fn entries(&self) -> Result<Entries, BackupError> {
        let open = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.body.start))?;
            let body = BufReader::with_capacity(1 << 18, file).take(self.body.end - self.body.start);
            let entries = zstd::stream::read::Decoder::new(Opening::new(self.key.clone(), body))?;
            Ok(BufReader::with_capacity(1 << 18, entries))
        };
        Ok(Entries {
            from: open().map_err(failed(&self.path, "read"))?,
            path: self.path.clone(),
            place: Place::Within,
        })
    }

    pub(super) fn damaged(&self, what: &str) -> BackupError {
        damaged(&self.path, what)
    }
}

type Body = io::Take<BufReader<File>>;

/// The entries of a backup, one after another.
pub struct Entries {
    from: BufReader<zstd::stream::read::Decoder<'static, BufReader<Opening<Body>>>>,
    path: PathBuf,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Within,
    AtTheEnd,
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Entries {
    /// The next one; none behind [`Entry::End`], which must be the last.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], [`BackupError::Io`].
    pub fn read(&mut self) -> Result<Option<Entry>, BackupError> {
        if self.place == Place::AtTheEnd {
            return Ok(None);
        }
        let entry = Entry::read(&mut self.from).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
                damaged(&self.path, &error.to_string())
            }
            _ => failed(&self.path, "read")(error),
        })?;
        if entry == Entry::End {
            self.place = Place::AtTheEnd;
            let mut more = [0];
            let more = self
                .from
                .read(&mut more)
                .map_err(|error| damaged(&self.path, &error.to_string()))?;
            if more > 0 {
                return Err(damaged(&self.path, "there is something behind its end"));
            }
        }
        Ok(Some(entry))
    }
}

fn damaged(path: &Path, what: &str) -> BackupError {
    BackupError::Damaged {
        path: path.to_owned(),
        what: what.into(),
    }
}

/// The header, and all bytes up to its end.
fn read_header(path: &Path, file: &mut File) -> Result<(Vec<u8>, Header), BackupError> {
    let not_a_backup = || BackupError::NotABackup { path: path.to_owned() };
    let mut head = vec![0; MAGIC.len() + 5];
    match file.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(not_a_backup()),
        Err(error) => return Err(failed(path, "read")(error)),
    }
    let Some((magic, [format, length @ ..])) = head.split_first_chunk::<8>() else {
        return Err(not_a_backup());
    };
    let length = length.try_into().map(u32::from_be_bytes).unwrap_or(u32::MAX);
    if magic != MAGIC || length > LONGEST_HEADER {
        return Err(not_a_backup());
    }
    if *format != FORMAT {
        return Err(BackupError::Newer {
            path: path.to_owned(),
            host_version: format!("with format {format}").into(),
        });
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)
        .map_err(|_| damaged(path, "it was cut short"))?;
    head.extend_from_slice(&header);
    let header = codec::decode(b"header", &header).map_err(|_| damaged(path, "its header cannot be read"))?;
    Ok((head, header))
}
