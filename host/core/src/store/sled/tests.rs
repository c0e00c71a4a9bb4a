//! What happens when the disk fails.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::ending::Ending;
use super::flusher::{Flusher, Waiter};
use super::writer::Dirty;
use super::{LOCK, LastEnd, Poison, SledOptions, SledStore};
use crate::clock::SystemClock;
use crate::id::SessionId;
use crate::store::{Class, Commit, KeyRange, Meters, Order, Space, Store, StoreError};

const SPACE: Space = Space::Session(SessionId::new(ulid::Ulid(7)));

fn is_lost<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Lost { .. }))
}

#[tokio::test]
async fn a_lost_store_answers_nothing_more_until_it_is_opened_again() {
    let dir = tempfile::tempdir().expect("there is room for a directory");
    let open = || {
        let meters = Meters::new(Arc::new(SystemClock::new()));
        SledStore::open_measured(dir.path(), SledOptions::default(), meters).expect("the directory opens")
    };
    let store = open();
    let applied = store
        .commit(Commit::durable(SPACE).put("k", "1"))
        .await
        .expect("it commits");
    applied.durable().await.expect("it is durable");
    store.poison.set("a test broke it".into());
    assert!(is_lost(store.commit(Commit::durable(SPACE).put("k", "2")).await));
    assert!(is_lost(store.get(SPACE, b"k").await));
    assert!(is_lost(
        store.scan(SPACE, KeyRange::prefix(b"k"), Order::Ascending, 1).await
    ));
    assert!(is_lost(store.flush().await));
    assert!(is_lost(store.drop_space(SPACE).await));
    drop(store);
    let again = open();
    assert_eq!(
        again.get(SPACE, b"k").await.expect("it reads").as_deref(),
        Some(b"1".as_slice())
    );
    assert_eq!(again.last_end(), LastEnd::StoreLost);
}

#[test]
fn a_directory_knows_how_it_was_given_up() {
    let dir = tempfile::tempdir().expect("there is room for a directory");
    let open = || {
        let meters = Meters::new(Arc::new(SystemClock::new()));
        SledStore::open_measured(dir.path(), SledOptions::default(), meters).expect("the directory opens")
    };
    let first = open();
    assert_eq!(first.last_end(), LastEnd::Unknown);
    drop(first);
    let looking = SledStore::open(dir.path(), SledOptions::default()).expect("the directory opens");
    drop(looking);
    let second = open();
    assert_eq!(second.last_end(), LastEnd::InOrder);
    let told = std::fs::read_to_string(dir.path().join(LOCK)).expect("it reads");
    assert_eq!(
        told.trim_end(),
        LastEnd::BrokenOff.name(),
        "what is said if nothing else can be"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_sync_that_failed_is_not_tried_again() {
    let dir = tempfile::tempdir().expect("there is room for a directory");
    let db = sled::open(dir.path()).expect("sled opens it");
    // What cannot be synced, and what can.
    let (bad, good) = (
        File::open("/dev/null").expect("it opens"),
        File::open(dir.path()).expect("it opens"),
    );
    let meters = Meters::new(Arc::new(SystemClock::new()));
    let (flusher, poison) = (Arc::new(Flusher::new(meters)), Poison::new(Ending::begin(dir.path()).0));
    let waiting = |flushed| Waiter { flushed, since: None };
    for data in [&bad, &good] {
        let (flushed, durable) = oneshot::channel();
        flusher.add(vec![waiting(flushed)], Class::Durable, Dirty::Yes);
        flusher.close();
        flusher.run(&db, data, &poison);
        assert!(is_lost(durable.blocking_recv().expect("it is answered")));
    }
    let (flushed, durable) = oneshot::channel();
    flusher.add(vec![waiting(flushed)], Class::Durable, Dirty::Yes);
    flusher.close();
    flusher.run(&db, &good, &Poison::new(Ending::begin(dir.path()).0));
    durable
        .blocking_recv()
        .expect("it is answered")
        .expect("without the failure before it, it would have worked");
}
