//! A space as it was at one moment, read while commits go on.
//!
//! What it is for: a backup. A snapshot holds what earlier commits wrote and nothing of later ones, however long reading takes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreError;

/// The most entries of one page.
pub const PAGE: usize = 1000;
/// The bytes of keys and values after which a page is closed.
pub const PAGE_BYTES: usize = 1 << 20;

/// What a snapshot answers next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Entries behind those before, by key; never none.
    Rows(Vec<(Bytes, Bytes)>),
    /// There are no more.
    End,
    /// The space was removed meanwhile, and what was not read is gone. An engine that can keep it does not say so.
    Removed,
}

/// See the module documentation. Dropped, it costs the store nothing more.
#[async_trait]
pub trait Snapshot: Send {
    /// The next entries.
    ///
    /// # Errors
    /// Those of the store; there is nothing more to be had then.
    async fn next(&mut self) -> Result<Page, StoreError>;

    /// The longest time that commits to the space were held up for this snapshot so far.
    fn longest_pause(&self) -> Duration;
}
