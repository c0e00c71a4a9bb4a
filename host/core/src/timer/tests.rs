use std::time::Duration;

use crate::clock::UnixMs;
use crate::draft::{Draft, Missed, Timer, TimerChange, TimerRule};
use crate::event::{EventKind, Position, Tick, TickCause};
use crate::fixture::{NOON, SESSION, World, call, installation, on_every_engine, schedule};
use crate::id::InstallationId;
use crate::log::Incoming;
use crate::schedule_state::{ScheduleState, ScheduleStates};
use crate::timer::Firing;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> UnixMs {
    NOON.plus(SECOND * u32::try_from(seconds).expect("small"))
}

fn timer(id: &str, next: UnixMs) -> Timer {
    Timer {
        id: schedule(id),
        rule: TimerRule::At(next),
        zone: "Europe/Berlin".into(),
        missed: Missed::Once,
        payload: id.into(),
        origin: None,
        next,
        previous: None,
    }
}

fn tick(installation: &InstallationId, timer: &Timer) -> Tick {
    Tick {
        installation: installation.clone(),
        schedule: timer.id.clone(),
        cause: TickCause::Once,
        scheduled_for: timer.next,
        missed: 0,
        previous: timer.previous,
        zone: timer.zone.clone(),
        payload: timer.payload.clone(),
        origin: timer.origin.clone(),
    }
}

async fn change(world: &World, installation: &InstallationId, timers: Vec<TimerChange>) {
    let head = world.log.head(SESSION).await.expect("it reads");
    let event = world.receive_text(&format!("A{}", head.0)).await;
    let draft = Draft {
        timers,
        ..Draft::default()
    };
    world
        .outbox
        .commit_draft(SESSION, call(&event, installation), draft)
        .await
        .expect("it commits");
}

async fn due(world: &World, now: UnixMs) -> Vec<(String, String)> {
    let due = world.outbox.timers().due(SESSION, now, 10).await.expect("it lists");
    due.into_iter()
        .map(|(installation, timer)| (installation.to_string(), timer.id.to_string()))
        .collect()
}

fn pair(installation: &str, schedule: &str) -> (String, String) {
    (installation.into(), schedule.into())
}

async fn fire(world: &World, installation: &InstallationId, timer: &Timer, next: Option<UnixMs>) -> Option<Position> {
    let firing = Firing {
        installation: installation.clone(),
        timer: timer.clone(),
        tick: tick(installation, timer),
        next,
    };
    let fired = world
        .outbox
        .timers()
        .fire(&world.log, SESSION, firing)
        .await
        .expect("it fires");
    let (event, applied) = fired?;
    applied.durable().await.expect("it is durable");
    assert_eq!(event.kind, EventKind::Tick(tick(installation, timer)));
    Some(event.position)
}

on_every_engine! {
    async fn timers_are_due_in_order_and_survive_a_restart(world: &mut World) {
        let (a, b) = (installation("a"), installation("b"));
        change(world, &a, vec![TimerChange::Set(timer("late", at(20))), TimerChange::Set(timer("early", at(5)))]).await;
        change(world, &b, vec![TimerChange::Set(timer("early", at(10))), TimerChange::Set(timer("gone", at(1)))]).await;
        change(world, &b, vec![TimerChange::Cancel(schedule("gone")), TimerChange::Cancel(schedule("never was"))]).await;
        for _ in 0..2 {
            assert_eq!(due(world, at(4)).await, []);
            assert_eq!(due(world, at(10)).await, [pair("a", "early"), pair("b", "early")]);
            assert_eq!(due(world, at(99)).await.len(), 3);
            assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it tells"), Some(at(5)));
            world.restart();
        }
        let listed = world.outbox.timers().list(SESSION, &a).await.expect("it lists");
        assert_eq!(listed, [timer("early", at(5)), timer("late", at(20))]);
        // The same id replaces.
        change(world, &a, vec![TimerChange::Set(timer("early", at(30)))]).await;
        assert_eq!(due(world, at(99)).await, [pair("b", "early"), pair("a", "late"), pair("a", "early")]);
    }

    async fn a_timer_fires_once(world: &mut World) {
        let a = installation("a");
        let once = timer("once", at(5));
        change(world, &a, vec![TimerChange::Set(once.clone())]).await;
        let mut wake = world.outbox.timers().wake(SESSION);
        wake.mark_unchanged();
        assert_eq!(fire(world, &a, &once, None).await, Some(Position(2)));
        assert_eq!(*wake.wait_for(Option::is_none).await.expect("the timers are there"), None);
        for _ in 0..2 {
            assert_eq!(fire(world, &a, &once, None).await, None);
            assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it tells"), None);
            assert_eq!(world.log.head(SESSION).await.expect("it reads"), Position(2));
            world.restart();
        }
    }

    async fn a_recurring_timer_moves_on(world: &mut World) {
        let a = installation("a");
        let recurring = timer("again", at(5));
        change(world, &a, vec![TimerChange::Set(recurring.clone())]).await;
        assert!(fire(world, &a, &recurring, Some(at(15))).await.is_some());
        world.restart();
        let moved = Timer { next: at(15), previous: Some(at(5)), ..recurring };
        assert_eq!(world.outbox.timers().due(SESSION, at(15), 10).await.expect("it lists"), [(a.clone(), moved.clone())]);
        assert!(fire(world, &a, &moved, Some(at(25))).await.is_some());
        assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it tells"), Some(at(25)));
    }

    async fn a_timer_that_changed_meanwhile_does_not_fire(world: &mut World) {
        let a = installation("a");
        let set = timer("t", at(5));
        change(world, &a, vec![TimerChange::Set(set.clone())]).await;
        let later = timer("t", at(50));
        change(world, &a, vec![TimerChange::Set(later.clone())]).await;
        assert_eq!(fire(world, &a, &set, None).await, None);
        assert_eq!(world.outbox.timers().list(SESSION, &a).await.expect("it lists"), [later]);
        assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it tells"), Some(at(50)));
    }

    async fn a_configured_schedule_remembers_with_its_tick(world: &mut World) {
        let (a, daily) = (installation("a"), schedule("daily"));
        let states = ScheduleStates::new(world.store.clone());
        assert_eq!(states.get(SESSION, &a, &daily).await.expect("it reads"), None);
        let state = ScheduleState { last: NOON, fired: 1 };
        let incoming = Incoming {
            also: vec![ScheduleStates::write(&a, &daily, &state)],
            ..Incoming::from(EventKind::Tick(tick(&a, &timer("daily", NOON))))
        };
        world.log.append(SESSION, vec![incoming]).await.expect("it appends");
        drop(states);
        world.restart();
        let states = ScheduleStates::new(world.store.clone());
        assert_eq!(states.get(SESSION, &a, &daily).await.expect("it reads"), Some(state));
        assert_eq!(states.get(SESSION, &installation("b"), &daily).await.expect("it reads"), None);
    }
}
