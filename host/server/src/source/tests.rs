//! Schedules and timers of a session, on a clock the tests move and a store in memory.

mod configured;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::draft::{Draft, Missed, Timer, TimerChange, TimerRule};
use waspnest_core::event::{Event, EventKind, Position, Tick, TickCause};
use waspnest_core::id::{InstallationId, SessionId, SessionName, TenantId};
use waspnest_core::kv::Quota;
use waspnest_core::log::Log;
use waspnest_core::outbox::{Call, Outbox};
use waspnest_core::progress::{Progress, Round};
use waspnest_core::session::Sessions;
use waspnest_core::store::{MemoryStore, Store};
use waspnest_engine::manifest::{FanOut, Overlap};

use super::{SessionSchedules, SourceParts, Timetable};
use crate::config::pattern::Pattern;
use crate::config::schedule::{Rule, Schedule, Zone};
use crate::router::{Following, Slots};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Schedules that a test may exchange, and a configuration that names one zone: Berlin's, until a test says otherwise.
#[derive(Debug)]
struct ScriptedTimetable {
    schedules: Mutex<Vec<Schedule>>,
    zone: Mutex<Tz>,
    changed: watch::Sender<()>,
}

impl ScriptedTimetable {
    fn of(schedules: Vec<Schedule>) -> Arc<Self> {
        Arc::new(Self {
            schedules: Mutex::new(schedules),
            zone: Mutex::new(Tz::Europe__Berlin),
            changed: watch::Sender::new(()),
        })
    }

    fn become_one_of(&self, schedules: Vec<Schedule>) {
        *self.schedules.lock().expect("no test panics with this lock") = schedules;
        self.changed.send_replace(());
    }
}

impl Timetable for ScriptedTimetable {
    fn schedules(&self) -> Vec<Schedule> {
        self.schedules.lock().expect("no test panics with this lock").clone()
    }

    fn changes(&self) -> Vec<watch::Receiver<()>> {
        vec![self.changed.subscribe()]
    }

    fn follow(&self) -> Following {
        Slots::new(Vec::new()).follow()
    }

    fn zone(&self, _: &InstallationId, _: (&SessionName, SessionId), pointer: &str) -> Option<Tz> {
        assert_eq!(pointer, "/zone");
        Some(*self.zone.lock().expect("no test panics with this lock"))
    }
}

/// The schedules of one session, at work.
struct Source {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    log: Log,
    outbox: Outbox,
    session: SessionId,
    timetable: Arc<ScriptedTimetable>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Source {
    async fn start(at: &str, schedules: Vec<Schedule>) -> Self {
        let clock = Arc::new(ManualClock::at(moment(at)));
        let session = SessionId::new(SeededIds::new(3).ulid(clock.now()));
        Self::resume(MemoryStore::new(), clock, session, ScriptedTimetable::of(schedules)).await
    }

    #[expect(clippy::disallowed_methods, reason = "the test waits for the task when it stops it")]
    async fn resume(
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        session: SessionId,
        timetable: Arc<ScriptedTimetable>,
    ) -> Self {
        let log = Log::new(Arc::clone(&store), clock.clone(), Arc::new(SeededIds::new(4)));
        let outbox = Outbox::new(Arc::clone(&store), clock.clone(), log.clone());
        let source = SessionSchedules::resume(SourceParts {
            session,
            name: "sales-de".parse().expect("a valid name"),
            tenant: TenantId::DEFAULT,
            timetable: timetable.clone(),
            store: Arc::clone(&store),
            log: log.clone(),
            timers: outbox.timers().clone(),
            progress: Progress::new(Arc::clone(&store)),
            register: Sessions::open(Arc::clone(&store)).await.expect("the store works"),
            clock: clock.clone(),
            up_since: clock.now(),
        })
        .await
        .expect("the store works");
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { source.run(stopped).await.expect("the store works") });
        Self {
            store,
            clock,
            log,
            outbox,
            session,
            timetable,
            stop,
            task,
        }
    }

    /// The host goes down; it comes up again at `at`.
    async fn down_until(self, at: &str) -> Self {
        self.stop.cancel();
        self.task.await.expect("it ends in order");
        self.clock.set(moment(at));
        Self::resume(self.store, self.clock, self.session, self.timetable).await
    }

    /// Moves the clock to `at`, minute by minute, letting the source keep up.
    async fn pass_to(&self, at: &str) {
        let end = moment(at);
        while self.clock.now() < end {
            let step = Duration::from_secs(600).min(end.since(self.clock.now()));
            self.clock.advance(step);
            self.settle().await;
        }
    }

    /// Lets the source keep up.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    /// The ticks recorded so far, at least `count` of them.
    async fn ticks(&self, count: usize) -> Vec<Tick> {
        self.log.head(self.session).await.expect("the store works");
        let mut head = self.log.wake(self.session);
        let reached = head.wait_for(|head| head.0 >= count as u64);
        let waited = tokio::time::timeout(PATIENCE, reached).await.map(|head| head.map(drop));
        assert!(waited.is_ok(), "fewer than {count} ticks came");
        let events = self
            .log
            .read(self.session, Position(0), 100)
            .await
            .expect("the store works");
        events.into_iter().map(|event| tick_of(event.kind)).collect()
    }

