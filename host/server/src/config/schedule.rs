//! `[[schedule]]`: points in time at which an installation is called; and `[plugin.schedule.NAME]`: what an operator changes about those of
//! a plugin's manifest.

use std::time::Duration;

use chrono::{LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use toml::value::{Datetime, Offset};
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Missed;
use waspnest_core::id::{InstallationId, ScheduleId, TenantId};
use waspnest_engine::manifest::{self, FAN_OUT, FanOut, MAX_JITTER, MAX_PAYLOAD, MISSED, OVERLAP, Overlap, ZoneRule};

use super::form;
use super::installation::Activity;
use super::pattern::Pattern;
use super::section::Section;
use super::tree::{Node, Value};
use crate::cron_rule::CronRule;
use crate::did_you_mean;

/// A schedule of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Whom it calls.
    pub plugin: InstallationId,
    /// In whose sessions it fires; none for everybody's.
    pub tenant: Option<TenantId>,
    /// Its name, unique within the installation.
    pub id: ScheduleId,
    /// When.
    pub rule: Rule,
    /// What the rule is read in.
    pub zone: Zone,
    /// Names of the sessions it fires in.
    pub sessions: Vec<Pattern>,
    /// In how many of them.
    pub fan_out: FanOut,
    /// What happens to moments at which the host was down.
    pub missed: Missed,
    /// Moments longer ago than this are never made up for.
    pub max_lateness: Option<Duration>,
    /// How far its moments are spread.
    pub jitter: Duration,
    /// What happens when the former tick is not done.
    pub overlap: Overlap,
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
    /// Once, when the clocks of its zone show this.
    Local(NaiveDateTime),
}

/// What a rule is read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// An IANA time zone.
    Fixed(Tz),
    /// What the installation's configuration in the session says at this JSON pointer.
    Setting(Box<str>),
}

/// `[plugin.schedule.NAME]`: what is left out stays as the manifest has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleChange {
    /// Whether it fires.
    pub activity: Activity,
    wishes: Wishes,
}

