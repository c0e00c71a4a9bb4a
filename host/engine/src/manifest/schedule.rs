//! `[[schedule]]`: points in time at which a plugin is called. The operator may change them or turn them off.

use std::time::Duration;

use toml::Value;
use waspnest_core::draft::Missed;
use waspnest_core::id::ScheduleId;

use super::section::{KeyError, Section};
use super::word;

/// Bytes of a schedule's payload.
pub const MAX_PAYLOAD: usize = 16 << 10;
/// The longest jitter.
pub const MAX_JITTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A schedule that comes with a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name within the plugin.
    pub id: ScheduleId,
    /// When it fires.
    pub rule: ScheduleRule,
    /// What the rule is read in.
    pub zone: ZoneRule,
    /// What happens to moments at which the host was down.
    pub missed: Missed,
    /// Moments longer ago than this are never made up for.
    pub max_lateness: Option<Duration>,
    /// In how many sessions it fires.
    pub fan_out: FanOut,
    /// How far its moments are spread.
    pub jitter: Duration,
    /// What happens when the former tick is not done.
    pub overlap: Overlap,
    /// Handed to the plugin: a text as it is, a table as JSON.
    pub payload: Vec<u8>,
}

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleRule {
    /// By a cron expression. Checked by who runs it, not here.
    Cron(Box<str>),
    /// Again and again, this far apart.
    Every(Duration),
    /// Once: a date and time, in the schedule's zone if it has no offset.
    At(toml::value::Datetime),
}

/// What a schedule's rule is read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneRule {
    /// An IANA time zone. Checked by who runs it, not here.
    Named(Box<str>),
    /// What the configuration says at this JSON pointer.
    Setting(Box<str>),
}

/// In how many sessions a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FanOut {
    /// In each that the operator lets it.
    Session,
    /// In one of those: the one that was created first.
    Once,
}

/// What happens to a moment that comes while the former tick is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Its tick waits for the former.
    Queue,
    /// It is passed over, and counts as missed.
    Skip,
}

/// What stands before the pointer in a zone that the configuration says.
const SETTING: &str = "config:";
/// Policies for moments at which the host was down, by name.
pub const MISSED: &[(&str, Missed)] = &[("skip", Missed::Skip), ("once", Missed::Once), ("all", Missed::All)];
/// Ways of fanning out, by name.
pub const FAN_OUT: &[(&str, FanOut)] = &[("session", FanOut::Session), ("once", FanOut::Once)];
/// Policies for overlapping ticks, by name.
pub const OVERLAP: &[(&str, Overlap)] = &[("queue", Overlap::Queue), ("skip", Overlap::Skip)];

impl ZoneRule {
    /// Reads one: `Europe/Berlin`, or `config:/zone`.
    ///
    /// # Errors
    /// When what follows `config:` is not a JSON pointer.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix(SETTING) {
            Some(pointer) if pointer.starts_with('/') => Ok(Self::Setting(pointer.into())),
            Some(pointer) => Err(format!(
                "{pointer:?} is not a JSON pointer; write for example \"config:/zone\""
            )),
            None => Ok(Self::Named(text.into())),
        }
    }
}

impl Schedule {
    pub(super) fn read_all(sections: Vec<Section<'_>>) -> Result<Vec<Self>, KeyError> {
        let mut schedules: Vec<Self> = Vec::with_capacity(sections.len());
        for section in sections {
            let key = section.at("id");
            let schedule = Self::read(section)?;
            if schedules.iter().any(|other| other.id == schedule.id) {
                return Err(KeyError::new(
                    key,
                    format!("{:?} is the name of another schedule already", schedule.id.as_str()),
                ));
            }
            schedules.push(schedule);
        }
        Ok(schedules)
    }

    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let Some(id) = section.parse("id")? else {
            return section.fail("id", "is missing");
        };
        let rule = rule(&mut section)?;
        let zone = section.text("zone")?.unwrap_or("UTC");
        let zone = ZoneRule::parse(zone).or_else(|problem| section.fail("zone", problem))?;
        let missed = chosen(&mut section, "missed", "policy", MISSED, Missed::Once)?;
        let max_lateness = section.span("max-lateness")?;
        let fan_out = chosen(&mut section, "fan-out", "way", FAN_OUT, FanOut::Session)?;
        let overlap = chosen(&mut section, "overlap", "policy", OVERLAP, Overlap::Queue)?;
        let jitter = section.span("jitter")?.unwrap_or_default();
        if jitter > MAX_JITTER {
            return section.fail("jitter", "must be at most a day");
        }
        let payload = payload(&mut section)?;
        section.finish()?;
        Ok(Self {
            id,
            rule,
            zone,
            missed,
            max_lateness,
            fan_out,
            jitter,
            overlap,
            payload,
        })
    }
}

fn chosen<T: Copy>(
    section: &mut Section<'_>,
    key: &'static str,
    what: &str,
    words: &[(&str, T)],
    usual: T,
) -> Result<T, KeyError> {
    match section.text(key)? {
        Some(text) => word(section.at(key), what, text, words),
        None => Ok(usual),
    }
}

fn rule(section: &mut Section<'_>) -> Result<ScheduleRule, KeyError> {
    let cron = section.text("cron")?.map(|cron| ScheduleRule::Cron(cron.into()));
    let every = match section.span("every")? {
        Some(every) if every < Duration::from_secs(1) => return section.fail("every", "must be at least one second"),
        every => every.map(ScheduleRule::Every),
    };
    let at = match section.value("at") {
        None => None,
        Some(Value::Datetime(at)) => Some(*at),
        Some(Value::String(text)) => match text.parse() {
            Ok(at) => Some(at),
            Err(_) => {
                return section.fail(
                    "at",
                    format!("{text:?} is not a date and time such as 2026-12-24T18:00:00"),
                );
            }
        },
        Some(other) => return section.fail("at", format!("expected a date and time, found {}", other.type_str())),
    };
    if at.is_some_and(|at| at.date.is_none() || at.time.is_none()) {
        return section.fail("at", "must have a date and a time");
    }
    let mut rules = [cron, every, at.map(ScheduleRule::At)].into_iter().flatten();
    match (rules.next(), rules.next()) {
        (Some(rule), None) => Ok(rule),
        (None, _) => section.fail("cron", "is missing; write `cron`, `every` or `at`"),
        (Some(_), Some(_)) => section.fail(
            "every",
            "stands beside another rule; a schedule has one of `cron`, `every` and `at`",
        ),
    }
}

fn payload(section: &mut Section<'_>) -> Result<Vec<u8>, KeyError> {
    let bytes = match section.value("payload") {
        None => Vec::new(),
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(table @ Value::Table(_)) => match serde_json::to_vec(table) {
            Ok(json) => json,
            Err(error) => return section.fail("payload", format!("has no form in JSON: {error}")),
        },
        Some(other) => {
            return section.fail(
                "payload",
                format!("expected a text or a table, found {}", other.type_str()),
            );
        }
    };
    if bytes.len() > MAX_PAYLOAD {
        let problem = format!("has {} bytes; at most {MAX_PAYLOAD} are allowed", bytes.len());
        return section.fail("payload", problem);
    }
    Ok(bytes)
}
