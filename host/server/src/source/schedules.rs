//! The schedules of one session: those of the configuration, and the timers plugins set for themselves.
//!
//! A moment that comes becomes a tick in the session's log, in one commit with the schedule's new state, so that a crash neither
//! loses nor repeats it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::draft::{Timer, TimerRule};
use waspnest_core::event::{EventKind, Tick, TickCause};
use waspnest_core::id::{InstallationId, SessionId, SessionName};
use waspnest_core::log::{Incoming, Log, LogError};
use waspnest_core::schedule_state::{ScheduleState, ScheduleStates};
use waspnest_core::store::{Commit, Space, Store, StoreError};
use waspnest_core::timer::{Firing, Timers};

use super::moments::{MissedRule, Moment, moments};
use super::recurrence::Recurrence;
use crate::config::schedule::Schedule;

/// Timers fired before the clock is looked at again.
const TIMERS_AT_ONCE: usize = 256;
/// The longest sleep; a machine's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// A timer a plugin set is made up for however late it is: it is somebody's reminder.
const TIMER_LATENESS: Option<Duration> = None;

/// What a session's schedules are made of.
#[derive(Debug)]
pub(crate) struct SourceParts {
    pub session: SessionId,
    pub name: SessionName,
    pub schedules: Arc<[Schedule]>,
    pub store: Arc<dyn Store>,
    pub log: Log,
    pub timers: Timers,
    pub clock: Arc<dyn Clock>,
    /// When the host came up: moments before were missed.
    pub up_since: UnixMs,
}

