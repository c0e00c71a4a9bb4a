//! What a schedule can say besides its rule, and what becomes of it when it, its zone or its plugin changes.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::draft::Missed;
use waspnest_core::event::{Position, TickCause};
use waspnest_core::id::SessionId;
use waspnest_core::progress::Progress;
use waspnest_core::schedule_state::{SchedulePause, ScheduleStates};
use waspnest_core::session::{Desired, Sessions};
use waspnest_core::store::{MemoryStore, Store};
use waspnest_engine::manifest::{FanOut, Overlap};

use super::{ScriptedTimetable, Source, bot, moment, schedule, times};
use crate::config::schedule::{Rule, Schedule, Zone};
use crate::source::fires_at;

#[tokio::test]
async fn a_zone_of_the_configuration_is_read_when_it_is_needed() {
    let daily = Schedule {
        zone: Zone::Setting("/zone".into()),
        ..schedule("0 8 * * *", Tz::UTC, Missed::Once)
    };
    let source = Source::start("2026-06-01T00:00:00Z", vec![daily]).await;
    source.pass_to("2026-06-01T12:00:00Z").await;
    let ticks = source.ticks(1).await;
    assert_eq!(
        (times(&ticks), &*ticks[0].zone),
        (vec![moment("2026-06-01T06:00:00Z")], "Europe/Berlin")
    );
    *source.timetable.zone.lock().expect("no test panics with this lock") = Tz::Asia__Tokyo;
    source.pass_to("2026-06-02T12:00:00Z").await;
    let ticks = source.ticks(2).await;
    assert_eq!(times(&ticks)[1], moment("2026-06-01T23:00:00Z"));
    assert_eq!(ticks[1].previous, Some(moment("2026-06-01T06:00:00Z")));
}

#[tokio::test]
async fn jitter_spreads_moments_alike_in_every_life() {
    let hourly = Schedule {
        jitter: Duration::from_secs(1800),
        ..schedule("0 * * * *", Tz::UTC, Missed::Once)
    };
    let source = Source::start("2026-06-01T00:30:00Z", vec![hourly.clone()]).await;
    let moments: Vec<UnixMs> = (1..=3)
        .map(|hour| moment(&format!("2026-06-01T0{hour}:00:00Z")))
        .collect();
    let fires: Vec<UnixMs> = moments
        .iter()
        .map(|at| fires_at(&hourly, source.session, *at))
        .collect();
    let spread: Vec<Duration> = moments.iter().zip(&fires).map(|(at, fires)| fires.since(*at)).collect();
    assert!(
        spread.iter().all(|spread| *spread <= Duration::from_secs(1800)),
        "{spread:?}"
    );
    assert!(spread[0] != spread[1] && spread[1] != spread[2], "{spread:?}");
    let other = SessionId::new(SeededIds::new(99).ulid(moments[0]));
    assert_ne!(
        fires_at(&hourly, other, moments[0]),
        fires[0],
        "sessions are spread too"
    );

    source.pass_to("2026-06-01T01:00:00Z").await;
    let source = source.down_until("2026-06-01T01:00:01Z").await;
    source.pass_to("2026-06-01T03:40:00Z").await;
    let ticks = source.ticks(3).await;
    assert_eq!(times(&ticks), moments, "they are told the moment itself");
    let states = ScheduleStates::new(Arc::clone(&source.store));
    let mut runs = states
        .runs(source.session, &bot(), &hourly.id, 10)
        .await
        .expect("the store works");
    runs.reverse();
    for ((_, run), fires) in runs.iter().zip(&fires) {
        assert!(
            run.fired_at >= *fires && run.fired_at <= fires.plus(Duration::from_secs(700)),
            "{run:?}"
        );
    }
}

#[tokio::test]
async fn a_moment_passes_while_the_former_tick_is_not_done() {
    let hourly = Schedule {
        overlap: Overlap::Skip,
        ..schedule("0 * * * *", Tz::UTC, Missed::Once)
    };
    let source = Source::start("2026-06-01T00:30:00Z", vec![hourly]).await;
    source.pass_to("2026-06-01T04:30:00Z").await;
    assert_eq!(times(&source.ticks(1).await), [moment("2026-06-01T01:00:00Z")]);
    // The plugin is done with it now.
    let progress = Progress::new(Arc::clone(&source.store));
    progress
        .finish(source.session, &bot(), Position(1))
        .await
        .expect("the store works");
    source.pass_to("2026-06-01T05:30:00Z").await;
    let ticks = source.ticks(2).await;
    assert_eq!(times(&ticks)[1], moment("2026-06-01T05:00:00Z"));
    assert_eq!(ticks[1].missed, 3, "what passed is counted");
}

#[tokio::test]
async fn what_is_paused_passes_and_is_not_made_up_for() {
    let hourly = schedule("0 * * * *", Tz::UTC, Missed::All);
    let id = hourly.id.clone();
    let source = Source::start("2026-06-01T00:30:00Z", vec![hourly]).await;
    source.pass_to("2026-06-01T01:30:00Z").await;
    assert_eq!(source.ticks(1).await.len(), 1);
    let states = ScheduleStates::new(Arc::clone(&source.store));
    let pause = SchedulePause {
        since: source.clock.now(),
    };
    states
        .set_paused(source.session, &bot(), &id, Some(pause))
        .await
        .expect("the store works");
    source.pass_to("2026-06-01T02:30:00Z").await;
    let source = source.down_until("2026-06-01T04:30:00Z").await;
    source.pass_to("2026-06-01T05:30:00Z").await;
    states
        .set_paused(source.session, &bot(), &id, None)
        .await
        .expect("the store works");
    source.pass_to("2026-06-01T06:30:00Z").await;
    let ticks = source.ticks(2).await;
    assert_eq!(
        times(&ticks),
        [moment("2026-06-01T01:00:00Z"), moment("2026-06-01T06:00:00Z")]
    );
    assert_eq!(
        (ticks[1].missed, ticks[1].previous),
        (0, Some(moment("2026-06-01T01:00:00Z")))
    );
}

