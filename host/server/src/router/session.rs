//! The router of one session.
//!
//! When installations come, go or are bound otherwise, it comes to rest as at the end of the process (calls under way end, what waits in
//! lanes is let go) and takes every installation up where it stands, as at a start. So there is one way to begin, and one to end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::progress::{Attempt, Round, Started};

use super::command::{self, Hearing};
use super::installed::{Installed, Wanted, Way};
use super::lane::{Lane, LaneKey, Start, Waiting};
use super::meters::{InView, Low};
use super::precedence::{self, Turn};
use super::serve::{LaneEnd, run_lane};
use super::slot::Slot;
use super::slots::Following;
use super::{RouterError, RouterParts};
use crate::config::bind::MayStop;
use crate::tracker::Tracker;

/// Events read from the log at a time.
const PAGE: usize = 256;
/// Events given to lanes and not yet finished, over all installations of the session; reading pauses there. High, because a queued
/// event costs little and a chat that stands still must not stop the others.
const MOST_OPEN: usize = 65_536;
/// A low-water mark is stored when it has moved this far; a restart filters at most so many events again.
const MARK_STEP: u64 = 64;

/// The router of one session; [`SessionRouter::run`] is its task.
#[derive(Debug)]
pub(crate) struct SessionRouter {
    parts: Arc<RouterParts>,
    following: Following,
    /// The places, in the order of the courses.
    at_work: Arc<[Arc<Slot>]>,
    courses: Vec<Course>,
    lanes: HashMap<(usize, LaneKey), Lane>,
    lane_tasks: JoinSet<Result<(usize, LaneKey), RouterError>>,
    head: watch::Receiver<Position>,
    replays: watch::Receiver<()>,
    read_to: Position,
    open: usize,
    mark_step: u64,
    view: InView,
}

/// One installation's way through the log.
#[derive(Debug)]
struct Course {
    slot: Arc<Slot>,
    tracker: Tracker,
    /// Where others see how far it has come.
    low: Low,
    /// Finished in an earlier life of the process, above the mark.
    done: BTreeSet<Position>,
    /// Begun in an earlier life, and not finished.
    attempts: BTreeMap<Position, Attempt>,
    /// Dead letters that are being handled again.
    replaying: BTreeSet<Position>,
}

/// An event a lane is done with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished {
    pub course: usize,
    pub position: Position,
}

