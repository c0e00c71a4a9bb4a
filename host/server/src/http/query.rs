//! Parameters behind the question mark, asked for by name; unknown ones are errors.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::ApiError;
use crate::did_you_mean;

/// The parameters of one request.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    asked: Mutex<Vec<&'static str>>,
}

impl Query {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self {
            pairs,
            asked: Mutex::default(),
        }
    }

    /// All of them, as they came: for who passes them on.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn asked(&self) -> MutexGuard<'_, Vec<&'static str>> {
        // A list of names; no panic can leave it half-way.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last value of a parameter.
    pub(super) fn get(&self, name: &'static str) -> Option<&str> {
        self.asked().push(name);
        self.pairs
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A whole number from `from` to `to`, or `default`.
    pub(super) fn number(&self, name: &'static str, default: u64, from: u64, to: u64) -> Result<u64, ApiError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| (from..=to).contains(number));
        number.ok_or_else(|| {
            ApiError::invalid_query(format!("{name}: {text:?} is not a whole number from {from} to {to}"))
        })
    }

    /// Seconds to wait, at most `most`; none when the parameter is left out.
    pub(super) fn seconds(&self, name: &'static str, most: u64) -> Result<Duration, ApiError> {
        self.number(name, 0, 0, most).map(Duration::from_secs)
    }

    /// Refuses what nobody asked for. Called when everything was.
    pub(super) fn finish(&self) -> Result<(), ApiError> {
        let asked = self.asked();
        match self.pairs.iter().find(|(key, _)| !asked.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                let hint = did_you_mean::hint(key, asked.iter().copied());
                Err(ApiError::invalid_query(format!("unknown parameter {key:?}{hint}")))
            }
        }
    }
}
