//! Schedules: when they fire, what they fired, and firing, pausing and resuming one.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::draft::Missed;
use waspnest_core::event::TickCause;
use waspnest_core::id::{EventId, InstallationId, ScheduleId, SessionId};
use waspnest_core::schedule_state::ScheduleRun;
use waspnest_engine::manifest::{FanOut, Overlap};

use crate::config::schedule::Rule;
use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Text, integer, parsed};
use crate::http::operation::Query;
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, Shown};
use crate::rfc3339::rfc3339;
use crate::service::schedules::{Outcome, Scheduled, Which};

/// Runs that are shown without `?runs=`.
const USUAL_RUNS: u64 = 20;
const MOST_RUNS: u64 = 100;

/// A schedule in a session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Schedule")]
pub(in crate::http) struct ShownSchedule {
    session: ShownSession,
    /// The installation.
    installation: String,
    /// Its name there.
    id: String,
    rule: ShownRule,
    /// The zone the rule is read in.
    zone: &'static str,
    /// `session` when it fires in each, `once` when in one for all.
    fan_out: &'static str,
    /// `skip`, `once` or `all`: what becomes of moments that were missed.
    missed: &'static str,
    /// How late a missed moment may be made up for.
    max_lateness: Option<String>,
    /// By how much a moment may be put off.
    jitter: String,
    /// `queue` or `skip`: what becomes of a moment when the tick before is not done.
    overlap: &'static str,
    /// When it fires next; none when never again, and while it is paused.
    next: Option<Moment>,
    /// Ticks so far.
    fired: u64,
    /// Since when it is paused.
    paused_since: Option<Moment>,
    /// The moments to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    upcoming: Option<Vec<Moment>>,
    /// What it fired, the latest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<ShownRun>>,
}

/// The session a schedule fires in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScheduleSession")]
struct ShownSession {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
}

/// When a schedule fires.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ScheduleRule")]
enum ShownRule {
    /// At the moments of a cron expression.
    Cron {
        /// The expression.
        cron: String,
    },
    /// Again and again.
    Every {
        /// After so long.
        every: String,
    },
    /// Once.
    At {
        /// When.
        at: String,
    },
}

/// A tick of a schedule.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScheduleRun")]
struct ShownRun {
    /// The moment it was for.
    scheduled_for: Moment,
    /// When it fired.
    fired_at: Moment,
    /// `recurring`, `once`, `manual` or `catch_up`.
    cause: &'static str,
    /// Earlier moments that were not made up for.
    missed: u32,
    /// Its event.
    event: String,
    /// `waiting`, `done` or `given_up`.
    outcome: &'static str,
    /// Failed attempts so far.
    attempts: Option<u32>,
    /// Why the last attempt failed.
    error: Option<Box<str>>,
}

/// The event that something became.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventRecorded")]
pub(in crate::http) struct Fired {
    /// Its id.
    event: String,
}

impl Fired {
    pub(super) fn by(event: EventId) -> Self {
        Self {
            event: event.to_string(),
        }
    }
}

/// Some of the schedules.
pub(in crate::http) struct Wanted {
    page: Page<Place>,
    session: Option<String>,
    installation: Option<InstallationId>,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let session = params.optional("session", Text, "Only those of one session.");
        let installation = params.optional("installation", parsed(), "Only those of one installation.");
        Some(Self {
            page: page?,
            session,
            installation,
        })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<Listed<ShownSchedule>>, ApiError> {
    let Wanted {
        page,
        session,
        installation,
    } = wanted;
    let after = page.after.as_ref().map(|place| &place.0);
    let schedules = &ctx.parts.schedules;
    let found = match ctx.caller.is_admin() {
        true => {
            schedules
                .list(session.as_deref(), installation.as_ref(), after, page.look_ahead())
                .await?
        }
        // Installations are the operator's, and so is what they fire.
        false => Vec::new(),
    };
    Ok(Shown(page.answer(
        found,
        |scheduled| {
            Place((
                scheduled.session,
                scheduled.schedule.plugin.clone(),
                scheduled.schedule.id.clone(),
            ))
        },
        |scheduled| shown(&scheduled),
    )))
}

/// How many runs are wanted.
pub(in crate::http) struct Runs(usize);

impl FromQuery for Runs {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "How many of the ticks it fired are shown; 20 if nothing is said.";
        let runs = params
            .optional("runs", integer(0, MOST_RUNS), says)
            .unwrap_or(USUAL_RUNS);
        Some(Self(usize::try_from(runs).unwrap_or(usize::MAX)))
    }
}

