//! JSON bodies, read field by field: everything that is wrong is told at once, each with its JSON pointer.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::error::{ApiError, Fault};
use crate::did_you_mean;

/// An object that is being read. [`Fields::finish`] tells what was wrong with it.
pub(super) struct Fields {
    object: Map<String, Value>,
    asked: Vec<&'static str>,
    base: String,
    faults: Vec<Fault>,
}

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        Ok(Self::of(object(body)?, String::new()))
    }

    fn of(object: Map<String, Value>, base: String) -> Self {
        Self {
            object,
            asked: Vec::new(),
            base,
            faults: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, key: &str, detail: impl Into<String>) {
        let key = key.replace('~', "~0").replace('/', "~1");
        self.faults.push(Fault {
            pointer: format!("{}/{key}", self.base),
            detail: detail.into(),
        });
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.object.remove(key).filter(|value| !value.is_null())
    }

    /// A field that may be left out or `null`.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        form: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key)?;
        form(value).map_err(|detail| self.fault(key, detail)).ok()
    }

    /// A field that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        form: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.object.get(key).is_none_or(Value::is_null) {
            self.fault(key, "is missing");
        }
        self.optional(key, form)
    }

    /// An object within this one, read by `read`.
    pub(super) fn object<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        match self.take(key)? {
            Value::Object(object) => {
                let mut inner = Self::of(object, format!("{}/{key}", self.base));
                let found = read(&mut inner);
                inner.leftovers();
                self.faults.append(&mut inner.faults);
                found
            }
            other => {
                self.fault(key, format!("expected an object, found {}", kind(&other)));
                None
            }
        }
    }

    fn leftovers(&mut self) {
        let unknown: Vec<String> = self.object.keys().cloned().collect();
        for key in unknown {
            let hint = did_you_mean::hint(&key, self.asked.iter().copied());
            let known = if hint.is_empty() {
                format!("; known here: {}", self.asked.join(", "))
            } else {
                hint
            };
            self.fault(&key, format!("unknown field{known}"));
        }
    }

    /// Hands over what was read, if nothing was wrong. `found` is none only when something was.
    pub(super) fn finish<T>(mut self, found: Option<T>) -> Result<T, ApiError> {
        self.leftovers();
        match found {
            Some(found) if self.faults.is_empty() => Ok(found),
            Some(_) | None => Err(ApiError::invalid_body(self.faults)),
        }
    }
}

/// An object of somebody else's.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body).map_err(|error| ApiError::malformed_json(&error))? {
        Value::Object(object) => Ok(object),
        other => Err(ApiError::invalid_body(vec![Fault {
            pointer: String::new(),
            detail: format!("expected an object, found {}", kind(&other)),
        }])),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text.
pub(super) fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("expected a text, found {}", kind(&other))),
    }
}

/// A text with a type that says itself what is wrong.
pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(value: Value) -> Result<T, String> {
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

/// `true` or `false`.
pub(super) fn boolean(value: Value) -> Result<bool, String> {
    match value {
        Value::Bool(boolean) => Ok(boolean),
        other => Err(format!("expected true or false, found {}", kind(&other))),
    }
}

/// A whole number that is not negative.
pub(super) fn integer(value: Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| match value {
        Value::Number(number) => format!("expected a whole number that is not negative, found {number}"),
        other => format!("expected a number, found {}", kind(&other)),
    })
}

/// A list of values of one form.
pub(super) fn list<T>(form: impl Fn(Value) -> Result<T, String>) -> impl FnOnce(Value) -> Result<Vec<T>, String> {
    move |value| match value {
        Value::Array(values) => values
            .into_iter()
            .enumerate()
            .map(|(index, value)| form(value).map_err(|detail| format!("element {}: {detail}", index + 1)))
            .collect(),
        other => Err(format!("expected a list, found {}", kind(&other))),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl FnOnce(Value) -> Result<T, String> {
    move |value| {
        let given = text(value)?;
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!(
                "{given:?} is not allowed: expected {}{}",
                known.join(", "),
                did_you_mean::hint(&given, words.iter().map(|(word, _)| *word))
            )
        })
    }
}
