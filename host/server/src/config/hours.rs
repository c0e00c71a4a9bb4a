//! Hours of the week, such as `Mon-Fri 07:00-20:00, Sat 09:00-13:00`.
//!
//! A span that ends before it begins goes on after midnight and belongs to the day it begins on.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Timelike as _};
use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;
use waspnest_core::given::Given;

/// Spans of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    spans: Vec<Span>,
    /// As it was written.
    text: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    /// By day, from Monday.
    days: [bool; 7],
    /// Minutes of the day.
    from: u32,
    /// Minutes of the day; up to 24:00.
    to: u32,
}

/// A text that names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} are no hours: {problem}; expected for example \"Mon-Fri 07:00-20:00, Sat 09:00-13:00\" or \"22:00-06:00\""
)]
pub struct InvalidHours {
    given: Given,
    problem: String,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Bytes of the longest text: many times what a week has need of.
const LONGEST: usize = 1000;
const DAY: u32 = 24 * 60;
const MINUTE_MS: u64 = 60_000;

impl Hours {
    /// Whether a moment is within them, in a zone.
    #[must_use]
    pub fn contain(&self, at: UnixMs, zone: Tz) -> bool {
        let Some(utc) = i64::try_from(at.0).ok().and_then(DateTime::from_timestamp_millis) else {
            return false;
        };
        let here = utc.with_timezone(&zone);
        let today = here.weekday().num_days_from_monday() as usize;
        let minute = here.hour() * 60 + here.minute();
        self.spans.iter().any(|span| span.contains(today, minute))
    }

    /// The first moment from `at` on that is not within them, to the minute; none when there is none within a week.
    #[must_use]
    pub fn end_after(&self, at: UnixMs, zone: Tz) -> Option<UnixMs> {
        if !self.contain(at, zone) {
            return Some(at);
        }
        let next_minute = UnixMs((at.0 / MINUTE_MS + 1) * MINUTE_MS);
        // A day more than a week: the clocks may be changed in between.
        (0..8 * u64::from(DAY))
            .map(|minutes| UnixMs(next_minute.0 + minutes * MINUTE_MS))
            .find(|moment| !self.contain(*moment, zone))
    }

