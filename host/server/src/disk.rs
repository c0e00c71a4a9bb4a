//! How much room the disk has.

use std::path::Path;

/// Bytes that the host may still write below `dir`; none when the system does not tell.
pub(crate) fn free(dir: &Path) -> Option<u64> {
    let stats = rustix::fs::statvfs(dir).ok()?;
    Some(stats.f_bavail.saturating_mul(stats.f_frsize))
}
