use crate::event::Position;
use crate::fixture::{NOON, SESSION, World, jid, message, on_every_engine};
use crate::id::{SessionId, SessionName};
use crate::log::Incoming;
use crate::schema;
use crate::session::{Desired, SessionError, SessionRecord, Sessions};
use crate::store::{Commit, KeyRange, Order, Space};

const ADA: &str = "4915100000001@s.whatsapp.net";

async fn register(world: &World) -> Sessions {
    Sessions::open(world.store.clone()).await.expect("the register opens")
}

async fn create(world: &World, sessions: &Sessions, name: &str) -> Result<SessionRecord, SessionError> {
    let name: SessionName = name.parse().expect("a name");
    sessions
        .create(name, Desired::Connected, &*world.clock, &*world.ids)
        .await
}

async fn rows(world: &World, space: Space) -> usize {
    let all = KeyRange {
        start: Default::default(),
        end: None,
    };
    world
        .store
        .scan(space, all, Order::Ascending, 1000)
        .await
        .expect("it scans")
        .len()
}

on_every_engine! {
    async fn sessions_are_found_by_id_and_by_name(world: &mut World) {
        let sessions = register(world).await;
        let sales = create(world, &sessions, "sales").await.expect("it creates");
        assert_eq!((sales.created_at, &sales.jid, sales.desired), (NOON, &None, Desired::Connected));
        world.clock.advance(std::time::Duration::from_secs(1));
        let support = create(world, &sessions, "support").await.expect("it creates");
        let taken = create(world, &sessions, "sales").await.expect_err("it is taken");
        assert!(matches!(&taken, SessionError::NameTaken { name } if name.as_str() == "sales"), "{taken}");
        drop(sessions);
        world.restart();
        let sessions = register(world).await;
        assert_eq!(sessions.list().await.expect("it lists"), [sales.clone(), support]);
        assert_eq!(sessions.get(sales.id).await.expect("it reads"), Some(sales.clone()));
        assert_eq!(sessions.by_name(&sales.name).await.expect("it reads"), Some(sales));
        assert_eq!(sessions.get(SESSION).await.expect("it reads"), None);
        assert_eq!(sessions.by_name(&"nobody".parse().expect("a name")).await.expect("it reads"), None);
    }

    async fn a_record_is_updated_without_losing_another_update(world: &mut World) {
        let sessions = register(world).await;
        let sales = create(world, &sessions, "sales").await.expect("it creates");
        let (paired, named) = tokio::join!(
            sessions.update(sales.id, |record| record.jid = Some(jid(ADA))),
            sessions.update(sales.id, |record| record.push_name = Some("Sales".into())),
        );
        assert!(paired.is_ok() && named.is_ok());
        let record = sessions.get(sales.id).await.expect("it reads").expect("it is there");
        assert_eq!((record.jid, record.push_name.as_deref()), (Some(jid(ADA)), Some("Sales")));
        // Neither name nor id can be changed here.
        let kept = sessions.update(sales.id, |record| record.name = "other".parse().expect("a name")).await.expect("it updates");
        assert_eq!(kept.name.as_str(), "sales");
        assert!(matches!(sessions.update(SESSION, |_| ()).await, Err(SessionError::Unknown { id: SESSION })));
    }

    async fn a_removed_session_leaves_nothing(world: &mut World) {
        let sessions = register(world).await;
        let sales = create(world, &sessions, "sales").await.expect("it creates");
        let kept = create(world, &sessions, "kept").await.expect("it creates");
        for id in [sales.id, kept.id] {
            let incoming = vec![Incoming::from(message(ADA, "A1", &"long".repeat(50_000)))];
            world.log.append(id, incoming).await.expect("it appends");
        }
        sessions.remove(sales.id).await.expect("it removes");
        world.log.forget(sales.id);
        world.outbox.forget(sales.id);
        assert_eq!(rows(world, Space::Session(sales.id)).await, 0);
        assert_eq!(sessions.get(sales.id).await.expect("it reads"), None);
        assert!(matches!(sessions.remove(sales.id).await, Err(SessionError::Unknown { .. })));
        assert!(rows(world, Space::Session(kept.id)).await > 0);
        assert_eq!(world.log.head(sales.id).await.expect("it reads"), Position(0));
        // The name is free, for another session.
        assert_ne!(create(world, &sessions, "sales").await.expect("it creates").id, sales.id);
        // What was written late is gone after the next start, and so is the tombstone.
        world.store.commit(Commit::durable(Space::Session(sales.id)).put("late", "1")).await.expect("it commits");
        drop(sessions);
        world.restart();
        let sessions = register(world).await;
        assert_eq!(rows(world, Space::Session(sales.id)).await, 0);
        assert_eq!(sessions.list().await.expect("it lists").len(), 2);
        assert_eq!(rows(world, Space::Sessions).await, 4, "two records and two names");
    }

    async fn an_interrupted_removal_is_finished_at_the_next_start(world: &mut World) {
        let half_gone = SessionId::new(ulid::Ulid(42));
        let commit = Commit::durable(Space::Sessions).put(schema::tombstone(half_gone), vec![1]);
        world.store.commit(commit).await.expect("it commits");
        world.store.commit(Commit::durable(Space::Session(half_gone)).put("k", "1")).await.expect("it commits");
        world.restart();
        let sessions = register(world).await;
        assert_eq!(rows(world, Space::Session(half_gone)).await, 0);
        assert_eq!(rows(world, Space::Sessions).await, 0);
        assert_eq!(sessions.list().await.expect("it lists"), []);
    }
}
