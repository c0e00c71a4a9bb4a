//! The rule a schedule or a timer follows, and the moments it gives.

use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::TimerRule;

use crate::config::schedule::{Rule, Schedule};
use crate::cron_rule::{CronRule, InvalidCron, next_after};

/// The most moments looked at after a long pause; those behind them are passed over.
const MOST_MOMENTS: usize = 10_000;

/// When something happens again.
#[derive(Debug, Clone, PartialEq)]
pub enum Recurrence {
    /// Once.
    At(UnixMs),
    /// Again and again after a fixed span.
    Every(Duration),
    /// By a cron expression, read in a zone.
    Cron(Box<CronRule>, Tz),
}

impl Recurrence {
    /// The rule of a schedule of the configuration.
    #[must_use]
    pub fn of_schedule(schedule: &Schedule) -> Self {
        match &schedule.rule {
            Rule::Cron(rule) => Self::Cron(Box::new(rule.clone()), schedule.zone),
            Rule::Every(span) => Self::Every(*span),
            Rule::At(at) => Self::At(*at),
        }
    }

    /// The rule of a timer a plugin set.
    ///
    /// # Errors
    /// When a stored cron expression or zone is not understood any more.
    pub fn of_timer(rule: &TimerRule, zone: &str) -> Result<Self, InvalidRule> {
        Ok(match rule {
            TimerRule::At(at) | TimerRule::Wait(at) => Self::At(*at),
            TimerRule::Every(millis) => Self::Every(Duration::from_millis(*millis)),
            TimerRule::Cron(expression) => {
                let zone = zone.parse().map_err(|_| InvalidRule::Zone { zone: zone.into() })?;
                Self::Cron(Box::new(expression.parse().map_err(InvalidRule::Cron)?), zone)
            }
        })
    }

    /// The first moment after `after`.
    #[must_use]
    pub fn next(&self, after: UnixMs) -> Option<UnixMs> {
        match self {
            Self::At(at) => (*at > after).then_some(*at),
            Self::Every(span) => Some(after.plus((*span).max(Duration::from_millis(1)))),
            Self::Cron(rule, zone) => next_after(rule, *zone, after),
        }
    }

    /// The moments from `first` up to `now`, oldest first, and the one after them.
    pub(super) fn up_to(&self, first: UnixMs, now: UnixMs) -> (Vec<UnixMs>, Option<UnixMs>) {
        let mut due = Vec::new();
        let mut next = Some(first);
        while let Some(moment) = next.filter(|moment| *moment <= now) {
            due.push(moment);
            next = self.next(if due.len() < MOST_MOMENTS { moment } else { now });
        }
        (due, next)
    }
}

/// A rule that is not understood.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRule {
    /// The cron expression.
    #[error("the cron expression is not understood")]
    Cron(#[source] InvalidCron),
    /// The zone.
    #[error("{zone:?} is not an IANA time zone")]
    Zone {
        /// What was given.
        zone: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_pause_is_bounded() {
        let every = Recurrence::Every(Duration::from_millis(10));
        let (due, next) = every.up_to(UnixMs(0), UnixMs(1_000_000));
        assert_eq!(due.len(), MOST_MOMENTS);
        assert_eq!(next, Some(UnixMs(1_000_010)));
    }

    #[test]
    fn a_single_moment_comes_once() {
        let once = Recurrence::At(UnixMs(500));
        assert_eq!(once.next(UnixMs(0)), Some(UnixMs(500)));
        assert_eq!(once.up_to(UnixMs(500), UnixMs(900)), (vec![UnixMs(500)], None));
    }
}