#[tokio::test]
async fn once_is_in_the_session_that_was_there_first() {
    let hourly = Schedule {
        fan_out: FanOut::Once,
        ..schedule("0 * * * *", Tz::UTC, Missed::Once)
    };
    let store: Arc<dyn Store> = MemoryStore::new();
    let clock = Arc::new(ManualClock::at(moment("2026-06-01T00:30:00Z")));
    let ids = SeededIds::new(5);
    let register = Sessions::open(Arc::clone(&store)).await.expect("the store works");
    let mut sessions = Vec::new();
    for name in ["one", "two"] {
        let name = name.parse().expect("a name");
        let made = register
            .create(name, Desired::Connected, &*clock, &ids)
            .await
            .expect("it is made");
        clock.advance(Duration::from_secs(1));
        sessions.push(made.id);
    }
    let timetable = ScriptedTimetable::of(vec![hourly]);
    let second = Source::resume(Arc::clone(&store), clock.clone(), sessions[1], timetable.clone()).await;
    let first = Source::resume(store, clock, sessions[0], timetable).await;
    first.pass_to("2026-06-01T02:30:00Z").await;
    assert_eq!(first.ticks(2).await.len(), 2);
    assert_eq!(second.ticks(0).await, []);
    register.remove(sessions[0]).await.expect("it is removed");
    second.pass_to("2026-06-01T03:30:00Z").await;
    assert_eq!(
        times(&second.ticks(1).await),
        [moment("2026-06-01T03:00:00Z")],
        "the next takes over"
    );
}

#[tokio::test]
async fn what_clocks_show_is_a_moment_of_the_zone() {
    let jubilee = Schedule {
        rule: Rule::Local("2026-06-01T08:00:00".parse().expect("a local time")),
        ..schedule("0 0 1 1 *", Tz::Europe__Berlin, Missed::Once)
    };
    let source = Source::start("2026-06-01T00:30:00Z", vec![jubilee]).await;
    source.pass_to("2026-06-02T12:00:00Z").await;
    let ticks = source.ticks(1).await;
    assert_eq!(
        (times(&ticks), ticks[0].cause),
        (vec![moment("2026-06-01T06:00:00Z")], TickCause::Once)
    );
}

#[tokio::test]
async fn another_version_of_the_plugin_brings_its_own_schedules() {
    let hourly = schedule("0 * * * *", Tz::UTC, Missed::All);
    let source = Source::start("2026-06-01T00:30:00Z", vec![hourly.clone()]).await;
    source.pass_to("2026-06-01T02:30:00Z").await;
    source.ticks(2).await;
    // Every minute from now on, and not for the minutes that are gone.
    let minutely = Schedule {
        rule: Rule::Cron("* * * * *".parse().expect("a cron expression")),
        ..hourly.clone()
    };
    let other = Schedule {
        id: "other".parse().expect("a valid id"),
        ..hourly
    };
    source.timetable.become_one_of(vec![minutely, other]);
    source.settle().await;
    source.clock.advance(Duration::from_secs(90));
    let ticks = source.ticks(3).await;
    assert_eq!(
        (times(&ticks)[2], ticks[2].cause, ticks[2].missed),
        (moment("2026-06-01T02:31:00Z"), TickCause::Recurring, 0)
    );
    assert_eq!(
        ticks[2].previous,
        Some(moment("2026-06-01T02:00:00Z")),
        "it is the same schedule"
    );
    source.timetable.become_one_of(Vec::new());
    source.settle().await;
    source.pass_to("2026-06-01T05:30:00Z").await;
    assert_eq!(source.ticks(3).await.len(), 3, "what is gone fires no more");
}

#[tokio::test]
async fn a_rule_that_was_changed_while_the_host_was_down_counts_from_now_on() {
    let at_eight = schedule("0 8 * * *", Tz::UTC, Missed::All);
    let source = Source::start("2026-06-01T07:00:00Z", vec![at_eight.clone()]).await;
    source.pass_to("2026-06-01T08:30:00Z").await;
    source.ticks(1).await;
    let at_nine = schedule("0 9 * * *", Tz::UTC, Missed::All);
    // Without a word, as an edited file.
    *source
        .timetable
        .schedules
        .lock()
        .expect("no test panics with this lock") = vec![at_nine];
    let source = source.down_until("2026-06-03T12:00:00Z").await;
    source.pass_to("2026-06-04T12:00:00Z").await;
    let expected = ["2026-06-01T08:00:00Z", "2026-06-04T09:00:00Z"].map(moment);
    assert_eq!(times(&source.ticks(2).await), expected);
}

#[tokio::test]
async fn what_is_too_late_is_not_made_up_for() {
    let hourly = Schedule {
        max_lateness: Some(Duration::from_secs(2 * 3600)),
        ..schedule("0 * * * *", Tz::UTC, Missed::All)
    };
    let source = Source::start("2026-06-01T00:30:00Z", vec![hourly]).await;
    let source = source.down_until("2026-06-01T10:30:00Z").await;
    source.pass_to("2026-06-01T10:40:00Z").await;
    let ticks = source.ticks(2).await;
    assert_eq!(
        times(&ticks),
        ["2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z"].map(moment)
    );
    assert_eq!(
        (ticks[0].cause, ticks[0].missed, ticks[1].missed),
        (TickCause::CatchUp, 8, 0)
    );
}
