//! What plugins store: conflicts, expiry, quotas and the count of what is used.

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::data_version::DataVersions;
use crate::draft::{Draft, KvEntry, KvKey, KvRead, KvScope, KvWrite, Pot};
use crate::fixture::{NOON, QUOTA, SESSION, World, call, installation, jid, on_every_engine};
use crate::kv::{Quota, Usage};
use crate::outbox::{Call, CommitError, Migration};

const ADA: &str = "4915100000001@s.whatsapp.net";
const BOB: &str = "4915100000002@s.whatsapp.net";
const MINUTE: UnixMs = UnixMs(NOON.0 + 60_000);

fn key(name: &str) -> KvKey {
    KvKey {
        scope: KvScope::Session,
        key: name.into(),
    }
}

fn put(key: KvKey, value: &str, revision: u64) -> KvWrite {
    KvWrite {
        key,
        entry: Some(KvEntry {
            value: value.into(),
            revision,
            expires_at: None,
        }),
    }
}

fn put_until(key: KvKey, value: &str, at: UnixMs) -> KvWrite {
    KvWrite {
        key,
        entry: Some(KvEntry {
            value: value.into(),
            revision: 1,
            expires_at: Some(at),
        }),
    }
}

fn delete(key: KvKey) -> KvWrite {
    KvWrite { key, entry: None }
}

/// Each write is the draft of a call of its own, for a new event.
async fn write(
    world: &World,
    name: &str,
    quota: Quota,
    kv: Vec<KvWrite>,
    kv_reads: Vec<KvRead>,
) -> Result<(), CommitError> {
    let head = world.log.head(SESSION).await.expect("it reads");
    let event = world.receive_text(&format!("A{}", head.0)).await;
    let installation = installation(name);
    let draft = Draft {
        kv,
        kv_reads,
        ..Draft::default()
    };
    let done = world
        .outbox
        .commit_draft(
            SESSION,
            Call {
                quota,
                ..call(&event, &installation)
            },
            draft,
        )
        .await;
    let cursor = world.progress.load(SESSION, &installation).await.expect("it loads");
    assert_eq!(
        done.is_ok(),
        cursor.is_done(event.position),
        "the call is done exactly when it is committed"
    );
    done.map(|_| ())
}

async fn stored(world: &World, name: &str, key: KvKey) -> Option<String> {
    let entry = world
        .outbox
        .kv()
        .get(SESSION, &installation(name), &key)
        .await
        .expect("it reads");
    entry.map(|entry| String::from_utf8(entry.value).expect("text"))
}

async fn usage(world: &World, name: &str) -> (u64, u64) {
    let Usage { bytes, keys, .. } = world
        .outbox
        .kv()
        .usage(SESSION, &installation(name), &Pot::Own)
        .await
        .expect("it reads");
    (bytes, keys)
}

