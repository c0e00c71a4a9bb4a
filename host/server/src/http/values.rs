//! Forms of values that sending needs: moments, bytes, numbers, one or several.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::DateTime;
use serde_json::{Value, json};
use waspnest_core::clock::UnixMs;
use waspnest_core::given::Given;

use super::form::{Form, Text, kind};

/// A point in time: RFC 3339.
#[derive(Clone, Copy)]
pub(super) struct Time;

impl Form for Time {
    type Out = UnixMs;

    fn read(&self, value: Value) -> Result<UnixMs, String> {
        let text = Text.read(value)?;
        let moment = DateTime::parse_from_rfc3339(&text);
        let moment = moment
            .ok()
            .and_then(|moment| u64::try_from(moment.timestamp_millis()).ok());
        moment.map(UnixMs).ok_or_else(|| {
            format!(
                "{:?} is not a point in time: expected RFC 3339 such as \"2027-01-31T09:30:00Z\", after 1970",
                Given::of(&text)
            )
        })
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "format": "date-time", "examples": ["2027-01-31T09:30:00Z"] })
    }
}

/// Bytes in base64, at most so many.
#[derive(Clone, Copy)]
pub(super) struct Base64(pub(super) usize);

impl Form for Base64 {
    type Out = Bytes;

    fn read(&self, value: Value) -> Result<Bytes, String> {
        let text = Text.read(value)?;
        // What stands before the comma of a data URL is not part of it.
        let plain = match text.strip_prefix("data:") {
            Some(rest) => rest.split_once(";base64,").map_or(rest, |(_, bytes)| bytes),
            None => &text,
        };
        let bytes = STANDARD
            .decode(plain)
            .map_err(|_| "is not base64 (with padding)".to_owned())?;
        match bytes.len() {
            0 => Err("must not be empty".to_owned()),
            length if length > self.0 => Err(format!("has {length} bytes; at most {} are allowed", self.0)),
            _ => Ok(bytes.into()),
        }
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "contentEncoding": "base64", "minLength": 4 })
    }
}

/// A number within bounds.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Form for Number {
    type Out = f64;

    fn read(&self, value: Value) -> Result<f64, String> {
        let Self { from, to } = self;
        match &value {
            Value::Number(number) => number
                .as_f64()
                .filter(|number| (*from..=*to).contains(number))
                .ok_or_else(|| format!("{number} is not a number from {from} to {to}")),
            other => Err(format!("expected a number, found {}", kind(other))),
        }
    }

    fn schema(&self) -> Value {
        json!({ "type": "number", "minimum": self.from, "maximum": self.to })
    }
}

/// A value or a list of at least one, of one form.
pub(super) struct OneOrMany<F> {
    pub(super) form: F,
    pub(super) most: usize,
}

impl<F: Form> Form for OneOrMany<F> {
    type Out = Vec<F::Out>;

    fn read(&self, value: Value) -> Result<Self::Out, String> {
        match value {
            Value::Array(values) if values.is_empty() => Err("must not be empty".to_owned()),
            Value::Array(values) if values.len() > self.most => Err(format!(
                "has {} elements; at most {} are allowed",
                values.len(),
                self.most
            )),
            Value::Array(values) => {
                let read = |(index, value)| {
                    let read = self.form.read(value);
                    read.map_err(|detail| format!("element {}: {detail}", index + 1))
                };
                values.into_iter().enumerate().map(read).collect()
            }
            one => Ok(vec![self.form.read(one)?]),
        }
    }

    fn schema(&self) -> Value {
        let one = self.form.schema();
        json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1, "maxItems": self.most }] })
    }
}

/// Anything, which is not looked at.
#[derive(Clone, Copy)]
pub(super) struct Anything;

impl Form for Anything {
    type Out = ();

    fn read(&self, _: Value) -> Result<(), String> {
        Ok(())
    }

    fn schema(&self) -> Value {
        json!({})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_bytes_are_read_or_refused() {
        let time = |text: &str| Time.read(json!(text)).map(|UnixMs(at)| at);
        assert_eq!(time("2026-01-01T01:00:00+01:00"), Ok(1_767_225_600_000));
        for wrong in ["2026-01-01", "1969-12-31T00:00:00Z", "now", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        let bytes = |text: &str| Base64(4).read(json!(text)).map(|bytes| bytes.to_vec());
        assert_eq!(bytes("aGk="), Ok(b"hi".to_vec()));
        assert_eq!(bytes("data:text/plain;base64,aGk="), Ok(b"hi".to_vec()));
        for wrong in ["", "aGk", "a b=", "aGVsbG8=", "====", "\u{0}"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_is_a_list_of_one() {
        let form = OneOrMany { form: Text, most: 2 };
        assert_eq!(form.read(json!("a")), Ok(vec!["a".to_owned()]));
        assert_eq!(form.read(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert!(form.read(json!([])).is_err());
        assert!(form.read(json!(["a", "b", "c"])).is_err());
        assert!(form.read(json!([1])).expect_err("a number").contains("element 1"));
    }
}
