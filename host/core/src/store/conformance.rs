//! What every engine must do, as cases that run on a fresh store.
//!
//! An engine's tests run every case of [`CASES`]. A case fails by panicking, which is why it is named in the message of the caller.

mod snapshots;

use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use ulid::Ulid;

use super::{Commit, Expect, KeyRange, MAX_SCAN, MAX_VALUE, Order, Space, Store, StoreError};
use crate::id::SessionId;

/// A named case; it is given an empty store.
pub type Case = (&'static str, fn(Arc<dyn Store>) -> BoxFuture<'static, ()>);

/// Every case.
pub const CASES: &[Case] = &[
    ("a commit is visible at once, whatever its class", |store| {
        Box::pin(visible_at_once(store))
    }),
    ("a refused commit changes nothing", |store| {
        Box::pin(refused_whole(store))
    }),
    ("preconditions see every earlier commit", |store| {
        Box::pin(preconditions(store))
    }),
    ("a later operation on a key wins", |store| Box::pin(later_wins(store))),
    ("scans follow the order and the limit", |store| Box::pin(scans(store))),
    ("scans of nothing are empty", |store| Box::pin(empty_scans(store))),
    ("spaces do not see each other", |store| {
        Box::pin(spaces_are_apart(store))
    }),
    ("a dropped space is empty and may be used again", |store| {
        Box::pin(dropped(store))
    }),
    ("a value over the cap is refused", |store| Box::pin(value_cap(store))),
    ("one of many racing writers wins a key", |store| Box::pin(racing(store))),
    ("many writers lose nothing", |store| Box::pin(many_writers(store))),
    ("many spaces are written at once, each by itself", |store| {
        Box::pin(many_spaces(store))
    }),
    ("an empty commit and a flush become durable", |store| {
        Box::pin(durable_without_rows(store))
    }),
    ("a commit is durable with all that were before it", |store| {
        Box::pin(prefix_durability(store))
    }),
    ("the spaces there are", |store| {
        Box::pin(snapshots::spaces_are_told(store))
    }),
    ("a snapshot holds a moment", |store| {
        Box::pin(snapshots::hold_a_moment(store))
    }),
    ("a snapshot is behind what was answered", |store| {
        Box::pin(snapshots::are_behind_what_was_answered(store))
    }),
    ("a snapshot of nothing is empty", |store| {
        Box::pin(snapshots::of_nothing_are_empty(store))
    }),
    ("a snapshot of a removed space ends", |store| {
        Box::pin(snapshots::of_removed_spaces_end(store))
    }),
    ("a snapshot is a moment while many write", |store| {
        Box::pin(snapshots::while_many_write(store))
    }),
];

fn space(number: u128) -> Space {
    Space::Session(SessionId::new(Ulid::from(number)))
}

