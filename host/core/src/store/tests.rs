//! Every engine runs the conformance suite; what only the disk can do wrong is tested beside it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use tempfile::TempDir;

use super::conformance::CASES;
use super::{
    Commit, Expect, HeldStore, KeyRange, MAX_VALUE, MemoryStore, OpenError, Order, SledOptions, SledStore, Space,
    Store, StoreError,
};
use crate::codec;
use crate::id::SessionId;
use crate::migrate::{self, MigrateError, Migration};
use crate::schema::{Key, SCHEMA, system};

fn open(dir: &Path) -> Arc<SledStore> {
    SledStore::open(dir, SledOptions::default()).expect("the directory opens")
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("there is room for a directory")
}

const SPACE: Space = Space::Session(SessionId::new(ulid::Ulid(7)));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    for (name, case) in CASES {
        name_case("memory", name);
        case(MemoryStore::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_keeps_the_contract() {
    for (name, case) in CASES {
        name_case("sled", name);
        let dir = temporary();
        case(open(dir.path())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_store_keeps_the_contract() {
    for (name, case) in CASES {
        name_case("held over sled", name);
        let dir = temporary();
        case(HeldStore::new(open(dir.path()))).await;
    }
}

/// Names the running case in the captured output, which is shown when the test fails.
#[expect(clippy::print_stdout, reason = "the test harness captures it")]
fn name_case(engine: &str, name: &str) {
    println!("{engine}: {name}");
}

#[tokio::test]
async fn what_is_durable_is_there_after_reopening() {
    let dir = temporary();
    let store = open(dir.path());
    let applied = store
        .commit(Commit::durable(SPACE).put("k", vec![7; MAX_VALUE]))
        .await
        .expect("it commits");
    applied.durable().await.expect("it becomes durable");
    store
        .commit(Commit::lazy(SPACE).put("lazy", "1"))
        .await
        .expect("it commits");
    drop(store);
    let store = open(dir.path());
    assert_eq!(
        store.get(SPACE, b"k").await.expect("it reads").map(|value| value.len()),
        Some(MAX_VALUE)
    );
    assert_eq!(
        store.get(SPACE, b"lazy").await.expect("it reads"),
        Some(Bytes::from_static(b"1"))
    );
    store.drop_space(SPACE).await.expect("it drops");
    drop(store);
    assert_eq!(open(dir.path()).get(SPACE, b"k").await.expect("it reads"), None);
}

#[tokio::test]
async fn a_half_written_snapshot_is_no_obstacle() {
    let dir = temporary();
    let store = open(dir.path());
    store
        .commit(Commit::durable(SPACE).put("k", "1"))
        .await
        .expect("it commits")
        .durable()
        .await
        .expect("it is durable");
    drop(store);
    for (name, content) in [
        ("snap.FFFFFFFFFFFFFFF0.generating", vec![]),
        ("snap.0000000000000001.generating", vec![3; 40]),
    ] {
        std::fs::write(dir.path().join(name), content).expect("it plants");
    }
    let store = open(dir.path());
    assert_eq!(
        store.get(SPACE, b"k").await.expect("it reads"),
        Some(Bytes::from_static(b"1"))
    );
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .expect("it lists")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".generating"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_directory_in_use_is_refused_in_words() {
    let dir = temporary();
    let store = open(dir.path());
    let refused = SledStore::open(dir.path(), SledOptions::default()).expect_err("it is in use");
    assert!(
        matches!(&refused, OpenError::Locked { dir: named } if named == dir.path()),
        "{refused:?}"
    );
    let words = refused.to_string();
    assert!(
        words.contains(&dir.path().display().to_string()) && words.contains("another process"),
        "{words}"
    );
    drop(store);
    open(dir.path());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let dir = temporary();
    // As schema 4711 would have left it: the record is `01` (its form) and the number as a variable-length integer.
    let newer = Bytes::from_static(&[1, 0xE7, 0x24]);
    let store = open(dir.path());
    let key = Key::table(system::SCHEMA).finish();
    let commit = Commit::durable(Space::System)
        .put(key.clone(), newer.clone())
        .put("of the future", "1");
    store
        .commit(commit)
        .await
        .expect("it commits")
        .durable()
        .await
        .expect("it is durable");
    drop(store);
    for _ in 0..2 {
        let refused = SledStore::open(dir.path(), SledOptions::default()).expect_err("it is newer");
        assert!(
            matches!(
                refused,
                OpenError::NewerSchema {
                    found: 4711,
                    known: SCHEMA,
                    ..
                }
            ),
            "{refused:?}"
        );
        let words = refused.to_string();
        assert!(
            words.contains("4711") && words.contains(&format!("up to {SCHEMA}")),
            "{words}"
        );
    }
    super::sled::wait_for_lingering_threads(dir.path());
    let db = ::sled::open(dir.path()).expect("sled opens it");
    let tree = db.open_tree("system").expect("it has the tree");
    assert_eq!(tree.get(&key).expect("it reads").as_deref(), Some(newer.as_ref()));
    assert_eq!(tree.len(), 2);
}

#[tokio::test]
async fn a_directory_that_cannot_be_one_is_named() {
    let dir = temporary();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a directory").expect("it writes");
    let refused = SledStore::open(&file, SledOptions::default()).expect_err("it is a file");
    assert!(refused.to_string().contains(&file.display().to_string()), "{refused}");
}

#[tokio::test]
async fn whoever_waits_for_a_held_commit_waits_until_it_is_released() {
    let store = HeldStore::new(MemoryStore::new());
    store.hold();
    let applied = store
        .commit(Commit::durable(SPACE).put("k", "1"))
        .await
        .expect("it commits");
    assert_eq!(
        store.get(SPACE, b"k").await.expect("it reads"),
        Some(Bytes::from_static(b"1"))
    );
    store.until_held(1).await;
    let (durable, ()) = tokio::join!(applied.durable(), async {
        tokio::task::yield_now().await;
        store.release().await;
    });
    durable.expect("it becomes durable");
    store.hold();
    let applied = store
        .commit(Commit::durable(SPACE).put("k", "2"))
        .await
        .expect("it commits");
    store.fail();
    assert!(matches!(applied.durable().await, Err(StoreError::Lost { .. })));
    assert!(matches!(
        store.commit(Commit::durable(SPACE)).await,
        Err(StoreError::Lost { .. })
    ));
}

#[tokio::test]
async fn a_waiter_of_a_lost_writer_is_told() {
    let (flushed, durable) = tokio::sync::oneshot::channel();
    drop(flushed);
    assert!(matches!(
        super::Applied::coming(durable).durable().await,
        Err(StoreError::Lost { .. })
    ));
}

static STEPS: AtomicU32 = AtomicU32::new(0);

/// Doubles every value under `n`, one row a step; repeating a step changes nothing, because doubled values say so.
const DOUBLE: Migration = Migration {
    to: 2,
    about: "doubles the numbers",
    step: |store, place| {
        Box::pin(async move {
            STEPS.fetch_add(1, Ordering::SeqCst);
            let mut range = KeyRange::prefix(b"n");
            if let Some(place) = place {
                range = range.after(&place);
            }
            let rows = store.scan(SPACE, range, Order::Ascending, 1).await?;
            let Some((key, value)) = rows.into_iter().next() else {
                return Ok(None);
            };
            let value = String::from_utf8_lossy(&value).into_owned();
            if let Ok(number) = value.parse::<u32>() {
                store
                    .commit(Commit::lazy(SPACE).put(key.clone(), format!("doubled {}", number * 2)))
                    .await?;
            }
            Ok(Some(key))
        })
    },
};

#[tokio::test]
async fn a_migration_goes_on_where_it_was_interrupted() {
    let store: Arc<dyn Store> = MemoryStore::new();
    migrate::bring_up(&store, 1, &[])
        .await
        .expect("a new store gets its schema");
    store
        .commit(Commit::durable(SPACE).put("n1", "1").put("n2", "2").put("n3", "3"))
        .await
        .expect("it commits");

    // The first run dies after two rows; the place behind the first was stored.
    let mut place = None;
    for _ in 0..2 {
        let key = Key::table(system::MIGRATION).number(2).finish();
        if let Some(place) = place.take() {
            store
                .commit(Commit::lazy(Space::System).put(key, place))
                .await
                .expect("it commits");
        }
        let from = store
            .get(Space::System, &Key::table(system::MIGRATION).number(2).finish())
            .await
            .expect("it reads");
        place = (DOUBLE.step)(Arc::clone(&store), from).await.expect("it steps");
    }
    STEPS.store(0, Ordering::SeqCst);
    migrate::bring_up(&store, 2, &[DOUBLE]).await.expect("it is brought up");
    assert_eq!(
        STEPS.load(Ordering::SeqCst),
        3,
        "the second row again, the third, and the end"
    );
    for (key, value) in [("n1", "doubled 2"), ("n2", "doubled 4"), ("n3", "doubled 6")] {
        assert_eq!(
            store.get(SPACE, key.as_bytes()).await.expect("it reads"),
            Some(Bytes::from_static(value.as_bytes()))
        );
    }
    // Done is done, and an older program refuses what came of it.
    migrate::bring_up(&store, 2, &[DOUBLE])
        .await
        .expect("nothing is left to do");
    assert_eq!(STEPS.load(Ordering::SeqCst), 3);
    let older = migrate::bring_up(&store, 1, &[]).await;
    assert!(matches!(older, Err(MigrateError::NewerSchema { found: 2, known: 1 })));
}

#[test]
fn a_record_of_an_unknown_form_is_damage() {
    let error = codec::decode::<crate::kv::Usage>(b"k", &[9, 0, 0, 0]).expect_err("form 9 is unknown");
    assert!(error.to_string().contains("version 9"), "{error}");
    let error = codec::decode::<crate::kv::Usage>(b"k", &[]).expect_err("nothing is no record");
    assert!(matches!(error, StoreError::Damaged { .. }));
    let error = codec::decode::<crate::kv::Usage>(b"k", &[1, 0x80]).expect_err("half a number");
    assert!(matches!(error, StoreError::Damaged { .. }));
}

#[test]
fn debug_output_shows_no_values() {
    let commit = Commit::durable(SPACE)
        .put("k", "secret")
        .expect(Expect::Equals("k".into(), "secret".into()));
    let shown = format!("{:?} {:?}", commit.ops, commit.expect);
    assert!(!shown.contains("secret") && shown.contains("6 bytes"), "{shown}");
}
