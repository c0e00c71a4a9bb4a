//! Schedules as an operator sees them: when they fire next, what they fired, and what can be done about one.

use std::sync::Arc;

use chrono_tz::Tz;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::event::{EventKind, Position, Tick, TickCause};
use waspnest_core::id::{EventId, InstallationId, ScheduleId, SessionId, SessionName, TenantId};
use waspnest_core::log::{Incoming, Log};
use waspnest_core::progress::Progress;
use waspnest_core::schedule_state::{SchedulePause, ScheduleRun, ScheduleState, ScheduleStates};
use waspnest_core::session::{SessionRecord, Sessions as Register};
use waspnest_engine::manifest::FanOut;

use super::error::Error;
use crate::config::schedule::Schedule;
use crate::source::{Recurrence, Timetable, chosen, fires_at, last_tick, tick_of, zone_of};

/// Moments to come that are told of one schedule.
const UPCOMING: usize = 5;

/// A schedule in a session.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// The session.
    pub session: SessionId,
    /// Its name.
    pub name: SessionName,
    /// The schedule.
    pub schedule: Schedule,
    /// The zone it is read in there.
    pub zone: Tz,
    /// Ticks so far.
    pub fired: u64,
    /// When it fires next, jitter included; none when never again, and while it is paused.
    pub next: Option<UnixMs>,
    /// Since when it is paused.
    pub paused: Option<UnixMs>,
}

/// What became of a tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in its lane, or will be.
    Waiting {
        /// Calls so far that failed.
        attempts: u32,
        /// Why the last did.
        error: Option<Box<str>>,
    },
    /// It was handled.
    Done,
    /// It was given up, and why.
    GivenUp {
        /// Why.
        error: Box<str>,
    },
}

/// One schedule with what is to come and what was.
#[derive(Debug, Clone)]
pub struct Detailed {
    /// The schedule.
    pub scheduled: Scheduled,
    /// When it fires next, several times.
    pub upcoming: Vec<UnixMs>,
    /// What it fired, the newest first.
    pub runs: Vec<(ScheduleRun, Outcome)>,
}

/// Which schedule.
#[derive(Debug, Clone)]
pub struct Which {
    /// The session, by id or name.
    pub session: Box<str>,
    /// The installation.
    pub installation: InstallationId,
    /// Its schedule.
    pub id: ScheduleId,
}

/// What [`Schedules`] is made of.
#[derive(Debug, Clone)]
pub struct SchedulesParts {
    /// All of them, and zones that configurations name.
    pub timetable: Arc<dyn Timetable>,
    /// Where they stand.
    pub states: ScheduleStates,
    /// Where ticks go.
    pub log: Log,
    /// What became of them.
    pub progress: Progress,
    /// The register of sessions.
    pub register: Register,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases of schedules. Clones are the same.
#[derive(Debug, Clone)]
pub struct Schedules(SchedulesParts);

impl Schedules {
    /// Over the schedules of the installations at work.
    #[must_use]
    pub const fn new(parts: SchedulesParts) -> Self {
        Self(parts)
    }