fn key(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn apply(store: &Arc<dyn Store>, commit: Commit) {
    store.commit(commit).await.expect("the commit is good");
}

async fn get(store: &Arc<dyn Store>, space: Space, of: &str) -> Option<Bytes> {
    store.get(space, of.as_bytes()).await.expect("reading works")
}

async fn visible_at_once(store: Arc<dyn Store>) {
    let space = space(1);
    apply(&store, Commit::lazy(space).put("lazy", "1")).await;
    assert_eq!(get(&store, space, "lazy").await, Some(key("1")));
    apply(&store, Commit::durable(space).put("durable", "2").delete("lazy")).await;
    assert_eq!(get(&store, space, "durable").await, Some(key("2")));
    assert_eq!(get(&store, space, "lazy").await, None);
}

async fn refused_whole(store: Arc<dyn Store>) {
    let space = space(1);
    apply(&store, Commit::durable(space).put("there", "1")).await;
    let commit = Commit::durable(space)
        .put("new", "2")
        .delete("there")
        .expect(Expect::Absent(key("there")));
    assert!(matches!(store.commit(commit).await, Err(StoreError::Conflict)));
    assert_eq!(get(&store, space, "new").await, None);
    assert_eq!(get(&store, space, "there").await, Some(key("1")));
}

async fn preconditions(store: Arc<dyn Store>) {
    let space = space(1);
    let create = || Commit::durable(space).put("k", "1").expect(Expect::Absent(key("k")));
    apply(&store, create()).await;
    assert!(matches!(store.commit(create()).await, Err(StoreError::Conflict)));
    let swap = |from: &str, to: &str| {
        Commit::durable(space)
            .put("k", key(to))
            .expect(Expect::Equals(key("k"), key(from)))
    };
    apply(&store, swap("1", "2")).await;
    assert!(matches!(store.commit(swap("1", "3")).await, Err(StoreError::Conflict)));
    assert_eq!(get(&store, space, "k").await, Some(key("2")));
    // Absent keys equal nothing, not even the empty value.
    let absent = Commit::durable(space)
        .put("k", "4")
        .expect(Expect::Equals(key("none"), Bytes::new()));
    assert!(matches!(store.commit(absent).await, Err(StoreError::Conflict)));
    apply(
        &store,
        Commit::durable(space)
            .delete("k")
            .expect(Expect::Equals(key("k"), key("2"))),
    )
    .await;
    apply(&store, create()).await;
}

async fn later_wins(store: Arc<dyn Store>) {
    let space = space(1);
    apply(
        &store,
        Commit::durable(space)
            .put("a", "1")
            .put("a", "2")
            .put("b", "1")
            .delete("b"),
    )
    .await;
    apply(&store, Commit::durable(space).delete("c").put("c", "3")).await;
    assert_eq!(get(&store, space, "a").await, Some(key("2")));
    assert_eq!(get(&store, space, "b").await, None);
    assert_eq!(get(&store, space, "c").await, Some(key("3")));
}

async fn scan(store: &Arc<dyn Store>, space: Space, range: KeyRange, order: Order, limit: usize) -> Vec<String> {
    let rows = store.scan(space, range, order, limit).await.expect("scanning works");
    rows.into_iter()
        .map(|(key, _)| String::from_utf8_lossy(&key).into_owned())
        .collect()
}

async fn scans(store: Arc<dyn Store>) {
    let space = space(1);
    let mut commit = Commit::durable(space);
    for name in ["b1", "a", "b3", "c", "b2", "b"] {
        commit = commit.put(key(name), "x");
    }
    apply(&store, commit).await;
    let b = || KeyRange::prefix(b"b");
    assert_eq!(
        scan(&store, space, b(), Order::Ascending, 10).await,
        ["b", "b1", "b2", "b3"]
    );
    assert_eq!(scan(&store, space, b(), Order::Ascending, 2).await, ["b", "b1"]);
    assert_eq!(scan(&store, space, b(), Order::Descending, 2).await, ["b3", "b2"]);
    assert_eq!(
        scan(&store, space, b().after(b"b1"), Order::Ascending, 2).await,
        ["b2", "b3"]
    );
    let all = KeyRange {
        start: Bytes::new(),
        end: None,
    };
    assert_eq!(scan(&store, space, all, Order::Descending, 1).await, ["c"]);
    let until = KeyRange {
        start: key("a"),
        end: Some(key("b1")),
    };
    assert_eq!(scan(&store, space, until, Order::Ascending, 10).await, ["a", "b"]);

    // Bytes, not text, decide; and a prefix of the largest bytes has no end.
    apply(
        &store,
        Commit::durable(space)
            .put(vec![0xFF, 0xFF], "x")
            .put(vec![0xFF], "x")
            .put(vec![0x00], "x"),
    )
    .await;
    let last = store
        .scan(space, KeyRange::prefix(&[0xFF]), Order::Ascending, 10)
        .await
        .expect("scanning works");
    let keys: Vec<_> = last.into_iter().map(|(key, _)| key.to_vec()).collect();
    assert_eq!(keys, [vec![0xFF], vec![0xFF, 0xFF]]);

    let mut commit = Commit::durable(space);
    for number in 0..=MAX_SCAN as u64 {
        commit = commit.put([b"n", number.to_be_bytes().as_slice()].concat(), "x");
    }
    apply(&store, commit).await;
    assert_eq!(
        scan(&store, space, KeyRange::prefix(b"n"), Order::Ascending, usize::MAX)
            .await
            .len(),
        MAX_SCAN
    );
}

async fn empty_scans(store: Arc<dyn Store>) {
    let space = space(1);
    let range = KeyRange::prefix(b"a");
    assert!(
        scan(&store, space, range.clone(), Order::Ascending, 10)
            .await
            .is_empty()
    );
    apply(&store, Commit::durable(space).put("a", "1").put("z", "1")).await;
    let backwards = KeyRange {
        start: key("z"),
        end: Some(key("a")),
    };
    assert!(scan(&store, space, backwards, Order::Ascending, 10).await.is_empty());
    assert!(
        scan(&store, space, KeyRange::prefix(b"b"), Order::Descending, 10)
            .await
            .is_empty()
    );
    assert!(scan(&store, space, range, Order::Ascending, 0).await.is_empty());
}

async fn spaces_are_apart(store: Arc<dyn Store>) {
    for space in [space(1), space(2), Space::System, Space::Sessions] {
        assert_eq!(get(&store, space, "k").await, None);
        apply(
            &store,
            Commit::durable(space)
                .put("k", format!("{space:?}"))
                .expect(Expect::Absent(key("k"))),
        )
        .await;
    }
    for space in [space(1), space(2), Space::System, Space::Sessions] {
        assert_eq!(get(&store, space, "k").await, Some(key(&format!("{space:?}"))));
    }
}

async fn dropped(store: Arc<dyn Store>) {
    let (one, two) = (space(1), space(2));
    apply(&store, Commit::lazy(one).put("k", "1")).await;
    apply(&store, Commit::lazy(two).put("k", "1")).await;
    store.drop_space(one).await.expect("dropping works");
    assert_eq!(get(&store, one, "k").await, None);
    assert_eq!(get(&store, two, "k").await, Some(key("1")));
    store.drop_space(one).await.expect("dropping twice works");
    store.drop_space(space(3)).await.expect("dropping what never was works");
    apply(
        &store,
        Commit::durable(one).put("k", "2").expect(Expect::Absent(key("k"))),
    )
    .await;
    assert_eq!(get(&store, one, "k").await, Some(key("2")));
}

async fn value_cap(store: Arc<dyn Store>) {
    let space = space(1);
    apply(&store, Commit::durable(space).put("largest", vec![7; MAX_VALUE])).await;
    assert_eq!(
        get(&store, space, "largest").await.map(|value| value.len()),
        Some(MAX_VALUE)
    );
    let commit = Commit::durable(space)
        .put("small", "1")
        .put("too large", vec![7; MAX_VALUE + 1]);
    assert!(matches!(store.commit(commit).await, Err(StoreError::TooLarge { size }) if size == MAX_VALUE + 1));
    assert_eq!(get(&store, space, "small").await, None);
}

async fn together<T: Send + 'static>(futures: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let mut tasks = tokio::task::JoinSet::new();
    for future in futures {
        tasks.spawn(future);
    }
    tasks.join_all().await
}

