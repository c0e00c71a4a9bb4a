//! What is told to a server of the operator's.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::id::EndpointName;

/// Something that a server is to be told, once it takes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Where: the operator's name for it. Its URL is looked up at each attempt.
    pub endpoint: EndpointName,
    /// What kind of thing happened, in the plugin's words.
    pub event: Box<str>,
    /// What happened, as JSON.
    pub data: Box<str>,
    /// The chat whose order this is part of.
    pub chat: Option<Jid>,
}

/// Shows where it goes and what it is called, never what it says.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("endpoint", &self.endpoint)
            .field("event", &self.event)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
