//! A plugin's JSON Schema of its configuration.
//!
//! It comes with the plugin and is not trusted: it is bounded before it is compiled (see [`super::bounds`]), its patterns run in linear time,
//! and it can name nothing outside its own file.

use std::fmt;

use jsonschema::{PatternOptions, Retrieve, Uri, Validator};
use serde_json::{Map, Value};

use super::{HIDDEN, Issue, Weight, bounds, words};

/// Bytes that a compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 20;
/// Issues that are told of one configuration.
const MOST_ISSUES: usize = 64;
/// Bytes of a secret that is looked for in texts: anything shorter would be found in half of all words.
const SHORTEST_SECRET: usize = 4;
/// A text marked so in the schema is not shown. JSON Schema's own word for it is `writeOnly`.
const SECRET: [&str; 2] = ["x-secret", "writeOnly"];

/// A schema that cannot be used: what is wrong with it, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

/// A schema that is ready to judge.
pub struct ConfigSchema {
    schema: Value,
    validator: Validator,
}

impl fmt::Debug for ConfigSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigSchema").finish_non_exhaustive()
    }
}

/// Fetches nothing.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err("a schema of a configuration can name nothing outside its own file".into())
    }
}

impl ConfigSchema {
    /// Reads and compiles a schema.
    ///
    /// # Errors
    /// When it is too large, no JSON Schema, or uses what is not for configurations.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        if text.len() > bounds::BYTES {
            return Err(SchemaError(format!(
                "has {} bytes; at most {} are allowed",
                text.len(),
                bounds::BYTES
            )));
        }
        let schema: Value = serde_json::from_str(text).map_err(|error| SchemaError(format!("is not JSON: {error}")))?;
        bounds::check(&schema).map_err(SchemaError)?;
        let validator = jsonschema::options()
            .with_retriever(Nowhere)
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(PATTERN_BYTES)
                    .dfa_size_limit(PATTERN_BYTES),
            )
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { "/".to_owned() } else { place };
                SchemaError(format!("is not a JSON Schema: {place}: {error}"))
            })?;
        Ok(Self { schema, validator })
    }

    /// The schema itself.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.schema
    }

    /// What of a configuration does not fit; empty when all does.
    #[must_use]
    pub fn judge(&self, configuration: &Value) -> Vec<Issue> {
        let errors = self.validator.iter_errors(configuration);
        let told = errors.flat_map(|error| words::describe(&error, &self.schema));
        let issue = |(pointer, problem): (String, String)| Issue {
            pointer: pointer.into(),
            problem: problem.into(),
            weight: Weight::Fatal,
        };
        told.take(MOST_ISSUES).map(issue).collect()
    }

    /// The same configuration, or a layer of it, with every secret replaced by [`HIDDEN`].
    #[must_use]
    pub fn hide(&self, configuration: &Value) -> Value {
        let mut shown = configuration.clone();
        self.each_secret(&self.schema, &mut shown, &mut |value| *value = HIDDEN.into());
        shown
    }

    /// The same layer, with every [`HIDDEN`] at a secret's place replaced by the value that `before`, the layer that stands there
    /// now, has at that place; false where there is none.
    #[must_use]
    pub fn reveal(&self, layer: &Map<String, Value>, before: Option<&Value>) -> Option<Map<String, Value>> {
        let mut whole = Value::Object(layer.clone());
        let mut hidden = Vec::new();
        pointers_of(&whole, &mut String::new(), &mut |pointer, value| {
            if value.as_str() == Some(HIDDEN) {
                hidden.push(pointer.to_owned());
            }
        });
        let shown = self.hide(&whole);
        for pointer in hidden {
            let is_secret = before
                .map(|before| self.hide(before))
                .is_some_and(|before| before.pointer(&pointer).and_then(Value::as_str) == Some(HIDDEN))
                && shown.pointer(&pointer).and_then(Value::as_str) == Some(HIDDEN);
            let kept = before.filter(|_| is_secret).and_then(|before| before.pointer(&pointer));
            *whole.pointer_mut(&pointer)? = kept?.clone();
        }
        match whole {
            Value::Object(layer) => Some(layer),
            _ => None,
        }
    }

    /// A text with every secret of a configuration replaced by [`HIDDEN`].
    pub(crate) fn without_secrets(&self, configuration: &Value, text: &str) -> Box<str> {
        let mut secrets = Vec::new();
        let mut looked_at = configuration.clone();
        self.each_secret(&self.schema, &mut looked_at, &mut |value| {
            pointers_of(value, &mut String::new(), &mut |_, value| match value {
                Value::String(secret) if secret.len() >= SHORTEST_SECRET => secrets.push(secret.clone()),
                _ => {}
            });
        });
        let text = secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN));
        text.into()
    }

    fn each_secret(&self, schema: &Value, value: &mut Value, act: &mut impl FnMut(&mut Value)) {
        let Value::Object(schema) = schema else { return };
        if SECRET.iter().any(|key| schema.get(*key) == Some(&Value::Bool(true))) {
            act(value);
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = self.schema.pointer(target.trim_start_matches('#'))
        {
            self.each_secret(target, value, act);
        }
        for (place, below) in bounds::below(schema, "") {
            let mut parts = place.split('/').skip(1);
            let keyword = parts.next().unwrap_or_default();
            let name = parts.next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
            match keyword {
                // What applies to the same value.
                "allOf" | "anyOf" | "oneOf" | "if" | "then" | "else" | "dependentSchemas" | "dependencies" => {
                    self.each_secret(below, value, act);
                }
                "properties" => {
                    if let Some(value) = value.get_mut(&name) {
                        self.each_secret(below, value, act);
                    }
                }
                // Which keys a pattern means is not asked: a key too many that is hidden does no harm.
                "patternProperties" | "additionalProperties" | "unevaluatedProperties" => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    for (key, value) in value.as_object_mut().into_iter().flatten() {
                        if known.is_none_or(|known| !known.contains_key(key)) {
                            self.each_secret(below, value, act);
                        }
                    }
                }
                "items" | "additionalItems" | "unevaluatedItems" | "contains" | "prefixItems" => {
                    for value in value.as_array_mut().into_iter().flatten() {
                        self.each_secret(below, value, act);
                    }
                }
                // `not` and `propertyNames` say nothing of values that are there.
                _ => {}
            }
        }
    }
}

/// Every value of a tree that is no object and no list, with its place.
fn pointers_of(value: &Value, place: &mut String, told: &mut impl FnMut(&str, &Value)) {
    let before = place.len();
    let mut below = |key: &str, value: &Value, place: &mut String| {
        place.push('/');
        place.push_str(&key.replace('~', "~0").replace('/', "~1"));
        pointers_of(value, place, told);
        place.truncate(before);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| below(key, value, place)),
        Value::Array(list) => {
            let each = list.iter().enumerate();
            each.for_each(|(index, value)| below(&index.to_string(), value, place));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => told(place, value),
    }
}
