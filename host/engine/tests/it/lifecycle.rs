//! A version brings what an earlier one kept into its own form, and hears of its end.

use waspnest_core::address::Jid;
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope};
use waspnest_engine::{CallError, Grants, Installation, Migration, MigrationError};

use crate::kit::Rig;

fn chat() -> Jid {
    "4915112345678".parse().expect("a number")
}

fn scopes() -> [KvScope; 3] {
    [
        KvScope::Session,
        KvScope::Chat(chat()),
        KvScope::Sender {
            chat: chat(),
            sender: chat(),
        },
    ]
}

fn keep(rig: &Rig, scope: &KvScope, word: &str) {
    let key = KvKey {
        scope: scope.clone(),
        key: "word".into(),
    };
    let entry = KvEntry {
        value: format!("{word:?}").into_bytes(),
        revision: 1,
        expires_at: None,
    };
    rig.host.put(key, entry);
}

async fn migrated(rig: &Rig, installation: &Installation, scope: &KvScope) -> Result<Draft, MigrationError> {
    let migration = Migration {
        session: &rig.session,
        scope,
        from: 1,
        to: 2,
    };
    rig.engine.migrate(installation, migration, rig.host.clone()).await
}

#[tokio::test]
async fn each_store_is_brought_into_the_new_form_by_itself() {
    let rig = Rig::new();
    let mover = rig.install("mover").await;
    for scope in scopes() {
        keep(&rig, &scope, "tea");
        let draft = migrated(&rig, &mover, &scope).await.expect("it is migrated");
        assert_eq!(draft.kv.len(), 1, "{draft:?}");
        assert_eq!(draft.kv[0].key.scope, scope);
        assert_eq!(
            draft.kv[0].entry.as_ref().map(|entry| entry.value.as_slice()),
            Some(&b"\"2:tea\""[..])
        );
        assert_eq!(draft.kv_reads.len(), 1);
        assert_eq!(draft.effects, []);
    }
}

#[tokio::test]
async fn a_version_that_cannot_says_so() {
    let rig = Rig::new();
    let mover = rig.install("mover").await;
    keep(&rig, &KvScope::Session, "poison");
    let error = migrated(&rig, &mover, &KvScope::Session).await.expect_err("it says no");
    assert_eq!(error.to_string(), "the plugin says: it does not taste good");
    keep(&rig, &KvScope::Session, "trap");
    let error = migrated(&rig, &mover, &KvScope::Session).await.expect_err("it traps");
    assert!(matches!(error, MigrationError::Call(CallError::Trap { .. })), "{error}");
    // Without the grant there is nothing to bring anywhere.
    let ungranted = rig
        .install_with("mover", |spec| {
            spec.grants = Grants {
                kv: None,
                ..Grants::as_requested()
            };
        })
        .await;
    let error = migrated(&rig, &ungranted, &KvScope::Session)
        .await
        .expect_err("it is denied");
    assert!(error.to_string().contains("kv"), "{error}");
    let echo = rig.install("echo").await;
    let error = migrated(&rig, &echo, &KvScope::Session).await.expect_err("it cannot");
    assert!(matches!(error, MigrationError::Missing), "{error}");
}

#[tokio::test]
async fn a_version_hears_of_its_end() {
    let rig = Rig::new();
    let mover = rig.install("mover").await;
    rig.engine.retire(&mover, "another version").await.expect("it hears");
    // Who does not want to know is not asked.
    let echo = rig.install("echo").await;
    rig.engine
        .retire(&echo, "another version")
        .await
        .expect("nothing happens");
}
