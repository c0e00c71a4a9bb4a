//! One schedule of a manifest or of the configuration in one session: which of its moments have come, and what becomes of each.
//!
//! A moment is dealt with once: it becomes a tick, or it passes (while the schedule is paused, where another session fires for all, or
//! while the former tick is not done), and either way the state moves over it. What is asked about is asked when a moment has come,
//! so that a pause, a zone of the configuration and the list of sessions hold as they are then. A rule that was changed, or is read in
//! another zone, counts from the moment that was seen: what it would have given before is nothing anybody missed.

use chrono_tz::Tz;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{EventKind, Tick, TickCause};
use waspnest_core::id::{SessionId, TenantId};
use waspnest_core::log::Incoming;
use waspnest_core::schedule_state::{ScheduleRule, ScheduleRun, ScheduleState, ScheduleStates};
use waspnest_core::session::SessionRecord;
use waspnest_core::store::{Commit, Space, StoreError};
use waspnest_engine::manifest::{FanOut, Overlap};

use super::jitter::fires_at;
use super::moments::{MissedRule, Moment, moments};
use super::recurrence::Recurrence;
use super::schedules::{SourceError, SourceParts};
use super::timetable::zone_of;
use crate::config::schedule::Schedule;

/// One schedule of a session.
#[derive(Debug)]
pub(super) struct Configured {
    schedule: Schedule,
    recurrence: Recurrence,
    zone: Tz,
    state: ScheduleState,
    next: Option<UnixMs>,
    /// When it was taken up; moments before it were missed.
    since: UnixMs,
    /// The moment of the last tick.
    previous: Option<UnixMs>,
    /// Moments that passed since the last tick because the former was not done.
    skipped: u32,
}

/// Of several sessions that a schedule may fire in, the one it fires in.
#[must_use]
pub(crate) fn chosen<'a>(schedule: &Schedule, sessions: &'a [(SessionRecord, TenantId)]) -> Option<&'a SessionRecord> {
    let fires = |(record, tenant): &&(SessionRecord, TenantId)| {
        schedule.is_for(record.name.as_str()) && schedule.is_of(*tenant)
    };
    let mut those = sessions.iter().filter(fires).map(|(record, _)| record);
    let first = those.next()?;
    Some(those.fold(first, |first, next| if next.id < first.id { next } else { first }))
}

impl Configured {
    /// Takes a schedule up where it stood. One that is new here, or goes by another rule than before, starts now.
    pub(super) async fn resume(
        parts: &SourceParts,
        states: &ScheduleStates,
        schedule: &Schedule,
    ) -> Result<Self, SourceError> {
        let Schedule { plugin, id, .. } = schedule;
        let now = parts.clock.now();
        let zone = zone_of(&*parts.timetable, schedule, (&parts.name, parts.session));
        let recurrence = Recurrence::of_schedule(schedule, zone);
        let rule = rule_of(&recurrence);
        let stored = states.get(parts.session, plugin, id).await?;
        let known = states.rule(parts.session, plugin, id).await?;
        let state = match stored {
            None => ScheduleState { last: now, fired: 0 },
            Some(state) if known.as_ref().is_some_and(|known| *known != rule) => ScheduleState { last: now, ..state },
            Some(state) => state,
        };
        if stored != Some(state) || known.as_ref() != Some(&rule) {
            states.take_up(parts.session, plugin, id, (&state, &rule)).await?;
        }
        let previous = last_tick(parts.session, states, schedule, stored.as_ref()).await?;
        Ok(Self {
            schedule: schedule.clone(),
            next: recurrence.next(state.last),
            state,
            recurrence,
            zone,
            since: now,
            previous,
            skipped: 0,
        })
    }

    /// What it was taken up as.
    pub(super) const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// When something is to be done about it; none when never again.
    pub(super) fn wakes_at(&self, parts: &SourceParts) -> Option<UnixMs> {
        self.next.map(|moment| fires_at(&self.schedule, parts.session, moment))
    }

    /// Deals with the moments that have come.
    pub(super) async fn fire(&mut self, parts: &SourceParts, states: &ScheduleStates) -> Result<(), SourceError> {
        let now = parts.clock.now();
        let zone = zone_of(&*parts.timetable, &self.schedule, (&parts.name, parts.session));
        if zone != self.zone {
            self.move_to(zone, parts, states, now).await?;
        }
        let Some(first) = self.next else { return Ok(()) };
        let schedule = &self.schedule;
        let (due, following) = self
            .recurrence
            .up_to(first, now, |moment| fires_at(schedule, parts.session, moment));
        let Some(last) = due.last().map(|due| due.scheduled_for) else {
            return Ok(());
        };
        self.next = following;
        if !self.fires_here(parts, states).await? {
            return self.pass_to(parts, last).await;
        }
        let rule = MissedRule {
            policy: self.schedule.missed,
            max_lateness: self.schedule.max_lateness,
        };
        for moment in moments(&due, rule, self.since, now, self.on_time()) {
            if self.overlaps(parts, states).await? {
                self.skipped = self.skipped.saturating_add(1).saturating_add(moment.missed);
            } else {
                self.tick(parts, states, &moment).await?;
            }
        }
        if self.state.last != last {
            self.pass_to(parts, last).await?;
        }
        Ok(())
    }

