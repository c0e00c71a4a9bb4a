//! The schedules of one session: those of manifests and of the configuration, and the timers plugins set for themselves.
//!
//! A moment that comes becomes a tick in the session's log, in one commit with the schedule's new state, so that a crash neither
//! loses nor repeats it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::draft::{Timer, TimerRule};
use waspnest_core::event::{Tick, TickCause};
use waspnest_core::id::{InstallationId, SessionId, SessionName, TenantId};
use waspnest_core::log::{Log, LogError};
use waspnest_core::progress::Progress;
use waspnest_core::schedule_state::ScheduleStates;
use waspnest_core::session::{SessionError, Sessions};
use waspnest_core::store::{Store, StoreError};
use waspnest_core::timer::{Firing, Timers};

use super::configured::Configured;
use super::moments::{MissedRule, Moment, moments};
use super::recurrence::Recurrence;
use super::timetable::Timetable;
use crate::config::schedule::Schedule;
use crate::router::Following;

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
    /// Whose the session is.
    pub tenant: TenantId,
    /// Which schedules there are.
    pub timetable: Arc<dyn Timetable>,
    pub store: Arc<dyn Store>,
    pub log: Log,
    pub timers: Timers,
    /// How far installations have come.
    pub progress: Progress,
    /// All sessions, for schedules that fire in one of them.
    pub register: Sessions,
    pub clock: Arc<dyn Clock>,
    /// When the session was put to work: what timers had before was missed.
    pub up_since: UnixMs,
}

/// What stops the schedules of a session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// A tick could not be recorded.
    #[error("a tick was not recorded")]
    Log(#[from] LogError),
    /// The register of sessions could not be read.
    #[error("the sessions could not be listed")]
    Register(#[from] SessionError),
    /// The store is lost.
    #[error("schedules could not be read")]
    Store(#[from] StoreError),
}

/// The schedules of one session; [`SessionSchedules::run`] is its task.
#[derive(Debug)]
pub(crate) struct SessionSchedules {
    parts: SourceParts,
    states: ScheduleStates,
    configured: Vec<Configured>,
    /// Tell that an installation has other schedules.
    changes: Vec<watch::Receiver<()>>,
    /// Tells that there are other installations.
    following: Following,
}

impl SessionSchedules {
    /// Takes up every schedule where it stood.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn resume(parts: SourceParts) -> Result<Self, SourceError> {
        let mut schedules = Self {
            states: ScheduleStates::new(Arc::clone(&parts.store)),
            configured: Vec::new(),
            changes: parts.timetable.changes(),
            following: parts.timetable.follow(),
            parts,
        };
        schedules.take_up().await?;
        Ok(schedules)
    }

    /// Takes up what is new on the timetable, and lets go of what is not there any more.
    async fn take_up(&mut self) -> Result<(), SourceError> {
        let mut before = std::mem::take(&mut self.configured);
        let all = self.parts.timetable.schedules().into_iter();
        let fires =
            |schedule: &Schedule| schedule.is_for(self.parts.name.as_str()) && schedule.is_of(self.parts.tenant);
        for schedule in all.filter(fires) {
            let known = before.iter().position(|known| *known.schedule() == schedule);
            let configured = match known {
                Some(at) => before.swap_remove(at),
                None => Configured::resume(&self.parts, &self.states, &schedule).await?,
            };
            self.configured.push(configured);
        }
        Ok(())
    }

    /// Ticks until `stop`.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), SourceError> {
        let mut timers_changed = self.parts.timers.wake(self.parts.session);
        loop {
            self.fire_timers().await?;
            for configured in &mut self.configured {
                configured.fire(&self.parts, &self.states).await?;
            }
            let now = self.parts.clock.now();
            let timer = self.parts.timers.next_due(self.parts.session).await?;
            timers_changed.mark_unchanged();
            let wakes_at = |configured: &Configured| configured.wakes_at(&self.parts);
            let configured = self.configured.iter().filter_map(wakes_at).min();
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
                () = any(&mut self.changes) => self.take_up().await?,
                () = self.following.changed() => {
                    self.changes = self.parts.timetable.changes();
                    self.take_up().await?;
                    self.following.take_up();
                }
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
        let (due, next) = recurrence.up_to(timer.next, now, |moment| moment);
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
}

/// Waits until one of them tells of a change.
async fn any(changes: &mut [watch::Receiver<()>]) {
    let told = changes.iter_mut().map(|change| {
        Box::pin(async {
            // Who is gone tells of nothing more.
            if change.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    });
    let told: Vec<_> = told.collect();
    match told.is_empty() {
        true => std::future::pending().await,
        false => drop(futures::future::select_all(told).await),
    }
}

/// Why a timer ticks. A wait that nobody ended has expired, whether or not the host was up at its end.
fn cause(timer: &Timer, moment: &Moment) -> TickCause {
    match timer.rule {
        TimerRule::Wait(_) => TickCause::Expired,
        TimerRule::At(_) | TimerRule::Every(_) | TimerRule::Cron(_) => moment.cause,
    }
}
