//! A call is committed once, and whole.

use std::time::Duration;

use crate::draft::{Draft, Missed, Timer, TimerChange, TimerRule};
use crate::effect::{Action, Cause, Typing};
use crate::event::Position;
use crate::fixture::{MuteStore, NOON, SESSION, World, call, installation, jid, on_every_engine, schedule, send};
use crate::id::{EffectId, EventId};
use crate::outbox::{Call, CommitError};
use crate::store::{HeldStore, MemoryStore, StoreError};

const ADA: &str = "4915100000001@s.whatsapp.net";

fn replies(bodies: &[&str]) -> Draft {
    Draft {
        effects: bodies.iter().map(|body| send(ADA, body)).collect(),
        ..Draft::default()
    }
}

fn tea() -> Timer {
    Timer {
        id: schedule("tea"),
        rule: TimerRule::At(NOON.plus(Duration::from_secs(60))),
        zone: "UTC".into(),
        missed: Missed::Once,
        payload: b"green".to_vec(),
        origin: None,
        next: NOON.plus(Duration::from_secs(60)),
        previous: None,
    }
}

on_every_engine! {
    async fn those_that_a_call_stops_the_event_for_are_done_with_it_too(world: &mut World) {
        let (first, second, third) = (installation("first"), installation("second"), installation("third"));
        for each in [&first, &second, &third] {
            world.progress.start_at(SESSION, each, Position(0)).await.expect("it starts");
        }
        let event = world.receive_text("A1").await;
        let stopped = [second.clone()];
        let call = Call { also_done: &stopped, ..call(&event, &first) };
        world.outbox.commit_draft(SESSION, call, Draft::default()).await.expect("it commits");
        world.restart();
        for (each, done) in [(&first, true), (&second, true), (&third, false)] {
            let cursor = world.progress.load(SESSION, each).await.expect("it loads");
            assert_eq!(cursor.is_done(event.position), done, "{each}");
        }
        let late = world.outbox.commit_draft(SESSION, crate::fixture::call(&event, &second), replies(&["late"])).await;
        assert!(matches!(late, Err(CommitError::AlreadyDone)));
    }

    async fn a_call_is_committed_once(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive_text("A1").await;
        let committed = world.outbox.commit_draft(SESSION, call(&event, &echo), replies(&["1", "2"])).await.expect("it commits");
        committed.applied.durable().await.expect("it is durable");
        for (index, effect) in (0..).zip(&committed.effects) {
            assert_eq!(effect.id, EffectId::derive(event.id, &echo, index));
            assert_eq!(effect.sequence, Position(u64::from(index) + 1));
            let cause = Cause::Plugin { event: event.id, position: event.position, installation: echo.clone() };
            assert_eq!((&effect.cause, effect.created_at, effect.attempts), (&cause, NOON, 0));
        }
        for _ in 0..2 {
            let again = world.outbox.commit_draft(SESSION, call(&event, &echo), replies(&["other"])).await;
            assert!(matches!(again, Err(CommitError::AlreadyDone)));
            let due = world.outbox.due(SESSION, Position(0), 10).await.expect("it lists");
            assert_eq!(due, committed.effects);
            world.restart();
        }
        // Another installation's call for the same event is another call.
        let other = installation("other");
        let committed = world.outbox.commit_draft(SESSION, call(&event, &other), replies(&["3"])).await.expect("it commits");
        assert_eq!(committed.effects[0].sequence, Position(3));
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!(cursor.low, Position(1));
    }

    async fn one_of_two_racing_commits_wins(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive_text("A1").await;
        let (one, two) = tokio::join!(
            world.outbox.commit_draft(SESSION, call(&event, &echo), replies(&["1"])),
            world.outbox.commit_draft(SESSION, call(&event, &echo), replies(&["2"])),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
        assert_eq!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists").len(), 1);
    }

    async fn sequences_are_dense_when_many_commit(world: &mut World) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40 {
            let event = world.receive_text(&format!("A{number}")).await;
            let outbox = world.outbox.clone();
            tasks.spawn(async move {
                let echo = installation("echo");
                outbox.commit_draft(SESSION, call(&event, &echo), replies(&["1", "2"])).await.map(|_| ())
            });
        }
        assert!(tasks.join_all().await.iter().all(Result::is_ok));
        let due = world.outbox.due(SESSION, Position(0), 1000).await.expect("it lists");
        assert!(due.iter().map(|effect| effect.sequence.0).eq(1..=80));
    }

    async fn a_request_is_submitted_once(world: &mut World) {
        let request = EventId::new(ulid::Ulid(99));
        let typing = Action::SetTyping { chat: jid(ADA), state: Typing::Composing };
        let actions = vec![typing, send(ADA, "by hand")];
        let committed = world.outbox.submit(SESSION, request, actions.clone()).await.expect("it submits");
        assert_eq!(committed.effects[1].cause, Cause::Request { request });
        world.restart();
        let again = world.outbox.submit(SESSION, request, actions).await;
        assert!(matches!(again, Err(CommitError::AlreadyDone)));
        assert_eq!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists"), committed.effects);
    }

    async fn an_effect_larger_than_a_value_is_whole(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive_text("A1").await;
        let body = "ö".repeat(80_000);
        let committed = world.outbox.commit_draft(SESSION, call(&event, &echo), replies(&[&body])).await.expect("it commits");
        world.restart();
        assert!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists") == committed.effects);
    }

    async fn timers_are_set_with_the_draft_or_not_at_all(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive_text("A1").await;
        let timer = tea();
        let setting = || Draft { timers: vec![TimerChange::Set(timer.clone())], ..Draft::default() };
        world.outbox.commit_draft(SESSION, call(&event, &echo), setting()).await.expect("it commits");
        world.restart();
        let timers = world.outbox.timers();
        assert_eq!(timers.list(SESSION, &echo).await.expect("it lists"), std::slice::from_ref(&timer));
        assert_eq!(timers.next_due(SESSION).await.expect("it tells"), Some(timer.next));
        let again = Draft { timers: vec![TimerChange::Cancel(timer.id.clone())], ..Draft::default() };
        let again = world.outbox.commit_draft(SESSION, call(&event, &echo), again).await;
        assert!(matches!(again, Err(CommitError::AlreadyDone)));
        assert_eq!(timers.list(SESSION, &echo).await.expect("it lists").len(), 1);
        assert_eq!(timers.next_due(SESSION).await.expect("it tells"), Some(timer.next));
    }
}