pub(in crate::http) async fn get(ctx: Ctx, Query(Runs(limit)): Query<Runs>) -> Result<Shown<ShownSchedule>, ApiError> {
    let detailed = ctx.parts.schedules.get(&which(&ctx)?, limit).await?;
    let mut answer = shown(&detailed.scheduled);
    answer.upcoming = Some(detailed.upcoming.into_iter().map(Moment).collect());
    let runs = detailed.runs.iter().map(|(run, outcome)| shown_run(run, outcome));
    answer.runs = Some(runs.collect());
    Ok(Shown(answer))
}

pub(in crate::http) async fn run(ctx: Ctx) -> Result<Accepted<Fired>, ApiError> {
    let event = ctx.parts.schedules.run(&which(&ctx)?).await?;
    Ok(Accepted(Fired::by(event)))
}

pub(in crate::http) async fn pause(ctx: Ctx) -> Result<Shown<ShownSchedule>, ApiError> {
    Ok(Shown(shown(&ctx.parts.schedules.pause(&which(&ctx)?).await?)))
}

pub(in crate::http) async fn resume(ctx: Ctx) -> Result<Shown<ShownSchedule>, ApiError> {
    Ok(Shown(shown(&ctx.parts.schedules.resume(&which(&ctx)?).await?)))
}

fn which(ctx: &Ctx) -> Result<Which, ApiError> {
    let id = ctx.param("id");
    let id = id
        .parse()
        .map_err(|_| ApiError::unknown("unknown_schedule", format!("there is no schedule {id:?}")))?;
    Ok(Which {
        session: ctx.param("s").into(),
        installation: super::installations::id(ctx)?,
        id,
    })
}

fn shown(scheduled: &Scheduled) -> ShownSchedule {
    let schedule = &scheduled.schedule;
    let span = |span| humantime::format_duration(span).to_string();
    let rule = match &schedule.rule {
        Rule::Cron(cron) => ShownRule::Cron { cron: cron.to_string() },
        Rule::Every(every) => ShownRule::Every { every: span(*every) },
        Rule::At(at) => ShownRule::At { at: rfc3339(*at) },
        Rule::Local(at) => ShownRule::At { at: at.to_string() },
    };
    ShownSchedule {
        session: ShownSession {
            id: scheduled.session.to_string(),
            name: scheduled.name.to_string(),
        },
        installation: schedule.plugin.to_string(),
        id: schedule.id.to_string(),
        rule,
        zone: scheduled.zone.name(),
        fan_out: match schedule.fan_out {
            FanOut::Session => "session",
            FanOut::Once => "once",
        },
        missed: match schedule.missed {
            Missed::Skip => "skip",
            Missed::Once => "once",
            Missed::All => "all",
        },
        max_lateness: schedule.max_lateness.map(span),
        jitter: span(schedule.jitter),
        overlap: match schedule.overlap {
            Overlap::Queue => "queue",
            Overlap::Skip => "skip",
        },
        next: scheduled.next.map(Moment),
        fired: scheduled.fired,
        paused_since: scheduled.paused.map(Moment),
        upcoming: None,
        runs: None,
    }
}

fn shown_run(run: &ScheduleRun, outcome: &Outcome) -> ShownRun {
    let (outcome, attempts, error) = match outcome {
        Outcome::Waiting { attempts, error } => ("waiting", Some(*attempts), error.clone()),
        Outcome::Done => ("done", None, None),
        Outcome::GivenUp { error } => ("given_up", None, Some(error.clone())),
    };
    ShownRun {
        scheduled_for: Moment(run.scheduled_for),
        fired_at: Moment(run.fired_at),
        cause: match run.cause {
            TickCause::Recurring => "recurring",
            TickCause::Once | TickCause::Expired => "once",
            TickCause::Manual => "manual",
            TickCause::CatchUp => "catch_up",
        },
        missed: run.missed,
        event: run.event.to_string(),
        outcome,
        attempts,
        error,
    }
}

/// Where a page ended: `ses_…:echo:morning`.
struct Place((SessionId, InstallationId, ScheduleId));

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self((session, installation, id)) = self;
        write!(f, "{session}:{installation}:{id}")
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().ok_or(());
        Ok(Self((
            next()?.parse().map_err(|_| ())?,
            next()?.parse().map_err(|_| ())?,
            next()?.parse().map_err(|_| ())?,
        )))
    }
}
