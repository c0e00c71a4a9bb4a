//! Secrets of the operator. Needs `secrets`, whose terms name them.
//!
//! A plugin seldom needs to see a secret: it writes a [`place`] into a request and the host puts the secret there, or has the host sign.
//!
//! ```
//! # use waspnest_plugin::{Error, http::Request, secrets};
//! # fn ask() -> Result<(), Error> {
//! let token = secrets::place("calendar-token");
//! Request::get("https://calendar.example.com/today")
//!     .header("authorization", format!("Bearer {token}"))
//!     .send()?
//!     .ok()?;
//! # Ok(())
//! # }
//! ```

use crate::{Error, host};

/// What the host replaces by a secret, in headers and in the query of a URL (see [`http`](crate::http)).
#[must_use]
pub fn place(name: &str) -> String {
    format!("{{{{secret:{name}}}}}")
}

/// HMAC-SHA256 of some bytes with a secret as the key.
///
/// # Errors
/// When it is not granted, the operator has not set it, or there is more than 1 MiB to sign.
pub fn hmac_sha256(name: &str, data: &[u8]) -> Result<[u8; 32], Error> {
    let code = host::secrets::hmac_sha256(name, data).map_err(Error::refused("secrets.hmac-sha256"))?;
    <[u8; 32]>::try_from(code).map_err(|code| Error::Refused {
        call: "secrets.hmac-sha256",
        cause: crate::types::Error::Internal(format!("{} bytes instead of 32", code.len())),
    })
}

/// A secret's text, which needs `mode = "reveal"` in the manifest and in the grant. The operator is told each time.
///
/// # Errors
/// When it is not granted, or the operator has not set it.
pub fn reveal(name: &str) -> Result<String, Error> {
    get(name)?.reveal()
}

/// A secret that is there.
#[derive(Debug)]
pub struct Secret(host::secrets::Secret);

/// Asks for a secret without reading it.
///
/// # Errors
/// When it is not granted, or the operator has not set it.
pub fn get(name: &str) -> Result<Secret, Error> {
    host::secrets::get(name)
        .map(Secret)
        .map_err(Error::refused("secrets.get"))
}

impl Secret {
    /// Its text, as [`reveal`] gives it.
    ///
    /// # Errors
    /// When reading is not granted.
    pub fn reveal(&self) -> Result<String, Error> {
        self.0.reveal().map_err(Error::refused("secret.reveal"))
    }
}