    /// What a plugin call does that sets a timer.
    async fn set(&self, timer: Timer) {
        let event = Event {
            id: waspnest_core::id::EventId::new(SeededIds::new(9).ulid(self.clock.now())),
            session: self.session,
            position: Position(1_000),
            received_at: self.clock.now(),
            kind: EventKind::Tick(Tick {
                installation: bot(),
                schedule: timer.id.clone(),
                cause: TickCause::Manual,
                scheduled_for: self.clock.now(),
                missed: 0,
                previous: None,
                zone: "UTC".into(),
                payload: Vec::new(),
                origin: None,
            }),
        };
        let call = Call {
            event: &event,
            installation: &bot(),
            quota: Quota { bytes: 0, keys: 0 },
            dialogue_quota: Quota { bytes: 0, keys: 0 },
            round: Round::First,
            also_done: &[],
        };
        let draft = Draft {
            timers: vec![TimerChange::Set(timer)],
            ..Draft::default()
        };
        self.outbox
            .commit_draft(self.session, call, draft)
            .await
            .expect("committed");
    }
}

fn tick_of(kind: EventKind) -> Tick {
    match kind {
        EventKind::Tick(tick) => tick,
        EventKind::Message(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => panic!("only ticks were expected"),
    }
}

fn bot() -> InstallationId {
    "bot".parse().expect("a valid id")
}

fn moment(text: &str) -> UnixMs {
    let at: DateTime<Utc> = text.parse().expect("a moment");
    UnixMs(at.timestamp_millis().try_into().expect("after 1970"))
}

fn schedule(cron: &str, zone: Tz, missed: Missed) -> Schedule {
    Schedule {
        plugin: bot(),
        tenant: None,
        id: "daily".parse().expect("a valid id"),
        rule: Rule::Cron(cron.parse().expect("a cron expression")),
        zone: Zone::Fixed(zone),
        sessions: vec![Pattern::everything()],
        fan_out: FanOut::Session,
        missed,
        max_lateness: None,
        jitter: Duration::ZERO,
        overlap: Overlap::Queue,
        payload: b"hello".to_vec(),
    }
}

fn timer(at: UnixMs, missed: Missed) -> Timer {
    Timer {
        id: "t1".parse().expect("a valid id"),
        rule: TimerRule::At(at),
        zone: "UTC".into(),
        missed,
        payload: b"water the plants".to_vec(),
        origin: None,
        next: at,
        previous: None,
    }
}

fn times(ticks: &[Tick]) -> Vec<UnixMs> {
    ticks.iter().map(|tick| tick.scheduled_for).collect()
}

#[tokio::test]
async fn a_time_the_clocks_repeat_comes_once() {
    let daily = schedule("30 2 * * *", Tz::Europe__Berlin, Missed::Once);
    let source = Source::start("2026-10-23T22:00:00Z", vec![daily]).await;
    source.pass_to("2026-10-26T06:00:00Z").await;
    let ticks = source.ticks(3).await;
    // Summer time until 25 October, 3 o'clock: half past two comes twice that night, and counts the first time.
    let expected = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"].map(moment);
    assert_eq!(times(&ticks), expected);
    assert_eq!(ticks[1].previous, Some(expected[0]));
    assert_eq!((&*ticks[0].zone, &*ticks[0].payload), ("Europe/Berlin", &b"hello"[..]));
}

#[tokio::test]
async fn a_time_the_clocks_skip_comes_right_after_the_gap() {
    let daily = schedule("30 2 * * *", Tz::Europe__Berlin, Missed::Once);
    let source = Source::start("2026-03-27T22:00:00Z", vec![daily]).await;
    source.pass_to("2026-03-30T06:00:00Z").await;
    let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"].map(moment);
    assert_eq!(times(&source.ticks(3).await), expected);
}

#[tokio::test]
async fn moments_the_host_slept_through_follow_the_policy() {
    for (missed, expected) in [
        (Missed::Skip, vec![("2026-06-05T08:00:00Z", TickCause::Recurring, 2)]),
        (
            Missed::Once,
            vec![
                ("2026-06-04T08:00:00Z", TickCause::CatchUp, 1),
                ("2026-06-05T08:00:00Z", TickCause::Recurring, 0),
            ],
        ),
        (
            Missed::All,
            vec![
                ("2026-06-03T08:00:00Z", TickCause::CatchUp, 0),
                ("2026-06-04T08:00:00Z", TickCause::CatchUp, 0),
                ("2026-06-05T08:00:00Z", TickCause::Recurring, 0),
            ],
        ),
    ] {
        let source = Source::start("2026-06-02T09:00:00Z", vec![schedule("0 8 * * *", Tz::UTC, missed)]).await;
        let source = source.down_until("2026-06-04T12:00:00Z").await;
        source.pass_to("2026-06-05T09:00:00Z").await;
        let ticks = source.ticks(expected.len()).await;
        let seen: Vec<_> = ticks
            .iter()
            .map(|tick| (tick.scheduled_for, tick.cause, tick.missed))
            .collect();
        let lost_on_skip = matches!(missed, Missed::Skip);
        for (seen, (at, cause, lost)) in seen.iter().zip(&expected) {
            assert_eq!((seen.0, seen.1), (moment(at), *cause), "{missed:?}");
            // What was skipped while nothing was due is not remembered.
            assert_eq!(seen.2, if lost_on_skip { 0 } else { *lost }, "{missed:?}");
        }
        assert_eq!(seen.len(), expected.len(), "{missed:?}");
    }
}

#[tokio::test]
async fn a_restart_repeats_no_tick() {
    let hourly = schedule("0 * * * *", Tz::UTC, Missed::All);
    let mut source = Source::start("2026-06-02T09:30:00Z", vec![hourly]).await;
    for hour in 10..14 {
        source.pass_to(&format!("2026-06-02T{hour}:30:00Z")).await;
        source.ticks(hour - 9).await;
        source = source.down_until(&format!("2026-06-02T{hour}:40:00Z")).await;
    }
    let expected = [10, 11, 12, 13].map(|hour| moment(&format!("2026-06-02T{hour}:00:00Z")));
    assert_eq!(times(&source.ticks(4).await), expected);
}

#[tokio::test]
async fn a_clock_that_is_set_repeats_no_tick_and_loses_none() {
    let hourly = schedule("0 * * * *", Tz::UTC, Missed::All);
    let source = Source::start("2026-06-02T09:30:00Z", vec![hourly]).await;
    let reminder = moment("2026-06-02T11:10:00Z");
    source.set(timer(reminder, Missed::Once)).await;
    source.pass_to("2026-06-02T12:30:00Z").await;
    assert_eq!(source.ticks(4).await.len(), 4);
    source.clock.set(moment("2026-06-02T09:45:00Z"));
    source.pass_to("2026-06-02T13:30:00Z").await;
    assert_eq!(source.ticks(5).await.len(), 5, "the hours come once");
    source.clock.set(moment("2026-06-02T15:30:00Z"));
    source.settle().await;
    let expected = ["10:00", "11:00", "11:10", "12:00", "13:00", "14:00", "15:00"];
    let expected = expected.map(|time| moment(&format!("2026-06-02T{time}:00Z")));
    assert_eq!(times(&source.ticks(7).await), expected);
}

#[tokio::test]
async fn a_timer_a_plugin_set_fires_once_and_survives_a_restart() {
    let source = Source::start("2026-06-02T09:00:00Z", Vec::new()).await;
    let at = moment("2026-06-02T09:10:00Z");
    source.set(timer(at, Missed::Once)).await;
    let source = source.down_until("2026-06-02T09:05:00Z").await;
    source.pass_to("2026-06-02T10:00:00Z").await;
    let ticks = source.ticks(1).await;
    assert_eq!((ticks[0].scheduled_for, ticks[0].cause), (at, TickCause::Once));
    assert_eq!(ticks[0].payload, b"water the plants");
    let source = source.down_until("2026-06-02T11:00:00Z").await;
    source.pass_to("2026-06-02T12:00:00Z").await;
    assert_eq!(source.ticks(1).await.len(), 1);
    assert!(
        source
            .outbox
            .timers()
            .list(source.session, &bot())
            .await
            .expect("the store works")
            .is_empty()
    );
}

#[tokio::test]
async fn a_timer_that_was_due_while_the_host_was_down_is_made_up_for_unless_it_is_skipped() {
    for (missed, count) in [(Missed::Once, 1), (Missed::Skip, 0)] {
        let source = Source::start("2026-06-02T09:00:00Z", Vec::new()).await;
        source.set(timer(moment("2026-06-02T09:10:00Z"), missed)).await;
        let source = source.down_until("2026-06-02T10:00:00Z").await;
        source.pass_to("2026-06-02T10:30:00Z").await;
        let ticks = source.ticks(count).await;
        assert_eq!(ticks.len(), count, "{missed:?}");
        assert!(ticks.iter().all(|tick| tick.cause == TickCause::CatchUp));
        assert!(
            source
                .outbox
                .timers()
                .list(source.session, &bot())
                .await
                .expect("the store works")
                .is_empty()
        );
    }
}

#[tokio::test]
async fn the_end_of_a_wait_is_told_as_such_whether_or_not_the_host_was_up() {
    for back in ["2026-06-02T09:05:00Z", "2026-06-02T10:00:00Z"] {
        let source = Source::start("2026-06-02T09:00:00Z", Vec::new()).await;
        let at = moment("2026-06-02T09:10:00Z");
        let wait = Timer {
            rule: TimerRule::Wait(at),
            ..timer(at, Missed::Once)
        };
        source.set(wait).await;
        let source = source.down_until(back).await;
        source.pass_to("2026-06-02T10:30:00Z").await;
        let ticks = source.ticks(1).await;
        assert_eq!(
            (ticks.len(), ticks[0].scheduled_for, ticks[0].cause),
            (1, at, TickCause::Expired)
        );
    }
}
