//! The stanza log.

use std::sync::Arc;

use futures::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::answer::Shown;
use crate::admin::live::{Form, Live};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get};
use crate::admin::state::State;
use crate::admin::waiting::patience;
use crate::{Direction, StanzaFilter, StanzaRecord};

/// Stanzas per answer when the call does not say.
const DEFAULT_LIMIT: usize = 100;
/// Stanzas per answer at most, and looked through at once.
const MAX_LIMIT: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/stanzas", "The stanza log, oldest first.", list).example("after=0&limit=20&account=4915112345678"),
        get("/stanzas/wait", "The first such stanza of the log; waits for it.", wait)
            .example("account=4915112345678&direction=out&tag=receipt&contains=played"),
        get(
            "/stanzas/follow",
            "The stanza log as it grows, from now on unless told; readable lines for `Accept: text/plain`.",
            follow,
        )
        .example("account=4915112345678"),
    ]
}

/// Which stanzas.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StanzaQuery {
    /// Only what came after this position; `next` of the last answer, to go on.
    #[serde(default)]
    after: u64,
    /// How many at most; 100 unless told, 1000 at most.
    limit: Option<usize>,
    /// Only this account's, by phone number.
    account: Option<String>,
}

/// Some stanzas.
#[derive(Serialize, JsonSchema)]
struct StanzaPage {
    items: Vec<StanzaRecord>,
    /// Pass it as `after` to go on.
    next: u64,
    /// Position of the latest stanza there is; pass it as `after` for what comes from now on.
    latest: u64,
}

async fn list(state: Arc<State>, query: StanzaQuery) -> Result<Shown<StanzaPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let mut page = StanzaPage {
        items: Vec::new(),
        next: query.after,
        latest: state.simulator.latest_stanza(),
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
    Ok(Shown(page))
}

/// Which stanza; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitQuery {
    /// Only what came after this position.
    #[serde(default)]
    after: u64,
    /// Only this account's, by phone number.
    account: Option<String>,
    /// Only these: `in` from clients, `out` to them.
    direction: Option<Direction>,
    /// Only with this tag.
    tag: Option<String>,
    /// A part of its XML.
    contains: Option<String>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait(state: Arc<State>, query: WaitQuery) -> Result<Shown<StanzaRecord>, Problem> {
    let filter = StanzaFilter {
        account: query.account,
        direction: query.direction,
        tag: query.tag,
    };
    let fits = |record: &StanzaRecord| {
        filter.fits(record)
            && query
                .contains
                .as_ref()
                .is_none_or(|part| record.xml.contains(part.as_str()))
    };
    let passed = state
        .simulator
        .wait_stanza(query.after, fits, patience(query.timeout_ms));
    tokio::select! {
        passed = passed => passed.map(Shown).ok_or_else(Problem::no_such_stanza),
        () = state.shutdown.cancelled() => Err(Problem::shutting_down()),
    }
}

/// Which stanzas to follow.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FollowQuery {
    /// Begins after this position; with what comes next when left out.
    after: Option<u64>,
    /// Only this account's, by phone number.
    account: Option<String>,
    /// Only these: `in` from clients, `out` to them.
    direction: Option<Direction>,
    /// Only with this tag.
    tag: Option<String>,
}

async fn follow((state, form): (Arc<State>, Form), query: FollowQuery) -> Result<Live<StanzaRecord>, Problem> {
    let after = query.after.unwrap_or_else(|| state.simulator.latest_stanza());
    let filter = StanzaFilter {
        account: query.account,
        direction: query.direction,
        tag: query.tag,
    };
    let follow = state.simulator.follow(after, filter);
    let records = stream::unfold(follow, |mut follow| async move {
        let record = follow.next().await?;
        Some((record, follow))
    });
    Ok(Live::new(form, records, state.shutdown.clone()))
}