/// What stops the schedules of a session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// A tick could not be recorded.
    #[error("a tick was not recorded")]
    Log(#[from] LogError),
    /// The store is lost.
    #[error("schedules could not be read")]
    Store(#[from] StoreError),
}

/// The schedules of one session; [`SessionSchedules::run`] is its task.
#[derive(Debug)]
pub(crate) struct SessionSchedules {
    parts: SourceParts,
    configured: Vec<Configured>,
}

#[derive(Debug)]
struct Configured {
    schedule: Schedule,
    recurrence: Recurrence,
    state: ScheduleState,
    next: Option<UnixMs>,
}

impl SessionSchedules {
    /// Takes up every schedule where it stood. One that is new here starts now.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn resume(parts: SourceParts) -> Result<Self, SourceError> {
        let states = ScheduleStates::new(Arc::clone(&parts.store));
        let mut configured = Vec::new();
        let is_for = |schedule: &&Schedule| {
            schedule
                .sessions
                .iter()
                .any(|pattern| pattern.matches(parts.name.as_str()))
        };
        for schedule in parts.schedules.iter().filter(is_for) {
            let recurrence = Recurrence::of_schedule(schedule);
            let stored = states.get(parts.session, &schedule.plugin, &schedule.id).await?;
            let state = match stored {
                Some(state) => state,
                None => {
                    let state = ScheduleState {
                        last: parts.clock.now(),
                        fired: 0,
                    };
                    let write = ScheduleStates::write(&schedule.plugin, &schedule.id, &state);
                    parts
                        .store
                        .commit(Commit {
                            ops: vec![write],
                            ..Commit::lazy(Space::Session(parts.session))
                        })
                        .await?;
                    state
                }
            };
            configured.push(Configured {
                schedule: schedule.clone(),
                state,
                next: recurrence.next(state.last),
                recurrence,
            });
        }
        Ok(Self { parts, configured })
    }

    /// Ticks until `stop`.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), SourceError> {
        let mut timers_changed = self.parts.timers.wake(self.parts.session);
        loop {
            self.fire_timers().await?;
            self.fire_configured().await?;
            let now = self.parts.clock.now();
            let timer = self.parts.timers.next_due(self.parts.session).await?;
            timers_changed.mark_unchanged();
            let configured = self.configured.iter().filter_map(|configured| configured.next).min();
            let next = timer
                .into_iter()
                .chain(configured)
                .min()
                .unwrap_or(UnixMs(u64::MAX))
                .min(now.plus(LONGEST_SLEEP));
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.parts.clock.sleep_until(next) => {}
                Ok(()) = timers_changed.changed() => {}
            }
        }
    }

    async fn fire_timers(&mut self) -> Result<(), SourceError> {
        let SourceParts {
            session, timers, clock, ..
        } = &self.parts;
        loop {
            let now = clock.now();
            let due = timers.due(*session, now, TIMERS_AT_ONCE).await?;
            if due.is_empty() {
                return Ok(());
            }
            for (installation, timer) in due {
                self.fire_timer(installation, timer, now).await?;
            }
        }
    }

    async fn fire_timer(&self, installation: InstallationId, timer: Timer, now: UnixMs) -> Result<(), SourceError> {
        let SourceParts {
            session,
            timers,
            log,
            up_since,
            ..
        } = &self.parts;
        let recurrence = match Recurrence::of_timer(&timer.rule, &timer.zone) {
            Ok(recurrence) => recurrence,
            Err(error) => {
                tracing::error!(plugin.id = %installation, timer.id = %timer.id, %error, "a timer is given up");
                timers.pass(*session, &installation, &timer, None).await?;
                return Ok(());
            }
        };
        let (due, next) = recurrence.up_to(timer.next, now);
        let on_time = match recurrence {
            Recurrence::At(_) => TickCause::Once,
            Recurrence::Every(_) | Recurrence::Cron(..) => TickCause::Recurring,
        };
        let rule = MissedRule {
            policy: timer.missed,
            max_lateness: TIMER_LATENESS,
        };
        let ticks = moments(&due, rule, *up_since, now, on_time);
        if ticks.is_empty() {
            timers.pass(*session, &installation, &timer, next).await?;
            return Ok(());
        }
        let mut timer = timer;
        let last = ticks.len() - 1;
        for (index, moment) in ticks.iter().enumerate() {
            let following = if index == last {
                next
            } else {
                Some(ticks[index + 1].scheduled_for)
            };
            let tick = Tick {
                installation: installation.clone(),
                schedule: timer.id.clone(),
                cause: cause(&timer, moment),
                scheduled_for: moment.scheduled_for,
                missed: moment.missed,
                previous: timer.previous,
                zone: timer.zone.clone(),
                payload: timer.payload.clone(),
                origin: timer.origin.clone(),
            };
            let firing = Firing {
                installation: installation.clone(),
                timer: timer.clone(),
                tick,
                next: following,
            };
            if timers.fire(log, *session, firing).await?.is_none() {
                // Changed or cancelled meanwhile; what is due of the new one is found in the next round.
                return Ok(());
            }
            if let Some(following) = following {
                timer = Timer {
                    next: following,
                    previous: Some(moment.scheduled_for),
                    ..timer
                };
            }
        }
        Ok(())
    }

    async fn fire_configured(&mut self) -> Result<(), SourceError> {
        let now = self.parts.clock.now();
        for configured in &mut self.configured {
            let Some(first) = configured.next.filter(|next| *next <= now) else {
                continue;
            };
            let Configured {
                schedule,
                recurrence,
                state,
                next,
            } = configured;
            let (due, following) = recurrence.up_to(first, now);
            let rule = MissedRule {
                policy: schedule.missed,
                max_lateness: schedule.max_lateness,
            };
            let ticks = moments(&due, rule, self.parts.up_since, now, TickCause::Recurring);
            let incoming = ticks
                .iter()
                .map(|moment| tick_of(schedule, state, moment))
                .collect::<Vec<_>>();
            state.last = due.last().copied().unwrap_or(state.last);
            *next = following;
            if incoming.is_empty() {
                let write = ScheduleStates::write(&schedule.plugin, &schedule.id, state);
                let commit = Commit {
                    ops: vec![write],
                    ..Commit::lazy(Space::Session(self.parts.session))
                };
                self.parts.store.commit(commit).await?;
            } else {
                self.parts.log.append(self.parts.session, incoming).await?;
            }
        }
        Ok(())
    }
}

/// Why a timer ticks. A wait that nobody ended has expired, whether or not the host was up at its end.
fn cause(timer: &Timer, moment: &Moment) -> TickCause {
    match timer.rule {
        TimerRule::Wait(_) => TickCause::Expired,
        TimerRule::At(_) | TimerRule::Every(_) | TimerRule::Cron(_) => moment.cause,
    }
}

/// The tick of one moment, with the state that is committed along with it.
fn tick_of(schedule: &Schedule, state: &mut ScheduleState, moment: &Moment) -> Incoming {
    let previous = (state.fired > 0).then_some(state.last);
    *state = ScheduleState {
        last: moment.scheduled_for,
        fired: state.fired + 1,
    };
    let tick = Tick {
        installation: schedule.plugin.clone(),
        schedule: schedule.id.clone(),
        cause: moment.cause,
        scheduled_for: moment.scheduled_for,
        missed: moment.missed,
        previous,
        zone: schedule.zone.name().into(),
        payload: schedule.payload.clone(),
        origin: None,
    };
    let also = vec![ScheduleStates::write(&schedule.plugin, &schedule.id, state)];
    Incoming {
        kind: EventKind::Tick(tick),
        also,
        expect: Vec::new(),
    }
}