/// What `[[schedule]]` and `[plugin.schedule.NAME]` can say alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wishes {
    rule: Option<Rule>,
    zone: Option<Zone>,
    sessions: Option<Vec<Pattern>>,
    fan_out: Option<FanOut>,
    missed: Option<Missed>,
    max_lateness: Option<Duration>,
    jitter: Option<Duration>,
    overlap: Option<Overlap>,
    payload: Option<Vec<u8>>,
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Schedule {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let plugin = section.required("plugin", form::parsed);
        Self::rest(section, plugin)
    }

    /// One that is written with its installation.
    pub(super) fn of(plugin: Option<&InstallationId>, section: Section<'_>) -> Option<Self> {
        Self::rest(section, plugin.cloned())
    }

    fn rest(mut section: Section<'_>, plugin: Option<InstallationId>) -> Option<Self> {
        let id = section.required("id", form::parsed);
        let (wishes, rules) = Wishes::read(&mut section);
        if rules != 1 {
            section.report(
                "",
                format!("exactly one of cron, every and at must be given and valid, found {rules}"),
            );
        }
        section.finish();
        Some(Self {
            plugin: plugin?,
            tenant: None,
            id: id?,
            rule: wishes.rule?,
            zone: wishes.zone.unwrap_or(Zone::Fixed(Tz::UTC)),
            sessions: wishes.sessions.unwrap_or_else(|| vec![Pattern::everything()]),
            fan_out: wishes.fan_out.unwrap_or(FanOut::Session),
            missed: wishes.missed.unwrap_or(Missed::Once),
            max_lateness: wishes.max_lateness,
            jitter: wishes.jitter.unwrap_or_default(),
            overlap: wishes.overlap.unwrap_or(Overlap::Queue),
            payload: wishes.payload.unwrap_or_default(),
        })
    }

    /// A schedule of a manifest, as an operator lets it fire; none where they turn it off.
    ///
    /// # Errors
    /// When the manifest's rule or zone is not understood, in words.
    pub fn of_manifest(
        plugin: &InstallationId,
        declared: &manifest::Schedule,
        change: Option<&ScheduleChange>,
    ) -> Result<Option<Self>, String> {
        let nothing = ScheduleChange {
            activity: Activity::Enabled,
            wishes: Wishes::NONE,
        };
        let ScheduleChange { activity, wishes } = change.unwrap_or(&nothing).clone();
        match activity {
            Activity::Enabled => {}
            Activity::Disabled => return Ok(None),
        }
        let rule = match wishes.rule {
            Some(rule) => rule,
            None => match &declared.rule {
                manifest::ScheduleRule::Cron(cron) => Rule::Cron(
                    cron.parse()
                        .map_err(|error: crate::cron_rule::InvalidCron| error.to_string())?,
                ),
                manifest::ScheduleRule::Every(every) => Rule::Every(*every),
                manifest::ScheduleRule::At(at) => at_moment(at)?,
            },
        };
        let zone = match (wishes.zone, &declared.zone) {
            (Some(zone), _) => zone,
            (None, ZoneRule::Named(name)) => Zone::Fixed(named_zone(name)?),
            (None, ZoneRule::Setting(pointer)) => Zone::Setting(pointer.clone()),
        };
        Ok(Some(Self {
            plugin: plugin.clone(),
            tenant: None,
            id: declared.id.clone(),
            rule,
            zone,
            sessions: wishes.sessions.unwrap_or_else(|| vec![Pattern::everything()]),
            fan_out: wishes.fan_out.unwrap_or(declared.fan_out),
            missed: wishes.missed.unwrap_or(declared.missed),
            max_lateness: wishes.max_lateness.or(declared.max_lateness),
            jitter: wishes.jitter.unwrap_or(declared.jitter),
            overlap: wishes.overlap.unwrap_or(declared.overlap),
            payload: wishes.payload.unwrap_or_else(|| declared.payload.clone()),
        }))
    }

    /// Whether it may fire in a session.
    #[must_use]
    pub fn is_for(&self, session: &str) -> bool {
        self.sessions.iter().any(|pattern| pattern.matches(session))
    }

    /// Whether it fires in sessions of a tenant.
    #[must_use]
    pub fn is_of(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|whose| whose == tenant)
    }
}

impl ScheduleChange {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let activity = match section.or("enabled", true, form::boolean) {
            true => Activity::Enabled,
            false => Activity::Disabled,
        };
        let (wishes, rules) = Wishes::read(&mut section);
        if rules > 1 {
            section.report(
                "",
                format!("at most one of cron, every and at can be given, found {rules}"),
            );
        }
        section.finish();
        Self { activity, wishes }
    }
}

impl Wishes {
    const NONE: Self = Self {
        rule: None,
        zone: None,
        sessions: None,
        fan_out: None,
        missed: None,
        max_lateness: None,
        jitter: None,
        overlap: None,
        payload: None,
    };

    /// Reads them, and counts the rules there are.
    fn read(section: &mut Section<'_>) -> (Self, usize) {
        let zone = section.optional("zone", zone_or_setting);
        let cron = section.optional("cron", form::parsed).map(Rule::Cron);
        let every = section
            .optional("every", form::span(Duration::from_secs(1), YEAR))
            .map(Rule::Every);
        let at = section.optional("at", at(zone.as_ref()));
        let mut rules: Vec<Rule> = [cron, every, at].into_iter().flatten().collect();
        let count = rules.len();
        let wishes = Self {
            rule: rules.pop(),
            zone,
            sessions: section.optional("sessions", form::list(form::parsed)),
            fan_out: section.optional("fan-out", form::one_of(FAN_OUT)),
            missed: section.optional("missed", form::one_of(MISSED)),
            max_lateness: section.optional("max-lateness", form::span(Duration::from_secs(1), YEAR)),
            jitter: section.optional("jitter", form::span(Duration::ZERO, MAX_JITTER)),
            overlap: section.optional("overlap", form::one_of(OVERLAP)),
            payload: section.optional("payload", payload),
        };
        (wishes, count)
    }
}

