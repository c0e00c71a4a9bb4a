//! What `kv` answers: revisions, scopes, quotas, and scans over what the call has written.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wasmtime::component::Resource;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope};

use super::fixture::{NOW, Stored, call, call_over};
use crate::bindings::waspnest::plugin::kv::{HostStore, PutOptions, Scope};
use crate::bindings::waspnest::plugin::types::Error;
use crate::capability::kv::OpenStore;
use crate::state::CallState;

async fn open(call: &mut CallState) -> u32 {
    call.open(Scope::Session)
        .await
        .expect("no trap")
        .expect("granted")
        .rep()
}

fn store(rep: u32) -> Resource<OpenStore> {
    Resource::new_borrow(rep)
}

fn entry(value: &str, revision: u64) -> KvEntry {
    KvEntry {
        value: value.as_bytes().to_vec(),
        revision,
        expires_at: None,
    }
}

fn named(key: &str) -> KvKey {
    KvKey {
        scope: KvScope::Session,
        key: key.into(),
    }
}

async fn put(call: &mut CallState, rep: u32, key: &str, value: &str, if_revision: Option<u64>) -> Result<u64, Error> {
    let options = Some(PutOptions {
        ttl_ms: None,
        if_revision,
    });
    call.put(store(rep), key.to_owned(), value.as_bytes().to_vec(), options)
        .await
        .expect("no trap")
}

#[tokio::test]
async fn a_condition_holds_or_conflicts() {
    let mut call = call_over(Stored {
        values: [(named("a"), entry("old", 4))].into(),
        ..Stored::default()
    });
    let rep = open(&mut call).await;
    assert!(matches!(
        put(&mut call, rep, "a", "new", Some(0)).await,
        Err(Error::Conflict)
    ));
    assert!(matches!(
        put(&mut call, rep, "a", "new", Some(3)).await,
        Err(Error::Conflict)
    ));
    assert!(matches!(put(&mut call, rep, "a", "new", Some(4)).await, Ok(5)));
    assert!(
        matches!(put(&mut call, rep, "a", "newer", Some(5)).await, Ok(6)),
        "a call sees its own revision"
    );
    assert!(matches!(put(&mut call, rep, "b", "new", Some(0)).await, Ok(1)));
    assert!(matches!(
        call.delete(store(rep), "a".to_owned(), Some(5)).await.expect("no trap"),
        Err(Error::Conflict)
    ));
    assert!(matches!(
        call.delete(store(rep), "a".to_owned(), Some(6)).await.expect("no trap"),
        Ok(true)
    ));
    assert!(
        matches!(put(&mut call, rep, "a", "again", None).await, Ok(7)),
        "revisions do not come back within a call"
    );
}

#[tokio::test]
async fn values_have_a_lifetime_and_a_size() {
    let mut call = call();
    let rep = open(&mut call).await;
    let with = |ttl_ms| {
        Some(PutOptions {
            ttl_ms,
            if_revision: None,
        })
    };
    call.put(store(rep), "a".to_owned(), vec![1], with(Some(500)))
        .await
        .expect("no trap")
        .expect("stored");
    let found = call
        .get(store(rep), "a".to_owned())
        .await
        .expect("no trap")
        .expect("readable")
        .expect("there");
    assert_eq!(found.expires_at, Some(NOW.0 + 500));
    let refusal = call
        .put(store(rep), "a".to_owned(), vec![1], with(Some(0)))
        .await
        .expect("no trap")
        .expect_err("no lifetime");
    assert!(matches!(refusal, Error::Invalid(_)));
    let refusal = call
        .put(store(rep), "a".to_owned(), vec![0; 70_000], None)
        .await
        .expect("no trap")
        .expect_err("too large");
    assert!(matches!(refusal, Error::TooLarge(_)));
    let refusal = call
        .get(store(rep), String::new())
        .await
        .expect("no trap")
        .expect_err("no key");
    assert!(matches!(refusal, Error::Invalid(_)));
}

#[tokio::test]
async fn what_is_granted_can_be_used_up_and_freed() {
    let mut call = call();
    let rep = open(&mut call).await;
    let large = "x".repeat(900);
    put(&mut call, rep, "a", &large, None).await.expect("within 1000 bytes");
    assert!(matches!(
        put(&mut call, rep, "b", &large, None).await,
        Err(Error::Quota(_))
    ));
    put(&mut call, rep, "a", "small", None)
        .await
        .expect("smaller than before");
    put(&mut call, rep, "b", &large, None)
        .await
        .expect("there is room again");
    let usage = call.usage(store(rep)).await.expect("no trap").expect("granted");
    assert_eq!(
        (usage.keys, usage.bytes, usage.max_keys, usage.max_bytes),
        (2, 907, 40, 1000)
    );
}

#[tokio::test]
async fn a_counter_is_decimal_text() {
    let mut call = call_over(Stored {
        values: [
            (named("text"), entry("twelve", 1)),
            (named("full"), entry(&i64::MAX.to_string(), 1)),
        ]
        .into(),
        ..Stored::default()
    });
    let rep = open(&mut call).await;
    let mut add = async |key: &str, delta| {
        call.increment(store(rep), key.to_owned(), delta, None)
            .await
            .expect("no trap")
    };
    assert!(matches!(add("new", -3).await, Ok(-3)));
    assert!(matches!(add("new", 5).await, Ok(2)));
    assert!(matches!(add("text", 1).await, Err(Error::Invalid(_))));
    assert!(matches!(add("full", 1).await, Err(Error::Invalid(_))));
    let (writes, reads) = std::mem::take(&mut call.call.kv).into_draft();
    assert_eq!(
        (writes.len(), reads.len()),
        (1, 1),
        "only what was written is in the draft"
    );
    assert_eq!(writes[0].entry, Some(entry("2", 2)));
}

proptest! {
    /// A scan shows the host's values with the call's own writes over them, in order, without gaps and without repeats, whatever
    /// the size of its pages.
    #[test]
    fn a_scan_is_one_sorted_map(
        stored in prop::collection::btree_map("[ab]{1,3}", any::<bool>(), 0..12),
        written in prop::collection::vec(("[ab]{1,3}", any::<bool>()), 0..12),
        prefix in "[ab]{0,1}",
        limit in 1_u32..5,
    ) {
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut values = BTreeMap::new();
        for (key, alive) in &stored {
            let expires_at = if *alive { None } else { Some(UnixMs(NOW.0 - 1)) };
            values.insert(named(key), KvEntry { expires_at, ..entry("s", 1) });
            if *alive {
                expected.insert(key.clone(), b"s".to_vec());
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let found = runtime.block_on(async {
            let mut call = call_over(Stored { values, ..Stored::default() });
            let rep = open(&mut call).await;
            for (key, keep) in &written {
                if *keep {
                    put(&mut call, rep, key, "w", None).await.expect("stored");
                    expected.insert(key.clone(), b"w".to_vec());
                } else {
                    let was = call.delete(store(rep), key.clone(), None).await.expect("no trap").expect("no condition");
                    assert_eq!(was, expected.remove(key).is_some());
                }
            }
            let mut found = Vec::new();
            let mut cursor = None;
            loop {
                let page = call.scan(store(rep), prefix.clone(), limit, cursor).await.expect("no trap").expect("granted");
                assert!(page.items.len() <= limit as usize);
                found.extend(page.items.into_iter().map(|(key, entry)| (key, entry.value)));
                cursor = page.cursor;
                if cursor.is_none() {
                    return found;
                }
            }
        });
        let wanted: Vec<_> = expected.into_iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        prop_assert_eq!(found, wanted);
    }
}
