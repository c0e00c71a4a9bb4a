//! `[deliveries]`: how webhooks that were made over the API are told of events.

use std::time::Duration;

use super::form;
use super::plugins::{BreakerRule, Retry};
use super::section::Section;
use super::webhooks;

/// `[deliveries]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Deliveries {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Attempts for one webhook at the same time.
    pub concurrency: usize,
    /// Webhooks that one tenant may have.
    pub most: usize,
    /// Of so many events of each session's log it is remembered what became of telling them.
    pub keep: u64,
    /// How attempts are repeated.
    pub retry: Retry,
    /// When a server that keeps failing is left alone for a while.
    pub breaker: BreakerRule,
}

impl Deliveries {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        let timeout = form::span(Duration::from_millis(1), 60 * second);
        let deliveries = Self {
            timeout: section.or("timeout", 10 * second, timeout),
            concurrency: section.or("concurrency", 16, form::integer(1, 1000)),
            most: section.or("webhooks-per-tenant", 100, form::integer(1, 10_000)),
            keep: section.or("keep", 10_000, form::integer(0, 10_000_000)),
            retry: webhooks::retry(section.table("retry")),
            breaker: BreakerRule::read_or(
                section.table("breaker"),
                BreakerRule {
                    failures: 10,
                    window: 60 * second,
                    open: 30 * second,
                },
            ),
        };
        section.finish();
        deliveries
    }
}
