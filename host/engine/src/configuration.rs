//! What an operator configures for a plugin: layers that become one effective configuration, and what it must fit.
//!
//! A configuration is a JSON object. It is judged by the plugin's JSON Schema and by the plugin's own check, before any event is handled
//! under it. Where layers come from, and which holds where, is not known here.

pub(crate) mod bounds;
mod schema;
mod words;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use schema::{ConfigSchema, SchemaError};

/// What stands for a value that is not shown.
pub const HIDDEN: &str = "[hidden]";

/// An effective configuration, in both forms that a guest may ask for.
#[derive(Clone, PartialEq)]
pub struct Configuration {
    pub(crate) value: Arc<Value>,
    pub(crate) text: Arc<str>,
}

/// Values may be secrets.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Configuration({} bytes)", self.text.len())
    }
}

impl Configuration {
    /// `layers` on top of each other, the first at the bottom. Objects are merged key by key, everything else replaces.
    #[must_use]
    pub fn of_layers<'a>(layers: impl IntoIterator<Item = &'a Map<String, Value>>) -> Self {
        let mut whole = Map::new();
        for layer in layers {
            lay_over(&mut whole, layer);
        }
        let value = Value::Object(whole);
        Self {
            text: value.to_string().into(),
            value: Arc::new(value),
        }
    }

    /// The object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// One value, by JSON pointer.
    #[must_use]
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }
}

fn lay_over(below: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (below.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(over)) => lay_over(below, over),
            (Some(_) | None, value) => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where, as a JSON pointer into the effective configuration; empty for the whole.
    pub pointer: Box<str>,
    /// What is wrong and what is allowed. Holds no values.
    pub problem: Box<str>,
    /// Whether it can be used all the same.
    pub weight: Weight,
}

/// What an [`Issue`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The configuration cannot be used.
    Fatal,
    /// It can.
    Warning,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.pointer {
            "" => f.write_str(&self.problem),
            pointer => write!(f, "{pointer}: {}", self.problem),
        }
    }
}

#[cfg(test)]
mod tests;
