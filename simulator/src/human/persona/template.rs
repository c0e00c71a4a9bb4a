//! Texts with places that are filled from what was heard.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::PersonaError;

/// A text in which `{text}`, `{name}`, `{from}`, `{me}` and `{n}` are filled; `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    written: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Place),
}

/// What fills a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The text that was heard.
    Text,
    /// The name of who said it.
    Name,
    /// The number of who said it.
    From,
    /// The person's own name.
    Me,
    /// How often this rule or step has been followed, this time included.
    N,
}

const PLACES: [(&str, Place); 5] = [
    ("text", Place::Text),
    ("name", Place::Name),
    ("from", Place::From),
    ("me", Place::Me),
    ("n", Place::N),
];

/// What there is to fill places with; empty where nothing was heard.
#[derive(Debug, Default)]
pub(crate) struct Filling<'a> {
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    pub(crate) from: &'a str,
    pub(crate) me: &'a str,
    pub(crate) n: u64,
}

impl Template {
    /// The text with its places filled.
    pub(crate) fn fill(&self, with: &Filling<'_>) -> String {
        let n = with.n.to_string();
        let fill = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Place(Place::Text) => with.text.to_owned(),
            Piece::Place(Place::Name) => with.name.to_owned(),
            Piece::Place(Place::From) => with.from.to_owned(),
            Piece::Place(Place::Me) => with.me.to_owned(),
            Piece::Place(Place::N) => n.clone(),
        };
        self.pieces.iter().map(fill).collect()
    }
}

impl FromStr for Template {
    type Err = PersonaError;

    fn from_str(written: &str) -> Result<Self, PersonaError> {
        let unclosed = || PersonaError::Brace {
            text: written.to_owned(),
        };
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..];
            if let Some(after) = brace.strip_prefix("{{") {
                text.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                text.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').ok_or_else(unclosed)?;
                let (name, after) = inside.split_once('}').ok_or_else(unclosed)?;
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Place(place(name)?));
                rest = after;
            }
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(Self {
            written: written.to_owned(),
            pieces,
        })
    }
}

fn place(name: &str) -> Result<Place, PersonaError> {
    let found = PLACES.iter().find(|(known, _)| *known == name);
    found.map(|(_, place)| *place).ok_or_else(|| PersonaError::Placeholder {
        found: name.to_owned(),
        allowed: PLACES.map(|(known, _)| format!("{{{known}}}")).join(", "),
    })
}

impl TryFrom<String> for Template {
    type Error = PersonaError;

    fn try_from(written: String) -> Result<Self, PersonaError> {
        written.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.written
    }
}

impl JsonSchema for Template {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A text. {text}, {name}, {from}, {me} and {n} are filled from what was heard; {{ and }} are braces.",
        })
    }
}
