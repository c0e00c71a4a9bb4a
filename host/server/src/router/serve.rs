//! Serves the events of one lane: call, commit, repeat or park.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Draft;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::{EffectId, InstallationId};
use waspnest_core::outbox::{Call, CommitError};
use waspnest_core::progress::{DeadLetter, Round};
use waspnest_engine::{CallContext, CallError, Host};

use super::command;
use super::due::{self, Due};
use super::group_admin::{self, Standing};
use super::installed::{Installed, Wanted, Way};
use super::lane::{Lane, Waiting};
use super::meters::OfPlugin;
use super::plugin_host::PluginHost;
use super::precedence::{Come, Turn};
use super::session::Finished;
use super::shadow::{Seen, Shadowing};
use super::slot::{Entered, Slot};
use super::told_traces::Which;
use super::{RouterError, RouterParts};
use crate::breaker::Verdict;
use crate::recorder::{About, Ended, Taking};
use crate::replies::Reply;

/// How often a call is made again because state it had read was changed by another chat meanwhile, before that counts as a failure.
const MOST_CONFLICTS: u32 = 16;

/// Where a lane reports, and what ends it early.
#[derive(Debug)]
pub(super) struct LaneEnd {
    pub course: usize,
    /// The places that courses are numbered by.
    pub at_work: Arc<[Arc<Slot>]>,
    pub finish: mpsc::Sender<Finished>,
    pub stop: CancellationToken,
    pub meters: Arc<OfPlugin>,
}

/// Serves a lane until it is empty.
///
/// # Errors
/// When the store is lost; failures of the plugin are not errors here.
pub(super) async fn run_lane(
    parts: Arc<RouterParts>,
    slot: Arc<Slot>,
    lane: Lane,
    end: LaneEnd,
) -> Result<(), RouterError> {
    while !end.stop.is_cancelled()
        && let Some(waiting) = lane.pop()
    {
        let (position, turn) = (waiting.position, waiting.turn.clone());
        match serve(&parts, &slot, waiting, &end).await? {
            Served::Finished => {
                turn.end();
                // The router reads this until every lane is gone, so it is never closed early.
                let _ = end
                    .finish
                    .send(Finished {
                        course: end.course,
                        position,
                    })
                    .await;
            }
            Served::Stopped => break,
        }
    }
    Ok(())
}

enum Served {
    /// Committed or parked: the event is done.
    Finished,
    /// The host is shutting down; the event is taken up again at the next start.
    Stopped,
}

/// What came of one call.
enum Outcome {
    Done,
    Again {
        error: Box<str>,
        class: &'static str,
        hint: Option<Duration>,
    },
    Hopeless {
        error: Box<str>,
        class: &'static str,
    },
}

