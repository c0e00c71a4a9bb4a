//! Where the files of a session's messages are: with WhatsApp, or with a script in tests.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::message::Content;
use waspnest_engine::FetchFailure;

/// Gives files of one session's messages.
#[async_trait]
pub trait Shelf: Send + Sync + fmt::Debug {
    /// Fetches the file of a message, at most `limit` bytes of it.
    ///
    /// # Errors
    /// See [`FetchFailure`].
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure>;
}
