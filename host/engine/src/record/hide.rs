//! Hides what people wrote, and every other text, number with a fraction and run of bytes, behind a keyed digest and its length.
//!
//! Whatever is not known to be harmless is hidden, so that a field that is added one day is hidden too. Equal things look equal
//! under the same key, which is what records are compared by; without the key nobody can tell what they were, not even by guessing.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// See the module documentation.
#[derive(Clone)]
pub struct Hide {
    key: [u8; 32],
}

impl std::fmt::Debug for Hide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hide")
    }
}

impl Hide {
    /// Under a key.
    #[must_use]
    pub const fn under(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// What is shown in place of a text.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.bytes(text.as_bytes())
    }

    pub(super) fn bytes(&self, bytes: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(bytes);
        let digest: [u8; 32] = hash.finalize().into();
        let shown: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("#{shown}:{}", bytes.len())
    }

    /// The same value with its texts hidden. Names of fields, whole numbers and what is true or not stay.
    #[must_use]
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Number(number) if number.is_f64() => self.text(&number.to_string()).into(),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let hidden = |(name, value)| (name, self.value(value));
                Value::Object(fields.into_iter().map(hidden).collect::<Map<_, _>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// The same value with runs of bytes as texts: as what they say, or in hexadecimal.
pub(super) fn readable(value: Value) -> Value {
    match value {
        Value::Array(items) => match bytes(&items) {
            Some(bytes) => text(bytes).into(),
            None => items.into_iter().map(readable).collect(),
        },
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, readable(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn bytes(items: &[Value]) -> Option<Vec<u8>> {
    if items.is_empty() {
        return None;
    }
    let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
    items.iter().map(byte).collect()
}

fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => text,
        Ok(text) => hex(text.as_bytes()),
        Err(error) => hex(error.as_bytes()),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_equal_looks_equal_and_nothing_is_told() {
        let hide = Hide::under([1; 32]);
        let hidden =
            hide.value(json!({ "to": "4915112345678", "again": ["4915112345678"], "n": 3, "lat": 52.5, "on": true }));
        assert_eq!(hidden["to"], hidden["again"][0]);
        assert_eq!((hidden["n"].as_u64(), hidden["on"].as_bool()), (Some(3), Some(true)));
        let shown = hidden.to_string();
        assert!(!shown.contains("49151") && !shown.contains("52.5"), "{shown}");
        assert!(
            hidden["to"]
                .as_str()
                .is_some_and(|shown| shown.starts_with('#') && shown.ends_with(":13"))
        );
        let other = Hide::under([2; 32]);
        assert_ne!(other.text("4915112345678"), hide.text("4915112345678"));
    }

    #[test]
    fn bytes_are_readable() {
        let value = json!({ "value": [104, 105], "none": [], "raw": [255, 0], "numbers": [300, 1] });
        let shown = json!({ "value": "hi", "none": [], "raw": "0xff00", "numbers": [300, 1] });
        assert_eq!(readable(value), shown);
    }
}
