//! The deliverer of one session.
//!
//! When there are other webhooks it comes to rest (attempts under way end, what waits is let go) and takes every webhook up where it stands, as at
//! a start. So there is one way to begin, and one to end.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Jid;
use waspnest_core::delivery::At;
use waspnest_core::event::{Event, Position};
use waspnest_core::progress::{Attempt, Started};

use super::course::{Course, GoesOn, Page};
use super::endpoint::Endpoint;
pub(crate) use super::telling::DelivererParts;
use super::telling::{Cause, DelivererError, End, Waiting};

/// Events read from the log at a time.
const PAGE: usize = 256;
/// Events of one webhook given to lanes and not yet told; reading for it pauses there. Most of them are kept as positions alone.
const MOST_OPEN: usize = 16_384;
/// Events of a range that are told again at a time.
const AGAIN: usize = 64;
/// A low-water mark is stored when it has moved this far; a restart filters at most so many events again.
const MARK_STEP: u64 = 64;

/// The deliverer of one session; [`Deliverer::run`] is its task.
#[derive(Debug)]
pub(crate) struct Deliverer {
    parts: Arc<DelivererParts>,
    changed: watch::Receiver<()>,
    head: watch::Receiver<Position>,
    replays: watch::Receiver<()>,
    courses: Vec<Course>,
    /// Behind the one that is being told, which is not in here.
    lanes: HashMap<LaneKey, VecDeque<Waiting>>,
    under_way: JoinSet<Result<Told, DelivererError>>,
    most_open: usize,
}

/// What is kept in order: a course, and a chat or everything that belongs to none.
type LaneKey = (usize, Option<Jid>);

/// What a lane is done with.
#[derive(Debug)]
struct Told {
    lane: LaneKey,
    position: Position,
    cause: Cause,
    end: End,
}

impl Deliverer {
    /// Of one session; nothing is read yet.
    pub(crate) fn new(parts: DelivererParts) -> Self {
        Self {
            changed: parts.endpoints.follow(),
            head: parts.log.wake(parts.session),
            replays: parts.progress.replay_wake(parts.session),
            parts: Arc::new(parts),
            courses: Vec::new(),
            lanes: HashMap::new(),
            under_way: JoinSet::new(),
            most_open: MOST_OPEN,
        }
    }

    /// Holds fewer events than usual, for who wants to see it pause.
    #[cfg(test)]
    pub(crate) fn holding(self, most_open: usize) -> Self {
        Self { most_open, ..self }
    }

