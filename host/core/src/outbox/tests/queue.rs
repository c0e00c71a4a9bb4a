//! How effects come through the outbox.

use std::time::Duration;

use crate::clock::UnixMs;
use crate::effect::{Effect, EffectState, Progress};
use crate::event::Position;
use crate::fixture::{MuteStore, NOON, SESSION, World, on_every_engine, send};
use crate::id::{EffectId, EventId};

const ADA: &str = "4915100000001@s.whatsapp.net";
const LATER: UnixMs = UnixMs(NOON.0 + 5000);

async fn submit(world: &World, number: u128) -> Effect {
    let request = EventId::new(ulid::Ulid(number));
    let committed = world
        .outbox
        .submit(SESSION, request, vec![send(ADA, "hi")])
        .await
        .expect("it submits");
    committed.effects.into_iter().next().expect("it has one effect")
}

async fn news(world: &World, id: EffectId, news: Progress) -> EffectState {
    world
        .outbox
        .progress(SESSION, id, news)
        .await
        .expect("it notes")
        .expect("it is there")
}

fn retry() -> Progress {
    Progress::Retry {
        not_before: LATER,
        error: "no connection".into(),
    }
}

fn failed() -> Progress {
    Progress::Failed {
        reason: "not on WhatsApp".into(),
        code: Some(404),
    }
}

on_every_engine! {
    async fn states_only_move_forward(world: &mut World) {
        let lives = [
            (vec![Progress::Sent, Progress::Delivered, Progress::Read], "read", 1),
            (vec![Progress::Sent, Progress::Read, Progress::Delivered, Progress::Sent], "read", 1),
            (vec![Progress::Delivered, Progress::Sent, retry()], "delivered", 1),
            (vec![retry(), retry(), Progress::Sent], "sent", 3),
            (vec![retry(), failed()], "failed", 2),
            (vec![failed(), Progress::Delivered, retry(), Progress::Sent], "failed", 1),
            (vec![Progress::Sent, failed()], "failed", 1),
            (vec![Progress::Read, failed()], "read", 1),
            (vec![retry()], "pending", 1),
        ];
        for (number, (life, state, attempts)) in (1..).zip(lives) {
            let effect = submit(world, number).await;
            for step in life {
                news(world, effect.id, step).await;
            }
            let effect = world.outbox.get(SESSION, effect.id).await.expect("it reads").expect("it is there");
            assert_eq!((effect.state.name(), effect.attempts), (state, attempts), "life {number}");
        }
        let due = |world: &World| {
            let outbox = world.outbox.clone();
            async move { outbox.due(SESSION, Position(0), 10).await.expect("it lists") }
        };
        let waiting = due(world).await;
        assert_eq!(waiting.len(), 1);
        let state = EffectState::Pending { not_before: LATER, last_error: Some("no connection".into()) };
        assert_eq!((&waiting[0].state, waiting[0].sequence), (&state, Position(9)));
        world.restart();
        assert_eq!(due(world).await, waiting);
    }

    async fn news_of_what_never_was_is_no_news(world: &mut World) {
        submit(world, 1).await;
        let unknown = EffectId::new(ulid::Ulid(5));
        assert_eq!(world.outbox.progress(SESSION, unknown, Progress::Sent).await.expect("it looks"), None);
        assert_eq!(world.outbox.get(SESSION, unknown).await.expect("it looks"), None);
        let foreign = "3EB0AAAAAAAAAAAAAAAAAA".parse().expect("an id");
        assert_eq!(world.outbox.by_message(SESSION, &foreign).await.expect("it looks"), None);
    }

    async fn a_message_leads_to_its_effect(world: &mut World) {
        let effect = submit(world, 1).await;
        world.restart();
        let found = world.outbox.by_message(SESSION, &effect.id.message_id()).await.expect("it looks");
        assert_eq!(found, Some(effect.id));
        assert_eq!(news(world, effect.id, Progress::Delivered).await, EffectState::Delivered { at: NOON });
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(news(world, effect.id, Progress::Read).await, EffectState::Read { at: NOON.plus(Duration::from_secs(1)) });
    }

    async fn due_effects_come_in_sequence_and_in_pages(world: &mut World) {
        // More than are kept in memory whole.
        for number in 1..=300 {
            submit(world, number).await;
        }
        let mut after = Position(0);
        let mut seen = 0;
        loop {
            let page = world.outbox.due(SESSION, after, 70).await.expect("it lists");
            let Some(last) = page.last() else { break };
            after = last.sequence;
            for effect in &page {
                seen += 1;
                assert_eq!(effect.sequence, Position(seen));
                assert_eq!(effect.id, EffectId::derive(EventId::new(ulid::Ulid(seen.into())), &"rest".parse().expect("an id"), 0));
            }
        }
        assert_eq!(seen, 300);
    }

    async fn settled_effects_are_not_looked_at_again(world: &mut World) {
        let mut effects = Vec::new();
        for number in 1..=200 {
            effects.push(submit(world, number).await);
        }
        for effect in &effects {
            if effect.sequence != Position(150) {
                news(world, effect.id, Progress::Sent).await;
            }
        }
        for round in 1..=2 {
            world.restart();
            let due = world.outbox.due(SESSION, Position(0), 10).await.expect("it lists");
            assert_eq!(due.iter().map(|effect| effect.sequence.0).collect::<Vec<_>>(), [150]);
            assert_eq!(submit(world, 200 + round).await.sequence, Position(200 + u64::try_from(round).expect("small")));
            let id = EffectId::derive(EventId::new(ulid::Ulid(200 + round)), &"rest".parse().expect("an id"), 0);
            news(world, id, Progress::Sent).await;
        }
        // The last ones settled: the sequence goes on all the same.
        news(world, effects[149].id, Progress::Sent).await;
        world.restart();
        assert_eq!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists"), []);
        assert_eq!(submit(world, 300).await.sequence, Position(203));
        let old = world.outbox.get(SESSION, effects[0].id).await.expect("it reads").expect("it is there");
        assert_eq!(old.state, EffectState::Sent { at: NOON });
    }

    async fn the_sink_is_woken(world: &mut World) {
        let mut wake = world.outbox.wake(SESSION);
        submit(world, 1).await;
        submit(world, 2).await;
        assert_eq!(*wake.wait_for(|last| *last >= Position(2)).await.expect("the outbox is there"), Position(2));
    }
}

#[tokio::test]
async fn news_whose_bearer_is_gone_count() {
    let store = MuteStore::new();
    let world = World::over(store.clone());
    let effect = submit(&world, 1).await;
    store
        .drop_after_commit(world.outbox.progress(SESSION, effect.id, Progress::Read))
        .await;
    assert_eq!(
        news(&world, effect.id, Progress::Sent).await,
        EffectState::Read { at: NOON }
    );
    assert_eq!(world.outbox.due(SESSION, Position(0), 10).await.expect("it lists"), []);
}

#[tokio::test]
async fn racing_news_of_one_effect_end_with_the_furthest() {
    let world = World::on_disk();
    for number in 1..=20 {
        let effect = submit(&world, number).await;
        let (sent, delivered, read) = tokio::join!(
            world.outbox.progress(SESSION, effect.id, Progress::Sent),
            world.outbox.progress(SESSION, effect.id, Progress::Delivered),
            world.outbox.progress(SESSION, effect.id, Progress::Read),
        );
        assert!(sent.is_ok() && delivered.is_ok() && read.is_ok());
        let effect = world
            .outbox
            .get(SESSION, effect.id)
            .await
            .expect("it reads")
            .expect("it is there");
        assert_eq!(effect.state, EffectState::Read { at: NOON });
    }
}