#[tokio::test]
async fn effects_are_given_out_only_when_they_are_durable() {
    let store = HeldStore::new(MemoryStore::new());
    let world = World::over(store.clone());
    let (echo, event) = (installation("echo"), world.receive_text("A1").await);
    store.hold();
    world
        .outbox
        .commit_draft(SESSION, call(&event, &echo), replies(&["1"]))
        .await
        .expect("it commits");
    let (due, ()) = tokio::join!(world.outbox.due(SESSION, Position(0), 10), async {
        // The commit and the flush that `due` waits for.
        store.until_held(2).await;
        store.release().await;
    });
    assert_eq!(due.expect("it lists").len(), 1);
    // Once they are, nobody waits for them again.
    store.hold();
    assert_eq!(
        world
            .outbox
            .due(SESSION, Position(0), 10)
            .await
            .expect("it lists")
            .len(),
        1
    );
    store.fail();
    let error = world
        .outbox
        .submit(SESSION, event.id, vec![send(ADA, "2")])
        .await
        .expect_err("the store is lost");
    assert!(matches!(error, CommitError::Store(StoreError::Lost { .. })), "{error}");
}

#[tokio::test]
async fn a_commit_whose_caller_is_gone_stands() {
    let store = MuteStore::new();
    let world = World::over(store.clone());
    let echo = installation("echo");
    let (first, second) = (world.receive_text("A1").await, world.receive_text("A2").await);
    // Everything is in memory before the call that is dropped.
    assert_eq!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists"), []);
    assert_eq!(world.outbox.timers().next_due(SESSION).await.expect("it tells"), None);
    let draft = || Draft {
        timers: vec![TimerChange::Set(tea())],
        ..replies(&["1"])
    };
    store
        .drop_after_commit(world.outbox.commit_draft(SESSION, call(&first, &echo), draft()))
        .await;
    let again = world.outbox.commit_draft(SESSION, call(&first, &echo), draft()).await;
    assert!(matches!(again, Err(CommitError::AlreadyDone)));
    let next = world
        .outbox
        .commit_draft(SESSION, call(&second, &echo), replies(&["2"]))
        .await
        .expect("it commits");
    assert_eq!(next.effects[0].sequence, Position(2));
    let due = world.outbox.due(SESSION, Position(0), 10).await.expect("it lists");
    assert_eq!((due.len(), due[0].id), (2, EffectId::derive(first.id, &echo, 0)));
    assert_eq!(
        world.outbox.timers().next_due(SESSION).await.expect("it tells"),
        Some(tea().next)
    );
}
