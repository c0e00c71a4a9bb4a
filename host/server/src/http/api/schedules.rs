//! Schedules: when they fire, what they fired, and firing, pausing and resuming one.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use waspnest_core::draft::Missed;
use waspnest_core::event::TickCause;
use waspnest_core::id::{InstallationId, ScheduleId, SessionId};
use waspnest_core::schedule_state::ScheduleRun;
use waspnest_engine::manifest::{FanOut, Overlap};

use crate::config::schedule::Rule;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::page::Page;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;
use crate::service::schedules::{Outcome, Scheduled, Which};

/// Runs that are shown without `?runs=`.
const USUAL_RUNS: u64 = 20;
const MOST_RUNS: u64 = 100;

/// By session; `?session=` and `?installation=` leave those of one.
pub(in crate::http) async fn list(ctx: Ctx) -> Result<Reply, ApiError> {
    let page = Page::<Place>::of(&ctx.query)?;
    let session = ctx.query.get("session");
    let installation = match ctx.query.get("installation").map(str::parse) {
        Some(Ok(installation)) => Some(installation),
        Some(Err(error)) => return Err(ApiError::invalid_query(format!("installation: {error}"))),
        None => None,
    };
    ctx.query.finish()?;
    let after = page.after.as_ref().map(|place| &place.0);
    let found = ctx
        .parts
        .schedules
        .list(session, installation.as_ref(), after, page.look_ahead())
        .await?;
    Ok(Reply::ok(&page.answer(
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

/// With the moments to come, and `?runs=` of what it fired.
pub(in crate::http) async fn get(ctx: Ctx) -> Result<Reply, ApiError> {
    let limit = ctx.query.number("runs", USUAL_RUNS, 0, MOST_RUNS)?;
    ctx.query.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let detailed = ctx.parts.schedules.get(&which(&ctx)?, limit).await?;
    let mut answer = shown(&detailed.scheduled);
    answer["upcoming"] = detailed.upcoming.into_iter().map(rfc3339).collect();
    answer["runs"] = detailed
        .runs
        .iter()
        .map(|(run, outcome)| shown_run(run, outcome))
        .collect();
    Ok(Reply::ok(&answer))
}

/// Fires it now: 202 with the event.
pub(in crate::http) async fn run(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    let event = ctx.parts.schedules.run(&which(&ctx)?).await?;
    Ok(Reply::accepted(&json!({ "event": event.to_string() })))
}

/// Its moments pass until it is resumed, restarts included.
pub(in crate::http) async fn pause(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(&ctx.parts.schedules.pause(&which(&ctx)?).await?)))
}

/// It fires again, from its next moment on.
pub(in crate::http) async fn resume(ctx: Ctx) -> Result<Reply, ApiError> {
    ctx.query.finish()?;
    Ok(Reply::ok(&shown(&ctx.parts.schedules.resume(&which(&ctx)?).await?)))
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

fn shown(scheduled: &Scheduled) -> Value {
    let schedule = &scheduled.schedule;
    let span = |span| humantime::format_duration(span).to_string();
    let rule = match &schedule.rule {
        Rule::Cron(cron) => json!({ "cron": cron.to_string() }),
        Rule::Every(every) => json!({ "every": span(*every) }),
        Rule::At(at) => json!({ "at": rfc3339(*at) }),
        Rule::Local(at) => json!({ "at": at.to_string() }),
    };
    json!({
        "session": { "id": scheduled.session.to_string(), "name": scheduled.name.as_str() },
        "installation": schedule.plugin.as_str(),
        "id": schedule.id.as_str(),
        "rule": rule,
        "zone": scheduled.zone.name(),
        "fan_out": match schedule.fan_out { FanOut::Session => "session", FanOut::Once => "once" },
        "missed": match schedule.missed { Missed::Skip => "skip", Missed::Once => "once", Missed::All => "all" },
        "max_lateness": schedule.max_lateness.map(span),
        "jitter": span(schedule.jitter),
        "overlap": match schedule.overlap { Overlap::Queue => "queue", Overlap::Skip => "skip" },
        "next": scheduled.next.map(rfc3339),
        "fired": scheduled.fired,
        "paused_since": scheduled.paused.map(rfc3339),
    })
}

fn shown_run(run: &ScheduleRun, outcome: &Outcome) -> Value {
    let (outcome, attempts, error) = match outcome {
        Outcome::Waiting { attempts, error } => ("waiting", Some(*attempts), error.as_deref()),
        Outcome::Done => ("done", None, None),
        Outcome::GivenUp { error } => ("given_up", None, Some(&**error)),
    };
    json!({
        "scheduled_for": rfc3339(run.scheduled_for),
        "fired_at": rfc3339(run.fired_at),
        "cause": match run.cause {
            TickCause::Recurring => "recurring",
            TickCause::Once | TickCause::Expired => "once",
            TickCause::Manual => "manual",
            TickCause::CatchUp => "catch_up",
        },
        "missed": run.missed,
        "event": run.event.to_string(),
        "outcome": outcome,
        "attempts": attempts,
        "error": error,
    })
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
