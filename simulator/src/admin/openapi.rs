//! The OpenAPI document of the admin interface, made from the table.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::problem::ProblemView;
use super::request::Place;
use super::route::{Route, routes};

/// What the document says about itself.
const DESCRIPTION: &str = "What a test in another process does to the simulated WhatsApp server: make accounts and people, \
let them talk, break the network, look at the wire. Unknown fields are errors. \
Errors are `application/problem+json` with a stable `code`.";

/// The whole document. `server` is the base URL of this interface, when it is known.
pub(crate) fn document() -> Value {
    // What calls take stands where it is used: those types are small, and one type may be both taken and answered.
    let mut taken = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut answered = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    for route in routes() {
        let operation = operation(&route, &mut taken, &mut answered);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let problem = answered.subschema_for::<ProblemView>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Waspnest simulator, admin interface",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            "description": DESCRIPTION,
        },
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": { "Problem": {
                "description": "It did not work, and why.",
                "content": { "application/problem+json": { "schema": problem } },
            } },
            "schemas": answered.take_definitions(true),
        },
    })
}

fn operation(route: &Route, taken: &mut SchemaGenerator, answered: &mut SchemaGenerator) -> Value {
    let signature = &route.signature;
    let input = Value::from((signature.input)(taken));
    let mut parameters: Vec<Value> = signature
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name,
                "in": "path",
                "required": true,
                "description": param.description,
                "schema": { "type": "string" },
                "example": param.example,
            })
        })
        .collect();
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag(route)],
    });
    match signature.place {
        Place::Query => parameters.extend(query_parameters(&input)),
        Place::Body => {
            let mut content = json!({ "schema": input });
            if let Ok(example) = serde_json::from_str::<Value>(route.example) {
                content["example"] = example;
            }
            let required = input.get("required").is_some();
            operation["requestBody"] = json!({ "required": required, "content": { "application/json": content } });
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation["responses"] = json!({
        signature.status.as_str(): {
            "description": signature.status.canonical_reason().unwrap_or_default(),
            "content": (signature.content)(answered),
        },
        "default": { "$ref": "#/components/responses/Problem" },
    });
    operation
}

/// The fields of a query, as parameters.
fn query_parameters(input: &Value) -> Vec<Value> {
    let required: Vec<&str> = input["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields = input["properties"].as_object().into_iter().flatten();
    fields
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({
                "name": name,
                "in": "query",
                "required": required.contains(&name.as_str()),
                "schema": without_null(schema),
            });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameter
        })
        .collect()
}

/// A query leaves a field out where a body could also say `null`.
fn without_null(mut schema: Value) -> Value {
    let kinds = schema["type"]
        .as_array()
        .map(|kinds| kinds.iter().filter(|kind| *kind != "null").cloned().collect::<Vec<_>>());
    if let Some([kind]) = kinds.as_deref() {
        schema["type"] = kind.clone();
    }
    schema
}

/// `POST /people/{phone}/say` is `post_people_phone_say`.
fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '{', '}', '-', '.'])
        .filter(|word| !word.is_empty());
    let method = route.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str())
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

/// The resource: the first word of the path.
fn tag(route: &Route) -> &'static str {
    match route.path.split('/').nth(1) {
        None | Some("") => "simulator",
        Some(word) => word,
    }
}
