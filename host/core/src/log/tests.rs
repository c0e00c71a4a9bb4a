use std::task::Poll;

use crate::address::Party;
use crate::event::Position;
use crate::fixture::{MuteStore, NOON, SESSION, World, in_message, jid, message, message_of, on_every_engine};
use crate::id::SessionId;
use crate::log::{Incoming, LogError};
use crate::message::{MessageKey, Origin};
use crate::store::{Expect, HeldStore, MemoryStore, Op, Space, StoreError};

const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const BOB: &str = "4915100000002@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

fn ada_by_both() -> Party {
    Party {
        jid: jid(ADA_LID),
        alt: Some(jid(ADA)),
        push_name: None,
    }
}

on_every_engine! {
    async fn positions_are_dense_and_survive_a_restart(world: &mut World) {
        assert_eq!(world.log.head(SESSION).await.expect("it reads"), Position(0));
        let batch = ["A1", "A2", "A3"].map(|id| Incoming::from(message(ADA, id, "hi"))).to_vec();
        let appended = world.log.append(SESSION, batch).await.expect("it appends");
        assert_eq!(appended.events.iter().map(|event| event.position.0).collect::<Vec<_>>(), [1, 2, 3]);
        appended.applied.durable().await.expect("it becomes durable");
        world.restart();
        assert_eq!(world.log.head(SESSION).await.expect("it reads"), Position(3));
        assert_eq!(world.receive_text("A4").await.position, Position(4));
        assert!(world.receive(message(ADA, "A1", "hi")).await.is_none());

        let read = world.log.read(SESSION, Position(1), 2).await.expect("it reads");
        assert_eq!(read.iter().map(|event| event.position.0).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(world.log.read(SESSION, Position(4), 10).await.expect("it reads"), []);
        let third = world.log.get(SESSION, Position(3)).await.expect("it reads").expect("it is there");
        assert_eq!((&third, third.received_at), (&appended.events[2], NOON));
        assert_eq!(world.log.get(SESSION, Position(5)).await.expect("it reads"), None);
        // Another session has a log of its own.
        let other = SessionId::new(ulid::Ulid(8));
        let appended = world.log.append(other, vec![message(ADA, "A1", "hi").into()]).await.expect("it appends");
        assert_eq!(appended.events[0].position, Position(1));
    }

    async fn positions_are_dense_when_many_append(world: &mut World) {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let log = world.log.clone();
            tasks.spawn(async move {
                for number in 0..20 {
                    let incoming = message(ADA, &format!("W{writer}-{number}"), "hi").into();
                    log.append(SESSION, vec![incoming]).await.expect("it appends");
                }
            });
        }
        tasks.join_all().await;
        let events = world.log.read(SESSION, Position(0), 1000).await.expect("it reads");
        assert!(events.iter().map(|event| event.position.0).eq(1..=160));
        let mut ids: Vec<_> = events.iter().map(|event| event.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 160);
    }

    async fn a_message_is_recorded_once(world: &mut World) {
        let batch = ["A1", "A1", "A2"].map(|id| Incoming::from(message(ADA, id, "hi"))).to_vec();
        let appended = world.log.append(SESSION, batch).await.expect("it appends");
        assert_eq!((appended.events.len(), appended.duplicates), (2, 1));
        assert!(world.receive(message(ADA, "A2", "said again")).await.is_none());
        // The same id is another message from somebody else, in another chat, or from the account itself.
        assert!(world.receive(message(BOB, "A1", "hi")).await.is_some());
        let in_group = |sender: &str| message_of(jid(GROUP), Party::known_as(jid(sender)), "A1", "hi");
        assert!(world.receive(in_group(ADA)).await.is_some());
        assert!(world.receive(in_group(BOB)).await.is_some());
        assert!(world.receive(in_group(ADA)).await.is_none());
        let mut own = message(ADA, "A1", "hi");
        if let crate::event::EventKind::Message(message) = &mut own {
            message.key.from = Origin::Me;
        }
        assert!(world.receive(own.clone()).await.is_some());
        assert!(world.receive(own).await.is_none());
    }

    async fn a_person_is_one_by_phone_and_by_lid(world: &mut World) {
        // First only the LID is known, so that is what the message is filed under.
        let first = world.receive(message(ADA_LID, "A1", "hi")).await.expect("it is new");
        assert_eq!(in_message(&first).key.chat, jid(ADA_LID));
        // Then both are told: the same message comes again, and a new one.
        assert!(world.receive(message_of(jid(ADA_LID), ada_by_both(), "A1", "hi")).await.is_none());
        let second = world.receive(message_of(jid(ADA_LID), ada_by_both(), "A2", "hi")).await.expect("it is new");
        assert_eq!(in_message(&second).key.chat, jid(ADA));
        world.restart();
        // From now on each stands for both.
        for from in [ADA, ADA_LID] {
            assert!(world.receive(message(from, "A1", "hi")).await.is_none(), "{from}");
            assert!(world.receive(message(from, "A2", "hi")).await.is_none(), "{from}");
        }
        let third = world.receive(message(ADA_LID, "A3", "hi")).await.expect("it is new");
        assert_eq!(in_message(&third).key.chat, jid(ADA));
        assert_eq!(in_message(&third).sender, Party { jid: jid(ADA_LID), alt: Some(jid(ADA)), push_name: None });
        assert!(world.receive(message(ADA, "A3", "hi")).await.is_none());
        for (chat, id, position) in [(ADA, "A1", 1), (ADA_LID, "A1", 1), (ADA, "A3", 3), (ADA_LID, "A3", 3)] {
            let key = MessageKey { chat: jid(chat), id: id.parse().expect("an id"), from: Origin::Them, participant: None };
            let found = world.log.find_message(SESSION, &key).await.expect("it reads").expect("it is there");
            assert_eq!(found.position, Position(position), "{chat} {id}");
        }
    }

    async fn one_delivery_by_each_address_in_one_batch_is_one_message(world: &mut World) {
        let batch = vec![
            message(ADA_LID, "A1", "hi").into(),
            message_of(jid(ADA), ada_by_both(), "A1", "hi").into(),
            message_of(jid(GROUP), Party::known_as(jid(ADA_LID)), "G1", "hi").into(),
            message_of(jid(GROUP), Party { jid: jid(ADA), alt: Some(jid(ADA_LID)), push_name: None }, "G1", "hi").into(),
        ];
        let appended = world.log.append(SESSION, batch).await.expect("it appends");
        assert_eq!((appended.events.len(), appended.duplicates), (2, 2));
    }

    async fn what_is_learned_outside_counts_too(world: &mut World) {
        let contacts = world.log.contacts();
        contacts.learn(SESSION, &[(jid(ADA), jid(ADA_LID)), (jid(GROUP), jid(BOB))]).await.expect("it learns");
        assert_eq!(contacts.canonical(SESSION, &Party::known_as(jid(ADA_LID))).await.expect("it reads"), jid(ADA));
        assert_eq!(contacts.canonical(SESSION, &Party::known_as(jid(GROUP))).await.expect("it reads"), jid(GROUP));
        assert!(world.receive(message(ADA_LID, "A1", "hi")).await.is_some());
        assert!(world.receive(message(ADA, "A1", "hi")).await.is_none());
        world.restart();
        let contacts = world.log.contacts();
        assert_eq!(contacts.canonical(SESSION, &Party::known_as(jid(ADA_LID))).await.expect("it reads"), jid(ADA));
    }

    async fn a_message_larger_than_a_value_is_whole(world: &mut World) {
        let body = "ä".repeat(100_000);
        let event = world.receive(message(ADA, "A1", &body)).await.expect("it is new");
        world.receive_text("A2").await;
        world.restart();
        let read = world.log.read(SESSION, Position(0), 10).await.expect("it reads");
        assert_eq!(read.len(), 2);
        assert!(read[0] == event && in_message(&read[0]).plain_text() == Some(&*body));

        let too_large = message(ADA, "A3", &"x".repeat(17 * 1024 * 1024));
        let refused = world.log.append(SESSION, vec![too_large.into()]).await;
        assert!(matches!(refused, Err(LogError::Store(StoreError::TooLarge { .. }))));
        assert_eq!(world.receive_text("A4").await.position, Position(3));
    }

    async fn what_belongs_to_an_event_is_committed_with_it(world: &mut World) {
        let with = |id: &str, value: &'static str| Incoming {
            also: vec![Op::Put("beside".into(), value.into())],
            ..Incoming::from(message(ADA, id, "hi"))
        };
        let stored = |world: &World| {
            let store = world.store.clone();
            async move { store.get(Space::Session(SESSION), b"beside").await.expect("it reads") }
        };
        world.log.append(SESSION, vec![with("A1", "1")]).await.expect("it appends");
        assert_eq!(stored(world).await.as_deref(), Some(b"1".as_slice()));
        // A duplicate takes its rows with it.
        world.log.append(SESSION, vec![with("A1", "2")]).await.expect("it appends");
        assert_eq!(stored(world).await.as_deref(), Some(b"1".as_slice()));
        // An expectation that does not hold keeps everything back, and costs no position.
        let expecting = Incoming { expect: vec![Expect::Absent("beside".into())], ..with("A2", "3") };
        let refused = world.log.append(SESSION, vec![message(ADA, "A3", "hi").into(), expecting]).await;
        assert!(matches!(refused, Err(LogError::Conflict)));
        assert_eq!(stored(world).await.as_deref(), Some(b"1".as_slice()));
        assert_eq!(world.receive_text("A3").await.position, Position(2));
    }

    async fn new_positions_are_told(world: &mut World) {
        let mut wake = world.log.wake(SESSION);
        world.receive_text("A1").await;
        assert_eq!(*wake.wait_for(|head| *head >= Position(1)).await.expect("the log is there"), Position(1));
        world.receive(message(ADA, "A1", "hi")).await;
        assert!(!wake.has_changed().expect("the log is there"), "a duplicate is nothing new");
    }
}

