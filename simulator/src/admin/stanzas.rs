//! The stanza log.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::State;
use super::problem::Problem;
use super::request::{Answer, Request};
use crate::StanzaRecord;

/// Stanzas per answer when the call does not say.
const DEFAULT_LIMIT: usize = 100;
/// Stanzas per answer at most, and looked through at once.
const MAX_LIMIT: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    account: Option<String>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<StanzaRecord>,
    /// Pass it as `after` to go on.
    next: u64,
}

/// `GET /stanzas`: what went over the wire, oldest first.
pub(super) async fn list(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let query: Query = request.query()?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let mut page = Page {
        items: Vec::new(),
        next: query.after,
    };
    while page.items.len() < limit {
        let looked_at = state.simulator.stanzas(page.next, MAX_LIMIT);
        if looked_at.is_empty() {
            break;
        }
        for record in looked_at {
            if page.items.len() == limit {
                break;
            }
            page.next = record.seq;
            if query.account.is_none() || record.account == query.account {
                page.items.push(record);
            }
        }
    }
    Ok(Answer::ok(&page))
}
