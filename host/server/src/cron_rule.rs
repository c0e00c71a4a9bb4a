//! Recurring moments: a cron expression, read on the wall clocks of an IANA time zone.
//!
//! Five fields (minute, hour, day of month, month, day of week), six with seconds in front, seven with a year behind. Days of the
//! week are names or numbers with 0 and 7 for Sunday, as in crontab. Where day of month *and* day of week are given, both must
//! hold (`0 8 13 * FRI` is Friday the 13th).
//!
//! The expression is matched against the local date and time alone; what clocks do twice a year is added by two rules:
//! a time the clocks skip happens at the first valid moment after the gap, and a time they repeat happens once, the first time.
//! Several times within one gap are one moment.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;

/// What the `cron` crate calls the days, Sunday first.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// No zone is further from UTC than this.
const MAX_OFFSET: TimeDelta = TimeDelta::hours(15);

/// A text that is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a cron expression: {reason}")]
pub struct InvalidCron {
    given: Box<str>,
    reason: Box<str>,
}

/// A parsed cron expression.
#[derive(Clone)]
pub struct CronRule {
    text: Box<str>,
    schedule: Arc<cron::Schedule>,
}

impl FromStr for CronRule {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        let invalid = |reason: String| InvalidCron {
            given: text.into(),
            reason: reason.into(),
        };
        let mut fields: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        match fields.len() {
            5 => fields.insert(0, "0".to_owned()),
            6 | 7 => {}
            n => {
                return Err(invalid(format!(
                    "expected 5 fields (minute hour day month weekday), or 6 with seconds in front, found {n}"
                )));
            }
        }
        fields[5] = weekdays(&fields[5]).map_err(invalid)?;
        let schedule = fields
            .join(" ")
            .parse()
            .map_err(|error: cron::error::Error| invalid(error.to_string()))?;
        Ok(Self {
            text: text.into(),
            schedule: Arc::new(schedule),
        })
    }
}

impl fmt::Display for CronRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CronRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronRule({:?})", self.text)
    }
}

impl PartialEq for CronRule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronRule {}

/// The first moment strictly after `after` at which `rule` holds on the clocks of `zone`; none when there is no such moment any more
/// (a year in the past, the 30th of February).
#[must_use]
pub fn next_after(rule: &CronRule, zone: Tz, after: UnixMs) -> Option<UnixMs> {
    let after = DateTime::from_timestamp_millis(i64::try_from(after.0).ok()?)?;
    let local = after.with_timezone(&zone).naive_local();
    // Labelled UTC, local times have no gaps and no repeats: every moment the expression names is found.
    let candidates = rule.schedule.after(&local.and_utc());
    candidates
        .map(|candidate| instant(zone, candidate.naive_utc()))
        // A repeated hour: its times have happened already, the first time round.
        .find(|moment| *moment > after)
        .and_then(|moment| u64::try_from(moment.timestamp_millis()).ok())
        .map(UnixMs)
}

/// The moment at which the clocks of `zone` show `local`: the first if they do so twice, the end of the gap if never.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => moment.with_timezone(&Utc),
        MappedLocalTime::None => end_of_gap(zone, local),
    }
}

/// The first second at which the clocks of `zone` show more than `local`, which they never show.
fn end_of_gap(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let mut before = (local - MAX_OFFSET).and_utc();
    let mut behind = (local + MAX_OFFSET).and_utc();
    while behind - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((behind - before).num_seconds() / 2);
        if middle.with_timezone(&zone).naive_local() > local {
            behind = middle;
        } else {
            before = middle;
        }
    }
    behind
}

/// A day-of-week field in crontab's numbers, as the names the `cron` crate knows (its own numbers start at 1 for Sunday).
fn weekdays(field: &str) -> Result<String, String> {
    let mut chosen = [false; 7];
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| (1..=7).contains(step))),
            None => (item, Some(1)),
        };
        let step: usize = step.ok_or_else(|| format!("{item:?} has no valid step"))?;
        let (first, last) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (0, 6),
            Some((first, last)) => (weekday(first)?, weekday(last)?),
            None if item.contains('/') => (weekday(range)?, 6),
            None => (weekday(range)?, weekday(range)?),
        };
        // `FRI-MON` and `5-7` run over the end of the week.
        let last = if last < first { last + 7 } else { last };
        for day in (first..=last).step_by(step) {
            chosen[day % 7] = true;
        }
    }
    if chosen.iter().all(|day| *day) {
        return Ok("*".to_owned());
    }
    let names: Vec<&str> = DAYS
        .iter()
        .zip(chosen)
        .filter_map(|(name, chosen)| chosen.then_some(*name))
        .collect();
    Ok(names.join(","))
}

fn weekday(text: &str) -> Result<usize, String> {
    let named = DAYS.iter().position(|day| text.len() >= 3 && text.starts_with(day));
    let numbered = text.parse().ok().filter(|day: &usize| *day <= 7).map(|day| day % 7);
    named
        .or(numbered)
        .ok_or_else(|| format!("{text:?} is not a day of the week (SUN to SAT, or 0 to 7 with 0 and 7 for Sunday)"))
}

#[cfg(test)]
mod tests;