pub(super) fn zone(node: &Node) -> Result<Tz, String> {
    named_zone(&form::text(node)?)
}

fn named_zone(given: &str) -> Result<Tz, String> {
    given.parse().map_err(|_| {
        let hint = did_you_mean::hint(given, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        format!("{given:?} is not a time zone: expected an IANA name such as \"Europe/Berlin\" or \"UTC\"{hint}")
    })
}

fn zone_or_setting(node: &Node) -> Result<Zone, String> {
    match ZoneRule::parse(&form::text(node)?)? {
        ZoneRule::Named(name) => named_zone(&name).map(Zone::Fixed),
        ZoneRule::Setting(pointer) => Ok(Zone::Setting(pointer)),
    }
}

fn at(zone: Option<&Zone>) -> impl Fn(&Node) -> Result<Rule, String> {
    move |node| {
        let moment = match (&node.value, &node.raw) {
            (Value::Moment(moment), _) => *moment,
            (Value::Text(text), _) => text
                .parse()
                .map_err(|_| format!("{text:?} is not a moment: {}", invalid_moment()))?,
            _ => return Err(format!("{}, found {}", invalid_moment(), node.value.kind())),
        };
        let rule = at_moment(&moment)?;
        match (&rule, zone.unwrap_or(&Zone::Fixed(Tz::UTC))) {
            (Rule::Local(local), Zone::Fixed(zone)) => match zone.from_local_datetime(local) {
                LocalResult::Single(_) | LocalResult::Ambiguous(..) => Ok(rule),
                LocalResult::None => Err(format!("{local} does not exist in {zone}: the clocks skip it")),
            },
            (Rule::Local(_) | Rule::At(_) | Rule::Cron(_) | Rule::Every(_), _) => Ok(rule),
        }
    }
}

fn invalid_moment() -> String {
    "expected a moment such as 2026-12-24T18:00:00 (in the schedule's zone) or 2026-12-24T17:00:00Z".to_owned()
}

/// A moment, or what clocks show then.
fn at_moment(moment: &Datetime) -> Result<Rule, String> {
    let (Some(date), Some(time)) = (moment.date, moment.time) else {
        return Err(invalid_moment());
    };
    let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into());
    let time = NaiveTime::from_hms_opt(time.hour.into(), time.minute.into(), time.second.unwrap_or(0).into());
    let local = date
        .zip(time)
        .map(|(date, time)| date.and_time(time))
        .ok_or_else(invalid_moment)?;
    let utc = match moment.offset {
        Some(Offset::Z) => local.and_utc(),
        Some(Offset::Custom { minutes }) => local.and_utc() - chrono::TimeDelta::minutes(minutes.into()),
        None if local.and_utc().timestamp_millis() < 0 => return Err("is before 1970".to_owned()),
        None => return Ok(Rule::Local(local)),
    };
    u64::try_from(utc.timestamp_millis())
        .map(|at| Rule::At(UnixMs(at)))
        .map_err(|_| "is before 1970".to_owned())
}

fn payload(node: &Node) -> Result<Vec<u8>, String> {
    let bytes = match &node.value {
        Value::Text(text) => text.clone().into_bytes(),
        Value::Table(_) => super::installation::json(node.to_toml().as_table().cloned().unwrap_or_default())
            .to_string()
            .into_bytes(),
        other => return Err(format!("expected a text or a table, found {}", other.kind())),
    };
    if bytes.len() > MAX_PAYLOAD {
        return Err(format!("has {} bytes; at most {MAX_PAYLOAD} are allowed", bytes.len()));
    }
    Ok(bytes)
}
