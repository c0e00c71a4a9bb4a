//! The OpenAPI document is the interface: complete, valid, and what every call of these tests is held against.

use std::sync::OnceLock;

use serde_json::{Value, json};
use waspnest_simulator::admin;

use crate::calls::{Reply, started};
use crate::schema::complaints;

/// The document, ready to check calls.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn get() -> &'static Self {
        static DOCUMENT: OnceLock<Document> = OnceLock::new();
        DOCUMENT.get_or_init(|| Self(admin::openapi()))
    }

    /// Panics when a call that worked was not documented to work, or an answer is not what was promised.
    pub(crate) fn check(&self, method: &str, path: &str, sent: &str, reply: &Reply) {
        let call = format!("{method} {path}");
        if reply.status >= 400 {
            let place = [
                "components",
                "responses",
                "Problem",
                "content",
                "application/problem+json",
                "schema",
            ];
            return self.validate(&call, &place, &reply.body);
        }
        let template = self
            .template(path)
            .unwrap_or_else(|| panic!("{call} is not in the document"));
        let method = method.to_ascii_lowercase();
        let status = reply.status.to_string();
        let place = [
            "paths",
            template,
            &method,
            "responses",
            &status,
            "content",
            &reply.kind,
            "schema",
        ];
        self.validate(&call, &place, &reply.body);
        if let Ok(sent) = serde_json::from_str(sent) {
            let place = [
                "paths",
                template,
                &method,
                "requestBody",
                "content",
                "application/json",
                "schema",
            ];
            self.validate(&call, &place, &sent);
        }
    }

    fn validate(&self, call: &str, place: &[&str], value: &Value) {
        let schema = place.iter().try_fold(&self.0, |found, word| found.get(word));
        let schema = schema.unwrap_or_else(|| panic!("{call}: nothing is documented at {place:?}"));
        let complaints = complaints(&self.0, schema, value);
        assert!(
            complaints.is_empty(),
            "{call}: {value} is not as documented: {complaints:#?}"
        );
    }

    /// The path of the document that `path` is an instance of.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |template: &&String| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template
                    .zip(path)
                    .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
        };
        let templates = self.0["paths"].as_object()?.keys().filter(fits);
        templates
            .min_by_key(|template| template.matches('{').count())
            .map(String::as_str)
    }
}

#[tokio::test]
async fn every_call_is_in_the_document_and_its_examples_are_valid() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let document = calls.done("GET /openapi.json", Value::Null).await?;
    assert_eq!(document, admin::openapi());
    let index = calls.done("GET /", Value::Null).await?;
    let listed: Vec<&str> = index["routes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let call = format!("{} {path}", method.to_ascii_uppercase());
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|summary| summary.ends_with('.')),
                "{call}"
            );
            let named: Vec<&Value> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| &parameter["name"])
                .collect();
            assert_eq!(named.len(), path.matches('{').count(), "{call}");
            let body = &operation["requestBody"];
            if body["required"] == json!(true) {
                let example = &body["content"]["application/json"]["example"];
                assert!(example.is_object(), "{call} has no example of its body");
                let place = [
                    "paths",
                    path,
                    method,
                    "requestBody",
                    "content",
                    "application/json",
                    "schema",
                ];
                Document::get().validate(&call, &place, example);
            }
            documented.push(call);
        }
    }
    documented.sort();
    let mut listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
    listed.sort();
    assert_eq!(documented, listed, "the listing and the document name the same calls");
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

#[test]
fn the_document_has_the_form_of_openapi_3_1() {
    let document = admin::openapi();
    assert_eq!(document["openapi"], json!("3.1.0"));
    let mut ids = Vec::new();
    for methods in document["paths"]
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values())
    {
        for operation in methods.as_object().into_iter().flat_map(|methods| methods.values()) {
            ids.push(operation["operationId"].to_string());
            assert!(operation["responses"]["default"].is_object(), "{operation}");
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids of operations are unique");
}
