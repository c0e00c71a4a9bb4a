//! What a manifest can say about a capability, from the schema that editors check manifests against.

use anyhow::{Context, Result};
use serde_json::Value;

/// A capability that is asked for by its name.
pub(super) struct Request {
    pub(super) name: String,
    /// What it lets a plugin do.
    words: String,
    /// Its terms, and what each means.
    terms: Vec<(String, String)>,
}

/// What every request has, which is told once for all of them.
const COMMON: [&str; 2] = ["optional", "reason"];

impl Request {
    /// All of a schema.
    pub(super) fn all(schema: &Value) -> Result<Vec<Self>> {
        let all = schema["properties"]["capabilities"]["properties"].as_object();
        let all = all.context("the schema of manifests tells no capabilities")?;
        Ok(all.iter().map(|(name, request)| Self::of(name, request)).collect())
    }

    fn of(name: &str, request: &Value) -> Self {
        let told = |value: &Value| value["description"].as_str().unwrap_or_default().to_owned();
        let terms = request["anyOf"][1]["properties"].as_object().into_iter().flatten();
        let terms = terms.filter(|(term, _)| !COMMON.contains(&term.as_str()));
        Self {
            name: name.to_owned(),
            words: told(request),
            terms: terms.map(|(term, value)| (term.clone(), told(value))).collect(),
        }
    }

    /// The interface that it lets a plugin at.
    pub(super) fn interface(&self) -> &str {
        match self.name.split('.').next() {
            Some("messages") => "messaging",
            Some("media") => "media-store",
            Some(name) => name,
            None => &self.name,
        }
    }

    /// As a page tells it.
    pub(super) fn told(&self) -> String {
        let mut text = format!("`\"{}\"`: {}", self.name, self.words);
        for (term, meaning) in &self.terms {
            text.push_str(&format!("\n- `{term}`: {meaning}"));
        }
        text
    }
}