    /// Whether every minute of the week is within them.
    #[must_use]
    pub fn cover_the_week(&self) -> bool {
        (0..7).all(|day| (0..DAY).all(|minute| self.spans.iter().any(|span| span.contains(day, minute))))
    }
}

impl Span {
    fn contains(&self, today: usize, minute: u32) -> bool {
        let yesterday = (today + 6) % 7;
        if self.from < self.to {
            return self.days[today] && (self.from..self.to).contains(&minute);
        }
        (self.days[today] && minute >= self.from) || (self.days[yesterday] && minute < self.to)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Hours {
    type Err = InvalidHours;

    fn from_str(text: &str) -> Result<Self, InvalidHours> {
        let wrong = |problem: String| InvalidHours {
            given: Given::of(text),
            problem,
        };
        if text.len() > LONGEST {
            return Err(wrong(format!("more than {LONGEST} bytes")));
        }
        let mut spans = Vec::new();
        let mut days: Option<[bool; 7]> = None;
        for piece in text.split(',') {
            for word in piece.split_whitespace() {
                if word.contains(':') {
                    let (from, to) = times(word).map_err(wrong)?;
                    spans.push(Span {
                        days: days.take().unwrap_or([true; 7]),
                        from,
                        to,
                    });
                } else {
                    let more = days_of(word).map_err(wrong)?;
                    let mut all = days.unwrap_or_default();
                    for (day, named) in all.iter_mut().zip(more) {
                        *day |= named;
                    }
                    days = Some(all);
                }
            }
        }
        if days.is_some() {
            return Err(wrong("days without hours at the end".to_owned()));
        }
        if spans.is_empty() {
            return Err(wrong("nothing is named".to_owned()));
        }
        Ok(Self {
            spans,
            text: text.into(),
        })
    }
}

fn days_of(word: &str) -> Result<[bool; 7], String> {
    let day = |name: &str| {
        let found = DAYS.iter().position(|day| *day == name.to_lowercase());
        found.ok_or_else(|| format!("{:?} is no day", Given::of(name)))
    };
    let (from, to) = match word.split_once('-') {
        Some((from, to)) => (day(from)?, day(to)?),
        None => (day(word)?, day(word)?),
    };
    let mut days = [false; 7];
    let mut at = from;
    loop {
        days[at] = true;
        if at == to {
            return Ok(days);
        }
        at = (at + 1) % 7;
    }
}

fn times(word: &str) -> Result<(u32, u32), String> {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit()))
                .then(|| part.parse::<u32>().ok())
                .flatten()
        };
        let minutes = two(hour)? * 60 + two(minute).filter(|minute| *minute < 60)?;
        (minutes <= DAY).then_some(minutes)
    };
    let span = word
        .split_once('-')
        .and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
    match span {
        Some((from, to)) if from == to || from == DAY => Err(format!("{:?} is empty", Given::of(word))),
        Some(span) => Ok(span),
        None => Err(format!("{:?} is no span such as 07:00-20:00", Given::of(word))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMs {
        let moment = DateTime::parse_from_rfc3339(text).expect("a moment");
        UnixMs(u64::try_from(moment.timestamp_millis()).expect("after 1970"))
    }

    #[test]
    fn moments_are_within_or_without() {
        // 2026-06-01 is a Monday.
        for (hours, moment, within) in [
            ("Mon-Fri 07:00-20:00", "2026-06-01T07:00:00+02:00", true),
            ("Mon-Fri 07:00-20:00", "2026-06-01T06:59:59+02:00", false),
            ("Mon-Fri 07:00-20:00", "2026-06-01T20:00:00+02:00", false),
            ("Mon-Fri 07:00-20:00", "2026-06-06T12:00:00+02:00", false),
            (
                "Mon-Fri 07:00-20:00, Sat 09:00-13:00",
                "2026-06-06T12:00:00+02:00",
                true,
            ),
            ("Sat, Sun 09:00-13:00", "2026-06-07T12:00:00+02:00", true),
            ("Sat, Sun 09:00-13:00", "2026-06-05T12:00:00+02:00", false),
            ("fri-mon 00:00-24:00", "2026-06-07T23:59:00+02:00", true),
            ("fri-mon 00:00-24:00", "2026-06-02T00:00:00+02:00", false),
            ("22:00-06:00", "2026-06-03T23:00:00+02:00", true),
            ("22:00-06:00", "2026-06-03T05:59:00+02:00", true),
            ("22:00-06:00", "2026-06-03T06:00:00+02:00", false),
            ("Sun 22:00-06:00", "2026-06-01T03:00:00+02:00", true),
            ("Sun 22:00-06:00", "2026-06-07T03:00:00+02:00", false),
        ] {
            let parsed: Hours = hours.parse().expect("good hours");
            assert_eq!(
                parsed.contain(at(moment), Tz::Europe__Berlin),
                within,
                "{hours} {moment}"
            );
        }
        let utc: Hours = "07:00-08:00".parse().expect("good hours");
        assert!(!utc.contain(at("2026-06-01T07:30:00+02:00"), Tz::UTC));
    }

    #[test]
    fn they_end_at_a_minute_of_the_zone() {
        let zone = Tz::Europe__Berlin;
        for (hours, moment, end) in [
            ("22:00-07:00", "2026-06-01T23:10:20+02:00", "2026-06-02T07:00:00+02:00"),
            ("22:00-07:00", "2026-06-01T12:00:00+02:00", "2026-06-01T12:00:00+02:00"),
            (
                "Sat, Sun 00:00-24:00",
                "2026-06-06T12:00:00+02:00",
                "2026-06-08T00:00:00+02:00",
            ),
            // The clocks are put forward on the 29th.
            ("22:00-07:00", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),
        ] {
            let parsed: Hours = hours.parse().expect("good hours");
            assert_eq!(parsed.end_after(at(moment), zone), Some(at(end)), "{hours} {moment}");
            assert!(!parsed.cover_the_week());
        }
        let always: Hours = "00:00-12:00, 12:00-24:00".parse().expect("good hours");
        assert!(always.cover_the_week());
        assert_eq!(always.end_after(at("2026-06-01T12:00:00Z"), zone), None);
    }

    #[test]
    fn what_are_no_hours_is_said() {
        for (text, says) in [
            ("", "nothing is named"),
            ("Mon-Fri", "days without hours"),
            ("Mo 07:00-08:00", "\"Mo\" is no day"),
            ("7:00-8:00", "\"7:00-8:00\" is no span"),
            ("07:00", "is no span"),
            ("07:00-25:00", "is no span"),
            ("07:00-07:00", "is empty"),
        ] {
            let error = text.parse::<Hours>().expect_err(text).to_string();
            assert!(error.contains(says) && error.contains("Mon-Fri 07:00-20:00"), "{error}");
        }
    }
}
