//! What a draft publishes is in the log with everything else of it, or not at all.

use crate::draft::{Draft, Publication};
use crate::event::{Event, EventKind, Position};
use crate::fixture::{MuteStore, SESSION, World, call, installation, on_every_engine, send};
use crate::outbox::CommitError;

const ADA: &str = "4915100000001@s.whatsapp.net";

fn publishing(bodies: &[&str]) -> Draft {
    let publication = |body: &&str| Publication {
        topic: "orders.placed".parse().expect("a topic"),
        body: body.as_bytes().to_vec(),
        hops: 1,
    };
    Draft {
        effects: vec![send(ADA, "published")],
        topics: bodies.iter().map(publication).collect(),
        ..Draft::default()
    }
}

async fn all(world: &World) -> Vec<Event> {
    world.log.read(SESSION, Position(0), 100).await.expect("it reads")
}

fn bodies(events: &[Event]) -> Vec<String> {
    let body = |event: &Event| match &event.kind {
        EventKind::Topic(topic) => String::from_utf8(topic.body.clone()).expect("text"),
        other => other.name().to_owned(),
    };
    events.iter().map(body).collect()
}

on_every_engine! {
    async fn topics_have_the_next_positions_and_the_chat_of_their_event(world: &mut World) {
        let shop = installation("shop");
        let event = world.receive_text("A1").await;
        let wake = world.log.wake(SESSION);
        let committed = world.outbox.commit_draft(SESSION, call(&event, &shop), publishing(&["1", "2"])).await.expect("it commits");
        assert_eq!(*wake.borrow(), Position(3));
        committed.applied.durable().await.expect("it is durable");
        world.receive_text("A2").await;
        world.restart();
        world.receive_text("A3").await;
        let events = all(world).await;
        assert_eq!(bodies(&events), ["message", "1", "2", "message", "message"]);
        let positions: Vec<_> = events.iter().map(|event| event.position.0).collect();
        assert_eq!(positions, [1, 2, 3, 4, 5]);
        let EventKind::Topic(topic) = &events[1].kind else { panic!("{events:?}") };
        assert_eq!((&topic.publisher, topic.hops), (&shop, 1));
        let origin = topic.origin.as_ref().expect("a chat");
        assert_eq!((origin.chat.to_string().as_str(), origin.sender.is_some()), (ADA, true));
        assert_eq!(events[1].kind.chat(), event.kind.chat());
    }

    async fn a_call_that_was_committed_before_publishes_nothing_more(world: &mut World) {
        let shop = installation("shop");
        let event = world.receive_text("A1").await;
        world.outbox.commit_draft(SESSION, call(&event, &shop), publishing(&["1"])).await.expect("it commits");
        let again = world.outbox.commit_draft(SESSION, call(&event, &shop), publishing(&["2"])).await;
        assert!(matches!(again, Err(CommitError::AlreadyDone)));
        world.receive_text("A2").await;
        assert_eq!(bodies(&all(world).await), ["message", "1", "message"]);
    }

    async fn positions_stay_dense_when_many_publish_and_many_write(world: &mut World) {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..20 {
            let event = world.receive_text(&format!("A{number}")).await;
            let outbox = world.outbox.clone();
            tasks.spawn(async move {
                let shop = installation("shop");
                outbox.commit_draft(SESSION, call(&event, &shop), publishing(&["1", "2"])).await.map(|_| ())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("no panic").expect("it commits");
        }
        let positions: Vec<_> = all(world).await.iter().map(|event| event.position.0).collect();
        assert_eq!(positions, (1..=60).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn whoever_drops_a_commit_that_publishes_takes_nothing_back() {
    let store = MuteStore::new();
    let world = World::over(store.clone());
    let shop = installation("shop");
    let event = world.receive_text("A1").await;
    // What is first read of an outbox is read behind a commit of its own.
    world.outbox.due(SESSION, Position(0), 1).await.expect("it lists");
    store
        .drop_after_commit(
            world
                .outbox
                .commit_draft(SESSION, call(&event, &shop), publishing(&["1"])),
        )
        .await;
    world.receive_text("A2").await;
    assert_eq!(bodies(&all(&world).await), ["message", "1", "message"]);
}
