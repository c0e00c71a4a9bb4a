//! Lists: a page at a time, each saying where the next begins.

use std::fmt::Display;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::form::{Text, integer};
use super::query::{FromQuery, Params};

const USUAL: u64 = 50;
const MOST: u64 = 200;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<C> {
    /// Behind this element.
    pub(super) after: Option<C>,
    /// At most so many.
    pub(super) limit: usize,
}

impl<C: FromStr> Page<C> {
    /// Reads `limit` and `cursor`.
    pub(super) fn read(params: &mut Params) -> Option<Self> {
        let limit = params.optional(
            "limit",
            integer(1, MOST),
            "The most elements of the page; 50 if nothing is said.",
        );
        let says = "The `next` of the page before; the first page if nothing is said.";
        let cursor = params.optional("cursor", Text, says);
        let after = match cursor.map(|cursor| cursor.parse()) {
            Some(Err(_)) => {
                params.fault("cursor", "not one that a list answered with");
                return None;
            }
            Some(Ok(after)) => Some(after),
            None => None,
        };
        let limit = usize::try_from(limit.unwrap_or(USUAL)).unwrap_or(usize::MAX);
        Some(Self { after, limit })
    }
}

impl<C> Page<C> {
    /// One more than wanted, so that it shows whether there is a next page.
    pub(super) const fn look_ahead(&self) -> usize {
        self.limit + 1
    }

    /// The page as it is answered. `found` came from a question for [`Page::look_ahead`] elements.
    pub(super) fn answer<T, D: Display, S>(
        &self,
        mut found: Vec<T>,
        cursor: impl Fn(&T) -> D,
        item: impl FnMut(T) -> S,
    ) -> Listed<S> {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|last| cursor(last).to_string());
        let items = found.into_iter().map(item).collect();
        Listed { items, next }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub(super) struct Listed<T> {
    /// The elements.
    pub(super) items: Vec<T>,
    /// The cursor of the next page; none when this is the last.
    pub(super) next: Option<String>,
}

/// A page of a list that nothing else narrows.
pub(super) struct Plain<C>(pub(super) Page<C>);

impl<C: FromStr> FromQuery for Plain<C> {
    fn from_query(params: &mut Params) -> Option<Self> {
        Page::read(params).map(Self)
    }
}