on_every_engine! {
    async fn a_changed_read_is_a_conflict(world: &mut World) {
        let reads = |revision| vec![KvRead { key: key("k"), revision }];
        write(world, "a", QUOTA, vec![put(key("k"), "1", 1)], reads(None)).await.expect("it is absent");
        for stale in [None, Some(2)] {
            let refused = write(world, "a", QUOTA, vec![put(key("k"), "no", 9), put(key("l"), "no", 1)], reads(stale)).await;
            assert!(matches!(refused, Err(CommitError::Conflict)), "{stale:?}");
        }
        assert_eq!((stored(world, "a", key("k")).await.as_deref(), stored(world, "a", key("l")).await), (Some("1"), None));
        write(world, "a", QUOTA, vec![put(key("k"), "2", 2)], reads(Some(1))).await.expect("it is as read");
        world.restart();
        write(world, "a", QUOTA, vec![delete(key("k"))], reads(Some(2))).await.expect("it is as read");
        write(world, "a", QUOTA, vec![], reads(None)).await.expect("it is absent");
        assert_eq!(usage(world, "a").await, (0, 0));
    }

    async fn a_migration_changes_values_and_says_so_at_once(world: &mut World) {
        let forms = |world: &World| DataVersions::new(world.store.clone());
        let a = installation("a");
        write(world, "a", QUOTA, vec![put(key("k"), "1", 1), put(key("l"), "2", 1)], vec![]).await.expect("it commits");
        assert_eq!(forms(world).get(SESSION, &a).await.expect("it reads"), None);
        let migration = |revision, text| Migration {
            writes: vec![put(key("k"), text, 2), delete(key("l"))],
            reads: vec![KvRead { key: key("k"), revision }],
            data_version: 2,
        };
        let stale = world.outbox.commit_migration(SESSION, &a, QUOTA, migration(Some(7), "no")).await;
        assert!(matches!(stale, Err(CommitError::Conflict)));
        let large = "x".repeat(usize::try_from(QUOTA.bytes).expect("it fits") + 1);
        let over = world.outbox.commit_migration(SESSION, &a, QUOTA, migration(Some(1), &large)).await;
        assert!(matches!(over, Err(CommitError::KvQuota { .. })));
        assert_eq!(forms(world).get(SESSION, &a).await.expect("it reads"), None, "nothing of it was done");
        world.outbox.commit_migration(SESSION, &a, QUOTA, migration(Some(1), "one")).await.expect("it commits");
        world.restart();
        assert_eq!(forms(world).get(SESSION, &a).await.expect("it reads"), Some(2));
        assert_eq!((stored(world, "a", key("k")).await.as_deref(), stored(world, "a", key("l")).await), (Some("one"), None));
        assert_eq!(usage(world, "a").await, (4, 1));
    }

    async fn every_scope_with_values_is_found(world: &mut World) {
        let in_scope = |scope: &KvScope| KvKey { scope: scope.clone(), key: "k".into() };
        let (one, two): (Jid, Jid) = ("4915100000001".parse().expect("a number"), "4915100000002".parse().expect("a number"));
        let scopes = [
            KvScope::Session,
            KvScope::Chat(one.clone()),
            KvScope::Chat(two.clone()),
            KvScope::Sender { chat: one, sender: two },
        ];
        for scope in &scopes {
            let more = KvKey { key: "more".into(), ..in_scope(scope) };
            write(world, "a", QUOTA, vec![put(in_scope(scope), "1", 1), put(more, "1", 1)], vec![]).await.expect("it commits");
        }
        write(world, "b", QUOTA, vec![put(key("k"), "1", 1)], vec![]).await.expect("it commits");
        let kv = world.outbox.kv();
        assert_eq!(kv.scopes(SESSION, &installation("a")).await.expect("it scans"), scopes);
        assert_eq!(kv.scopes(SESSION, &installation("nobody")).await.expect("it scans"), []);
    }

    async fn expired_values_are_absent(world: &mut World) {
        write(world, "a", QUOTA, vec![put_until(key("k"), "1", MINUTE), put(key("l"), "2", 1)], vec![]).await.expect("it commits");
        assert_eq!(stored(world, "a", key("k")).await.as_deref(), Some("1"));
        world.clock.set(MINUTE);
        assert_eq!(stored(world, "a", key("k")).await, None);
        let found = world.outbox.kv().scan(SESSION, &installation("a"), &KvScope::Session, "", None, 10).await.expect("it scans");
        assert_eq!(found.iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["l"]);
        // A call that saw nothing may write, and the old value's room is counted back.
        let reads = vec![KvRead { key: key("k"), revision: None }];
        write(world, "a", QUOTA, vec![put(key("k"), "333", 1)], reads).await.expect("it is absent");
        assert_eq!(usage(world, "a").await, (6, 2));
    }

    async fn a_quota_bounds_bytes_and_keys(world: &mut World) {
        let quota = Quota { bytes: 20, keys: 3 };
        write(world, "a", quota, vec![put(key("k1"), "12345678", 1)], vec![]).await.expect("10 bytes");
        let refused = write(world, "a", quota, vec![put(key("k2"), "123456789", 1)], vec![]).await;
        assert!(matches!(refused, Err(CommitError::KvQuota { bytes: 21, keys: 2, .. })), "{refused:?}");
        write(world, "a", quota, vec![put(key("k2"), "12345678", 1)], vec![]).await.expect("20 bytes");
        // Writes of one draft are counted together: this one replaces, and removes before it adds.
        let draft = vec![delete(key("k1")), put(key("k3"), "", 1), put(key("k4"), "1", 1), put(key("k4"), "12", 2)];
        write(world, "a", quota, draft, vec![]).await.expect("16 bytes, 3 keys");
        assert_eq!(usage(world, "a").await, (16, 3));
        world.restart();
        let refused = write(world, "a", quota, vec![put(key("k5"), "", 1)], vec![]).await;
        assert!(matches!(refused, Err(CommitError::KvQuota { keys: 4, .. })), "{refused:?}");
        // Each installation has its own; one over a lowered quota may shrink but not grow.
        write(world, "b", quota, vec![put(key("k1"), "1", 1)], vec![]).await.expect("the first of another");
        let lowered = Quota { bytes: 5, keys: 1 };
        write(world, "a", lowered, vec![put(key("k2"), "1", 2)], vec![]).await.expect("it shrinks");
        let refused = write(world, "a", lowered, vec![put(key("k2"), "12", 3)], vec![]).await;
        assert!(matches!(refused, Err(CommitError::KvQuota { .. })));
        assert_eq!(usage(world, "a").await, (9, 3));
    }

    async fn expired_values_make_room(world: &mut World) {
        let quota = Quota { bytes: 100, keys: 4 };
        let chat = |name: &str| KvKey { scope: KvScope::Chat(jid(ADA)), key: name.into() };
        let sender = |name: &str| KvKey { scope: KvScope::Sender { chat: jid(BOB), sender: jid(ADA) }, key: name.into() };
        let first = vec![
            put_until(chat("c\0d"), "12", MINUTE),
            put_until(sender("s"), "123", MINUTE),
            put_until(key("k"), "1", UnixMs(MINUTE.0 + 1)),
            put(key("l"), "1", 1),
        ];
        write(world, "a", quota, first, vec![]).await.expect("it fits");
        assert_eq!(usage(world, "a").await, (5 + 4 + 2 + 2, 4));
        let more = || vec![put(key("m"), "1", 1), put(key("n"), "1", 1)];
        assert!(matches!(write(world, "a", quota, more(), vec![]).await, Err(CommitError::KvQuota { keys: 6, .. })));
        world.clock.set(MINUTE);
        let reads = vec![KvRead { key: sender("s"), revision: None }];
        write(world, "a", quota, more(), reads).await.expect("two have expired");
        assert_eq!(usage(world, "a").await, (8, 4));
        for (key, value) in [(chat("c\0d"), None), (sender("s"), None), (key("k"), Some("1")), (key("m"), Some("1"))] {
            assert_eq!(stored(world, "a", key).await.as_deref(), value);
        }
        world.clock.set(UnixMs(MINUTE.0 + 1));
        write(world, "a", quota, vec![put(key("o"), "1", 1)], vec![]).await.expect("one more has expired");
        assert_eq!(usage(world, "a").await, (8, 4));
        // A draft that stores something expired already gains nothing.
        let dead = vec![put_until(key("p"), "1", NOON), put(key("o"), "1", 2)];
        write(world, "a", quota, dead, vec![]).await.expect("the dead one is swept");
        assert_eq!(usage(world, "a").await, (8, 4));
        assert_eq!(stored(world, "a", key("o")).await.as_deref(), Some("1"));
    }

    async fn scopes_and_installations_are_apart(world: &mut World) {
        let scopes = [
            KvScope::Session,
            KvScope::Chat(jid(ADA)),
            KvScope::Chat(jid(BOB)),
            KvScope::Sender { chat: jid(ADA), sender: jid(ADA) },
            KvScope::Sender { chat: jid(ADA), sender: jid(BOB) },
        ];
        let of = |scope: &KvScope| KvKey { scope: scope.clone(), key: "k".into() };
        for name in ["a", "a.b"] {
            for scope in &scopes {
                write(world, name, QUOTA, vec![put(of(scope), &format!("{name} {scope:?}"), 1)], vec![]).await.expect("it commits");
            }
        }
        for name in ["a", "a.b"] {
            for scope in &scopes {
                assert_eq!(stored(world, name, of(scope)).await, Some(format!("{name} {scope:?}")));
                let found = world.outbox.kv().scan(SESSION, &installation(name), scope, "", None, 10).await.expect("it scans");
                assert_eq!(found.len(), 1);
            }
        }
    }

    async fn scans_go_on_behind_the_last_key(world: &mut World) {
        let quota = Quota { bytes: 10_000, keys: 100 };
        let name = |number: u32| format!("n{number:02}");
        let mut draft: Vec<_> = (0..20).map(|number| put(key(&name(number)), "1", 1)).collect();
        draft.extend((20..40).map(|number| put_until(key(&name(number)), "1", NOON)));
        draft.extend((40..45).map(|number| put(key(&name(number)), "1", 1)));
        draft.extend([put(key("m"), "1", 1), put(key("o"), "1", 1)]);
        write(world, "a", quota, draft, vec![]).await.expect("it commits");
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let view = world.outbox.kv();
            let page = view.scan(SESSION, &installation("a"), &KvScope::Session, "n", after.as_deref(), 4).await.expect("it scans");
            found.extend(page.iter().map(|(key, _)| key.to_string()));
            after = page.last().map(|(key, _)| key.to_string());
            if page.len() < 4 {
                break;
            }
        }
        assert_eq!(found, (0..20).chain(40..45).map(name).collect::<Vec<_>>());
    }
}