async fn racing(store: Arc<dyn Store>) {
    let space = space(1);
    for round in 0..20 {
        let name = key(&format!("k{round}"));
        let writers = (0..8).map(|writer| {
            let (store, name) = (Arc::clone(&store), name.clone());
            async move {
                let commit = Commit::durable(space)
                    .put(name.clone(), format!("{writer}"))
                    .expect(Expect::Absent(name));
                store.commit(commit).await.map(|_| writer)
            }
        });
        let winners: Vec<_> = together(writers.collect()).await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "exactly one of eight creates a key");
        let stored = store.get(space, &name).await.expect("reading works");
        assert_eq!(stored, Some(key(&format!("{}", winners[0]))));
    }
}

async fn many_writers(store: Arc<dyn Store>) {
    let writers = (0..16u64).map(|writer| {
        let store = Arc::clone(&store);
        async move {
            // Each writer counts in a key of its own, and all count in a shared one by trying again.
            for count in 0..25u64 {
                let own = Commit::lazy(space(1)).put(writer.to_be_bytes().to_vec(), count.to_be_bytes().to_vec());
                store.commit(own).await.expect("the commit is good");
                loop {
                    let before = store.get(space(2), b"sum").await.expect("reading works");
                    let sum = before
                        .as_ref()
                        .and_then(|sum| Some(u64::from_be_bytes(*sum.first_chunk()?)))
                        .unwrap_or(0);
                    let expect = before.map_or(Expect::Absent(key("sum")), |sum| Expect::Equals(key("sum"), sum));
                    let add = Commit::lazy(space(2))
                        .put("sum", (sum + 1).to_be_bytes().to_vec())
                        .expect(expect);
                    match store.commit(add).await {
                        Ok(_) => break,
                        Err(StoreError::Conflict) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    });
    together(writers.collect()).await;
    assert_eq!(
        get(&store, space(2), "sum").await,
        Some(Bytes::copy_from_slice(&400u64.to_be_bytes()))
    );
    for writer in 0..16u64 {
        let count = store.get(space(1), &writer.to_be_bytes()).await.expect("reading works");
        assert_eq!(count, Some(Bytes::copy_from_slice(&24u64.to_be_bytes())));
    }
}

async fn many_spaces(store: Arc<dyn Store>) {
    let writers = (0..24u128).map(|writer| {
        let store = Arc::clone(&store);
        async move {
            for count in 0..20u32 {
                let (last, next) = (format!("{}", count.wrapping_sub(1)), format!("{count}"));
                let moved = Commit::lazy(space(writer))
                    .delete(last)
                    .put(next.clone(), format!("{writer}"))
                    .put("of", next.clone());
                store.commit(moved).await.expect("the commit is good");
                let refused = Commit::lazy(space(writer))
                    .put("of", "nobody")
                    .expect(Expect::Absent(key(&next)));
                assert!(matches!(store.commit(refused).await, Err(StoreError::Conflict)));
            }
        }
    });
    together(writers.collect()).await;
    for writer in 0..24u128 {
        let all = KeyRange::prefix(b"");
        let rows = store.scan(space(writer), all, Order::Ascending, MAX_SCAN).await;
        let expected = [(key("19"), key(&format!("{writer}"))), (key("of"), key("19"))];
        assert_eq!(rows.expect("reading works"), expected);
    }
}

async fn durable_without_rows(store: Arc<dyn Store>) {
    store.flush().await.expect("flushing an empty store works");
    let applied = store
        .commit(Commit::durable(space(1)))
        .await
        .expect("an empty commit is good");
    applied.durable().await.expect("it becomes durable");
    let applied = store
        .commit(Commit::lazy(space(1)).put("k", "1"))
        .await
        .expect("the commit is good");
    applied
        .durable()
        .await
        .expect("a lazy commit that is waited for becomes durable");
}

async fn prefix_durability(store: Arc<dyn Store>) {
    // An engine that dies here shows in its own tests; here every earlier commit must be durable when a later one is.
    let mut earlier = Vec::new();
    for number in 0..50u128 {
        let commit = Commit::lazy(space(number % 3)).put(format!("{number}"), "1");
        earlier.push(store.commit(commit).await.expect("the commit is good"));
    }
    let last = store
        .commit(Commit::durable(space(9)).put("last", "1"))
        .await
        .expect("the commit is good");
    last.durable().await.expect("it becomes durable");
    for applied in earlier {
        // Ready without waiting: polled once.
        let mut durable = std::pin::pin!(applied.durable());
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(durable.as_mut().poll(context))).await;
        assert!(
            matches!(polled, std::task::Poll::Ready(Ok(()))),
            "an earlier commit is not durable yet"
        );
    }
}
