//! Files beside the store: whether each is what it is named by.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::backup::Counts;
use crate::files::FileName;

/// Reads every file of a data directory that is named by its content: those of messages and of plugins. Answers how many there are, and those
/// that are not what they are named by.
///
/// # Errors
/// When a directory cannot be read; a file that cannot be is one of those.
pub fn check_files(data: &Path) -> io::Result<(Counts, Vec<PathBuf>)> {
    let (mut counts, mut wrong) = (Counts::default(), Vec::new());
    for directory in ["files", "media"] {
        look(&data.join(directory), &mut counts, &mut wrong)?;
    }
    Ok((counts, wrong))
}

fn look(directory: &Path, counts: &mut Counts, wrong: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            look(&path, counts, wrong)?;
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        // What is half written has no such name.
        let Some(named) = name.and_then(|name| name.parse::<FileName>().ok()) else {
            continue;
        };
        match digest(&path) {
            Ok((size, found)) => {
                *counts += Counts { count: 1, bytes: size };
                if found != named {
                    wrong.push(path);
                }
            }
            Err(_) => wrong.push(path),
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<(u64, FileName)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        match file.read(&mut part)? {
            0 => return Ok((size, FileName::from(<[u8; 32]>::from(hash.finalize())))),
            read => {
                hash.update(&part[..read]);
                size += read as u64;
            }
        }
    }
}