impl SessionRouter {
    /// Takes up every installation where it stood; one that is new to the session starts at the head of its log.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn resume(parts: RouterParts) -> Result<Self, RouterError> {
        let mut router = Self {
            following: parts.installations.follow(),
            at_work: Arc::new([]),
            courses: Vec::new(),
            lanes: HashMap::new(),
            lane_tasks: JoinSet::new(),
            head: parts.log.wake(parts.session),
            replays: parts.progress.replay_wake(parts.session),
            read_to: Position::default(),
            open: 0,
            mark_step: MARK_STEP,
            view: parts.meters.watch(parts.session),
            parts: Arc::new(parts),
        };
        router.take_up().await?;
        Ok(router)
    }

    /// Takes up the installations there are now. No lane is at work.
    async fn take_up(&mut self) -> Result<(), RouterError> {
        let parts = Arc::clone(&self.parts);
        self.at_work = self.following.take_up_of(parts.tenant);
        self.courses.clear();
        self.lanes.clear();
        self.open = 0;
        // Before anybody's place is noted: what comes in from here on is for those who are new.
        parts.interest.set(parts.interest_of(&self.at_work));
        let at = parts.log.head(parts.session).await?;
        for slot in self.at_work.iter() {
            let id = slot.id();
            let mut cursor = parts.progress.load(parts.session, id).await?;
            if cursor.started == Started::No {
                cursor.low = parts.progress.start_at(parts.session, id, at).await?;
            }
            let tracker = Tracker::resume(cursor.low);
            let low = Low::default();
            low.set(cursor.low);
            self.courses.push(Course {
                slot: Arc::clone(slot),
                tracker,
                low,
                done: cursor.done,
                attempts: cursor.attempts,
                replaying: BTreeSet::new(),
            });
        }
        let lows = self.courses.iter().map(|course| course.tracker.low());
        self.read_to = lows.min().unwrap_or(at);
        self.view.read_to(self.read_to);
        let courses = self.courses.iter();
        let lows = courses.map(|course| (course.slot.id().clone(), course.low.clone()));
        self.view.installations(lows.collect());
        Ok(())
    }

    /// Stores a low-water mark as soon as it has moved, for who has to know that nothing is left to do.
    #[must_use]
    pub(crate) fn marking_at_once(self) -> Self {
        Self { mark_step: 1, ..self }
    }

    /// Routes until `stop`, then lets calls under way come to their end.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), RouterError> {
        while !stop.is_cancelled() {
            self.route(&stop).await?;
            if !stop.is_cancelled() {
                self.take_up().await?;
            }
        }
        Ok(())
    }

    /// Routes until `stop`, or until there are other installations; no lane is at work then.
    async fn route(&mut self, stop: &CancellationToken) -> Result<(), RouterError> {
        let rest = stop.child_token();
        let (finish, mut finished) = mpsc::channel(1024);
        self.head.mark_changed();
        self.replays.mark_changed();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.following.changed() => break,
                Ok(()) = self.head.changed(), if self.open < MOST_OPEN => self.read(&finish, &rest).await?,
                Ok(()) = self.replays.changed() => self.replay(&finish, &rest).await?,
                Some(done) = finished.recv() => {
                    self.finish(done).await?;
                    while let Ok(done) = finished.try_recv() {
                        self.finish(done).await?;
                    }
                }
                Some(ended) = self.lane_tasks.join_next() => self.reap(ended)?,
            }
        }
        rest.cancel();
        drop(finish);
        loop {
            tokio::select! {
                Some(done) = finished.recv() => self.finish(done).await?,
                Some(ended) = self.lane_tasks.join_next() => self.reap(ended)?,
                else => break,
            }
        }
        self.store_marks(1).await
    }

    /// Reads what is new and gives it to lanes.
    async fn read(&mut self, finish: &mpsc::Sender<Finished>, stop: &CancellationToken) -> Result<(), RouterError> {
        let head = *self.head.borrow_and_update();
        while self.read_to < head && self.open < MOST_OPEN {
            let page = self.parts.log.read(self.parts.session, self.read_to, PAGE).await?;
            let Some(last) = page.last() else { break };
            self.read_to = last.position;
            for event in page {
                self.dispatch(&Arc::new(event), finish, stop);
            }
            self.view.read_to(self.read_to);
        }
        if self.read_to < head && self.open >= MOST_OPEN {
            // Comes back here when lanes have caught up.
            self.head.mark_changed();
        }
        self.store_marks(self.mark_step).await
    }

    /// The version of each course that handles an event.
    fn versions(&self, event: &Event) -> Vec<Arc<Installed>> {
        self.courses.iter().map(|course| course.slot.for_event(event)).collect()
    }

    /// What an event is as a command, to each course that hears one in it.
    fn hear(&self, versions: &[Arc<Installed>], event: &Event) -> HashMap<usize, (Arc<str>, Way, MayStop)> {
        let hearings = command::hear(versions.iter().map(|installed| &**installed), &self.parts.name, event);
        let by_course = |hearing: Hearing| (hearing.course, (hearing.bind, hearing.way, hearing.may_stop));
        hearings.into_iter().map(by_course).collect()
    }

    fn dispatch(&mut self, event: &Arc<Event>, finish: &mpsc::Sender<Finished>, stop: &CancellationToken) {
        if let EventKind::Group(change) = &event.kind {
            self.parts.group_admins.forget(&change.group);
        }
        let versions = self.versions(event);
        let mut heard = self.hear(&versions, event);
        let mut all = Vec::new();
        for (index, course) in self.courses.iter_mut().enumerate() {
            let heard = heard.remove(&index);
            if course.tracker.has_seen(event.position) {
                continue;
            }
            let wanted = if course.done.remove(&event.position) {
                None
            } else {
                versions[index].wants(&self.parts.name, event, heard)
            };
            match wanted {
                Some(wanted) => all.push((index, wanted)),
                None => course.tracker.pass(event.position),
            }
        }
        if !all.is_empty() {
            self.parts.tell_taken(event);
        }
        // Known for all before the first begins: a call that stops the event has to know whom it stops it for.
        let ranks = all.iter().map(|(index, wanted)| (&*versions[*index], wanted.may_stop));
        let turns = precedence::turns(ranks);
        for ((index, wanted), turn) in all.into_iter().zip(turns) {
            let Wanted { bind, way, key, .. } = wanted;
            let course = &mut self.courses[index];
            course.tracker.open(event.position);
            let waiting = Waiting {
                position: event.position,
                event: Some(Arc::clone(event)),
                attempt: course.attempts.remove(&event.position).unwrap_or_default(),
                bind,
                way,
                decided_for: Arc::downgrade(&versions[index]),
                turn,
                round: Round::First,
            };
            self.queue(index, key, waiting, finish, stop);
        }
    }

    /// Takes up dead letters that are to be handled again, at the end of their lanes.
    async fn replay(&mut self, finish: &mpsc::Sender<Finished>, stop: &CancellationToken) -> Result<(), RouterError> {
        self.replays.borrow_and_update();
        for index in 0..self.courses.len() {
            let slot = Arc::clone(&self.courses[index].slot);
            let wanted = self.parts.progress.replays(self.parts.session, slot.id()).await?;
            for position in wanted {
                // One that is under way comes back as a dead letter before it can be wanted again.
                if !self.courses[index].replaying.insert(position) {
                    continue;
                }
                let Some(event) = self.parts.log.get(self.parts.session, position).await? else {
                    tracing::warn!(plugin.id = %slot.id(), position = position.0, "an event to be handled again is not in the log");
                    continue;
                };
                let versions = self.versions(&event);
                let heard = self.hear(&versions, &event).remove(&index);
                let Wanted { bind, way, key, .. } = versions[index].replays(&self.parts.name, &event, heard);
                let waiting = Waiting {
                    position,
                    event: Some(Arc::new(event)),
                    attempt: Attempt::default(),
                    bind,
                    way,
                    decided_for: Arc::downgrade(&versions[index]),
                    turn: Turn::default(),
                    round: Round::Replay,
                };
                self.queue(index, key, waiting, finish, stop);
            }
        }
        Ok(())
    }

    /// Puts an event into a lane, and starts the lane if it stood still.
    fn queue(
        &mut self,
        index: usize,
        key: LaneKey,
        waiting: Waiting,
        finish: &mpsc::Sender<Finished>,
        stop: &CancellationToken,
    ) {
        self.open += 1;
        let lane = self.lanes.entry((index, key.clone())).or_default();
        if lane.push(waiting) == Start::Needed {
            let end = LaneEnd {
                course: index,
                at_work: Arc::clone(&self.at_work),
                finish: finish.clone(),
                stop: stop.clone(),
                meters: self.parts.meters.of(self.courses[index].slot.id()),
            };
            let task = run_lane(
                Arc::clone(&self.parts),
                Arc::clone(&self.courses[index].slot),
                lane.clone(),
                end,
            );
            self.lane_tasks.spawn(async move { task.await.map(|()| (index, key)) });
        }
    }

    async fn finish(&mut self, Finished { course, position }: Finished) -> Result<(), RouterError> {
        self.courses[course].tracker.finish(position);
        self.courses[course].replaying.remove(&position);
        self.open -= 1;
        self.store_mark(course, self.mark_step).await
    }

    async fn store_marks(&mut self, step: u64) -> Result<(), RouterError> {
        for course in 0..self.courses.len() {
            self.store_mark(course, step).await?;
        }
        Ok(())
    }

    async fn store_mark(&mut self, course: usize, step: u64) -> Result<(), RouterError> {
        let course = &mut self.courses[course];
        course.low.set(course.tracker.low());
        if let Some(low) = course.tracker.take_mark(step) {
            self.parts
                .progress
                .advance(self.parts.session, course.slot.id(), low)
                .await?;
        }
        Ok(())
    }

    fn reap(
        &mut self,
        ended: Result<Result<(usize, LaneKey), RouterError>, tokio::task::JoinError>,
    ) -> Result<(), RouterError> {
        let lane = ended.map_err(|error| RouterError::Lane {
            reason: error.to_string().into(),
        })??;
        // Between the lane's last look and now the router may have filled it again, and then its next task is already there.
        if self.lanes.get(&lane).is_some_and(Lane::is_idle) {
            self.lanes.remove(&lane);
        }
        Ok(())
    }
}
