//! `[storage]`: where everything durable lives.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::form;
use super::section::Section;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `[storage]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The data directory; one running host at a time.
    pub dir: PathBuf,
    /// Bytes of memory the store may use to keep pages at hand.
    pub cache: u64,
    /// Bytes of room the disk should have; with less the host is not ready.
    pub min_free: u64,
    /// How long events are kept that everybody is done with, and effects that have left; for ever if nothing is said.
    pub keep_events: Option<Duration>,
}

impl Storage {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Self {
        let storage = Self {
            dir: section.or("dir", base.join("data"), form::path(base)),
            cache: section.or("cache", 64 << 20, form::bytes(1 << 20, 1 << 40)),
            min_free: section.or("min-free", 64 << 20, form::bytes(0, 1 << 40)),
            keep_events: section.optional("keep-events", form::span(Duration::from_secs(60), DAY * 36_500)),
        };
        section.finish();
        storage
    }
}
