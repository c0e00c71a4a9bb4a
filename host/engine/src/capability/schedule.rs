//! `schedule`: timers of the draft.

use std::collections::BTreeMap;
use std::time::Duration;

use waspnest_core::clock::UnixMs;
use waspnest_core::dialogue::RESERVED;
use waspnest_core::draft::{Missed, Timer, TimerChange, TimerOrigin, TimerRule};
use waspnest_core::id::ScheduleId;

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::schedule::{Host, Job, Missed as WitMissed, Rule};
use crate::bindings::waspnest::plugin::types::Error;
use crate::limits::PAYLOAD_BYTES;
use crate::manifest::{Capability, JobTerms};
use crate::state::{Call, CallState};

const UTC: &str = "UTC";

/// The installation's timers as the call sees them: the host's, with the call's own changes on top.
#[derive(Default)]
pub(crate) struct Jobs {
    seen: Option<BTreeMap<ScheduleId, Timer>>,
    changes: Vec<TimerChange>,
}

impl Jobs {
    pub(crate) fn into_changes(self) -> Vec<TimerChange> {
        self.changes
    }
}

impl Host for CallState {
    async fn put(&mut self, job: Job) -> Answer<u64> {
        let call = &mut self.call;
        let Some(terms) = call.effective.schedule else {
            return Ok(Err(denied(Capability::Schedule)));
        };
        granted!(spend(&mut call.schedule_operations)?);
        let timer = granted!(call.timer(job, terms));
        let jobs = call.jobs().await?;
        if !jobs.contains_key(&timer.id) && jobs.len() as u64 >= terms.max_jobs {
            return Ok(Err(Error::Quota(format!("schedule: {} jobs", terms.max_jobs))));
        }
        let next = timer.next;
        jobs.insert(timer.id.clone(), timer.clone());
        call.jobs.changes.push(TimerChange::Set(timer));
        Ok(Ok(next.0))
    }

    async fn cancel(&mut self, id: String) -> Answer<bool> {
        let call = &mut self.call;
        if call.effective.schedule.is_none() {
            return Ok(Err(denied(Capability::Schedule)));
        }
        granted!(spend(&mut call.schedule_operations)?);
        let id: ScheduleId = granted!(id.parse().map_err(|error| invalid("id", error)));
        let there = call.jobs().await?.remove(&id).is_some();
        if there {
            call.jobs.changes.push(TimerChange::Cancel(id));
        }
        Ok(Ok(there))
    }

    async fn list(&mut self) -> Answer<Vec<Job>> {
        let call = &mut self.call;
        if call.effective.schedule.is_none() {
            return Ok(Err(denied(Capability::Schedule)));
        }
        granted!(spend(&mut call.schedule_operations)?);
        let session = call.session.as_str().to_owned();
        Ok(Ok(call
            .jobs()
            .await?
            .values()
            .map(|timer| shown(timer, &session))
            .collect()))
    }
}

impl Call {
    async fn jobs(&mut self) -> wasmtime::Result<&mut BTreeMap<ScheduleId, Timer>> {
        let seen = match self.jobs.seen.take() {
            Some(seen) => seen,
            None => self
                .host
                .timers()
                .await?
                .into_iter()
                .filter(|timer| !is_of_host(timer))
                .map(|timer| (timer.id.clone(), timer))
                .collect(),
        };
        Ok(self.jobs.seen.insert(seen))
    }

    fn timer(&self, job: Job, terms: JobTerms) -> Result<Timer, Error> {
        let id = job.id.parse().map_err(|error| invalid("id", error))?;
        if job.id.starts_with(RESERVED) {
            return Err(invalid(
                "id",
                format!("names that begin with {RESERVED:?} are the host's"),
            ));
        }
        if job.session.is_some_and(|session| session != self.session.as_str()) {
            return Err(Error::Denied("schedule: another session than the event's".to_owned()));
        }
        if job.payload.len() > PAYLOAD_BYTES {
            return Err(Error::TooLarge(PAYLOAD_BYTES as u64));
        }
        let zone = job.zone.as_deref().unwrap_or(UTC);
        let cron = |expression: &str, after| self.host.next_cron(expression, zone, after);
        let (rule, next) = match job.rule {
            Rule::At(at) => (TimerRule::At(UnixMs(at)), UnixMs(at)),
            Rule::AfterMs(span) => {
                let at = self.now.plus(Duration::from_millis(span));
                (TimerRule::At(at), at)
            }
            Rule::EveryMs(span) => {
                apart(Duration::from_millis(span), terms)?;
                (TimerRule::Every(span), self.now.plus(Duration::from_millis(span)))
            }
            Rule::Cron(expression) => {
                let wrong = |error| invalid("rule", error);
                let first = cron(&expression, self.now).map_err(wrong)?;
                let second = cron(&expression, first).map_err(wrong)?;
                apart(second.since(first), terms)?;
                (TimerRule::Cron(expression.into()), first)
            }
        };
        if zone != UTC && !matches!(rule, TimerRule::Cron(_)) {
            // The host judges zones; midnight exists in every one of them.
            cron("0 0 * * *", self.now).map_err(|error| invalid("zone", error))?;
        }
        let missed = match job.missed {
            WitMissed::Skip => Missed::Skip,
            WitMissed::Once => Missed::Once,
            WitMissed::All => Missed::All,
        };
        let origin = self.scene.chat.clone().map(|chat| TimerOrigin {
            chat,
            sender: self.scene.sender.clone(),
        });
        Ok(Timer {
            id,
            rule,
            zone: zone.into(),
            missed,
            payload: job.payload,
            origin,
            next,
            previous: None,
        })
    }
}

/// Whether a timer is one that the host set, for the end of a wait.
fn is_of_host(timer: &Timer) -> bool {
    matches!(timer.rule, TimerRule::Wait(_))
}

fn apart(span: Duration, terms: JobTerms) -> Result<(), Error> {
    if span < terms.min_interval {
        return Err(invalid(
            "rule",
            format!(
                "the times are {} apart; the grant's min-interval is {}",
                humantime::format_duration(span),
                humantime::format_duration(terms.min_interval)
            ),
        ));
    }
    Ok(())
}

fn shown(timer: &Timer, session: &str) -> Job {
    let rule = match &timer.rule {
        TimerRule::At(at) | TimerRule::Wait(at) => Rule::At(at.0),
        TimerRule::Every(span) => Rule::EveryMs(*span),
        TimerRule::Cron(expression) => Rule::Cron(expression.to_string()),
    };
    let missed = match timer.missed {
        Missed::Skip => WitMissed::Skip,
        Missed::Once => WitMissed::Once,
        Missed::All => WitMissed::All,
    };
    Job {
        id: timer.id.as_str().to_owned(),
        rule,
        zone: Some(timer.zone.to_string()),
        missed,
        session: Some(session.to_owned()),
        payload: timer.payload.clone(),
        next: Some(timer.next.0),
    }
}
