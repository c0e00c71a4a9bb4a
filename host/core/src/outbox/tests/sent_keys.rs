//! Messages under names of plugins, and effects that leave at once.

use std::time::Duration;

use crate::draft::{Draft, SentKey};
use crate::effect::Cause;
use crate::fixture::{SESSION, World, call, installation, on_every_engine, send};
use crate::id::{EffectId, InstallationId, MessageId};
use crate::journal::Question;
use crate::outbox::{CommitError, KEY_LIFE};
use crate::schema::session;
use crate::store::{KeyRange, Order, Space};

const ADA: &str = "4915100000001@s.whatsapp.net";

fn named(key: &str, message: &str) -> Draft {
    Draft {
        effects: vec![send(ADA, "hello")],
        sent_keys: vec![SentKey {
            key: key.into(),
            message: message.parse().expect("an id"),
        }],
        ..Draft::default()
    }
}

async fn commit(world: &mut World, id: &str, bot: &InstallationId, draft: Draft) -> Result<usize, CommitError> {
    let event = world.receive_text(id).await;
    let committed = world.outbox.commit_draft(SESSION, call(&event, bot), draft).await;
    committed.map(|committed| committed.effects.len())
}

async fn under(world: &World, bot: &InstallationId, key: &str) -> Option<MessageId> {
    world.outbox.sent_under(SESSION, bot, key).await.expect("it reads")
}

async fn rows(world: &World) -> usize {
    let mut rows = 0;
    for table in [session::SENT_KEY, session::SENT_KEY_FREE] {
        let range = KeyRange::prefix(&[table]);
        let found = world
            .store
            .scan(Space::Session(SESSION), range, Order::Ascending, 1000)
            .await;
        rows += found.expect("it scans").len();
    }
    rows
}

on_every_engine! {
    async fn a_name_stands_for_its_message_for_a_day(world: &mut World) {
        let (bot, other) = (installation("bot"), installation("other"));
        assert_eq!(under(world, &bot, "k").await, None);
        commit(world, "A1", &bot, named("k", "M1")).await.expect("it commits");
        assert_eq!(under(world, &bot, "k").await, "M1".parse().ok());
        assert_eq!(under(world, &other, "k").await, None);
        // Another call that did not see it in time is made again.
        let overtaken = commit(world, "A2", &bot, named("k", "M2")).await;
        assert!(matches!(overtaken, Err(CommitError::Conflict)), "{overtaken:?}");
        assert_eq!(under(world, &bot, "k").await, "M1".parse().ok());

        world.clock.advance(KEY_LIFE);
        assert_eq!(under(world, &bot, "k").await, None);
        commit(world, "A3", &bot, named("k", "M3")).await.expect("it is free again");
        assert_eq!(under(world, &bot, "k").await, "M3".parse().ok());
        assert_eq!(rows(world).await, 2);
    }

    async fn names_that_are_free_again_are_removed(world: &mut World) {
        let bot = installation("bot");
        for key in ["a", "b", "c"] {
            commit(world, &format!("E{key}"), &bot, named(key, "M")).await.expect("it commits");
        }
        world.clock.advance(KEY_LIFE - Duration::from_secs(1));
        commit(world, "D", &bot, named("d", "M")).await.expect("it commits");
        assert_eq!(rows(world).await, 8);
        world.clock.advance(Duration::from_secs(1));
        commit(world, "E", &bot, named("e", "M")).await.expect("it commits");
        assert_eq!(rows(world).await, 4, "those of d and e");
    }

    async fn what_leaves_at_once_is_there_without_a_draft_and_once(world: &mut World) {
        let bot = installation("bot");
        let event = world.receive_text("A1").await;
        let cause = Cause::Plugin { event: event.id, position: event.position, installation: bot.clone() };
        let id = |text: &[u8]| EffectId::derive_at_once(event.id, &bot, Question::new("now", text, 0).bytes());
        let first = world.outbox.at_once(SESSION, cause.clone(), id(b"1"), send(ADA, "1")).await.expect("it commits");
        assert_eq!(first.effects[0].id, id(b"1"));
        let again = world.outbox.at_once(SESSION, cause.clone(), id(b"1"), send(ADA, "1")).await;
        assert!(matches!(again, Err(CommitError::AlreadyDone)), "{again:?}");
        world.outbox.at_once(SESSION, cause, id(b"2"), send(ADA, "2")).await.expect("it is another");
        let draft = Draft { effects: vec![send(ADA, "3")], ..Draft::default() };
        world.outbox.commit_draft(SESSION, call(&event, &bot), draft).await.expect("the call was not committed before");
        let due = world.outbox.due(SESSION, Default::default(), 10).await.expect("it lists");
        let order: Vec<_> = due.iter().map(|effect| effect.sequence.0).collect();
        assert_eq!((order, due.len()), (vec![1, 2, 3], 3));
    }
}
