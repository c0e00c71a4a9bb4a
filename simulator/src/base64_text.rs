//! Bytes as they stand in JSON and TOML: text in standard base64, checked when it is read.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes, written in standard base64 with padding. `Debug` shows how many they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64::display::Base64Display::new(&self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = Base64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes in standard base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64, E> {
        let bytes = STANDARD.decode(text);
        bytes
            .map(Base64)
            .map_err(|error| E::custom(format_args!("not standard base64: {error}")))
    }
}

impl JsonSchema for Base64 {
    fn schema_name() -> Cow<'static, str> {
        "Base64".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let bytes = Base64(vec![0, 255, 7]);
        let written = serde_json::to_string(&bytes).expect("text");
        assert_eq!(written, r#""AP8H""#);
        assert_eq!(serde_json::from_str::<Base64>(&written).expect("bytes"), bytes);
        let error = serde_json::from_str::<Base64>(r#""?""#).expect_err("not base64");
        assert!(error.to_string().contains("not standard base64"), "{error}");
        assert_eq!(format!("{bytes:?}"), "Base64(3 bytes)");
    }
}
