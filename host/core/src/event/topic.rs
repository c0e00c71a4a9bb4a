//! What one installation tells others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::draft::TimerOrigin;
use crate::id::{InstallationId, TopicName};

/// The most times a topic leads to a topic, so that plugins that answer each other come to an end.
pub const MAX_HOPS: u8 = 8;

/// An installation published something.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicEvent {
    /// Under which name.
    pub topic: TopicName,
    /// Who did.
    pub publisher: InstallationId,
    /// What.
    pub body: Vec<u8>,
    /// 1 for what was published while something from outside was handled, one more each time a topic leads to a topic.
    pub hops: u8,
    /// The chat that was being served, and who wrote there. What is handled here is of that chat too.
    pub origin: Option<TimerOrigin>,
}

/// Shows name, publisher and size, never what was published.
impl fmt::Debug for TopicEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicEvent")
            .field("topic", &self.topic)
            .field("publisher", &self.publisher)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
