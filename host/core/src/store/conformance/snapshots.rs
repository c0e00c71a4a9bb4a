//! What every engine must do about snapshots.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::{apply, key, space};
use crate::store::{Commit, Page, Snapshot, Space, Store};

type Rows = BTreeMap<Bytes, Bytes>;

/// Everything that is left of a snapshot.
async fn rest(snapshot: &mut dyn Snapshot) -> Rows {
    let mut rows = Rows::new();
    loop {
        match snapshot.next().await.expect("reading works") {
            Page::Rows(page) => {
                assert!(!page.is_empty(), "a page without rows is the end");
                for (key, value) in page {
                    let before = rows.last_key_value().is_none_or(|(last, _)| *last < key);
                    assert!(before, "rows come by key");
                    rows.insert(key, value);
                }
            }
            Page::End => return rows,
            Page::Removed => panic!("nobody removed it"),
        }
    }
}

fn number(number: u32) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

pub(super) async fn hold_a_moment(store: Arc<dyn Store>) {
    let (one, two) = (space(1), space(2));
    let mut before = Rows::new();
    let mut commit = Commit::lazy(one);
    for n in 0..3000 {
        commit = commit.put(number(n * 2), "before");
        before.insert(number(n * 2), key("before"));
    }
    apply(&store, commit).await;
    apply(&store, Commit::lazy(two).put("k", "2")).await;
    let mut snapshot = store.snapshot(one).await.expect("there is one");
    let mut again = store.snapshot(one).await.expect("there may be two");
    let Page::Rows(first) = snapshot.next().await.expect("reading works") else {
        panic!("there are rows")
    };
    // Keys that were passed and keys that were not: changed, removed, added, and changed once more.
    for value in ["later", "latest"] {
        let mut commit = Commit::lazy(one);
        for n in 0..6000 {
            commit = match n % 3 {
                0 => commit.put(number(n), value),
                1 => commit.delete(number(n)),
                _ => commit,
            };
        }
        apply(&store, commit.put(number(9000), value)).await;
    }
    let mut read: Rows = first.into_iter().collect();
    read.extend(rest(&mut *snapshot).await);
    assert!(read == before, "a snapshot holds what was there and nothing else");
    assert!(matches!(snapshot.next().await, Ok(Page::End)), "the end stays the end");
    drop(snapshot);
    apply(&store, Commit::lazy(one).delete(number(2))).await;
    assert!(rest(&mut *again).await == before, "each reader has its own");
    let mut now = store.snapshot(one).await.expect("there is another");
    let now = rest(&mut *now).await;
    assert_eq!(now.get(&number(0)), Some(&key("latest")));
    assert!(!now.contains_key(&number(2)) && now.contains_key(&number(9000)));
}

pub(super) async fn are_behind_what_was_answered(store: Arc<dyn Store>) {
    for n in 0..100 {
        apply(&store, Commit::lazy(space(1)).put(number(n), "1")).await;
        let mut snapshot = store.snapshot(space(1)).await.expect("there is one");
        assert_eq!(rest(&mut *snapshot).await.len(), n as usize + 1);
    }
}

pub(super) async fn of_nothing_are_empty(store: Arc<dyn Store>) {
    let mut snapshot = store.snapshot(space(1)).await.expect("there is one");
    apply(&store, Commit::lazy(space(1)).put("k", "1")).await;
    assert!(rest(&mut *snapshot).await.is_empty());
}

pub(super) async fn of_removed_spaces_end(store: Arc<dyn Store>) {
    let mut commit = Commit::lazy(space(1));
    for n in 0..2500 {
        commit = commit.put(number(n), "1");
    }
    apply(&store, commit).await;
    let mut snapshot = store.snapshot(space(1)).await.expect("there is one");
    let first = snapshot.next().await.expect("reading works");
    assert!(matches!(first, Page::Rows(_)));
    store.drop_space(space(1)).await.expect("dropping works");
    apply(&store, Commit::lazy(space(1)).put("new", "1")).await;
    // Either the rest of what was, or that it is gone; never what came later.
    loop {
        match snapshot.next().await.expect("reading works") {
            Page::Rows(rows) => assert!(rows.iter().all(|(found, _)| *found != key("new"))),
            Page::End | Page::Removed => return,
        }
    }
}

pub(super) async fn while_many_write(store: Arc<dyn Store>) {
    // Pairs of rows far apart are always changed together, so a moment shows the same in both.
    const PAIRS: u32 = 1500;
    let pair = |n: u32, value: &str| {
        Commit::lazy(space(1))
            .put(number(n), key(value))
            .put(number(n + PAIRS), key(value))
    };
    for n in 0..PAIRS {
        apply(&store, pair(n, "0")).await;
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for round in 1..2000 {
                let n = (round * 7 + writer * 31) % PAIRS;
                apply(&store, pair(n, &format!("{writer} {round}"))).await;
            }
        });
    }
    for _ in 0..5 {
        let mut snapshot = store.snapshot(space(1)).await.expect("there is one");
        let rows = rest(&mut *snapshot).await;
        for n in 0..PAIRS {
            assert_eq!(rows.get(&number(n)), rows.get(&number(n + PAIRS)), "pair {n}");
        }
    }
    writers.join_all().await;
}

pub(super) async fn spaces_are_told(store: Arc<dyn Store>) {
    assert_eq!(named(&store).await, []);
    for space in [space(2), Space::Sessions, space(1), Space::System] {
        apply(&store, Commit::lazy(space).put("k", "1")).await;
    }
    assert_eq!(
        named(&store).await,
        [Space::System, Space::Sessions, space(1), space(2)]
    );
    store.drop_space(space(1)).await.expect("dropping works");
    assert_eq!(named(&store).await, [Space::System, Space::Sessions, space(2)]);
}

/// The spaces there are, but for what opening a store writes.
async fn named(store: &Arc<dyn Store>) -> Vec<Space> {
    let spaces = store.spaces().await.expect("it tells");
    let mut named = Vec::new();
    for space in spaces {
        let all = crate::store::KeyRange::prefix(b"k");
        let rows = store.scan(space, all, crate::store::Order::Ascending, 1).await;
        if !rows.expect("it scans").is_empty() {
            named.push(space);
        }
    }
    named
}
