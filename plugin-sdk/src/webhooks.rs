//! Telling servers of the operator's. Needs `webhooks`, whose terms name the endpoints.
//!
//! The host signs, repeats and keeps order; the plugin only says what happened. It leaves when the event is committed, and not at all when
//! the handler fails.
//!
//! ```
//! # use waspnest_plugin::{Error, webhooks};
//! # fn book() -> Result<(), Error> {
//! webhooks::emit("booking-events", "booking.made", &serde_json::json!({ "day": "Monday" }))?;
//! # Ok(())
//! # }
//! ```

use serde::Serialize;

use crate::{Error, host};

/// Has an endpoint told that something happened, and answers the id that the server will see.
///
/// # Errors
/// When it is not granted, the data have no form in JSON or are larger than 256 KiB.
pub fn emit<T: Serialize + ?Sized>(endpoint: &str, event: &str, data: &T) -> Result<String, Error> {
    let json = serde_json::to_string(data).map_err(|source| Error::Form {
        what: format!("the data of {event}"),
        source,
    })?;
    emit_json(endpoint, event, &json)
}

/// As [`emit`], with data that are JSON already.
///
/// # Errors
/// As for [`emit`], and when it is not JSON.
pub fn emit_json(endpoint: &str, event: &str, json: &str) -> Result<String, Error> {
    host::webhooks::emit(endpoint, event, json).map_err(Error::refused("webhooks.emit"))
}
