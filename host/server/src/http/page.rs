//! Lists: a page at a time, each saying where the next begins.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};

use super::error::ApiError;
use super::query::Query;

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
    pub(super) fn of(query: &Query) -> Result<Self, ApiError> {
        let limit = query.number("limit", USUAL, 1, MOST)?;
        let cursor = query.get("cursor").map(str::parse).transpose();
        let after =
            cursor.map_err(|_| ApiError::invalid_query("cursor: not one that a list answered with".to_owned()))?;
        Ok(Self {
            after,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    /// One more than wanted, so that it shows whether there is a next page.
    pub(super) const fn look_ahead(&self) -> usize {
        self.limit + 1
    }

    /// The page as it is answered. `found` came from a question for [`Page::look_ahead`] elements.
    pub(super) fn answer<T, D: Display>(
        &self,
        mut found: Vec<T>,
        cursor: impl Fn(&T) -> D,
        item: impl Fn(T) -> Value,
    ) -> Value {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|last| cursor(last).to_string());
        json!({ "items": found.into_iter().map(item).collect::<Vec<_>>(), "next": next })
    }
}
