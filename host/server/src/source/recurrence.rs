//! The rule a schedule or a timer follows, and the moments it gives.

use std::fmt;
use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::TimerRule;

use super::moments::Due;
use crate::config::schedule::{Rule, Schedule};
use crate::cron_rule::{CronRule, InvalidCron, instant, next_after};

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
    /// The rule of a schedule, read in a zone.
    #[must_use]
    pub fn of_schedule(schedule: &Schedule, zone: Tz) -> Self {
        match &schedule.rule {
            Rule::Cron(rule) => Self::Cron(Box::new(rule.clone()), zone),
            Rule::Every(span) => Self::Every(*span),
            Rule::At(at) => Self::At(*at),
            Rule::Local(local) => {
                let moment = instant(zone, *local).timestamp_millis();
                Self::At(UnixMs(u64::try_from(moment).unwrap_or(0)))
            }
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

    /// The moments from `first` on that have come by `now`, oldest first, and the one after them. `fires_at` is when a moment comes; one
    /// that is late holds up those behind it.
    pub(super) fn up_to(
        &self,
        first: UnixMs,
        now: UnixMs,
        fires_at: impl Fn(UnixMs) -> UnixMs,
    ) -> (Vec<Due>, Option<UnixMs>) {
        let mut due = Vec::new();
        let mut next = Some(first);
        while let Some(moment) = next.filter(|moment| fires_at(*moment) <= now) {
            due.push(Due {
                scheduled_for: moment,
                fires_at: fires_at(moment),
            });
            next = self.next(if due.len() < MOST_MOMENTS { moment } else { now });
        }
        (due, next)
    }
}

/// For comparing: two of the same words give the same moments.
impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "at {}", at.0),
            Self::Every(span) => write!(f, "every {}", span.as_millis()),
            Self::Cron(rule, zone) => write!(f, "cron {rule} {}", zone.name()),
        }
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
        let (due, next) = every.up_to(UnixMs(0), UnixMs(1_000_000), |moment| moment);
        assert_eq!(due.len(), MOST_MOMENTS);
        assert_eq!(next, Some(UnixMs(1_000_010)));
    }

    #[test]
    fn a_single_moment_comes_once() {
        let once = Recurrence::At(UnixMs(500));
        assert_eq!(once.next(UnixMs(0)), Some(UnixMs(500)));
        let (due, next) = once.up_to(UnixMs(500), UnixMs(900), |moment| moment);
        assert_eq!((due.len(), due[0].scheduled_for, next), (1, UnixMs(500), None));
        let (due, next) = once.up_to(UnixMs(500), UnixMs(900), |moment| UnixMs(moment.0 + 401));
        assert_eq!((due.len(), next), (0, Some(UnixMs(500))), "it comes later");
    }
}