/// Whether a future is ready without waiting.
async fn is_ready<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    std::future::poll_fn(|context| {
        Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_duplicate_is_durable_only_when_the_original_is() {
    let store = HeldStore::new(MemoryStore::new());
    let world = World::over(store.clone());
    store.hold();
    let original = world
        .log
        .append(SESSION, vec![message(ADA, "A1", "hi").into()])
        .await
        .expect("it appends");
    let again = world
        .log
        .append(SESSION, vec![message(ADA, "A1", "hi").into()])
        .await
        .expect("it appends");
    assert_eq!((again.events.len(), again.duplicates), (0, 1));
    // Readers see it at once; whoever acknowledges waits.
    assert_eq!(
        world.log.read(SESSION, Position(0), 10).await.expect("it reads").len(),
        1
    );
    let mut waiting = Box::pin(again.applied.durable());
    assert!(is_ready(&mut waiting).await.is_none());
    store.release().await;
    original.applied.durable().await.expect("it is durable");
    waiting.await.expect("so is the duplicate");
}

#[tokio::test]
async fn nothing_is_acknowledged_when_the_store_is_lost() {
    let store = HeldStore::new(MemoryStore::new());
    let world = World::over(store.clone());
    store.hold();
    let appended = world
        .log
        .append(SESSION, vec![message(ADA, "A1", "hi").into()])
        .await
        .expect("it appends");
    store.fail();
    assert!(matches!(appended.applied.durable().await, Err(StoreError::Lost { .. })));
    assert!(matches!(
        world.log.append(SESSION, vec![]).await,
        Err(LogError::Store(StoreError::Lost { .. }))
    ));
}

#[tokio::test]
async fn an_append_whose_caller_is_gone_keeps_its_position() {
    let store = MuteStore::new();
    let world = World::over(store.clone());
    let first = world.receive_text("A1").await;
    let append = |id: &'static str| world.log.append(SESSION, vec![message(ADA_LID, id, "hi").into()]);
    store.drop_after_commit(append("A2")).await;
    let next = world
        .receive(message_of(jid(ADA), ada_by_both(), "A3", "hi"))
        .await
        .expect("it is new");
    assert_eq!(next.position, Position(3));
    let events = world.log.read(SESSION, Position(0), 10).await.expect("it reads");
    assert_eq!(events.len(), 3);
    assert_eq!(
        (&events[0], in_message(&events[1]).key.id.as_str(), &events[2]),
        (&first, "A2", &next)
    );
    // It is known that it was filed under the LID, too.
    assert!(world.receive(message(ADA, "A2", "hi")).await.is_none());
}
