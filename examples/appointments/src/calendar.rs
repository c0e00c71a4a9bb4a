//! Days and times at which appointments can begin, in the zone of the operator. Pure: knows nothing of what is booked.

use chrono::format::ParseError;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use core::fmt;
use core::str::FromStr;
use waspnest_plugin::types::{Issue, UnixMs};

use crate::settings::Settings;

/// When an appointment can begin: a time on the wall. Written as `2026-01-06T09:00`, also where it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(NaiveDateTime);

const WRITTEN: &str = "%Y-%m-%dT%H:%M";

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format(WRITTEN).fmt(f)
    }
}

impl FromStr for Slot {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        NaiveDateTime::parse_from_str(text, WRITTEN).map(Self)
    }
}

impl Slot {
    /// Its day.
    pub(crate) fn day(self) -> NaiveDate {
        self.0.date()
    }

    /// Its time of day.
    pub(crate) fn time(self) -> String {
        self.0.format("%H:%M").to_string()
    }

    /// As people say it.
    pub(crate) fn in_words(self) -> String {
        self.0.format("%A, %-d %B, at %H:%M").to_string()
    }
}

/// Days and slots as texts, for what is stored.
pub(crate) mod text {
    use core::fmt::Display;
    use core::str::FromStr;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Calendar<'a> {
    settings: &'a Settings,
    zone: Tz,
    times: Vec<NaiveTime>,
}

impl<'a> Calendar<'a> {
    /// Reads zone and times, or says what is wrong with them.
    pub(crate) fn read(settings: &'a Settings) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let zone = settings.zone.parse().ok();
        if zone.is_none() {
            let problem = format!(
                "there is no zone {:?}; write an IANA name such as Europe/Berlin",
                settings.zone
            );
            issues.push(Issue::fatal("/zone", problem));
        }
        let mut times = Vec::new();
        for (place, written) in settings.times.iter().enumerate() {
            match NaiveTime::parse_from_str(written, "%H:%M") {
                Ok(time) if times.contains(&time) => {
                    issues.push(Issue::warning(format!("/times/{place}"), "stands there twice"));
                }
                Ok(time) => times.push(time),
                Err(_) => {
                    let problem = format!("{written:?} is no time; write one such as 09:00");
                    issues.push(Issue::fatal(format!("/times/{place}"), problem));
                }
            }
        }
        times.sort_unstable();
        match zone {
            Some(zone) if !issues.iter().any(|issue| issue.fatal) => Ok(Self { settings, zone, times }),
            Some(_) | None => Err(issues),
        }
    }

    /// What the clock on the wall says.
    fn wall(&self, now: UnixMs) -> NaiveDateTime {
        let now = i64::try_from(now).ok().and_then(DateTime::<Utc>::from_timestamp_millis);
        now.unwrap_or_default().with_timezone(&self.zone).naive_local()
    }

    /// The days that can be booked, today among them.
    pub(crate) fn days(&self, now: UnixMs) -> Vec<NaiveDate> {
        let today = self.wall(now).date();
        let is_open = |day: &NaiveDate| {
            let place = day.weekday().num_days_from_monday();
            self.settings.days.iter().any(|open| open.place() == place)
        };
        let all = (0..=self.settings.days_ahead).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        all.filter(is_open).collect()
    }

    /// The slots of a day that are not over.
    pub(crate) fn slots(&self, day: NaiveDate, now: UnixMs) -> Vec<Slot> {
        let wall = self.wall(now);
        let times = self.times.iter().map(|time| day.and_time(*time));
        times.filter(|time| *time > wall).map(Slot).collect()
    }

    /// The moment of a slot; none when the clocks of that night leave it out.
    pub(crate) fn moment(&self, slot: Slot) -> Option<UnixMs> {
        let moment = self.zone.from_local_datetime(&slot.0).earliest()?;
        UnixMs::try_from(moment.timestamp_millis()).ok()
    }
}
