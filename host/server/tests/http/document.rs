//! Every answer of every test is held against the OpenAPI document, and so is every body that was taken.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::Value;
use waspnest::http::{Listed, list, openapi};

use crate::support::Answer;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(openapi)
}

/// What the document says of the operation that a request reaches; none for what is no operation.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let (before, last) = path.rsplit_once('/')?;
    let last = match last.strip_prefix("sha256:") {
        Some(rest) => format!("sha256:{}", rest.replacen(':', "/", 1)),
        None => last.replacen(':', "/", 1),
    };
    let path = format!("{before}/{last}");
    let given: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        let rest = parts.last().is_some_and(|part| part.starts_with("{*"));
        (given.len() == parts.len() || rest && given.len() >= parts.len())
            && parts
                .iter()
                .zip(&given)
                .all(|(part, given)| part.starts_with('{') || part == given)
    };
    // As the router does, a word wins over a parameter.
    static ROUTES: OnceLock<Vec<Listed>> = OnceLock::new();
    let found = ROUTES
        .get_or_init(list)
        .iter()
        .filter(|route| route.method.as_str() == method && fits(route.path));
    let route = found.min_by_key(|route| route.path.matches('{').count())?;
    let told = &document()["paths"][route.path.replace("{*", "{")][method.to_lowercase()];
    assert!(told.is_object(), "{method} {} is not in the document", route.path);
    Some(told)
}

/// What judges by a schema, which is not made twice.
fn validator(schema: &Value) -> Arc<Validator> {
    static MADE: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().expect("nobody panics here");
    let make = || {
        let mut whole = schema.clone();
        whole["components"] = document()["components"].clone();
        Arc::new(jsonschema::validator_for(&whole).expect("a schema"))
    };
    made.entry(schema.to_string()).or_insert_with(make).clone()
}

fn held(schema: &Value, value: &Value, what: &str) {
    let validator = validator(schema);
    let wrong: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        wrong.is_empty(),
        "{what} is not what the document says: {wrong:#?}\n{value:#}\n{schema:#}"
    );
}

/// Asserts that an answer is one that the document knows, and that a body which was taken is one that it allows.
pub(crate) fn check(method: &str, path: &str, sent: Option<&Value>, answer: &Answer) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    let what = format!("{method} {path}: {}", answer.status);
    let answers = &operation["responses"];
    let told = match &answers[answer.status.to_string()] {
        Value::Null => &answers["default"],
        told => told,
    };
    let told = match told["$ref"].as_str() {
        Some("#/components/responses/Problem") => &document()["components"]["responses"]["Problem"],
        Some(other) => panic!("{what}: {other} is nowhere"),
        None => told,
    };
    assert!(told.is_object(), "{what} is an answer that the document does not know");
    if let Some(content) = told["content"].as_object() {
        let media = answer.header("content-type").unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default();
        // What people sent can be of any type.
        let schema = content.get(media).or_else(|| content.get("*/*"));
        let schema = schema.unwrap_or_else(|| panic!("{what}: {media} is none of {:?}", content.keys()));
        // What is anything is not looked into.
        let lines = media.ends_with("ndjson");
        if media.ends_with("json") && !lines && content.contains_key(media) {
            held(&schema["schema"], &answer.json(), &what);
        }
    }
    if let (Some(sent), 200..300) = (sent, answer.status) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        held(schema, sent, &format!("what {method} {path} took"));
    }
}

#[test]
fn the_document_and_the_table_list_the_same_operations() {
    let paths = document()["paths"].as_object().expect("paths");
    let told: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().expect("operations").keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let table = list();
    let routes = table.iter();
    let routes = routes.map(|route| (route.method.to_string(), route.path.replace("{*", "{")));
    assert_eq!(told, routes.collect());
}
