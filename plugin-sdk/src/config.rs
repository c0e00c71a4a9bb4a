//! What the operator configured for the installation, as the plugin's own types. Needs no grant.

use crate::{Error, host};
use serde::de::DeserializeOwned;

/// The effective configuration for the session of the event: the manifest's defaults under the operator's values.
///
/// # Errors
/// When it does not have the form of `T`. Give every field a default in the manifest's `[config]`, and the error becomes
/// one of the operator's values, which it names.
pub fn config<T: DeserializeOwned>() -> Result<T, Error> {
    serde_json::from_str(&host::config::all()).map_err(|source| Error::Form {
        what: "configuration".into(),
        source,
    })
}

/// One value of the configuration, by JSON pointer such as `/greeting/de`; none when nothing is there.
///
/// # Errors
/// When it is no `T`.
pub fn config_value<T: DeserializeOwned>(pointer: &str) -> Result<Option<T>, Error> {
    let Some(json) = host::config::get(pointer) else {
        return Ok(None);
    };
    serde_json::from_str(&json).map(Some).map_err(|source| Error::Form {
        what: format!("configuration at {pointer:?}"),
        source,
    })
}
