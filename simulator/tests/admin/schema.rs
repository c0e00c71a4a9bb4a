//! Whether a JSON value is what a JSON Schema says. It knows the words that the simulator's document uses, and panics at
//! any other, so that nothing passes unchecked.

use serde_json::{Map, Value};

/// Words that promise nothing a value could break.
const SILENT: [&str; 8] = [
    "$schema",
    "title",
    "description",
    "default",
    "format",
    "contentEncoding",
    "example",
    "examples",
];

/// What is wrong with `value`, in words; empty when it is as `schema` says. `root` is what `$ref` points into.
pub(crate) fn complaints(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root }.against(schema, value, "", &mut found);
    found
}

struct Check<'a> {
    root: &'a Value,
}

impl Check<'_> {
    fn against(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let words = match schema {
            Value::Bool(true) => return,
            Value::Object(words) => words,
            _ => panic!("not a schema: {schema}"),
        };
        for (word, said) in words {
            let ok = match word.as_str() {
                silent if SILENT.contains(&silent) => true,
                "$ref" => {
                    let pointer = said
                        .as_str()
                        .and_then(|said| said.strip_prefix('#'))
                        .expect("a local reference");
                    let target = self
                        .root
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{pointer} leads nowhere"));
                    self.against(target, value, at, found);
                    true
                }
                "type" => list(said)
                    .iter()
                    .any(|kind| is(value, kind.as_str().unwrap_or_default())),
                "enum" => list(said).contains(value),
                "const" => said == value,
                "minimum" => value.as_f64().is_none_or(|value| Some(value) >= said.as_f64()),
                "maximum" => value.as_f64().is_none_or(|value| Some(value) <= said.as_f64()),
                "minItems" => value.as_array().is_none_or(|items| Some(items.len()) >= size(said)),
                "maxItems" => value.as_array().is_none_or(|items| Some(items.len()) <= size(said)),
                "required" => list(said)
                    .iter()
                    .all(|name| value.get(name.as_str().unwrap_or_default()).is_some()),
                "anyOf" => self.fitting(said, value) > 0,
                "oneOf" => self.fitting(said, value) == 1,
                "allOf" => self.fitting(said, value) == list(said).len(),
                "items" => {
                    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.against(said, item, &format!("{at}/{n}"), found);
                    }
                    true
                }
                "prefixItems" => {
                    let items = value.as_array().into_iter().flatten();
                    for (n, (said, item)) in list(said).iter().zip(items).enumerate() {
                        self.against(said, item, &format!("{at}/{n}"), found);
                    }
                    true
                }
                "properties" => {
                    for (name, said) in said.as_object().into_iter().flatten() {
                        if let Some(field) = value.get(name) {
                            self.against(said, field, &format!("{at}/{name}"), found);
                        }
                    }
                    true
                }
                "additionalProperties" => self.others(words, said, value, at, found),
                other => panic!("the word {other} of JSON Schema is not checked yet"),
            };
            if !ok {
                found.push(format!("{at}: {value} breaks {word} {said}"));
            }
        }
    }

    fn fitting(&self, schemas: &Value, value: &Value) -> usize {
        let fits = |schema: &&Value| complaints(self.root, schema, value).is_empty();
        list(schemas).iter().filter(fits).count()
    }

    /// The fields that `properties` does not name.
    fn others(
        &self,
        words: &Map<String, Value>,
        said: &Value,
        value: &Value,
        at: &str,
        found: &mut Vec<String>,
    ) -> bool {
        let named = words.get("properties").and_then(Value::as_object);
        let fields = value.as_object().into_iter().flatten();
        let mut others = fields.filter(|(name, _)| named.is_none_or(|named| !named.contains_key(*name)));
        if *said == Value::Bool(false) {
            return others.next().is_none();
        }
        for (name, field) in others {
            self.against(said, field, &format!("{at}/{name}"), found);
        }
        true
    }
}

/// One word or several.
fn list(said: &Value) -> &[Value] {
    match said {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

fn size(said: &Value) -> Option<usize> {
    said.as_u64().and_then(|said| usize::try_from(said).ok())
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("JSON has no kind {other}"),
    }
}
