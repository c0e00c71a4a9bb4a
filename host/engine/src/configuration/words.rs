//! What is wrong with a configuration, in words for operators: what is there, and what is allowed. Values are never repeated, since any of
//! them may be a secret.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::manifest::section::unknown;

/// Allowed words that are named before the rest is passed over.
const MOST_NAMED: usize = 20;
/// Forms of which it is said why they do not fit.
const MOST_FORMS: usize = 4;

/// What is wrong and where, as JSON pointers: once, or once for each key that is too many.
pub(super) fn describe(error: &ValidationError<'_>, schema: &Value) -> Vec<(String, String)> {
    let at = error.instance_path().as_str();
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = keys_at(schema, error.schema_path().as_str());
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let each = unexpected.iter().map(|key| {
                let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                (place, unknown("key", key, &known))
            });
            each.collect()
        }
        _ => vec![(at.to_owned(), problem(error, schema))],
    }
}

fn problem(error: &ValidationError<'_>, schema: &Value) -> String {
    match error.kind() {
        Kind::Type { kind } => format!("expected {}, found {}", expected(kind), found(error.instance())),
        Kind::Enum { options } => format!("is not allowed; expected one of {}", list(options)),
        Kind::Constant { expected_value } => format!("is not allowed; expected {expected_value}"),
        Kind::Required { property } => format!("the key {property} is missing"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("has keys that are not allowed: {}", unexpected.join(", "))
        }
        Kind::Minimum { limit } => format!("is too small; at least {limit} is allowed"),
        Kind::Maximum { limit } => format!("is too large; at most {limit} is allowed"),
        Kind::ExclusiveMinimum { limit } => format!("is too small; more than {limit} is allowed"),
        Kind::ExclusiveMaximum { limit } => format!("is too large; less than {limit} is allowed"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("is too short; at least {limit} characters are allowed"),
        Kind::MaxLength { limit } => format!("is too long; at most {limit} characters are allowed"),
        Kind::MinItems { limit } => format!("has too few elements; at least {limit} are allowed"),
        Kind::MaxItems { limit } => format!("has too many elements; at most {limit} are allowed"),
        Kind::AdditionalItems { limit } => format!("has too many elements; at most {limit} are allowed"),
        Kind::UnevaluatedItems { .. } => "has elements that are not allowed".to_owned(),
        Kind::UniqueItems => "has an element twice".to_owned(),
        Kind::Contains => "lacks an element that must be there".to_owned(),
        Kind::MinProperties { limit } => format!("has too few keys; at least {limit} are allowed"),
        Kind::MaxProperties { limit } => format!("has too many keys; at most {limit} are allowed"),
        Kind::PropertyNames { error } => format!("has a key that is not allowed: it {}", problem(error, schema)),
        Kind::Format { format } => format!("is not of the format {format:?}"),
        Kind::Pattern { pattern } => format!("does not fit the pattern {pattern:?}"),
        Kind::Not { .. } => "is of a form that is not allowed".to_owned(),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            let why = context.iter().take(MOST_FORMS).filter_map(|form| form.first());
            let at = error.instance_path().as_str();
            let why: Vec<String> = why.map(|error| below(at, error, schema)).collect();
            format!(
                "fits none of the {} allowed forms: {}",
                context.len(),
                why.join(", or ")
            )
        }
        Kind::OneOfMultipleValid { .. } => "fits several forms, of which exactly one is allowed".to_owned(),
        Kind::ContentEncoding { content_encoding } => format!("is not encoded as {content_encoding:?}"),
        Kind::ContentMediaType { content_media_type } => format!("is not of the type {content_media_type:?}"),
        Kind::FromUtf8 { .. } => "is not text when it is decoded".to_owned(),
        Kind::Custom { message } => message.clone(),
        Kind::BacktrackLimitExceeded { .. } | Kind::Referencing(_) => "cannot be judged by the schema".to_owned(),
    }
}

/// What is wrong with a part of the value at a place.
fn below(at: &str, error: &ValidationError<'_>, schema: &Value) -> String {
    match error.instance_path().as_str() {
        place if place == at => problem(error, schema),
        place => format!("{place} {}", problem(error, schema)),
    }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => name(*one).to_owned(),
        TypeKind::Multiple(several) => several.iter().map(name).collect::<Vec<_>>().join(" or "),
    }
}

const fn name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a text",
    }
}

const fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn list(options: &Value) -> String {
    let Value::Array(options) = options else {
        return options.to_string();
    };
    let mut words: Vec<String> = options.iter().take(MOST_NAMED).map(Value::to_string).collect();
    if options.len() > MOST_NAMED {
        words.push("…".to_owned());
    }
    words.join(", ")
}

/// The keys that the schema with a keyword at `path` knows; `path` goes through each `$ref` it met.
fn keys_at(schema: &Value, path: &str) -> Vec<String> {
    let mut place = schema;
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    for part in parent.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let below = match place {
            Value::Object(object) if part == "$ref" => object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|target| schema.pointer(target.trim_start_matches('#'))),
            Value::Object(object) => object.get(&part),
            Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => None,
        };
        match below {
            Some(below) => place = below,
            None => return Vec::new(),
        }
    }
    match place.get("properties") {
        Some(Value::Object(named)) => named.keys().cloned().collect(),
        Some(_) | None => Vec::new(),
    }
}
