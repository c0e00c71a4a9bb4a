//! The OpenAPI 3.1 document, made of the table of routes and the types of its handlers.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::context::Ctx;
use super::error::ApiError;
use super::etag;
use super::lasting::Lasting;
use super::operation::{Answer, Description};
use super::reply::{JSON, Reply};
use super::routes::{Access, Route, TICKET, table};

/// What the parameters of paths are. A name means the same in every path.
const PATH: &[(&str, &str)] = &[
    ("s", "A session: its id, its name, or its phone number with `+`."),
    ("i", "An installation: the operator's name of it."),
    ("p", "A plugin: its author's id of it."),
    ("b", "The id of a backup."),
    ("t", "A tenant: its id or its name."),
    ("u", "The id of a user."),
    ("w", "The id of a webhook."),
    ("position", "The position of an event in its session's log."),
    ("k", "The id of an API key."),
    ("e", "The id of an effect."),
    ("m", "WhatsApp's id of a message."),
    ("sm", "The id of a scheduled message."),
    ("media", "The id of media: the SHA-256 of their bytes."),
    ("chat", "The address of a chat."),
    ("r", "The id of a run."),
    ("v", "The digest of a version."),
    ("n", "The name of a secret."),
    ("id", "The name of a schedule."),
    ("file", "The name of a file."),
    ("path", "Whatever the plugin knows."),
    ("g", "The address of a group or a community, `…@g.us`."),
    ("sub", "The address of a group of the community, `…@g.us`."),
    ("chat", "The address of a chat: a person's, a group's."),
    ("jid", "The address of a person: a phone number, or `…@lid`."),
    ("code", "The code at the end of an invite link."),
    ("post", "The id of a status post."),
    ("newsletter", "The address of a newsletter, `…@newsletter`."),
    ("label", "WhatsApp's id of a label: a number."),
];

/// The document as it is served; made once.
#[derive(Debug, Clone)]
pub(super) struct Document(Arc<[u8]>);

impl Document {
    pub(super) fn new() -> Self {
        Self(openapi().to_string().into_bytes().into())
    }
}

/// A JSON document that is somebody else's standard.
pub(super) struct Served(Document);

impl Answer for Served {
    fn reply(self) -> Reply {
        static LASTING: Lasting = Lasting::new();
        let mut reply = Reply::new(StatusCode::OK, Bytes::from_owner(self.0.0));
        reply.lasting = Some(&LASTING);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        reply
    }

    fn tell(told: &mut Description) {
        let schema = json!({ "type": "object", "description": "An OpenAPI 3.1 document." });
        told.answer(200, "The document.", JSON, &schema);
    }
}

pub(super) async fn show(ctx: Ctx) -> Result<Served, ApiError> {
    Ok(Served(ctx.document.clone()))
}

/// The whole document.
#[must_use]
pub fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = SchemaGenerator::new(settings);
    let mut paths = Map::new();
    let mut tags = Vec::new();
    for route in table() {
        let mut told = Description::new(schemas);
        (route.tell)(&mut told);
        let (module, name) = place(&route);
        if !tags.contains(&module) {
            tags.push(module.clone());
        }
        let operation = operation(&route, &module, &name, &told);
        schemas = told.schemas;
        let path = paths.entry(shown_path(route.path)).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation;
    }
    let mut components: Map<String, Value> = schemas.take_definitions(true);
    components.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Waspnest",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "WhatsApp sessions, and the plugins that serve them. An action such as `…/connect` is also reachable as `…:connect`. Errors are problem documents (RFC 9457): `code` is stable and for programs, `detail` is for people.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "tags": tags.iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "The admin secret, an API key, a session token or the token of a login." },
                "ticket": { "type": "apiKey", "in": "query", "name": TICKET, "description": "What `POST /v1/stream-tickets` answered; good once." },
                "hook": { "type": "http", "scheme": "bearer", "description": "The secret of the installation's hook, unless the hook asks for a signature." },
            },
            "responses": {
                "Problem": {
                    "description": "It was not done; `code` and `detail` say why.",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                },
            },
        },
    })
}