async fn serve(
    parts: &Arc<RouterParts>,
    slot: &Arc<Slot>,
    waiting: Waiting,
    LaneEnd {
        course,
        at_work,
        stop,
        meters,
        ..
    }: &LaneEnd,
) -> Result<Served, RouterError> {
    let Waiting {
        position,
        event,
        mut attempt,
        mut bind,
        mut way,
        mut decided_for,
        mut turn,
        round,
    } = waiting;
    match turn.come(stop).await {
        Come::Now => {}
        Come::Never => return Ok(Served::Finished),
        Come::NotToday => return Ok(Served::Stopped),
    }
    let event = match event {
        Some(event) => event,
        None => match parts.log.get(parts.session, position).await? {
            Some(event) => Arc::new(event),
            None => return pass_over(parts, slot.id(), position, round).await,
        },
    };
    let began = parts.clock.monotonic();
    loop {
        let now = parts.clock.now();
        let wait = attempt.not_before.left(now, slot.active().retry.backoff.max);
        tokio::select! {
            () = parts.clock.sleep_until(now.plus(wait)) => {}
            () = stop.cancelled() => return Ok(Served::Stopped),
        }
        if is_too_late(&event, parts.clock.now()) {
            tracing::debug!(event.id = %event.id, plugin.id = %slot.id(), "event passed over, it is too old to be told");
            return pass_over(parts, slot.id(), position, round).await;
        }
        let (installed, entered) = tokio::select! {
            admitted = admitted(parts, slot, &event) => admitted,
            () = stop.cancelled() => return Ok(Served::Stopped),
        };
        if !std::ptr::eq(Weak::as_ptr(&decided_for), Arc::as_ptr(&installed)) {
            let Some(wanted) = decided_again(parts, (at_work, *course), &installed, &event, round) else {
                note(parts, &installed, Verdict::Neither);
                return pass_over(parts, slot.id(), position, round).await;
            };
            (bind, way) = (wanted.bind, wanted.way);
            decided_for = Arc::downgrade(&installed);
        }
        let under_way = installed.calls.token();
        let shadow = slot.shadow_of(&installed, &event);
        let outcome = call(
            parts,
            (&installed, shadow.as_deref(), meters),
            &event,
            (&bind, &way, &turn, round),
            attempt.count + 1,
        )
        .await?;
        drop((under_way, entered));
        let (error, class, hint) = match outcome {
            Outcome::Done => {
                parts.tell_handled(&event, slot.id(), began, None);
                return Ok(Served::Finished);
            }
            Outcome::Again { error, class, hint } => (error, class, Some(hint)),
            Outcome::Hopeless { error, class } => (error, class, None),
        };
        attempt.count += 1;
        let wait = hint.and_then(|hint| installed.retry.wait_after(attempt.count, hint, parts.ids.seed()));
        let now = parts.clock.now();
        let Some(wait) = wait else {
            meters.dead_letters.inc();
            // What the plugin says of it may hold what somebody wrote; the dead letter has it.
            tracing::error!(event.id = %event.id, plugin.id = %slot.id(), attempts = attempt.count, error.class = class, "event parked");
            let letter = DeadLetter {
                event: event.id,
                kind: event.kind.name().into(),
                attempts: attempt.count,
                error,
                at: now,
            };
            parts.progress.park(parts.session, slot.id(), position, &letter).await?;
            parts.tell_handled(&event, slot.id(), began, Some(class));
            if let EventKind::Request(_) = event.kind {
                parts.replies.put(event.id, Reply::Failed);
            }
            return Ok(Served::Finished);
        };
        meters.retries.inc();
        attempt.not_before = now.plus(wait);
        attempt.last_error = error;
        parts
            .progress
            .record_attempt(parts.session, slot.id(), position, &attempt)
            .await?;
    }
}

/// The version that handles an event, as soon as it may be called.
async fn admitted(parts: &RouterParts, slot: &Slot, event: &Event) -> (Arc<Installed>, Entered) {
    loop {
        let installed = slot.for_event(event);
        installed.breaker.pass(&*parts.clock).await;
        let entered = slot.enter().await;
        if Arc::ptr_eq(&installed, &slot.for_event(event)) {
            return (installed, entered);
        }
        // Another version took over while this one was held back.
        note(parts, &installed, Verdict::Neither);
    }
}

/// As what an event goes to a version that was not at work when it was queued; none if that one does not want it.
fn decided_again(
    parts: &RouterParts,
    (at_work, course): (&[Arc<Slot>], usize),
    installed: &Installed,
    event: &Event,
    round: Round,
) -> Option<Wanted> {
    let versions: Vec<_> = at_work.iter().map(|slot| slot.for_event(event)).collect();
    let hearings = command::hear(versions.iter().map(|version| &**version), &parts.name, event);
    let heard = hearings.into_iter().find(|hearing| hearing.course == course);
    let heard = heard.map(|hearing| (hearing.bind, hearing.way, hearing.may_stop));
    match round {
        Round::First => installed.wants(&parts.name, event, heard),
        Round::Replay => Some(installed.replays(&parts.name, event, heard)),
    }
}

/// Finishes with an event without a call.
async fn pass_over(
    parts: &RouterParts,
    installation: &InstallationId,
    position: Position,
    round: Round,
) -> Result<Served, RouterError> {
    match round {
        Round::First => {}
        Round::Replay => {
            parts
                .progress
                .forget_replay(parts.session, installation, position)
                .await?;
        }
    }
    Ok(Served::Finished)
}

/// Whether an event is of a kind that is worth telling for a while only, and that while is over.
fn is_too_late(event: &Event, now: UnixMs) -> bool {
    let age = now.since(event.received_at);
    event.kind.life().is_some_and(|life| age > life)
}

