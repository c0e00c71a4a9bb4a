//! Which of the moments that have come become ticks.
//!
//! Normally one moment has come and becomes one tick. After the host was down there may be many, and the schedule says what happens
//! to those: nothing, one tick for all, or one each.

use std::time::Duration;

use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Missed;
use waspnest_core::event::TickCause;

/// A moment that has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// When it should have been.
    pub scheduled_for: UnixMs,
    /// When it came: a little later, where moments are spread.
    pub fires_at: UnixMs,
}

/// A moment that becomes a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// When it should have been.
    pub scheduled_for: UnixMs,
    /// Why it fires now.
    pub cause: TickCause,
    /// Earlier moments that are not made up for.
    pub missed: u32,
}

/// What the schedule wants for moments at which the host was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MissedRule {
    /// What happens to them.
    pub policy: Missed,
    /// Moments longer ago than this are never made up for.
    pub max_lateness: Option<Duration>,
}

/// Turns `due`, the moments up to `now` that have not fired, oldest first, into ticks. The schedule has been looked after since
/// `up_since`.
/// `on_time` is the cause of moments that were not missed.
pub(super) fn moments(due: &[Due], rule: MissedRule, up_since: UnixMs, now: UnixMs, on_time: TickCause) -> Vec<Moment> {
    let (missed, current) = due.split_at(due.partition_point(|due| due.fires_at < up_since));
    let recent = |due: &Due| rule.max_lateness.is_none_or(|most| now.since(due.fires_at) <= most);
    let mut ticks = Vec::new();
    let mut lost = u32::try_from(missed.len()).unwrap_or(u32::MAX);
    match rule.policy {
        Missed::Skip => {}
        Missed::Once => {
            if let Some(last) = missed.last().filter(|last| recent(last)) {
                ticks.push(Moment {
                    scheduled_for: last.scheduled_for,
                    cause: TickCause::CatchUp,
                    missed: lost - 1,
                });
                lost = 0;
            }
        }
        Missed::All => {
            let made_up = missed.iter().filter(|due| recent(due));
            ticks.extend(made_up.map(|due| Moment {
                scheduled_for: due.scheduled_for,
                cause: TickCause::CatchUp,
                missed: 0,
            }));
            lost -= u32::try_from(ticks.len()).unwrap_or(u32::MAX);
            if let Some(first) = ticks.first_mut() {
                first.missed = lost;
                lost = 0;
            }
        }
    }
    for due in current {
        ticks.push(Moment {
            scheduled_for: due.scheduled_for,
            cause: on_time,
            missed: std::mem::take(&mut lost),
        });
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP_SINCE: UnixMs = UnixMs(1_000);
    const NOW: UnixMs = UnixMs(1_500);

    fn ticks(due: &[u64], policy: Missed, max_lateness_ms: Option<u64>) -> Vec<(u64, TickCause, u32)> {
        let at = |moment: &u64| Due {
            scheduled_for: UnixMs(*moment),
            fires_at: UnixMs(*moment),
        };
        let due: Vec<_> = due.iter().map(at).collect();
        let rule = MissedRule {
            policy,
            max_lateness: max_lateness_ms.map(Duration::from_millis),
        };
        let ticks = moments(&due, rule, UP_SINCE, NOW, TickCause::Recurring);
        ticks
            .into_iter()
            .map(|tick| (tick.scheduled_for.0, tick.cause, tick.missed))
            .collect()
    }

    #[test]
    fn on_time_moments_fire_whatever_the_policy() {
        for policy in [Missed::Skip, Missed::Once, Missed::All] {
            assert_eq!(ticks(&[1_200], policy, None), [(1_200, TickCause::Recurring, 0)]);
        }
    }

    #[test]
    fn skipped_moments_are_counted_on_the_next_one() {
        assert_eq!(ticks(&[100, 200], Missed::Skip, None), []);
        assert_eq!(
            ticks(&[100, 200, 1_300], Missed::Skip, None),
            [(1_300, TickCause::Recurring, 2)]
        );
    }

    #[test]
    fn one_tick_makes_up_for_all() {
        assert_eq!(
            ticks(&[100, 200, 300], Missed::Once, None),
            [(300, TickCause::CatchUp, 2)]
        );
        assert_eq!(
            ticks(&[100, 300, 1_300], Missed::Once, None),
            [(300, TickCause::CatchUp, 1), (1_300, TickCause::Recurring, 0)]
        );
    }

    #[test]
    fn each_is_made_up_for() {
        assert_eq!(
            ticks(&[100, 200], Missed::All, None),
            [(100, TickCause::CatchUp, 0), (200, TickCause::CatchUp, 0)]
        );
    }

    #[test]
    fn what_is_too_late_is_gone() {
        assert_eq!(
            ticks(&[100, 900], Missed::All, Some(700)),
            [(900, TickCause::CatchUp, 1)]
        );
        assert_eq!(ticks(&[100, 300], Missed::Once, Some(700)), []);
    }
}
