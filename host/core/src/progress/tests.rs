use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::draft::Draft;
use crate::event::Position;
use crate::fixture::{NOON, SESSION, World, call, installation, message, on_every_engine};
use crate::journal::{Asker, Journal, Question};
use crate::outbox::{Call, CommitError};
use crate::progress::{Attempt, Cursor, DeadLetter, Found, Progress, Round, Started};
use crate::schema::{self, session};
use crate::store::{KeyRange, MemoryStore, Order, Space};

const ADA: &str = "4915100000001@s.whatsapp.net";

fn attempt(count: u32) -> Attempt {
    Attempt {
        count,
        not_before: NOON,
        last_error: "it trapped".into(),
    }
}

on_every_engine! {
    async fn a_new_installation_starts_where_it_is_told_and_stays(world: &mut World) {
        let echo = installation("echo");
        assert_eq!(world.progress.load(SESSION, &echo).await.expect("it loads"), Cursor::default());
        assert_eq!(world.progress.start_at(SESSION, &echo, Position(5)).await.expect("it starts"), Position(5));
        assert_eq!(world.progress.start_at(SESSION, &echo, Position(9)).await.expect("it stays"), Position(5));
        world.restart();
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!((cursor.low, cursor.started), (Position(5), Started::Yes));
        let other = world.progress.load(SESSION, &installation("echo.b")).await.expect("it loads");
        assert_eq!(other.started, Started::No);
    }

    async fn marks_above_the_low_one_survive_a_restart(world: &mut World) {
        let echo = installation("echo");
        for position in [2, 4, 5] {
            world.progress.finish(SESSION, &echo, Position(position)).await.expect("it marks");
        }
        world.progress.record_attempt(SESSION, &echo, Position(3), &attempt(2)).await.expect("it records");
        world.restart();
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!(cursor.low, Position(0));
        assert_eq!(cursor.done, BTreeSet::from([Position(2), Position(4), Position(5)]));
        assert_eq!(cursor.attempts.get(&Position(3)), Some(&attempt(2)));
        assert!(cursor.is_done(Position(4)) && !cursor.is_done(Position(1)));

        world.progress.finish(SESSION, &echo, Position(1)).await.expect("it marks");
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!((cursor.low, cursor.done.len()), (Position(2), 2));
        world.progress.advance(SESSION, &echo, cursor.low).await.expect("it advances");
        world.progress.advance(SESSION, &echo, Position(1)).await.expect("going back is nothing");
        world.restart();
        world.progress.advance(SESSION, &echo, Position(1)).await.expect("nor after a restart");
        let loaded = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!(loaded, Cursor { started: Started::Yes, ..cursor });
        let range = KeyRange::prefix(schema::of(session::DONE, &echo).as_slice());
        let marks = world.store.scan(Space::Session(SESSION), range, Order::Ascending, 10).await.expect("it scans");
        assert_eq!(marks.len(), 2, "marks up to the low one are gone");
    }

    async fn a_parked_event_is_done_and_can_be_looked_at(world: &mut World) {
        let echo = installation("echo");
        let mut letters = Vec::new();
        for number in 1..=3 {
            let event = world.receive_text(&format!("A{number}")).await;
            world.progress.record_attempt(SESSION, &echo, event.position, &attempt(5)).await.expect("it records");
            let letter = DeadLetter {
                event: event.id, attempts: 5, error: "it trapped".into(), at: NOON, kind: event.kind.name().into(),
            };
            let parked = world.progress.park(SESSION, &echo, event.position, &letter).await.expect("it parks");
            parked.durable().await.expect("it is durable");
            letters.push((event.position, letter));
        }
        world.restart();
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!((cursor.low, cursor.attempts.len()), (Position(3), 0));
        let page = |after, limit| world.progress.dead_letters(SESSION, &echo, after, limit);
        assert_eq!(page(Position(0), 2).await.expect("it lists"), letters[..2]);
        assert_eq!(page(Position(2), 2).await.expect("it lists"), letters[2..]);
        assert_eq!(world.progress.dead_letters(SESSION, &installation("other"), Position(0), 9).await.expect("it lists"), []);
    }

    async fn a_dead_letter_is_handled_again_once(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive_text("A1").await;
        let letter = DeadLetter {
            event: event.id, attempts: 5, error: "it trapped".into(), at: NOON, kind: event.kind.name().into(),
        };
        world.progress.park(SESSION, &echo, event.position, &letter).await.expect("it parks");
        world.progress.advance(SESSION, &echo, event.position).await.expect("it advances");
        let replay = Call { round: Round::Replay, ..call(&event, &echo) };
        let uncalled = world.outbox.commit_draft(SESSION, replay, Draft::default()).await;
        assert!(matches!(uncalled, Err(CommitError::AlreadyDone)), "nobody asked for a replay");

        let mut wake = world.progress.replay_wake(SESSION);
        assert_eq!(world.progress.replay(SESSION, &echo, event.position).await.expect("it is wanted"), Found::Yes);
        assert!(wake.has_changed().expect("it is watched"));
        wake.mark_unchanged();
        assert_eq!(world.progress.replay(SESSION, &echo, event.position).await.expect("it is wanted"), Found::No);
        world.restart();
        assert_eq!(world.progress.replays(SESSION, &echo).await.expect("it lists"), [event.position]);
        assert_eq!(world.progress.dead_letters(SESSION, &echo, Position(0), 9).await.expect("it lists"), []);
        // Parked again, and replayed again.
        world.progress.park(SESSION, &echo, event.position, &letter).await.expect("it parks");
        assert_eq!(world.progress.replays(SESSION, &echo).await.expect("it lists"), []);
        world.progress.replay(SESSION, &echo, event.position).await.expect("it is wanted");
        world.outbox.commit_draft(SESSION, replay, Draft::default()).await.expect("it commits");
        assert_eq!(world.progress.replays(SESSION, &echo).await.expect("it lists"), []);
        let again = world.outbox.commit_draft(SESSION, replay, Draft::default()).await;
        assert!(matches!(again, Err(CommitError::AlreadyDone)));
    }

    async fn a_dead_letter_can_be_thrown_away(world: &mut World) {
        let echo = installation("echo");
        let letter = DeadLetter {
            event: world.receive_text("A1").await.id, attempts: 1, error: "no".into(), at: NOON, kind: "message".into(),
        };
        world.progress.park(SESSION, &echo, Position(1), &letter).await.expect("it parks");
        for found in [Found::Yes, Found::No] {
            assert_eq!(world.progress.discard(SESSION, &echo, Position(1)).await.expect("it goes"), found);
        }
        assert_eq!(world.progress.replays(SESSION, &echo).await.expect("it lists"), []);
    }

    async fn what_was_answered_to_a_replayed_call_stays_until_it_is_done(world: &mut World) {
        let (echo, journal) = (installation("echo"), Journal::new(world.store.clone()));
        world.progress.start_at(SESSION, &echo, Position(0)).await.expect("it starts");
        let event = world.receive_text("A1").await;
        let letter = DeadLetter {
            event: event.id, attempts: 1, error: "no".into(), at: NOON, kind: "message".into(),
        };
        world.progress.park(SESSION, &echo, event.position, &letter).await.expect("it parks");
        world.progress.replay(SESSION, &echo, event.position).await.expect("it is wanted");
        let asker = Asker { session: SESSION, installation: &echo, position: event.position };
        let question = Question::new("http", b"GET /", 0);
        journal.keep(asker, &question, b"200").await.expect("it keeps");
        world.progress.advance(SESSION, &echo, event.position).await.expect("it advances");
        assert!(journal.answer(asker, &question).await.expect("it reads").is_some());
        let replay = Call { round: Round::Replay, ..call(&event, &echo) };
        let draft = Draft { questions: 1, ..Draft::default() };
        world.outbox.commit_draft(SESSION, replay, draft).await.expect("it commits");
        assert!(journal.answer(asker, &question).await.expect("it reads").is_none());
    }

    async fn a_commit_clears_the_attempts_before_it(world: &mut World) {
        let echo = installation("echo");
        let event = world.receive(message(ADA, "A1", "hi")).await.expect("it is new");
        world.progress.record_attempt(SESSION, &echo, event.position, &attempt(1)).await.expect("it records");
        world.outbox.commit_draft(SESSION, call(&event, &echo), Draft::default()).await.expect("it commits");
        let cursor = world.progress.load(SESSION, &echo).await.expect("it loads");
        assert_eq!((cursor.low, cursor.attempts.len()), (Position(1), 0));
        // A call that was given up cannot commit later.
        let second = world.receive_text("A2").await;
        world.progress.finish(SESSION, &echo, second.position).await.expect("it marks");
        let late = world.outbox.commit_draft(SESSION, call(&second, &echo), Draft::default()).await;
        assert!(matches!(late, Err(CommitError::AlreadyDone)));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Finish(u64),
    Advance,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..40u64).prop_map(Step::Finish),
        2 => Just(Step::Advance),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    /// In whatever order events are finished, and wherever the process restarts: what is finished stays finished, nothing else ever
    /// is, the low-water mark never moves back, and it is as high as it can be.
    #[test]
    fn the_low_water_mark_is_what_is_done_without_a_gap(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        runtime.block_on(async {
            let store = MemoryStore::new();
            let echo = installation("echo");
            let mut progress = Progress::new(store.clone());
            let mut cursor = progress.load(SESSION, &echo).await.expect("it loads");
            let mut model = BTreeSet::new();
            let mut lowest = Position(0);
            for step in steps {
                match step {
                    Step::Finish(number) => {
                        progress.finish(SESSION, &echo, Position(number)).await.expect("it marks");
                        cursor.finish(Position(number));
                        model.insert(number);
                    }
                    Step::Advance => progress.advance(SESSION, &echo, cursor.low).await.expect("it advances"),
                    Step::Restart => {
                        progress = Progress::new(store.clone());
                        let loaded = progress.load(SESSION, &echo).await.expect("it loads");
                        prop_assert_eq!((loaded.low, &loaded.done), (cursor.low, &cursor.done));
                        cursor = loaded;
                    }
                }
                let gapless = (1..).take_while(|number| model.contains(number)).count() as u64;
                prop_assert_eq!(cursor.low, Position(gapless));
                prop_assert!(cursor.low >= lowest);
                lowest = cursor.low;
                for number in 1..45 {
                    prop_assert_eq!(cursor.is_done(Position(number)), model.contains(&number));
                }
            }
            Ok(())
        })?;
    }
}