    /// Up to `limit` schedules behind one, by session, in the order of the configuration; perhaps of one session or one installation alone.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Store`].
    pub async fn list(
        &self,
        session: Option<&str>,
        installation: Option<&InstallationId>,
        after: Option<&(SessionId, InstallationId, ScheduleId)>,
        limit: usize,
    ) -> Result<Vec<Scheduled>, Error> {
        let sessions = self.0.register.list_owned().await?;
        let only = match session {
            Some(given) => Some(find(&sessions, given)?.0.id),
            None => None,
        };
        let schedules = self.0.timetable.schedules();
        let mut found = Vec::new();
        let mut behind = after.is_none();
        for owned in &sessions {
            let (record, _) = owned;
            for schedule in schedules.iter().filter(|schedule| fires_in(schedule, owned, &sessions)) {
                let place = (record.id, &schedule.plugin, &schedule.id);
                if !behind {
                    behind = after.is_some_and(|(session, plugin, id)| place == (*session, plugin, id));
                    continue;
                }
                let wanted = only.is_none_or(|only| only == record.id)
                    && installation.is_none_or(|installation| *installation == schedule.plugin);
                if wanted {
                    found.push(self.scheduled(record, schedule).await?);
                }
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// One schedule, with up to `limit` of what it fired.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::UnknownSchedule`], [`Error::Store`].
    pub async fn get(&self, which: &Which, limit: usize) -> Result<Detailed, Error> {
        let (record, schedule) = self.find(which).await?;
        let scheduled = self.scheduled(&record, &schedule).await?;
        let mut upcoming = Vec::new();
        if scheduled.paused.is_none() {
            let recurrence = Recurrence::of_schedule(&schedule, scheduled.zone);
            let mut moment = recurrence.next(self.stand(record.id, &schedule).await?.last);
            while let Some(at) = moment.filter(|_| upcoming.len() < UPCOMING) {
                upcoming.push(fires_at(&schedule, record.id, at));
                moment = recurrence.next(at);
            }
        }
        let noted = self
            .0
            .states
            .runs(record.id, &schedule.plugin, &schedule.id, limit)
            .await?;
        let cursor = self.0.progress.load(record.id, &schedule.plugin).await?;
        let mut runs = Vec::new();
        for (position, run) in noted {
            let outcome = if let Some(error) = self.given_up(record.id, &schedule.plugin, position).await? {
                Outcome::GivenUp { error }
            } else if cursor.is_done(position) {
                Outcome::Done
            } else {
                let attempt = cursor.attempts.get(&position);
                Outcome::Waiting {
                    attempts: attempt.map_or(0, |attempt| attempt.count),
                    error: attempt.map(|attempt| attempt.last_error.clone()),
                }
            };
            runs.push((run, outcome));
        }
        Ok(Detailed {
            scheduled,
            upcoming,
            runs,
        })
    }

    /// Fires a schedule now, paused or not; its next moment stays what it is. Answers the event, which is in the log for good.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::UnknownSchedule`], [`Error::Store`].
    pub async fn run(&self, which: &Which) -> Result<EventId, Error> {
        let (record, schedule) = self.find(which).await?;
        let now = self.0.clock.now();
        let state = self.stand(record.id, &schedule).await?;
        let zone = zone_of(&*self.0.timetable, &schedule, (&record.name, record.id));
        let tick = Tick {
            cause: TickCause::Manual,
            scheduled_for: now,
            previous: last_tick(record.id, &self.0.states, &schedule, Some(&state)).await?,
            ..tick_of(&schedule, zone)
        };
        let incoming = Incoming::from(EventKind::Tick(tick));
        let appended = self.0.log.append(record.id, vec![incoming]).await?;
        let Some(event) = appended.events.into_iter().next() else {
            return Err(Error::Internal("a tick is never a duplicate".into()));
        };
        appended.applied.durable().await?;
        let run = ScheduleRun {
            scheduled_for: now,
            fired_at: event.received_at,
            cause: TickCause::Manual,
            missed: 0,
            event: event.id,
        };
        self.0
            .states
            .note(record.id, &schedule.plugin, &schedule.id, event.position, &run)
            .await?;
        tracing::info!(plugin.id = %schedule.plugin, schedule.id = %schedule.id, session.name = %record.name, "the schedule was told to fire");
        Ok(event.id)
    }

    /// Pauses a schedule: its moments pass, and are not made up for later. Pausing it twice is pausing it once.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::UnknownSchedule`], [`Error::Store`].
    pub async fn pause(&self, which: &Which) -> Result<Scheduled, Error> {
        let (record, schedule) = self.find(which).await?;
        let known = self.0.states.paused(record.id, &schedule.plugin, &schedule.id).await?;
        if known.is_none() {
            let pause = SchedulePause {
                since: self.0.clock.now(),
            };
            self.set_paused(&record, &schedule, Some(pause)).await?;
        }
        self.scheduled(&record, &schedule).await
    }

    /// Lets a paused schedule go on.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::UnknownSchedule`], [`Error::Store`].
    pub async fn resume(&self, which: &Which) -> Result<Scheduled, Error> {
        let (record, schedule) = self.find(which).await?;
        self.set_paused(&record, &schedule, None).await?;
        self.scheduled(&record, &schedule).await
    }

    async fn set_paused(
        &self,
        record: &SessionRecord,
        schedule: &Schedule,
        pause: Option<SchedulePause>,
    ) -> Result<(), Error> {
        let Schedule { plugin, id, .. } = schedule;
        Ok(self.0.states.set_paused(record.id, plugin, id, pause).await?)
    }

    async fn find(&self, which: &Which) -> Result<(SessionRecord, Schedule), Error> {
        let sessions = self.0.register.list_owned().await?;
        let owned = find(&sessions, &which.session)?;
        let (record, _) = owned;
        let mut schedules = self.0.timetable.schedules().into_iter();
        let found = schedules.find(|schedule| {
            schedule.plugin == which.installation && schedule.id == which.id && fires_in(schedule, owned, &sessions)
        });
        let unknown = || Error::UnknownSchedule {
            session: record.name.clone(),
            installation: which.installation.clone(),
            id: which.id.clone(),
        };
        Ok((record.clone(), found.ok_or_else(unknown)?))
    }

    async fn scheduled(&self, record: &SessionRecord, schedule: &Schedule) -> Result<Scheduled, Error> {
        let zone = zone_of(&*self.0.timetable, schedule, (&record.name, record.id));
        let state = self.stand(record.id, schedule).await?;
        let paused = self.0.states.paused(record.id, &schedule.plugin, &schedule.id).await?;
        let next = Recurrence::of_schedule(schedule, zone).next(state.last);
        Ok(Scheduled {
            session: record.id,
            name: record.name.clone(),
            schedule: schedule.clone(),
            zone,
            fired: state.fired,
            next: next
                .filter(|_| paused.is_none())
                .map(|moment| fires_at(schedule, record.id, moment)),
            paused: paused.map(|pause| pause.since),
        })
    }

    /// Where a schedule stands; one that has not been taken up yet stands at this moment.
    async fn stand(&self, session: SessionId, schedule: &Schedule) -> Result<ScheduleState, Error> {
        let stored = self.0.states.get(session, &schedule.plugin, &schedule.id).await?;
        Ok(stored.unwrap_or(ScheduleState {
            last: self.0.clock.now(),
            fired: 0,
        }))
    }

    /// Why a tick was given up; none when it was not.
    async fn given_up(
        &self,
        session: SessionId,
        installation: &InstallationId,
        position: Position,
    ) -> Result<Option<Box<str>>, Error> {
        let before = Position(position.0.saturating_sub(1));
        let letters = self.0.progress.dead_letters(session, installation, before, 1).await?;
        let letter = letters.into_iter().next().filter(|(at, _)| *at == position);
        Ok(letter.map(|(_, letter)| letter.error))
    }
}

/// A session, and whose it is.
type Owned = (SessionRecord, TenantId);

fn fires_in(schedule: &Schedule, (record, tenant): &Owned, sessions: &[Owned]) -> bool {
    match schedule.fan_out {
        FanOut::Session => schedule.is_for(record.name.as_str()) && schedule.is_of(*tenant),
        FanOut::Once => chosen(schedule, sessions).is_some_and(|chosen| chosen.id == record.id),
    }
}

fn find<'a>(sessions: &'a [Owned], given: &str) -> Result<&'a Owned, Error> {
    let unknown = || Error::UnknownSession { given: given.into() };
    let is_meant = |(record, _): &&Owned| record.name.as_str() == given || record.id.to_string() == given;
    sessions.iter().find(is_meant).ok_or_else(unknown)
}
