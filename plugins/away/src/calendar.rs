//! When somebody is there: the configured hours on the clocks of their zone, and the next opening.
//!
//! The clock on the wall decides. Where clocks go back, an hour that comes twice is open twice; where they go forward, what would
//! open in the gap opens behind it. The rules of the zones come with the component (`chrono-tz`): a zone that changes them wants
//! a new build.

use std::collections::BTreeSet;

use crate::settings::{Settings, Written};
use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use waspnest_plugin::types::{Issue, UnixMs};

/// Minutes of a day.
const DAY: u32 = 24 * 60;
/// How far an opening is looked for. The schema allows fewer holidays than this has weeks.
const HORIZON_DAYS: u64 = 10 * 366;
/// The longest gap that a zone's clocks ever made is a day.
const GAP_MINUTES: i64 = 25 * 60;

/// Hours that were read.
#[derive(Debug)]
pub(crate) struct Calendar {
    zone: Tz,
    /// By days of the week from Monday, each in order.
    week: [Vec<Span>; 7],
    holidays: BTreeSet<NaiveDate>,
}

/// Minutes of a day: from, and until before which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: u32,
    until: u32,
}

impl Calendar {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let zone: Option<Tz> = settings.zone.parse().ok();
        if zone.is_none() {
            let problem = format!(
                "there is no zone {:?}; write an IANA name such as Europe/Berlin",
                settings.zone
            );
            issues.push(Issue::fatal("/zone", problem));
        }
        let mut week: [Vec<Span>; 7] = Default::default();
        for (place, hours) in settings.hours.iter().enumerate() {
            for (nth, written) in hours.spans.iter().enumerate() {
                match Span::read(written) {
                    Ok(span) => hours.days.iter().for_each(|day| week[day.place()].push(span)),
                    Err(problem) => issues.push(Issue::fatal(format!("/hours/{place}/spans/{nth}"), problem)),
                }
            }
        }
        if settings.hours.is_empty() {
            issues.push(Issue::fatal("/hours", "there are none, so nobody would ever be there"));
        }
        week.iter_mut().for_each(|day| day.sort_unstable());
        let mut holidays = BTreeSet::new();
        for (place, text) in settings.holidays.iter().enumerate() {
            match text.parse() {
                Ok(date) => {
                    holidays.insert(date);
                }
                Err(_) => {
                    let problem = format!("{text:?} is no date; write one such as 2026-12-25");
                    issues.push(Issue::fatal(format!("/holidays/{place}"), problem));
                }
            }
        }
        match zone {
            Some(zone) if issues.is_empty() => Ok(Self { zone, week, holidays }),
            Some(_) | None => Err(issues),
        }
    }

    /// What the clocks of the zone show; none for moments that no calendar has.
    pub(crate) fn clock(&self, moment: UnixMs) -> Option<DateTime<Tz>> {
        let moment = i64::try_from(moment).ok()?;
        Some(DateTime::from_timestamp_millis(moment)?.with_timezone(&self.zone))
    }

    /// Whether somebody is there.
    pub(crate) fn is_open(&self, now: &DateTime<Tz>) -> bool {
        let minute = now.hour() * 60 + now.minute();
        let mut spans = self.spans(now.date_naive()).iter();
        spans.any(|span| span.from <= minute && minute < span.until)
    }

    /// When somebody comes next; none within ten years, if there are that many holidays.
    pub(crate) fn next_opening(&self, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        (0..HORIZON_DAYS)
            .filter_map(|days| now.date_naive().checked_add_days(Days::new(days)))
            .flat_map(|date| self.spans(date).iter().map(move |span| (date, span)))
            .find_map(|(date, span)| self.opens(date, span, now))
    }

    /// The moment after now at which a span begins; none when it has begun, or lies in a gap.
    fn opens(&self, date: NaiveDate, span: &Span, now: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let midnight = date.and_hms_opt(0, 0, 0)?;
        let at = |minute: u32| midnight.checked_add_signed(TimeDelta::minutes(i64::from(minute)));
        let (from, until) = (at(span.from)?, at(span.until)?);
        let begins = self.moments_from(from)?;
        let later = begins.into_iter().flatten().find(|begin| begin > now)?;
        (later.naive_local() < until).then_some(later)
    }

    /// The one or two moments at which the clocks show a time, or the first moment behind the gap that it lies in.
    fn moments_from(&self, time: NaiveDateTime) -> Option<[Option<DateTime<Tz>>; 2]> {
        (0..GAP_MINUTES).find_map(|minutes| {
            match self.zone.from_local_datetime(&(time + TimeDelta::minutes(minutes))) {
                LocalResult::Single(moment) => Some([Some(moment), None]),
                LocalResult::Ambiguous(first, second) => Some([Some(first), Some(second)]),
                LocalResult::None => None,
            }
        })
    }

    fn spans(&self, date: NaiveDate) -> &[Span] {
        if self.holidays.contains(&date) {
            return &[];
        }
        &self.week[date.weekday().num_days_from_monday() as usize]
    }
}

impl Span {
    fn read(written: &Written) -> Result<Self, String> {
        let time = |text: &str| {
            minutes(text)
                .ok_or_else(|| format!("{text:?} is no time; write one such as 09:00, or 24:00 for the end of a day"))
        };
        let (from, until) = (time(&written.from)?, time(&written.until)?);
        if from >= until {
            return Err(format!(
                "{} is not later than {}; write a night as two spans, until 24:00 and from 00:00 of the next day",
                written.until, written.from
            ));
        }
        Ok(Self { from, until })
    }
}

