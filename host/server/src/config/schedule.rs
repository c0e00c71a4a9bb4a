//! `[[schedule]]`: points in time at which an installation is called.

use std::time::Duration;

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Missed;
use waspnest_core::id::{InstallationId, ScheduleId};

use super::form;
use super::pattern::Pattern;
use super::section::Section;
use super::tree::{Node, Value};
use crate::cron_rule::CronRule;
use crate::did_you_mean;

/// `[[schedule]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Whom it calls.
    pub plugin: InstallationId,
    /// Its name, unique within the installation.
    pub id: ScheduleId,
    /// When.
    pub rule: Rule,
    /// The zone that cron rules, and moments without an offset, are read in.
    pub zone: Tz,
    /// Names of the sessions it fires in, once for each.
    pub sessions: Vec<Pattern>,
    /// What happens to moments at which the host was down.
    pub missed: Missed,
    /// Moments longer ago than this are never made up for.
    pub max_lateness: Option<Duration>,
    /// Handed to the plugin: a text as it is, a table as JSON.
    pub payload: Vec<u8>,
}

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// By a cron expression.
    Cron(CronRule),
    /// Again and again, this far apart.
    Every(Duration),
    /// Once.
    At(UnixMs),
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const PAYLOAD_BYTES: usize = 16 << 10;

impl Schedule {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let plugin = section.required("plugin", form::parsed);
        let id = section.required("id", form::parsed);
        let zone = section.or("zone", Tz::UTC, zone);
        let cron = section.optional("cron", form::parsed).map(Rule::Cron);
        let every = section
            .optional("every", form::span(Duration::from_secs(1), YEAR))
            .map(Rule::Every);
        let at = section.optional("at", at(zone)).map(Rule::At);
        let mut rules: Vec<Rule> = [cron, every, at].into_iter().flatten().collect();
        if rules.len() != 1 {
            section.report(
                "",
                format!(
                    "exactly one of cron, every and at must be given and valid, found {}",
                    rules.len()
                ),
            );
        }
        let missed = form::one_of(&[("skip", Missed::Skip), ("once", Missed::Once), ("all", Missed::All)]);
        let sessions = section.or("sessions", vec![Pattern::everything()], form::list(form::parsed));
        let missed = section.or("missed", Missed::Once, missed);
        let max_lateness = section.optional("max-lateness", form::span(Duration::from_secs(1), YEAR));
        let payload = section.or("payload", Vec::new(), payload);
        section.finish();
        Some(Self {
            plugin: plugin?,
            id: id?,
            rule: rules.pop()?,
            zone,
            sessions,
            missed,
            max_lateness,
            payload,
        })
    }
}

pub(super) fn zone(node: &Node) -> Result<Tz, String> {
    let given = form::text(node)?;
    given.parse().map_err(|_| {
        let hint = did_you_mean::hint(&given, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        format!("{given:?} is not a time zone: expected an IANA name such as \"Europe/Berlin\" or \"UTC\"{hint}")
    })
}

fn at(zone: Tz) -> impl Fn(&Node) -> Result<UnixMs, String> {
    move |node| {
        let invalid = || {
            "expected a moment such as 2026-12-24T18:00:00 (in the schedule's zone) or 2026-12-24T17:00:00Z".to_owned()
        };
        let moment = match (&node.value, &node.raw) {
            (Value::Moment(moment), _) => *moment,
            (Value::Text(text), _) => text
                .parse()
                .map_err(|_| format!("{text:?} is not a moment: {}", invalid()))?,
            _ => return Err(format!("{}, found {}", invalid(), node.value.kind())),
        };
        let (Some(date), Some(time)) = (moment.date, moment.time) else {
            return Err(invalid());
        };
        let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into());
        let time = NaiveTime::from_hms_opt(time.hour.into(), time.minute.into(), time.second.unwrap_or(0).into());
        let local = date
            .zip(time)
            .map(|(date, time)| date.and_time(time))
            .ok_or_else(invalid)?;
        let utc = match moment.offset {
            Some(toml::value::Offset::Z) => local.and_utc(),
            Some(toml::value::Offset::Custom { minutes }) => {
                local.and_utc() - chrono::TimeDelta::minutes(minutes.into())
            }
            None => match zone.from_local_datetime(&local) {
                LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.with_timezone(&Utc),
                LocalResult::None => return Err(format!("{local} does not exist in {zone}: the clocks skip it")),
            },
        };
        u64::try_from(utc.timestamp_millis())
            .map(UnixMs)
            .map_err(|_| "is before 1970".to_owned())
    }
}

fn payload(node: &Node) -> Result<Vec<u8>, String> {
    let bytes = match &node.value {
        Value::Text(text) => text.clone().into_bytes(),
        Value::Table(_) => super::installation::json(node.to_toml().as_table().cloned().unwrap_or_default())
            .to_string()
            .into_bytes(),
        other => return Err(format!("expected a text or a table, found {}", other.kind())),
    };
    if bytes.len() > PAYLOAD_BYTES {
        return Err(format!(
            "has {} bytes; at most {PAYLOAD_BYTES} are allowed",
            bytes.len()
        ));
    }
    Ok(bytes)
}