    /// Goes by the clocks of another zone from now on.
    async fn move_to(
        &mut self,
        zone: Tz,
        parts: &SourceParts,
        states: &ScheduleStates,
        now: UnixMs,
    ) -> Result<(), SourceError> {
        self.zone = zone;
        self.recurrence = Recurrence::of_schedule(&self.schedule, zone);
        self.state.last = now;
        self.next = self.recurrence.next(now);
        let Schedule { plugin, id, .. } = &self.schedule;
        let rule = rule_of(&self.recurrence);
        Ok(states.take_up(parts.session, plugin, id, (&self.state, &rule)).await?)
    }

    const fn on_time(&self) -> TickCause {
        match self.recurrence {
            Recurrence::At(_) => TickCause::Once,
            Recurrence::Every(_) | Recurrence::Cron(..) => TickCause::Recurring,
        }
    }

    /// Whether a moment that has come makes a tick in this session.
    async fn fires_here(&self, parts: &SourceParts, states: &ScheduleStates) -> Result<bool, SourceError> {
        let Schedule {
            plugin, id, fan_out, ..
        } = &self.schedule;
        if states.paused(parts.session, plugin, id).await?.is_some() {
            return Ok(false);
        }
        Ok(match fan_out {
            FanOut::Session => true,
            FanOut::Once => {
                let sessions = parts.register.list_owned().await?;
                chosen(&self.schedule, &sessions).is_none_or(|record| record.id == parts.session)
            }
        })
    }

    /// Whether the former tick stands in the way of the next.
    async fn overlaps(&self, parts: &SourceParts, states: &ScheduleStates) -> Result<bool, SourceError> {
        match self.schedule.overlap {
            Overlap::Queue => return Ok(false),
            Overlap::Skip => {}
        }
        let Schedule { plugin, id, .. } = &self.schedule;
        let Some((position, _)) = states.runs(parts.session, plugin, id, 1).await?.pop() else {
            return Ok(false);
        };
        let cursor = parts.progress.load(parts.session, plugin).await?;
        Ok(!cursor.is_done(position))
    }

    /// Records a tick, with the state, in one commit.
    async fn tick(&mut self, parts: &SourceParts, states: &ScheduleStates, moment: &Moment) -> Result<(), SourceError> {
        let missed = moment.missed.saturating_add(std::mem::take(&mut self.skipped));
        let tick = Tick {
            cause: moment.cause,
            scheduled_for: moment.scheduled_for,
            missed,
            previous: self.previous.replace(moment.scheduled_for),
            ..tick_of(&self.schedule, self.zone)
        };
        self.state = ScheduleState {
            last: moment.scheduled_for,
            fired: self.state.fired + 1,
        };
        let Schedule { plugin, id, .. } = &self.schedule;
        let incoming = Incoming {
            kind: EventKind::Tick(tick),
            also: vec![ScheduleStates::write(plugin, id, &self.state)],
            expect: Vec::new(),
        };
        let appended = parts.log.append(parts.session, vec![incoming]).await?;
        for event in appended.events {
            let run = ScheduleRun {
                scheduled_for: moment.scheduled_for,
                fired_at: event.received_at,
                cause: moment.cause,
                missed,
                event: event.id,
            };
            states.note(parts.session, plugin, id, event.position, &run).await?;
        }
        Ok(())
    }

    /// Moves over moments that make no tick.
    async fn pass_to(&mut self, parts: &SourceParts, last: UnixMs) -> Result<(), SourceError> {
        self.state.last = last;
        store(parts, &self.schedule, &self.state).await
    }
}

async fn store(parts: &SourceParts, schedule: &Schedule, state: &ScheduleState) -> Result<(), SourceError> {
    let commit = Commit {
        ops: vec![ScheduleStates::write(&schedule.plugin, &schedule.id, state)],
        ..Commit::lazy(Space::Session(parts.session))
    };
    parts.store.commit(commit).await?;
    Ok(())
}

fn rule_of(recurrence: &Recurrence) -> ScheduleRule {
    ScheduleRule {
        words: recurrence.to_string().into(),
    }
}

/// The moment of the last tick of a schedule, whose state is stored as this.
pub(crate) async fn last_tick(
    session: SessionId,
    states: &ScheduleStates,
    schedule: &Schedule,
    state: Option<&ScheduleState>,
) -> Result<Option<UnixMs>, StoreError> {
    let newest = states.runs(session, &schedule.plugin, &schedule.id, 1).await?.pop();
    // Ticks of earlier programs were not noted.
    let known = newest.map(|(_, run)| run.scheduled_for);
    let unnoted = state.filter(|state| state.fired > 0).map(|state| state.last);
    Ok(known.or(unnoted))
}

/// What all ticks of a schedule have alike.
pub(crate) fn tick_of(schedule: &Schedule, zone: Tz) -> Tick {
    Tick {
        installation: schedule.plugin.clone(),
        schedule: schedule.id.clone(),
        cause: TickCause::Manual,
        scheduled_for: UnixMs::default(),
        missed: 0,
        previous: None,
        zone: zone.name().into(),
        payload: schedule.payload.clone(),
        origin: None,
    }
}
