//! How large a plugin's schema may be, and which keywords it may use, so that judging a configuration costs little whoever wrote it.
//!
//! What is counted is the schema with every `$ref` replaced by what it points to. A `$ref` that comes back to itself would have no end,
//! and is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Bytes of a schema's text.
pub(crate) const BYTES: usize = 64 << 10;
/// How deep schemas may stand within schemas.
const DEPTH: u64 = 32;
/// Schemas within a schema, each counted as often as it is reached.
const SUBSCHEMAS: u64 = 4096;

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalProperties",
    "additionalItems",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "items",
    "contentSchema",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];
/// Keywords whose value is schemas by name.
const NAMED: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "dependencies"];
/// The same, but nothing is judged by them unless a `$ref` points there.
const SHELVES: [&str; 2] = ["$defs", "definitions"];
/// Keywords that lead out of the file, or to places that are known only while a configuration is judged.
const REFUSED: [&str; 7] = [
    "$id",
    "id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
];
/// Drafts that a schema may be written in.
const DRAFTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-07/schema",
];

/// How much of a schema stands at a place.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    schemas: u64,
    depth: u64,
}

/// Schemas directly below a schema, with where they stand.
pub(super) fn below<'a>(schema: &'a Map<String, Value>, at: &str) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    for (key, value) in schema {
        let key = key.as_str();
        match value {
            Value::Object(_) | Value::Bool(_) if ONE.contains(&key) => found.push((place(at, [key]), value)),
            Value::Array(list) if LIST.contains(&key) => {
                let each = list.iter().enumerate();
                found.extend(each.map(|(index, value)| (place(at, [key, &index.to_string()]), value)));
            }
            Value::Object(named) if NAMED.contains(&key) => {
                found.extend(named.iter().map(|(name, value)| (place(at, [key, name]), value)));
            }
            _ => {}
        }
    }
    found
}

fn place<const N: usize>(at: &str, parts: [&str; N]) -> String {
    let mut place = at.to_owned();
    for part in parts {
        place.push('/');
        place.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    place
}

/// Looks at a whole schema.
///
/// # Errors
/// What is wrong and where, in words for the plugin's author.
pub(super) fn check(root: &Value) -> Result<(), String> {
    let Value::Object(top) = root else {
        return Err("must be a JSON object".to_owned());
    };
    if let Some(draft) = top.get("$schema") {
        let known = draft.as_str().is_some_and(|draft| DRAFTS.contains(&draft));
        if !known {
            return Err(format!(
                "/$schema: this draft is not known; write {:?}, {:?}, or leave it out",
                DRAFTS[0], DRAFTS[1]
            ));
        }
    }
    let mut walk = Walk {
        root,
        known: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    walk.extent("", root, 0)?;
    for shelf in SHELVES {
        if let Some(Value::Object(named)) = top.get(shelf) {
            for (name, value) in named {
                walk.extent(&place("", [shelf, name]), value, 0)?;
            }
        }
    }
    Ok(())
}

struct Walk<'a> {
    root: &'a Value,
    known: BTreeMap<String, Extent>,
    /// Where we came through.
    open: BTreeSet<String>,
}

impl Walk<'_> {
    fn extent(&mut self, at: &str, schema: &Value, level: u64) -> Result<Extent, String> {
        if let Some(known) = self.known.get(at) {
            return Ok(*known);
        }
        let shown = if at.is_empty() { "/" } else { at };
        if level > DEPTH {
            return Err(format!(
                "{shown}: schemas stand more than {DEPTH} deep within each other"
            ));
        }
        let object = match schema {
            Value::Bool(_) => return Ok(Extent { schemas: 1, depth: 1 }),
            Value::Object(object) => object,
            // `dependencies` of draft 7 may list names instead.
            Value::Array(_) => return Ok(Extent::default()),
            _ => return Err(format!("{shown}: is not a schema")),
        };
        if let Some(refused) = REFUSED
            .iter()
            .find(|key| object.get(**key).is_some_and(Value::is_string))
        {
            return Err(format!("{shown}: {refused} is not for schemas of configurations"));
        }
        if !self.open.insert(at.to_owned()) {
            return Err(format!("{shown}: a $ref leads back to itself"));
        }
        let mut whole = Extent { schemas: 1, depth: 0 };
        let mut parts = Vec::new();
        for (place, schema) in below(object, at) {
            parts.push(self.extent(&place, schema, level + 1)?);
        }
        if let Some(target) = object.get("$ref") {
            let (place, schema) = self.target(target).map_err(|problem| format!("{shown}: {problem}"))?;
            parts.push(self.extent(&place, &schema, level + 1)?);
        }
        for part in parts {
            whole.schemas += part.schemas;
            whole.depth = whole.depth.max(part.depth);
        }
        whole.depth += 1;
        self.open.remove(at);
        if whole.schemas > SUBSCHEMAS {
            return Err(format!(
                "{shown}: with every $ref replaced by what it points to, this has more than {SUBSCHEMAS} schemas"
            ));
        }
        if level + whole.depth > DEPTH + 1 {
            return Err(format!(
                "{shown}: schemas stand more than {DEPTH} deep within each other"
            ));
        }
        self.known.insert(at.to_owned(), whole);
        Ok(whole)
    }

    fn target(&self, target: &Value) -> Result<(String, Value), String> {
        let pointer = target.as_str().and_then(|target| target.strip_prefix('#'));
        let Some(pointer) = pointer.filter(|pointer| pointer.is_empty() || pointer.starts_with('/')) else {
            return Err("$ref must point within the file, such as \"#/$defs/address\"".to_owned());
        };
        if pointer.contains('%') {
            return Err("$ref must be written without percent signs".to_owned());
        }
        match self.root.pointer(pointer) {
            Some(schema) => Ok((pointer.to_owned(), schema.clone())),
            None => Err(format!("$ref points to {pointer:?}, where nothing is")),
        }
    }
}
