//! Telling other plugins of the same session. Needs `bus`, whose terms name the topics.
//!
//! What is published becomes an event of its own when the handler succeeds, and goes to the plugins that listen to the topic
//! ([`TopicHandler`](crate::TopicHandler)).
//!
//! ```
//! # use waspnest_plugin::{Error, bus};
//! # fn order() -> Result<(), Error> {
//! bus::publish("orders.placed", &serde_json::json!({ "dish": "soup" }))?;
//! # Ok(())
//! # }
//! ```

use serde::Serialize;

use crate::{Error, host};

/// Tells whoever listens to a topic, in JSON.
///
/// # Errors
/// When it is not granted, the value has no form in JSON or is larger than 256 KiB, or one topic led to the next too often.
pub fn publish<T: Serialize + ?Sized>(topic: &str, body: &T) -> Result<(), Error> {
    let bytes = serde_json::to_vec(body).map_err(|source| Error::Form {
        what: format!("what is published under {topic}"),
        source,
    })?;
    publish_bytes(topic, &bytes)
}

/// The same with bytes of a form of the plugins' own.
///
/// # Errors
/// As for [`publish`].
pub fn publish_bytes(topic: &str, body: &[u8]) -> Result<(), Error> {
    host::bus::publish(topic, body).map_err(Error::refused("bus.publish"))
}