/// Makes the call and commits what it drafted; once more whenever its reads were overtaken.
async fn call(
    parts: &Arc<RouterParts>,
    (installed, shadow, meters): (&Arc<Installed>, Option<&Shadowing>, &OfPlugin),
    event: &Arc<Event>,
    (bind, way, turn, round): (&Arc<str>, &Way, &Turn, Round),
    attempt: u32,
) -> Result<Outcome, RouterError> {
    let mut full = None;
    for again in 0..MOST_CONFLICTS {
        let which = Which { attempt, again };
        let traced = parts.traced(event, installed, which);
        let pending = due::ended_wait(parts, installed, event, way).await?;
        let standing = match &pending {
            Some(_) => Standing::Irrelevant,
            None => group_admin::standing(parts, installed, event, way).await?,
        };
        let due = match parts.loop_guard.is_loop(event, parts.clock.now()) {
            true => {
                tracing::warn!(event.id = %event.id, plugin.id = %installed.installation.id(), "passed over: machines answer each other in this chat");
                Due::Answer(Box::default())
            }
            false => due::due(installed, event, way, pending.as_ref(), &standing),
        };
        let called_for = due.is_call().then_some(way);
        let started = parts.clock.monotonic();
        let mut ended = None;
        let called = match due {
            Due::Call(occasion) => {
                let host: Arc<dyn Host> = Arc::new(PluginHost::new(parts, installed, event, traced.clone()));
                let is_told = parts.records.is_some() || shadow.is_some();
                let taking = is_told.then(|| Taking::begin(Arc::clone(&host), &occasion, &*parts.clock));
                let host = taking.as_ref().map_or(host, Taking::host);
                let me = parts.me.borrow().clone();
                let traceparent = traced.context.map(|context| context.to_string());
                let config = installed.settings.of_event(&parts.name, event);
                let context = CallContext {
                    event,
                    session: &parts.name,
                    me: me.as_ref(),
                    attempt,
                    binding: bind,
                    deadline: None,
                    traceparent: traceparent.as_deref(),
                    occasion,
                    config: Some(&config),
                    seed: seed(event, installed),
                    clock: None,
                };
                let called = parts.engine.handle(&installed.installation, context, host).await;
                let about = About {
                    event,
                    installation: &installed.installation,
                    attempt,
                    binding: bind,
                    traceparent: traceparent.as_deref(),
                };
                ended = taking.map(|taking| taking.ended(&called, &about, &*parts.clock));
                called.draft().map(|(draft, dues)| {
                    let questions = draft.questions + standing.kept();
                    (Draft { questions, ..draft }, Some(dues))
                })
            }
            Due::Answer(draft) => Ok((*draft, None)),
            Due::Nothing => {
                note(parts, installed, Verdict::Neither);
                pass_over(parts, installed.installation.id(), event.position, round).await?;
                return Ok(Outcome::Done);
            }
        };
        let duration_ms = (parts.clock.monotonic() - started).as_millis();
        let log = |outcome: &'static str, effects: usize| {
            // What the host answers itself is no call.
            if called_for.is_some() {
                let took = parts.clock.monotonic() - started;
                meters.called(outcome, took);
                parts.tell_call(&traced, (event, installed), which, took, outcome);
            }
            if let (Some(records), Some(ended)) = (&parts.records, &ended) {
                records.tell(parts.session, ended, outcome);
            }
            tracing::info!(event.id = %event.id, plugin.id = %installed.installation.id(), attempt, duration_ms, outcome, effects, "plugin call");
        };
        match called {
            Err(error) => {
                log(error.class(), 0);
                beside(parts, shadow, event, ended);
                note(parts, installed, verdict(&error));
                return Ok(judge(&error));
            }
            Ok((draft, dues)) => match commit(parts, installed, event, (turn, round), draft).await {
                Ok(effects) => {
                    if let Some(dues) = dues {
                        dues.pay();
                    }
                    log("committed", effects);
                    beside(parts, shadow, event, ended);
                    note(parts, installed, Verdict::Good);
                    if let Some(way) = called_for {
                        due::called(installed, event, way, pending.as_ref());
                    }
                    return Ok(Outcome::Done);
                }
                Err(CommitError::AlreadyDone) => {
                    log("already_done", 0);
                    note(parts, installed, Verdict::Neither);
                    return Ok(Outcome::Done);
                }
                Err(CommitError::Conflict) => {
                    log("conflict", 0);
                    full = None;
                }
                // Other chats took the room after this call had looked: the next one is told that there is none.
                Err(error @ CommitError::KvQuota { .. }) => {
                    log("kv_quota", 0);
                    full = Some(error);
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
            },
        }
    }
    if let Some(error) = full {
        note(parts, installed, Verdict::Failed);
        return Ok(Outcome::Hopeless {
            class: "kv_quota",
            error: error.to_string().into(),
        });
    }
    note(parts, installed, Verdict::Neither);
    Ok(Outcome::Again {
        class: "conflict",
        error: "other chats kept changing the state this call reads".into(),
        hint: None,
    })
}

