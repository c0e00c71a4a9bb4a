//! JSON bodies, read field by field: everything that is wrong is told at once, each with its JSON pointer.
//!
//! The function that reads a body also describes it: on [`Fields::telling`] it finds no field, and what it asks for is taken down. So it must
//! ask for every field whatever it has found before, and decide only afterwards.

use serde_json::{Map, Value, json};
use waspnest_core::given::Given;

use super::error::{ApiError, Fault};
use super::form::{Form, Need, Purpose, kind};
use crate::did_you_mean;

/// Something that is read from a JSON object.
pub(super) trait FromFields: Sized {
    /// Reads it; none only when something was wrong with a field.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// An object that is being read, or described. [`Fields::finish`] tells what was wrong with it.
pub(super) struct Fields {
    object: Map<String, Value>,
    asked: Vec<Asked>,
    /// The forms the object can have, by a word in one of its fields.
    variants: Option<Variants>,
    purpose: Purpose,
    base: String,
    faults: Faults,
}

/// What is wrong with a body, as far as it is told: a body can be wrong in more places than anybody reads.
#[derive(Default)]
struct Faults(Vec<Fault>);

/// Faults that are told.
const MOST_FAULTS: usize = 50;

impl Faults {
    fn add(&mut self, fault: Fault) {
        if !self.are_enough() {
            self.0.push(fault);
        }
    }

    fn take(&mut self, more: Self) {
        for fault in more.0 {
            self.add(fault);
        }
    }

    fn are_enough(&self) -> bool {
        self.0.len() >= MOST_FAULTS
    }
}

/// A field that was asked for.
struct Asked {
    key: &'static str,
    need: Need,
    /// Its schema; null when nobody wants to know.
    schema: Value,
}

/// The field that decides, and the fields of each form.
struct Variants {
    key: &'static str,
    says: &'static str,
    each: Vec<(&'static str, Vec<Asked>)>,
}

/// One form of an object: the word that names it, and what reads its fields.
pub(super) type Variant<T> = (&'static str, fn(&mut Fields) -> Option<T>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        Ok(Self::of(object(body)?, String::new()))
    }

    pub(super) fn of(object: Map<String, Value>, base: String) -> Self {
        Self {
            object,
            asked: Vec::new(),
            variants: None,
            purpose: Purpose::Reading,
            base,
            faults: Faults::default(),
        }
    }

    /// Fields of no object, for whoever wants to know what is asked for.
    fn telling() -> Self {
        Self {
            purpose: Purpose::Telling,
            ..Self::of(Map::new(), String::new())
        }
    }

    /// The JSON Schema of what `read` reads.
    pub(super) fn schema_of<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Value {
        let mut fields = Self::telling();
        read(&mut fields);
        fields.schema()
    }

    fn schema(self) -> Value {
        let Some(Variants { key, says, each }) = self.variants else {
            return schema_of_object(self.asked.iter());
        };
        let forms = each.iter().map(|(word, asked)| {
            let tag = Asked {
                key,
                need: Need::Required,
                schema: json!({ "const": word, "description": says }),
            };
            let mut form = schema_of_object([&tag].into_iter().chain(asked).chain(&self.asked));
            form["title"] = json!(word);
            form
        });
        json!({ "oneOf": forms.collect::<Vec<_>>() })
    }

    pub(super) fn fault(&mut self, key: &str, detail: impl Into<String>) {
        let key = key.replace('~', "~0").replace('/', "~1");
        let pointer = match key.is_empty() {
            true => self.base.clone(),
            false => format!("{}/{key}", self.base),
        };
        let detail = detail.into();
        self.faults.add(Fault { pointer, detail });
    }

    fn take(&mut self, key: &'static str, need: Need, says: &str, schema: impl FnOnce() -> Value) -> Option<Value> {
        let schema = match self.purpose {
            Purpose::Reading => Value::Null,
            Purpose::Telling => described(schema(), says),
        };
        self.asked.push(Asked { key, need, schema });
        let value = self.object.remove(key).filter(|value| !value.is_null());
        if value.is_none() && need == Need::Required && self.purpose == Purpose::Reading {
            self.fault(key, "is missing");
        }
        value
    }

    fn field<F: Form>(&mut self, key: &'static str, need: Need, form: F, says: &str) -> Option<F::Out> {
        let value = self.take(key, need, says, || form.schema())?;
        form.read(value).map_err(|detail| self.fault(key, detail)).ok()
    }

    /// A field that may be left out or `null`. `says` what it is for.
    pub(super) fn optional<F: Form>(&mut self, key: &'static str, form: F, says: &str) -> Option<F::Out> {
        self.field(key, Need::Optional, form, says)
    }