    /// Tells webhooks until `stop`, then lets attempts under way come to their end.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), DelivererError> {
        while !stop.is_cancelled() {
            self.take_up().await?;
            self.deliver(&stop).await?;
        }
        Ok(())
    }

    /// Takes up the webhooks there are now, and forgets those that are gone. Nothing is under way.
    async fn take_up(&mut self) -> Result<(), DelivererError> {
        let parts = Arc::clone(&self.parts);
        self.changed.mark_unchanged();
        self.courses.clear();
        self.lanes.clear();
        for known in parts.deliveries.known(parts.session).await? {
            if parts.endpoints.get(known).is_none() {
                parts.deliveries.remove(parts.session, known).await?;
                parts.meters.forget(&known.to_string());
            }
        }
        let endpoints = self.wanted();
        if endpoints.is_empty() {
            return Ok(());
        }
        let head = parts.log.head(parts.session).await?;
        for endpoint in endpoints {
            let mut cursor = parts.progress.load(parts.session, endpoint.id).await?;
            if cursor.started == Started::No {
                cursor.low = parts.progress.start_at(parts.session, endpoint.id, head).await?;
            }
            endpoint.server.has_reached(parts.session, cursor.low);
            self.courses.push(Course::new(endpoint, cursor, self.most_open));
        }
        Ok(())
    }

    fn wanted(&self) -> Vec<Arc<Endpoint>> {
        self.parts.endpoints.of(self.parts.tenant, self.parts.session)
    }

    /// Whether the webhooks are others than those that were taken up.
    fn is_other(&self) -> bool {
        let now = self.wanted();
        let same = |(course, endpoint): (&Course, &Arc<Endpoint>)| Arc::ptr_eq(&course.endpoint, endpoint);
        now.len() != self.courses.len() || !self.courses.iter().zip(&now).all(same)
    }

    /// Tells until `stop`, or until there are other webhooks; nothing is under way then.
    async fn deliver(&mut self, stop: &CancellationToken) -> Result<(), DelivererError> {
        let rest = stop.child_token();
        let is_idle = self.courses.is_empty();
        self.head.mark_changed();
        self.replays.mark_changed();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = self.changed.changed() => if self.is_other() { break },
                Ok(()) = self.head.changed(), if !is_idle => self.read(&rest).await?,
                Ok(()) = self.replays.changed(), if !is_idle => self.replay(&rest).await?,
                Some(told) = self.under_way.join_next() => self.finish(told, &rest).await?,
            }
        }
        rest.cancel();
        while let Some(told) = self.under_way.join_next().await {
            self.finish(told, &rest).await?;
        }
        for course in 0..self.courses.len() {
            self.store_mark(course, 1).await?;
            self.courses[course].endpoint.server.leaves(self.parts.session);
        }
        Ok(())
    }

    /// Reads one page for those who are furthest behind and have room.
    async fn read(&mut self, rest: &CancellationToken) -> Result<(), DelivererError> {
        let head = *self.head.borrow_and_update();
        let behind = self.courses.iter_mut().filter(|course| course.tracker.seen_to() < head);
        let behind = behind.filter_map(|course| course.has_room().then_some(course.tracker.seen_to()));
        let Some(from) = behind.min() else { return Ok(()) };
        let page = self.parts.log.read(self.parts.session, from, PAGE).await?;
        // What was read may still be lost; what is told must not be.
        self.parts.log.settled().await?;
        let is_more = page.last().is_some_and(|last| last.position < head);
        for event in page {
            let event = Arc::new(event);
            for index in 0..self.courses.len() {
                let course = &mut self.courses[index];
                if course.tracker.seen_to().next() != event.position || !course.has_room() {
                    continue;
                }
                if let Some(attempt) = course.takes(&event) {
                    self.queue(index, &event, attempt, Cause::First, rest);
                }
            }
        }
        for course in 0..self.courses.len() {
            self.store_mark(course, MARK_STEP).await?;
        }
        if is_more {
            self.head.mark_changed();
        }
        Ok(())
    }

    /// Takes up what somebody wants told again: dead letters, and ranges of the log.
    async fn replay(&mut self, rest: &CancellationToken) -> Result<(), DelivererError> {
        self.replays.borrow_and_update();
        let parts = Arc::clone(&self.parts);
        for index in 0..self.courses.len() {
            let id = self.courses[index].endpoint.id;
            for position in parts.progress.replays(parts.session, id).await? {
                // One that is under way comes back as a dead letter before it can be wanted again.
                if !self.courses[index].replaying.insert(position) {
                    continue;
                }
                match parts.log.get(parts.session, position).await? {
                    Some(event) => self.queue(index, &Arc::new(event), Attempt::default(), Cause::Letter, rest),
                    None => drop(parts.progress.forget_replay(parts.session, id, position).await?),
                }
            }
            if self.courses[index].again.is_none() {
                self.tell_again(index, rest).await?;
            }
        }
        Ok(())
    }

    /// Tells the next part of a range again, if there is one.
    async fn tell_again(&mut self, index: usize, rest: &CancellationToken) -> Result<(), DelivererError> {
        let parts = Arc::clone(&self.parts);
        let id = self.courses[index].endpoint.id;
        while let Some(range) = parts.deliveries.again(parts.session, id).await? {
            let before = Position(range.next.0.saturating_sub(1));
            let mut events = parts.log.read(parts.session, before, AGAIN).await?;
            events.retain(|event| event.position <= range.to);
            let next = match events.last() {
                Some(last) => last.position.next(),
                None => range.to.next(),
            };
            let course = &self.courses[index];
            // What is being told anyway is not told beside that.
            let is_told = |event: &Event| {
                course.tracker.seen_to() < event.position
                    || course.tracker.is_open(event.position)
                    || course.replaying.contains(&event.position)
            };
            events.retain(|event| course.endpoint.wants(event) && !is_told(event));
            if !events.is_empty() {
                let open = events.len();
                self.courses[index].again = Some(Page { range, next, open });
                for event in events {
                    self.queue(index, &Arc::new(event), Attempt::default(), Cause::Again, rest);
                }
                return Ok(());
            }
            parts.deliveries.told_again(parts.session, id, range, next).await?;
        }
        Ok(())
    }

    /// Puts an event into its lane, and tells it at once when nothing is there before it.
    fn queue(&mut self, course: usize, event: &Arc<Event>, attempt: Attempt, cause: Cause, rest: &CancellationToken) {
        let lane = (course, event.kind.chat().cloned());
        let mut waiting = Waiting {
            position: event.position,
            event: None,
            attempt,
            cause,
        };
        match self.lanes.get_mut(&lane) {
            Some(lane) => lane.push_back(waiting),
            None => {
                self.lanes.insert(lane.clone(), VecDeque::new());
                waiting.event = Some(Arc::clone(event));
                self.start(lane, waiting, rest);
            }
        }
    }

    fn start(&mut self, lane: LaneKey, waiting: Waiting, rest: &CancellationToken) {
        let (parts, rest) = (Arc::clone(&self.parts), rest.clone());
        let endpoint = Arc::clone(&self.courses[lane.0].endpoint);
        let (position, cause) = (waiting.position, waiting.cause);
        self.under_way.spawn(async move {
            let end = parts.tell(&endpoint, waiting, &rest).await?;
            Ok(Told {
                lane,
                position,
                cause,
                end,
            })
        });
    }

    /// Goes on behind what was told.
    async fn finish(
        &mut self,
        told: Result<Result<Told, DelivererError>, JoinError>,
        rest: &CancellationToken,
    ) -> Result<(), DelivererError> {
        let told = match told {
            Ok(told) => told?,
            Err(error) => {
                // A fault of ours; its lane stands still, and goes on at the next start.
                tracing::error!(session.id = %self.parts.session, %error, "a lane of webhooks died");
                return Ok(());
            }
        };
        let Told {
            lane,
            position,
            cause,
            end,
        } = told;
        let index = lane.0;
        if end == End::Left || rest.is_cancelled() {
            if end == End::Done && cause == Cause::First {
                self.courses[index].tracker.finish(position);
            }
            return Ok(());
        }
        match self.lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(next) => self.start(lane, next, rest),
            None => drop(self.lanes.remove(&lane)),
        }
        let course = &mut self.courses[index];
        match cause {
            Cause::First => {
                if course.finish(position) == GoesOn::Yes {
                    self.head.mark_changed();
                }
                self.store_mark(index, MARK_STEP).await
            }
            Cause::Letter => {
                course.replaying.remove(&position);
                Ok(())
            }
            Cause::Again => self.told_again(index, rest).await,
        }
    }

    /// One event of a range was told again: goes on with the next part when it was the last of this one.
    async fn told_again(&mut self, index: usize, rest: &CancellationToken) -> Result<(), DelivererError> {
        let course = &mut self.courses[index];
        let Some(page) = &mut course.again else { return Ok(()) };
        page.open -= 1;
        if page.open > 0 {
            return Ok(());
        }
        let (id, Page { range, next, .. }) = (course.endpoint.id, *page);
        course.again = None;
        self.parts
            .deliveries
            .told_again(self.parts.session, id, range, next)
            .await?;
        self.tell_again(index, rest).await
    }

    async fn store_mark(&mut self, course: usize, step: u64) -> Result<(), DelivererError> {
        let Self { parts, courses, .. } = self;
        let course = &mut courses[course];
        course.endpoint.server.has_reached(parts.session, course.tracker.low());
        let Some(low) = course.tracker.take_mark(step) else {
            return Ok(());
        };
        let (session, webhook) = (parts.session, course.endpoint.id);
        parts.progress.advance(session, webhook, low).await?;
        let position = Position(low.0.saturating_sub(parts.endpoints.rules().keep));
        let at = At {
            session,
            webhook,
            position,
        };
        parts.deliveries.trim(at).await?;
        Ok(())
    }
}
