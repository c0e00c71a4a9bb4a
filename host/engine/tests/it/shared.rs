//! Stores that several installations share, through a real guest: with the grant, without it, past its scope and its quota.

use waspnest_core::draft::KvScope;
use waspnest_engine::Grants;

use crate::kit::Rig;

const POOL: &str = "not granted: kv: the shared store pool is not granted";

#[tokio::test]
async fn what_one_writes_another_reads() {
    let rig = Rig::new();
    let one = rig.install("hostile").await;
    let other = rig
        .install_with("hostile", |spec| {
            spec.id = "other".parse().expect("an id");
            spec.grants = Grants::as_requested();
        })
        .await;
    let said = async |who, words: &str| rig.say(who, &format!("kv-shared pool {words}")).await.concat();
    assert_eq!(said(&one, "put dish soup").await, "revision 1");
    assert_eq!(said(&other, "get dish").await, "Some(\"soup\")");
    assert_eq!(
        said(&other, "put-new dish stew").await,
        "the host refused kv.put: somebody else wrote first"
    );
    assert_eq!(said(&other, "put dish stew").await, "revision 2");
    assert_eq!(said(&one, "add").await, "1");
    assert_eq!(said(&other, "add").await, "2");
    assert_eq!(said(&one, "keys d").await, "dish");
    assert_eq!(said(&other, "uses").await, "2 of 100 keys, 18 of 65536 bytes");
    assert_eq!(said(&one, "delete dish").await, "true");
    assert_eq!(said(&other, "get dish").await, "None");
    let draft = rig.call(&one, &rig.text("kv-shared pool add")).await.expect("a draft");
    assert_eq!(draft.kv[0].key.scope, KvScope::Shared("pool".parse().expect("a name")));
    assert_eq!(draft.kv_reads[0].revision, Some(2), "it relies on what it saw");
}

#[tokio::test]
async fn who_is_not_granted_a_store_by_name_does_not_open_it() {
    let rig = Rig::new();
    for (kv, granted) in [
        ("true", true),
        ("{ shared = [\"pool\"] }", true),
        ("{ max-keys = 10 }", false),
        ("{ shared = [\"other\"] }", false),
    ] {
        let grants = format!(
            "\"messages.send\" = true\n\"messages.react\" = true\n\"messages.read\" = true\n\"messages.typing\" = true\nschedule = true\nkv = {kv}"
        );
        let guest = rig
            .install_with("hostile", |spec| {
                let grants = grants.parse().expect("TOML");
                spec.grants = Grants::from_toml("grants", &grants).expect("grants");
            })
            .await;
        let answer = rig.say(&guest, "kv-shared pool").await.concat();
        assert_eq!(answer == "opened", granted, "{kv}: {answer}");
        assert!(granted || answer.ends_with(POOL), "{kv}: {answer}");
        assert_eq!(
            rig.say(&guest, "kv-session-counter").await.len(),
            1,
            "its own are open to it"
        );
    }
}

#[tokio::test]
async fn a_store_that_was_not_asked_for_stays_shut() {
    let rig = Rig::new();
    let guest = rig.install("hostile").await;
    let answer = rig.say(&guest, "kv-shared other").await.concat();
    assert!(
        answer.ends_with("not granted: kv: the shared store other is not granted"),
        "{answer}"
    );
    let answer = rig.say(&guest, "kv-shared ../pool").await.concat();
    assert!(answer.contains("invalid: scope: "), "{answer}");
}

#[tokio::test]
async fn a_shared_store_is_full_by_itself() {
    let rig = Rig::new();
    let guest = rig.install("hostile").await;
    for number in 0..63 {
        let answer = rig.say(&guest, &format!("kv-shared pool fill {number}")).await;
        assert_eq!(answer, ["stored"], "{number}");
    }
    let answer = rig.say(&guest, "kv-shared pool fill 63").await.concat();
    assert_eq!(answer, "the host refused kv.put: used up: kv: 65536 bytes");
    assert_eq!(
        rig.say(&guest, "kv-fill own").await,
        ["stored"],
        "what is its own has room"
    );
    // Half of what it may have of its own says nothing of what is shared.
    assert_eq!(rig.say(&guest, "kv-shared pool delete 0").await, ["true"]);
    assert_eq!(rig.say(&guest, "kv-shared pool fill 63").await, ["stored"]);
}
