//! A call, reduced to what handlers need, and the two places its input can stand in.

use http::header::HeaderMap;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A call that found its route.
#[derive(Debug)]
pub(crate) struct Request {
    /// What stood in the places of the path template that have a name.
    pub(crate) params: Params,
    pub(crate) headers: HeaderMap,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

/// Names and values from a path, decoded.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn new<'a>(found: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let decode = |value| percent_decode_str(value).decode_utf8_lossy().into_owned();
        Self(found.map(|(name, value)| (name.to_owned(), decode(value))).collect())
    }

    /// The value called `name`; empty when the path has none, which the test of the table excludes.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// Where a call's input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the query string.
    Query,
    /// In the JSON body; no body counts as `{}`.
    Body,
}

impl Place {
    /// Reads the input of a call.
    pub(crate) fn read<T: DeserializeOwned>(self, request: &Request) -> Result<T, Problem> {
        match self {
            Self::Query => self.parse(request.query.as_bytes()),
            Self::Body => self.parse(&request.body),
        }
    }

    /// Reads an input as it would stand in this place.
    pub(crate) fn parse<T: DeserializeOwned>(self, given: &[u8]) -> Result<T, Problem> {
        match self {
            Self::Query => serde_urlencoded::from_bytes(given).map_err(|error| Problem::bad_query(&error)),
            Self::Body => {
                let body = if given.is_empty() { b"{}" } else { given };
                serde_json::from_slice(body).map_err(|error| Problem::bad_body(&error))
            }
        }
    }
}