#[test]
fn usage_is_within_a_quota_up_to_the_last_byte() {
    let usage = Usage {
        bytes: 10,
        keys: 2,
        earliest_expiry: None,
    };
    assert!(usage.fits(Quota { bytes: 10, keys: 2 }));
    assert!(!usage.fits(Quota { bytes: 9, keys: 2 }) && !usage.fits(Quota { bytes: 10, keys: 1 }));
}

fn shared(name: &str, key: &str) -> KvKey {
    KvKey {
        scope: KvScope::Shared(name.parse().expect("a name")),
        key: key.into(),
    }
}

async fn usage_of(world: &World, name: &str) -> (u64, u64) {
    let pot = Pot::Shared(name.parse().expect("a name"));
    let usage = world
        .outbox
        .kv()
        .usage(SESSION, &installation("a"), &pot)
        .await
        .expect("it reads");
    (usage.bytes, usage.keys)
}

on_every_engine! {
    async fn what_is_shared_is_the_same_for_all_and_counted_by_itself(world: &mut World) {
        let small = Quota { bytes: 10, keys: 2 };
        let both = vec![put(shared("pool", "k"), "12345", 1), put(key("k"), "1234", 1)];
        write(world, "a", small, both, Vec::new()).await.expect("it fits");
        assert_eq!(stored(world, "b", shared("pool", "k")).await.as_deref(), Some("12345"));
        assert_eq!(stored(world, "b", shared("tool", "k")).await, None);
        assert_eq!(stored(world, "b", key("k")).await, None);
        assert_eq!((usage(world, "a").await, usage(world, "b").await), ((5, 1), (0, 0)));
        assert_eq!(usage_of(world, "pool").await, (6, 1));
        // One that others have filled is full for whoever may have less.
        let refused = write(world, "b", small, vec![put(shared("pool", "l"), "1234", 1)], Vec::new()).await;
        assert!(matches!(refused, Err(CommitError::KvQuota { bytes: 11, keys: 2, .. })), "{refused:?}");
        write(world, "b", small, vec![put(key("l"), "1234", 1)], Vec::new()).await.expect("its own have room");
        write(world, "b", QUOTA, vec![put(shared("pool", "l"), "1234", 1)], Vec::new()).await.expect("it may have more");
        write(world, "a", small, vec![delete(shared("pool", "k"))], Vec::new()).await.expect("it shrinks");
        assert_eq!((usage_of(world, "pool").await, usage(world, "a").await), ((5, 1), (5, 1)));
        let names = world.outbox.kv().scopes(SESSION, &installation("a")).await.expect("it reads");
        assert_eq!(names, [KvScope::Session], "a shared store is nobody's own");
    }

    async fn two_that_write_what_they_share_do_not_overwrite_each_other(world: &mut World) {
        let saw = |revision| vec![KvRead { key: shared("pool", "n"), revision }];
        write(world, "a", QUOTA, vec![put(shared("pool", "n"), "1", 1)], saw(None)).await.expect("it is absent");
        let refused = write(world, "b", QUOTA, vec![put(shared("pool", "n"), "1", 1)], saw(None)).await;
        assert!(matches!(refused, Err(CommitError::Conflict)));
        write(world, "b", QUOTA, vec![put(shared("pool", "n"), "2", 2)], saw(Some(1))).await.expect("it looked again");
    }

    async fn what_has_expired_in_a_shared_store_makes_room_there(world: &mut World) {
        let small = Quota { bytes: 10, keys: 9 };
        let old = vec![put_until(shared("pool", "old"), "12345", MINUTE), put_until(key("old"), "12345", MINUTE)];
        write(world, "a", small, old, Vec::new()).await.expect("it fits");
        world.clock.set(MINUTE);
        write(world, "b", small, vec![put(shared("pool", "new"), "12345", 1)], Vec::new()).await.expect("there is room again");
        assert_eq!((usage_of(world, "pool").await, usage(world, "a").await), ((8, 1), (8, 1)));
    }
}
