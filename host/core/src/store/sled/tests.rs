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
    let config = sled::Config::new().path(dir.path());
    let db = config.open().expect("sled opens it");
    // What cannot be synced, and what can.
    let (bad, good) = (
        File::open("/dev/null").expect("it opens"),
        File::open(dir.path()).expect("it opens"),
    );
    let meters = Meters::new(Arc::new(SystemClock::new()));
    let fresh = || Poison::new(Ending::begin(dir.path()).0, config.clone());
    let (flusher, poison) = (Arc::new(Flusher::new(meters)), fresh());
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
    flusher.run(&db, &good, &fresh());
    durable
        .blocking_recv()
        .expect("it is answered")
        .expect("without the failure before it, it would have worked");
}

/// Where the process finds its directory that cannot write much.
#[cfg(target_os = "linux")]
const CRAMPED: &str = "WASPNEST_TEST_CRAMPED";

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_meets_a_write_that_failed_loses_the_store() {
    if let Some(dir) = std::env::var_os(CRAMPED) {
        return meets_a_write_that_failed(std::path::Path::new(&dir));
    }
    // A limit of the whole process, so this happens in another one. Without the signal that tells of it a write beyond the limit fails.
    let dir = tempfile::tempdir().expect("there is room for a directory");
    let name = "store::sled::tests::a_reader_that_meets_a_write_that_failed_loses_the_store";
    let ended = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().expect("this program has a path"))
        .arg(name)
        .env(CRAMPED, dir.path())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "it ended with {}: {said}",
        ended.status
    );
}

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn meets_a_write_that_failed(dir: &std::path::Path) {
    let meters = Meters::new(Arc::new(SystemClock::new()));
    let store = SledStore::open_measured(dir, SledOptions::default(), meters).expect("the directory opens");
    // Durable, so that the flusher is done with it and does not notice either.
    let applied = store.commit(Commit::durable(SPACE).put("k", "1")).await;
    applied.expect("it commits").durable().await.expect("it is durable");
    // Past the writer, which would notice.
    let tree = store.trees.get(SPACE).expect("the space is there");
    let full = (0_u32..10_000).any(|nth| tree.insert(nth.to_be_bytes(), vec![0; 4096]).is_err());
    assert!(full, "there was room for everything");
    assert!(store.poison.check().is_ok(), "nobody has met it yet");
    // A reader may still find what it wants in memory; what fails now fails because sled gave up.
    let error = tree.insert(b"k", b"2").expect_err("sled has given up");
    assert!(is_lost(Err::<(), _>(store.poison.read_error(error))));
    assert!(is_lost(store.get(SPACE, b"k").await));
    assert!(matches!(store.until_lost().await, StoreError::Lost { .. }));
    drop(store);
    let (_, last) = Ending::look(dir);
    assert_eq!(last, LastEnd::StoreLost);
}