/// The module of a handler and its name in it.
fn place(route: &Route) -> (String, String) {
    let mut parts = route.name.rsplit("::");
    let name = parts.next().unwrap_or_default().to_owned();
    let module = parts.next().unwrap_or_default().to_owned();
    (module.replace('_', "-"), name)
}

/// A path as OpenAPI writes it, which has no rest of a path.
fn shown_path(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation(route: &Route, module: &str, name: &str, told: &Description) -> Value {
    let mut parameters: Vec<Value> = names_in(route.path).map(parameter).collect();
    parameters.extend(told.parameters.iter().cloned());
    let mut answers = Map::new();
    for (status, answer) in &told.answers {
        answers.insert(status.to_string(), answer.clone());
    }
    if route.method == http::Method::GET && route.access != Access::Hook {
        etag::tell(&mut answers);
    }
    if route.access == Access::Hook {
        answers.insert(
            "default".to_owned(),
            json!({ "description": "What the plugin answers, or a problem." }),
        );
    } else {
        answers.insert(
            "default".to_owned(),
            json!({ "$ref": "#/components/responses/Problem" }),
        );
    }
    let id = match route.access {
        // One handler serves many methods and paths.
        Access::Hook => {
            let place = match route.path.rsplit('/').next() {
                Some("") => "root",
                Some("{*path}") => "path",
                Some(_) | None => "bare",
            };
            format!("{module}.{name}.{place}.{}", route.method.as_str().to_lowercase())
        }
        Access::Open | Access::May(_) | Access::Known | Access::Admin => format!("{module}.{name}"),
    };
    let scope = match route.access {
        Access::Open => "Anybody may call it.".to_owned(),
        Access::Known => "For whoever is known, with whatever scopes.".to_owned(),
        Access::Admin => "For the admin secret.".to_owned(),
        Access::Hook => "For who knows the secret of the hook.".to_owned(),
        Access::May(scope) => format!("Scope `{scope}`."),
    };
    let mut operation = json!({
        "operationId": id,
        "tags": [module],
        "summary": route.says,
        "description": scope,
        "security": match route.access {
            Access::Open => json!([]),
            Access::Hook => json!([{ "hook": [] }]),
            Access::May(_) | Access::Known | Access::Admin if route.takes_tickets => json!([{ "bearer": [] }, { "ticket": [] }]),
            Access::May(_) | Access::Known | Access::Admin => json!([{ "bearer": [] }]),
        },
        "parameters": parameters,
        "responses": answers,
    });
    if let Some(body) = &told.body {
        operation["requestBody"] = body.clone();
    }
    operation
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    let parts = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parts.map(|name| name.trim_start_matches('*'))
}

fn parameter(name: &str) -> Value {
    let says = PATH
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("", |(_, says)| says);
    json!({ "name": name, "in": "path", "required": true, "description": says, "schema": { "type": "string" } })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why something was not done (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What is wrong, for people." },
            "code": { "type": "string", "description": "What is wrong, for programs; stable." },
            "request_id": { "type": "string", "description": "Under which the host's log says more." },
            "whatsapp_code": { "type": "integer", "description": "WhatsApp's own code, where it refused with one." },
            "errors": {
                "type": "array",
                "description": "What is wrong with the fields of the body.",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "Where, as a JSON pointer." },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_parameter_of_a_path_is_described() {
        for route in table() {
            for name in names_in(route.path) {
                assert!(PATH.iter().any(|(known, _)| *known == name), "{}: {name}", route.path);
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = openapi();
        let mut seen = BTreeSet::new();
        for path in document["paths"].as_object().expect("paths").values() {
            for operation in path.as_object().expect("operations").values() {
                let id = operation["operationId"].as_str().expect("an id");
                assert!(seen.insert(id.to_owned()), "{id} names two operations");
            }
        }
        assert_eq!(seen.len(), table().len());
    }
}
