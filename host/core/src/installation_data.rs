//! Everything that one installation keeps in a session, so that it can be removed with the installation.
//!
//! The installation is not at work any more when this is asked for. Its effects stay, as what an account has sent does; so do values that
//! it shares with others, and records of its calls, which have an age of their own.

use std::sync::Arc;

use crate::id::{InstallationId, SessionId};
use crate::outbox::Outbox;
use crate::progress::Progress;
use crate::schema::{self, Holder, session};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// Tables whose keys begin with the installation, but for those that [`Outbox`] and [`Progress`] know better.
const TABLES: [u8; 5] = [
    session::SCHEDULE,
    session::SCHEDULE_RUN,
    session::SCHEDULE_PAUSE,
    session::SCHEDULE_RULE,
    session::CONFIG_LAYER,
];

/// Removes it; durable when this returns. Can be asked for again when it did not come to its end.
///
/// # Errors
/// Those of the store.
pub async fn remove(
    store: &Arc<dyn Store>,
    outbox: &Outbox,
    progress: &Progress,
    session: SessionId,
    installation: &InstallationId,
) -> Result<(), StoreError> {
    outbox.remove_all(session, installation).await?;
    for table in TABLES {
        remove_rows(&**store, session, table, installation).await?;
    }
    // Last: whoever has no place in the log has nothing else either.
    progress.remove(session, installation).await?;
    store
        .commit(Commit::durable(Space::Session(session)))
        .await?
        .durable()
        .await
}

/// Removes the rows of one table whose keys begin with one holder.
pub(crate) async fn remove_rows(
    store: &dyn Store,
    session: SessionId,
    table: u8,
    holder: &impl Holder,
) -> Result<(), StoreError> {
    let space = Space::Session(session);
    loop {
        let range = KeyRange::prefix(schema::of(table, holder).as_slice());
        let rows = store.scan(space, range, Order::Ascending, MAX_SCAN).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut commit = Commit::lazy(space);
        commit.ops.extend(rows.into_iter().map(|(key, _)| Op::Delete(key)));
        store.commit(commit).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMs;
    use crate::draft::{Draft, KvEntry, KvKey, KvScope, KvWrite, Missed, Pot, Timer, TimerChange, TimerRule};
    use crate::event::Position;
    use crate::fixture::{NOON, SESSION, World, call, installation, jid, message_of, schedule};
    use crate::progress::{DeadLetter, Started};

    fn value() -> KvWrite {
        KvWrite {
            key: KvKey {
                scope: KvScope::Session,
                key: "seen".into(),
            },
            entry: Some(KvEntry {
                value: b"1".to_vec(),
                revision: 1,
                expires_at: None,
            }),
        }
    }

    #[tokio::test]
    async fn nothing_of_one_is_left_and_nothing_of_another_is_touched() {
        let world = World::in_memory();
        let ada = jid("4915100000001");
        let party = crate::address::Party::known_as(ada.clone());
        let event = world
            .receive(message_of(ada, party, "A1", "hello"))
            .await
            .expect("it is new");
        let both = [installation("echo"), installation("echo-2")];
        for id in &both {
            world
                .progress
                .start_at(SESSION, id, Position(0))
                .await
                .expect("it starts");
            let draft = Draft {
                kv: vec![value()],
                timers: vec![TimerChange::Set(Timer {
                    id: schedule("tea"),
                    rule: TimerRule::At(UnixMs(NOON.0 + 1000)),
                    zone: "UTC".into(),
                    missed: Missed::Once,
                    payload: Vec::new(),
                    origin: None,
                    next: UnixMs(NOON.0 + 1000),
                    previous: None,
                })],
                ..Draft::default()
            };
            world
                .outbox
                .commit_draft(SESSION, call(&event, id), draft)
                .await
                .expect("it commits");
            let letter = DeadLetter {
                event: event.id,
                attempts: 1,
                error: "it trapped".into(),
                at: NOON,
                kind: "message".into(),
            };
            world
                .progress
                .park(SESSION, id, Position(1), &letter)
                .await
                .expect("it parks");
            world
                .progress
                .advance(SESSION, id, Position(1))
                .await
                .expect("it advances");
        }
        let store: Arc<dyn Store> = world.store.clone();
        let timers = world.outbox.timers();
        assert_eq!(timers.due(SESSION, UnixMs(u64::MAX), 10).await.expect("read").len(), 2);
        let rows = async |id: &InstallationId| {
            let all = KeyRange {
                start: bytes::Bytes::new(),
                end: None,
            };
            let rows = store
                .scan(Space::Session(SESSION), all, Order::Ascending, 1000)
                .await
                .expect("it scans");
            let name = [id.as_str().as_bytes(), b"\0"].concat();
            // Effects and events know whose they are in their values, not in their keys.
            rows.iter()
                .filter(|(key, _)| key.get(1..).is_some_and(|rest| rest.starts_with(&name)))
                .count()
        };
        let before = (rows(&both[0]).await, rows(&both[1]).await);
        assert_eq!(before.0, before.1);
        assert!(before.0 >= 5, "{before:?}");
        for _ in 0..2 {
            remove(&store, &world.outbox, &world.progress, SESSION, &both[0])
                .await
                .expect("removed");
        }
        assert_eq!((rows(&both[0]).await, rows(&both[1]).await), (0, before.1));
        // What is in memory is gone too.
        let due = timers.due(SESSION, UnixMs(u64::MAX), 10).await.expect("read");
        assert_eq!(due.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&both[1]]);
        let cursor = world.progress.load(SESSION, &both[0]).await.expect("read");
        assert_eq!((cursor.started, cursor.low), (Started::No, Position(0)));
        world
            .progress
            .start_at(SESSION, &both[0], Position(0))
            .await
            .expect("it starts");
        world
            .progress
            .advance(SESSION, &both[0], Position(1))
            .await
            .expect("it advances");
        assert_eq!(
            world.progress.load(SESSION, &both[0]).await.expect("read").low,
            Position(1)
        );
        // Nor is what was counted.
        let again = message_of(
            jid("4915100000001"),
            crate::address::Party::known_as(jid("4915100000001")),
            "A2",
            "again",
        );
        let again = world.receive(again).await.expect("it is new");
        let draft = Draft {
            kv: vec![value()],
            ..Draft::default()
        };
        world
            .outbox
            .commit_draft(SESSION, call(&again, &both[0]), draft)
            .await
            .expect("it commits");
        let usage = world
            .outbox
            .kv()
            .usage(SESSION, &both[0], &Pot::Own)
            .await
            .expect("read");
        assert_eq!(usage.keys, 1);
        let kept = world
            .outbox
            .kv()
            .usage(SESSION, &both[1], &Pot::Own)
            .await
            .expect("read");
        assert_eq!(kept.keys, 1);
    }
}
