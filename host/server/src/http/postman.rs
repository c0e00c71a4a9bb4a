//! A Postman collection (its format 2.1), made of the OpenAPI document: a folder for each tag, a request for each operation.

use serde_json::{Map, Value, json};

use super::document::openapi;

/// What the format is called.
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// The whole collection. `base_url` and `token` are variables of it.
#[must_use]
pub fn postman() -> Value {
    let document = openapi();
    let mut folders: Map<String, Value> = Map::new();
    let paths = document["paths"].as_object();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            let folder = folders
                .entry(tag.to_owned())
                .or_insert_with(|| json!({ "name": tag, "item": [] }));
            if let Some(items) = folder["item"].as_array_mut() {
                items.push(item(method, path, operation));
            }
        }
    }
    json!({
        "info": {
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": { "type": "bearer", "bearer": [{ "key": "token", "value": "{{token}}", "type": "string" }] },
        "variable": [
            { "key": "base_url", "value": "http://127.0.0.1:8080" },
            { "key": "token", "value": "" },
        ],
        "item": folders.into_values().collect::<Value>(),
    })
}

fn item(method: &str, path: &str, operation: &Value) -> Value {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let of = |place: &'static str| parameters.iter().filter(move |parameter| parameter["in"] == place);
    let segments: Vec<String> = path
        .split('/')
        .skip(1)
        .map(
            |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => format!(":{name}"),
                None => part.to_owned(),
            },
        )
        .collect();
    let query = of("query").map(|parameter| {
        json!({
            "key": parameter["name"],
            "value": "",
            "description": parameter["description"],
            "disabled": parameter["required"] != true,
        })
    });
    let variables = of("path")
        .map(|parameter| json!({ "key": parameter["name"], "value": "", "description": parameter["description"] }));
    let mut request = json!({
        "method": method.to_uppercase(),
        "header": [],
        "url": {
            "raw": format!("{{{{base_url}}}}/{}", segments.join("/")),
            "host": ["{{base_url}}"],
            "path": segments,
            "query": query.collect::<Value>(),
            "variable": variables.collect::<Value>(),
        },
        "description": format!(
            "{} {}",
            operation["summary"].as_str().unwrap_or_default(),
            operation["description"].as_str().unwrap_or_default()
        ),
    });
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        request["auth"] = json!({ "type": "noauth" });
    }
    if let schema @ Value::Object(_) = &operation["requestBody"]["content"]["application/json"]["schema"] {
        request["header"] = json!([{ "key": "Content-Type", "value": "application/json" }]);
        let example = format!("{:#}", example(schema));
        request["body"] = json!({ "mode": "raw", "raw": example, "options": { "raw": { "language": "json" } } });
    }
    json!({ "name": operation["summary"], "request": request })
}

/// A value of a schema, of what the schema itself shows: its examples, words and bounds, the required fields of objects.
fn example(schema: &Value) -> Value {
    let first = |key: &str| schema[key].as_array().and_then(|values| values.first());
    if let Some(value) = first("examples")
        .or_else(|| schema.get("const"))
        .or_else(|| first("enum"))
    {
        return value.clone();
    }
    if let Some(form) = first("oneOf").or_else(|| first("anyOf")) {
        return example(form);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("object") => {
            let needed = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let fields = needed.map(|key| (key.to_owned(), example(&schema["properties"][key])));
            Value::Object(fields.collect())
        }
        Some("array") => json!([]),
        Some("string") => json!(""),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => json!(true),
        _ => Value::Null,
    }
}
