//! Moments as people write them, read in a time zone.
//!
//! `now`; `in 2h30m`; `18:30` (the next time it is that late); `today 18:30`, `tomorrow 9:00`, `friday 9:00` (the next one, or today if
//! it is still to come); `2026-12-24 18:00`, `24.12.2026 18:00`, either without a time (the day begins); `2026-12-24T18:00`, with seconds
//! and with `Z` or an offset if need be. A time that the clocks skip is the first one behind the gap, one that they repeat the first of both.

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc,
    Weekday,
};
use waspnest_core::clock::UnixMs;

use super::Setting;

/// Reads a moment from the first words; answers how many it took.
pub(super) fn read(words: &[&str], setting: Setting<'_>) -> Option<(UnixMs, usize)> {
    let first = words.first()?.to_lowercase();
    let now = i64::try_from(setting.now.0)
        .ok()
        .and_then(DateTime::from_timestamp_millis)?;
    let here = now.with_timezone(&setting.zone).naive_local();
    let time_next = || words.get(1).and_then(|word| time(word));
    let local = |local: NaiveDateTime, used| Some((utc(local, setting)?, used));
    match first.as_str() {
        "now" => return Some((setting.now, 1)),
        "in" => {
            let span = humantime::parse_duration(words.get(1)?).ok()?;
            return Some((setting.now.plus(span), 2));
        }
        "today" => return local(here.date().and_time(time_next()?), 2),
        "tomorrow" => return local(here.date().checked_add_days(Days::new(1))?.and_time(time_next()?), 2),
        _ => {}
    }
    if let Some(day) = weekday(&first) {
        let time = time_next()?;
        let ahead = u64::from((7 + day.num_days_from_monday() - here.weekday().num_days_from_monday()) % 7);
        let on = here.date().checked_add_days(Days::new(ahead))?.and_time(time);
        let on = if on > here {
            on
        } else {
            on.checked_add_days(Days::new(7))?
        };
        return local(on, 2);
    }
    if let Some(time) = time(&first) {
        let today = here.date().and_time(time);
        let next = if today > here {
            today
        } else {
            today.checked_add_days(Days::new(1))?
        };
        return local(next, 1);
    }
    if let Some(date) = date(&first) {
        return match time_next() {
            Some(time) => local(date.and_time(time), 2),
            None => local(date.and_time(NaiveTime::MIN), 1),
        };
    }
    let stamp = first.to_uppercase();
    if let Ok(moment) = DateTime::parse_from_rfc3339(&stamp) {
        return Some((unix(moment.to_utc())?, 1));
    }
    let (day, rest) = stamp.split_once('T')?;
    if let Some(rest) = rest.strip_suffix('Z') {
        return Some((unix(date(day)?.and_time(time(rest)?).and_utc())?, 1));
    }
    local(date(day)?.and_time(time(rest)?), 1)
}

fn date(word: &str) -> Option<NaiveDate> {
    let numbers = |mark| {
        let parts: Vec<&str> = word.split(mark).collect();
        let plain = |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
        let [a, b, c] = *parts.as_slice() else { return None };
        [a, b, c].iter().all(plain).then_some(())?;
        Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?, c.parse::<u32>().ok()?))
    };
    let of = |year: u32, month, day| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day);
    if let Some((year, month, day)) = numbers('-') {
        return of(year, month, day).filter(|_| year >= 1000);
    }
    let (day, month, year) = numbers('.')?;
    of(year, month, day).filter(|_| year >= 1000)
}

fn time(word: &str) -> Option<NaiveTime> {
    let parts: Vec<&str> = word.split(':').collect();
    let two = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !parts.iter().all(two) || !(2..=3).contains(&parts.len()) {
        return None;
    }
    let number = |index: usize| parts.get(index).map_or(Some(0), |part| part.parse().ok());
    NaiveTime::from_hms_opt(number(0)?, number(1)?, number(2)?)
}

fn weekday(word: &str) -> Option<Weekday> {
    // The parser takes any beginning from three letters on.
    word.parse().ok().filter(|_| word.chars().all(char::is_alphabetic))
}

fn utc(local: NaiveDateTime, setting: Setting<'_>) -> Option<UnixMs> {
    const STEP: TimeDelta = TimeDelta::minutes(15);
    const LONGEST_GAP: i32 = 24 * 4;
    let mut local = local;
    for _ in 0..=LONGEST_GAP {
        match setting.zone.from_local_datetime(&local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => return unix(moment.to_utc()),
            LocalResult::None => local = local.checked_add_signed(STEP)?,
        }
    }
    None
}

fn unix(moment: DateTime<Utc>) -> Option<UnixMs> {
    u64::try_from(moment.timestamp_millis()).ok().map(UnixMs)
}