/// Minutes from midnight of a time such as `09:00`.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| match text.len() {
        2 if text.bytes().all(|digit| digit.is_ascii_digit()) => text.parse::<u32>().ok(),
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Open on these days with these spans, in Berlin.
    fn calendar(days: &str, spans: &str) -> Calendar {
        let settings = format!(
            r#"{{ "zone": "Europe/Berlin", "hours": [{{ "days": {days}, "spans": {spans} }}], "holidays": ["2026-04-06"],
            "chats": "direct", "answer": "x" }}"#
        );
        let host = waspnest_plugin::testing::Host::new().with_config(&settings);
        assert_eq!(host.issues::<crate::Away>(), []);
        Calendar::read(&serde_json::from_str(&settings).expect("settings")).expect("good settings")
    }

    fn at(calendar: &Calendar, utc: &str) -> DateTime<Tz> {
        let moment: DateTime<chrono::Utc> = utc.parse().expect("a moment");
        let ms = u64::try_from(moment.timestamp_millis()).expect("after 1970");
        calendar.clock(ms).expect("a moment with a date")
    }

    /// When it opens next, in UTC; `open` when it is.
    fn next(calendar: &Calendar, utc: &str) -> String {
        let now = at(calendar, utc);
        if calendar.is_open(&now) {
            return "open".into();
        }
        let opening = calendar.next_opening(&now).expect("it opens some time");
        opening.to_utc().format("%FT%RZ").to_string()
    }

    const WEEK: &str = r#"["mon", "tue", "wed", "thu", "fri"]"#;
    const DAILY: &str = r#"["mon", "tue", "wed", "thu", "fri", "sat", "sun"]"#;

    #[test]
    fn several_spans_a_day_open_and_close_on_the_minute() {
        let calendar = calendar(
            WEEK,
            r#"[{ "from": "14:00", "until": "18:00" }, { "from": "09:00", "until": "12:30" }]"#,
        );
        assert_eq!(next(&calendar, "2026-01-05T07:59:59Z"), "2026-01-05T08:00Z");
        assert_eq!(next(&calendar, "2026-01-05T08:00:00Z"), "open");
        assert_eq!(next(&calendar, "2026-01-05T11:29:59Z"), "open");
        assert_eq!(next(&calendar, "2026-01-05T11:30:00Z"), "2026-01-05T13:00Z");
        assert_eq!(next(&calendar, "2026-01-09T17:00:00Z"), "2026-01-12T08:00Z");
    }

    #[test]
    fn the_clocks_of_the_zone_count_and_holidays_are_closed() {
        let calendar = calendar(WEEK, r#"[{ "from": "09:00", "until": "17:00" }]"#);
        // The weekend in which summer begins, then Easter Monday.
        assert_eq!(next(&calendar, "2026-03-27T16:00:00Z"), "2026-03-30T07:00Z");
        assert_eq!(next(&calendar, "2026-04-03T15:00:00Z"), "2026-04-07T07:00Z");
        assert_eq!(next(&calendar, "2026-04-06T10:00:00Z"), "2026-04-07T07:00Z");
    }

    #[test]
    fn what_would_open_in_a_gap_opens_behind_it_or_not_at_all() {
        let calendar = calendar(
            DAILY,
            r#"[{ "from": "02:30", "until": "05:00" }, { "from": "02:10", "until": "02:20" }]"#,
        );
        // 2:00 to 3:00 is not there on 29 March.
        assert_eq!(next(&calendar, "2026-03-29T00:30:00Z"), "2026-03-29T01:00Z");
        assert_eq!(next(&calendar, "2026-03-29T01:00:00Z"), "open");
    }

    #[test]
    fn an_hour_that_comes_twice_is_open_twice() {
        let calendar = calendar(DAILY, r#"[{ "from": "02:30", "until": "02:45" }]"#);
        // 2:00 to 3:00 comes at 0:00 and at 1:00 UTC on 25 October.
        assert_eq!(next(&calendar, "2026-10-25T00:00:00Z"), "2026-10-25T00:30Z");
        assert_eq!(next(&calendar, "2026-10-25T00:50:00Z"), "2026-10-25T01:30Z");
        assert_eq!(next(&calendar, "2026-10-25T01:40:00Z"), "open");
        assert_eq!(next(&calendar, "2026-10-25T01:45:00Z"), "2026-10-26T01:30Z");
    }

    #[test]
    fn a_night_is_two_spans() {
        let calendar = calendar(
            DAILY,
            r#"[{ "from": "22:00", "until": "24:00" }, { "from": "00:00", "until": "02:00" }]"#,
        );
        assert_eq!(next(&calendar, "2026-01-05T22:59:00Z"), "open");
        assert_eq!(next(&calendar, "2026-01-05T23:00:00Z"), "open");
        assert_eq!(next(&calendar, "2026-01-06T01:00:00Z"), "2026-01-06T21:00Z");
    }

    #[test]
    fn times_have_one_form() {
        assert_eq!(minutes("09:30"), Some(570));
        assert_eq!(minutes("24:00"), Some(DAY));
        for wrong in ["9:30", "24:01", "12:60", "noon", "+9:00", "09:3a"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }
}