/// Has the version in shadow look at what the one at work has made of an event.
fn beside(parts: &RouterParts, shadow: Option<&Shadowing>, event: &Arc<Event>, ended: Option<Ended>) {
    if let (Some(shadow), Some(Ended { run, story })) = (shadow, ended) {
        shadow.offer(Seen {
            event: Arc::clone(event),
            session: parts.name.clone(),
            me: parts.me.borrow().clone(),
            run,
            story,
        });
    }
}

/// The same for every attempt, so that a retried or replayed call draws the same numbers.
pub(crate) fn seed(event: &Event, installed: &Installed) -> u64 {
    let id = EffectId::derive(event.id, installed.installation.id(), u32::MAX);
    id.ulid().0 as u64
}

async fn commit(
    parts: &RouterParts,
    installed: &Installed,
    event: &Event,
    (turn, round): (&Turn, Round),
    mut draft: Draft,
) -> Result<usize, CommitError> {
    let flow = draft.flow;
    // What nobody listens to is not recorded.
    if !parts.hears_topics() {
        draft.topics.clear();
    }
    let response = draft.response.take();
    let call = Call {
        event,
        installation: installed.installation.id(),
        quota: installed.kv_quota(),
        dialogue_quota: installed.dialogue_quota(),
        round,
        also_done: turn.stopped_by(flow),
    };
    let said = parts.loop_guard.count(event, &draft);
    let committed = parts.outbox.commit_draft(parts.session, call, draft).await?;
    if let Some(response) = response {
        parts.replies.put(event.id, Reply::Answered(response));
    }
    turn.decide(flow);
    parts.loop_guard.said(event, said, parts.clock.now());
    let effects = committed.effects.len();
    if effects > 0 {
        parts.sink.offer(committed).await;
    }
    Ok(effects)
}

/// Tells the breaker what came of a call, and the operator when that opened it.
fn note(parts: &RouterParts, installed: &Installed, verdict: Verdict) {
    if let Some(rest) = installed.breaker.note(verdict, parts.clock.now()) {
        tracing::warn!(plugin.id = %installed.installation.id(), rest_s = rest.as_secs(), "the plugin keeps failing; its events wait");
    }
}

/// What an event cannot be handled for says nothing of the next one; everything else may be the plugin's illness.
pub(super) fn verdict(error: &CallError) -> Verdict {
    match error {
        CallError::Reject { .. } => Verdict::Neither,
        // The host's own faults are not the plugin's.
        CallError::Host { .. } => Verdict::Neither,
        CallError::Retry { .. }
        | CallError::Trap { .. }
        | CallError::Deadline { .. }
        | CallError::Memory { .. }
        | CallError::Fuel { .. }
        | CallError::Quota { .. }
        | CallError::NoHandler { .. } => Verdict::Failed,
    }
}

fn judge(error: &CallError) -> Outcome {
    let text = error.to_string().into();
    if error.retryable() {
        Outcome::Again {
            error: text,
            class: error.class(),
            hint: error.after(),
        }
    } else {
        Outcome::Hopeless {
            error: text,
            class: error.class(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;
    use waspnest_core::address::Party;
    use waspnest_core::event::{Presence, PresenceState, SessionEvent, SessionState};
    use waspnest_core::id::{EventId, SessionId};

    use super::*;

    fn event(kind: EventKind) -> Event {
        Event {
            id: EventId::new(Ulid(1)),
            session: SessionId::new(Ulid(2)),
            position: Position(1),
            received_at: UnixMs(1_000_000),
            kind,
        }
    }

    #[test]
    fn only_presence_comes_too_late() {
        let who = Party::known_as("4915112345".parse().expect("an address"));
        let presence = event(EventKind::Presence(Presence {
            chat: who.jid.clone(),
            who,
            state: PresenceState::Typing,
            last_seen: None,
        }));
        assert!(!is_too_late(&presence, UnixMs(1_060_000)));
        assert!(is_too_late(&presence, UnixMs(1_060_001)));
        let session = event(EventKind::Session(SessionEvent {
            state: SessionState::Connected,
            reason: None,
        }));
        assert!(!is_too_late(&session, UnixMs(9_000_000)));
    }
}
