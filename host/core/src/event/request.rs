//! A request of somebody outside to one installation.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::InstallationId;

/// Somebody called an installation's hook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEvent {
    /// The only installation it is for.
    pub installation: InstallationId,
    /// Such as `POST`.
    pub method: Box<str>,
    /// What follows the installation in the path; begins with `/`.
    pub path: Box<str>,
    /// What follows the question mark.
    pub query: Option<Box<str>>,
    /// The headers that are passed on, with names in lower case.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Shows for whom it is and how large it is, never what it says.
impl fmt::Debug for RequestEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestEvent")
            .field("installation", &self.installation)
            .field("method", &self.method)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
