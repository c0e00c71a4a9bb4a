//! From a name to addresses.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;

/// Looks names up. Tests have one that answers what they want.
#[async_trait]
pub trait Names: Send + Sync + std::fmt::Debug {
    /// All addresses of a name, never none.
    ///
    /// # Errors
    /// When the name has no address, or nobody could be asked.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found: Vec<_> = tokio::net::lookup_host((name, 0))
            .await?
            .map(|address| address.ip())
            .collect();
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(found)
    }
}
