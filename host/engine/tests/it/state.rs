//! Key-values and timers of a draft.

use waspnest_core::draft::{KvEntry, KvKey, KvRead, KvScope, TimerChange};

use crate::kit::{NOW, Rig, sent};

fn counter(scope: KvScope) -> KvKey {
    KvKey {
        scope,
        key: "counter".into(),
    }
}

#[tokio::test]
async fn a_counter_counts_over_calls() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for expected in ["1", "2", "3"] {
        assert_eq!(rig.say(&hostile, "kv-counter").await, [expected]);
        assert_eq!(rig.say(&hostile, "kv-session-counter").await, [expected]);
        assert_eq!(rig.say(&hostile, "kv-sender-counter").await, [expected]);
    }
}

#[tokio::test]
async fn a_draft_says_what_it_relies_on() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let chat = "4915112345678@s.whatsapp.net".parse().expect("a JID");
    let key = counter(KvScope::Chat(chat));
    let first = rig
        .call(&hostile, &rig.text("kv-counter"))
        .await
        .expect("the guest answers");
    assert_eq!(
        first.kv_reads,
        [KvRead {
            key: key.clone(),
            revision: None
        }]
    );
    assert_eq!(first.kv.len(), 1);
    assert_eq!(
        first.kv[0].entry,
        Some(KvEntry {
            value: b"1".to_vec(),
            revision: 1,
            expires_at: None
        })
    );
    rig.host.commit(&first);
    let second = rig
        .call(&hostile, &rig.text("kv-counter"))
        .await
        .expect("the guest answers");
    assert_eq!(
        second.kv_reads,
        [KvRead {
            key: key.clone(),
            revision: Some(1)
        }]
    );
    assert_eq!(second.kv[0].entry.as_ref().map(|entry| entry.revision), Some(2));
    // What has expired is not there, even if the host should still have it.
    rig.host.put(
        key.clone(),
        KvEntry {
            value: b"41".to_vec(),
            revision: 9,
            expires_at: Some(NOW),
        },
    );
    let third = rig
        .call(&hostile, &rig.text("kv-counter"))
        .await
        .expect("the guest answers");
    assert_eq!(sent(&third), ["1"]);
}

#[tokio::test]
async fn a_timer_remembers_its_chat_and_its_tick_may_answer_there() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let draft = rig
        .call(&hostile, &rig.text("schedule 5000"))
        .await
        .expect("the guest answers");
    rig.host.commit(&draft);
    let [TimerChange::Set(timer)] = draft.timers.as_slice() else {
        panic!("{:?}", draft.timers)
    };
    assert_eq!(timer.next.0, NOW.0 + 5000);
    assert_eq!(
        timer.origin.as_ref().map(|origin| origin.chat.to_string()).as_deref(),
        Some("4915112345678@s.whatsapp.net")
    );
    let tick = rig
        .call(&hostile, &rig.tick(timer, &hostile))
        .await
        .expect("the tick is handled");
    rig.host.commit(&tick);
    assert_eq!(
        sent(&tick),
        [format!("tick {}", timer.id)],
        "reply-only reaches the chat the job was put from"
    );
    assert_eq!(
        rig.say(&hostile, "kv-counter").await,
        ["2"],
        "the tick counted in the same chat's store"
    );

    let mut elsewhere = timer.clone();
    elsewhere.origin = None;
    rig.call(&hostile, &rig.tick(&elsewhere, &hostile))
        .await
        .expect_err("without a chat there is nothing to answer");
}

#[tokio::test]
async fn reminders_come_back_and_can_be_forgotten() {
    let rig = Rig::new();
    let reminders = rig.install("reminders").await;
    let draft = rig
        .call(&reminders, &rig.text("remind me in 10 minutes to call mum"))
        .await
        .expect("it answers");
    rig.host.commit(&draft);
    assert!(sent(&draft).concat().contains("call mum"), "{:?}", sent(&draft));
    let [TimerChange::Set(timer)] = draft.timers.as_slice() else {
        panic!("{:?}", draft.timers)
    };
    assert_eq!(timer.next.0, NOW.0 + 600_000);
    assert!(rig.say(&reminders, "my reminders").await.concat().contains("call mum"));
    let tick = rig
        .call(&reminders, &rig.tick(timer, &reminders))
        .await
        .expect("the reminder comes");
    assert!(sent(&tick).concat().contains("Reminder: call mum"), "{:?}", sent(&tick));
    rig.say(&reminders, "forget 1").await;
    assert!(!rig.say(&reminders, "my reminders").await.concat().contains("call mum"));
}

#[tokio::test]
async fn failed_calls_draft_nothing() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    rig.call(&hostile, &rig.text("half"))
        .await
        .expect_err("it stops half-way");
    assert_eq!(
        rig.say(&hostile, "kv-counter").await,
        ["1"],
        "the counter was not touched"
    );
}

#[tokio::test]
async fn what_has_expired_makes_room() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let old = |number| KvKey {
        scope: KvScope::Session,
        key: format!("old {number}").into(),
    };
    // The grant is 64 KiB.
    for number in 0..64 {
        let expires_at = (number > 0).then_some(NOW);
        rig.host.put(
            old(number),
            KvEntry {
                value: vec![0; 1000],
                revision: 1,
                expires_at,
            },
        );
    }
    for key in ["a", "b", "c"] {
        assert_eq!(rig.say(&hostile, &format!("kv-fill {key}")).await, ["stored"]);
    }
}