    /// A field that must be there.
    pub(super) fn required<F: Form>(&mut self, key: &'static str, form: F, says: &str) -> Option<F::Out> {
        self.field(key, Need::Required, form, says)
    }

    /// An object within this one that may be left out, read by `read`.
    pub(super) fn object<T>(
        &mut self,
        key: &'static str,
        says: &str,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key, Need::Optional, says, || Self::schema_of(&read))?;
        self.inner(key, format!("{}/{key}", self.base), value, &read)
    }

    /// An object within this one that must be there.
    pub(super) fn required_object<T>(
        &mut self,
        key: &'static str,
        says: &str,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key, Need::Required, says, || Self::schema_of(&read))?;
        self.inner(key, format!("{}/{key}", self.base), value, &read)
    }

    /// A list of at most `most` objects; none when it is left out or something in it is wrong.
    pub(super) fn objects<T>(
        &mut self,
        key: &'static str,
        most: usize,
        says: &str,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let schema = || json!({ "type": "array", "maxItems": most, "items": Self::schema_of(&read) });
        match self.take(key, Need::Optional, says, schema)? {
            Value::Array(values) if values.len() > most => {
                self.fault(
                    key,
                    format!("has {} elements; at most {most} are allowed", values.len()),
                );
                None
            }
            Value::Array(values) => {
                let each = values.into_iter().enumerate();
                let read =
                    each.map(|(index, value)| self.inner(key, format!("{}/{key}/{index}", self.base), value, &read));
                // All of them, so that everything that is wrong is told.
                read.collect::<Vec<_>>().into_iter().collect()
            }
            other => {
                self.fault(key, format!("expected a list, found {}", kind(&other)));
                None
            }
        }
    }

    /// The rest of the object in one of several forms; the field `key` holds the word that says which.
    pub(super) fn variant<T>(&mut self, key: &'static str, says: &'static str, forms: &[Variant<T>]) -> Option<T> {
        if self.purpose == Purpose::Telling {
            let each = forms.iter().map(|(word, read)| {
                let mut inner = Self::telling();
                read(&mut inner);
                (*word, inner.asked)
            });
            let each = each.collect();
            self.variants = Some(Variants { key, says, each });
            return None;
        }
        let value = self.take(key, Need::Required, says, || Value::Null)?;
        let Value::String(given) = value else {
            self.fault(key, format!("expected a text, found {}", kind(&value)));
            return None;
        };
        let Some((_, read)) = forms.iter().find(|(word, _)| *word == given) else {
            let known: Vec<String> = forms.iter().map(|(word, _)| format!("{word:?}")).collect();
            let hint = did_you_mean::hint(&given, forms.iter().map(|(word, _)| *word));
            self.fault(
                key,
                format!(
                    "{:?} is not allowed: expected {}{hint}",
                    Given::of(&given),
                    known.join(", ")
                ),
            );
            // What belongs to a form that nobody knows is not also unknown.
            self.object.clear();
            return None;
        };
        read(self)
    }

    fn inner<T>(
        &mut self,
        key: &'static str,
        base: String,
        value: Value,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<T> {
        match value {
            Value::Object(object) => {
                let mut inner = Self::of(object, base);
                let found = read(&mut inner);
                inner.leftovers();
                self.faults.take(inner.faults);
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
            if self.faults.are_enough() {
                break;
            }
            let asked = self.asked.iter().map(|asked| asked.key);
            let hint = did_you_mean::hint(&key, asked.clone());
            let known = if hint.is_empty() {
                format!("; known here: {}", asked.collect::<Vec<_>>().join(", "))
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
            Some(found) if self.faults.0.is_empty() => Ok(found),
            Some(_) | None => Err(ApiError::invalid_body(self.faults.0)),
        }
    }
}

fn schema_of_object<'a>(asked: impl Iterator<Item = &'a Asked>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for Asked { key, need, schema } in asked {
        let schema = match need {
            Need::Required => schema.clone(),
            Need::Optional => or_null(schema.clone()),
        };
        properties.insert((*key).to_owned(), schema);
        if *need == Need::Required {
            required.push(*key);
        }
    }
    let mut told = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        told["required"] = json!(required);
    }
    told
}

/// What is left out may also be null.
fn or_null(mut schema: Value) -> Value {
    match (&schema["type"], &schema["enum"]) {
        (Value::String(kind), Value::Null) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut told = json!({ "anyOf": [schema, { "type": "null" }] });
            if let Some(description) = description {
                told["description"] = description;
            }
            told
        }
    }
}

fn described(mut schema: Value, says: &str) -> Value {
    if !says.is_empty() {
        let more = schema["description"]
            .as_str()
            .map(|more| format!(" {more}"))
            .unwrap_or_default();
        schema["description"] = json!(format!("{says}{more}"));
    }
    schema
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
