//! What `dialogue` drafts, and what it refuses.

use waspnest_core::dialogue::{self, End, Pending, Wait};
use waspnest_core::draft::{KvEntry, KvKey, KvRead, KvScope, TimerChange, TimerRule};
use waspnest_core::event::Position;

use super::fixture::{CHAT, NOW, Stored, call, call_over};
use crate::bindings::waspnest::plugin::dialogue::{Host, State, Who};
use crate::bindings::waspnest::plugin::types::Error;
use crate::call::Occasion;
use crate::capability::dialogue::Dialogues;
use crate::limits::{DIALOGUE_BYTES, DIALOGUE_OPERATIONS};
use crate::state::CallState;

fn state(name: &str) -> State {
    State {
        name: name.to_owned(),
        data: vec![1],
        version: 2,
    }
}

fn of_sender() -> KvScope {
    let jid = || CHAT.parse().expect("a JID");
    KvScope::Sender {
        chat: jid(),
        sender: jid(),
    }
}

/// What the draft would carry: keys with whether they are written, what is relied on, and changes of timers.
fn drafted(call: &mut CallState) -> (Vec<(KvKey, bool)>, Vec<KvRead>, Vec<TimerChange>) {
    let mut timers = Vec::new();
    let (writes, reads) = std::mem::take(&mut call.call.dialogues).into_draft(&mut timers);
    let writes = writes.into_iter().map(|write| (write.key, write.entry.is_some()));
    (writes.collect(), reads, timers)
}

#[tokio::test]
async fn a_state_is_seen_by_the_call_that_sets_it_and_by_the_next() {
    let mut first = call();
    first
        .set(Who::Sender, Some(state("size")), None)
        .await
        .expect("no trap")
        .expect("granted");
    let seen = first
        .get(Who::Sender)
        .await
        .expect("no trap")
        .expect("granted")
        .expect("it is set");
    assert_eq!(
        (seen.name.as_str(), seen.data.as_slice(), seen.version),
        ("size", [1].as_slice(), 2)
    );
    assert!(first.get(Who::Chat).await.expect("no trap").expect("granted").is_none());
    let key = dialogue::state_key(of_sender());
    let entry = |expires_at| {
        let state = dialogue::State {
            name: "kept".into(),
            data: Vec::new(),
            version: 0,
        };
        dialogue::entry(&state, Position(7), expires_at)
    };
    for (expires_at, there) in [(None, true), (Some(NOW), false)] {
        let mut next = call_over(Stored {
            dialogues: [(key.clone(), entry(expires_at))].into(),
            ..Stored::default()
        });
        assert_eq!(
            next.get(Who::Sender)
                .await
                .expect("no trap")
                .expect("granted")
                .is_some(),
            there
        );
        next.set(Who::Sender, None, None)
            .await
            .expect("no trap")
            .expect("granted");
        let (writes, reads, _) = drafted(&mut next);
        assert_eq!(writes.len(), usize::from(there), "what is not there is not removed");
        assert_eq!(reads.first().and_then(|read| read.revision), there.then_some(7));
    }
}

#[tokio::test]
async fn a_wait_has_a_timer_until_it_is_called_off() {
    let mut call = call();
    for name in ["first", "second"] {
        let asked = call.expect(Who::Sender, name.to_owned(), vec![], 0, 60_000).await;
        asked.expect("no trap").expect("granted");
    }
    let key = dialogue::wait_key(of_sender());
    let (writes, reads, timers) = drafted(&mut call);
    assert_eq!(writes, [(key.clone(), true)]);
    assert_eq!(reads, [KvRead { key, revision: None }]);
    let Some(TimerChange::Set(timer)) = timers.last() else {
        panic!("{timers:?}")
    };
    assert_eq!(
        (timer.next.0, &timer.rule),
        (NOW.0 + 60_000, &TimerRule::Wait(timer.next))
    );

    call.expect(Who::Chat, "any".to_owned(), vec![], 0, 60_000)
        .await
        .expect("no trap")
        .expect("granted");
    assert!(call.cancel(Who::Chat).await.expect("no trap").expect("granted"));
    assert!(!call.cancel(Who::Chat).await.expect("no trap").expect("granted"));
    let (writes, _, timers) = drafted(&mut call);
    assert!(writes.is_empty());
    assert!(
        matches!(timers.as_slice(), [TimerChange::Set(_), TimerChange::Cancel(_)]),
        "{timers:?}"
    );
}

#[tokio::test]
async fn the_wait_a_call_is_told_of_is_over() {
    let wait = Wait {
        state: dialogue::State {
            name: "size".into(),
            data: Vec::new(),
            version: 0,
        },
        until: NOW,
    };
    let entry: KvEntry = dialogue::entry(&wait, Position(3), None);
    let pending = Pending {
        scope: of_sender(),
        state: wait.state,
        end: End::Answered,
        entry: entry.clone(),
    };
    let key = dialogue::wait_key(of_sender());
    let told = || {
        let mut call = call_over(Stored {
            dialogues: [(key.clone(), entry.clone())].into(),
            ..Stored::default()
        });
        call.call.dialogues = Dialogues::of(Position(9), Occasion::Reply(&pending));
        call
    };
    let mut quiet = told();
    assert!(!quiet.cancel(Who::Sender).await.expect("no trap").expect("granted"));
    let (writes, reads, timers) = drafted(&mut quiet);
    assert_eq!(writes, [(key.clone(), false)]);
    let relied_on = KvRead {
        key: key.clone(),
        revision: Some(3),
    };
    assert_eq!(reads, [relied_on]);
    assert!(matches!(timers.as_slice(), [TimerChange::Cancel(_)]));

    let mut asking = told();
    asking
        .expect(Who::Sender, "again".to_owned(), vec![], 0, 60_000)
        .await
        .expect("no trap")
        .expect("granted");
    let (writes, _, timers) = drafted(&mut asking);
    assert_eq!(writes, [(key, true)]);
    assert!(matches!(
        timers.as_slice(),
        [TimerChange::Cancel(_), TimerChange::Set(_)]
    ));
}

#[tokio::test]
async fn what_is_wrong_is_said_and_changes_nothing() {
    let mut call = call();
    let long = "x".repeat(129);
    for (name, bytes, ttl_ms, says) in [
        ("", 0, 60_000, "name"),
        (long.as_str(), 0, 60_000, "name"),
        ("size", DIALOGUE_BYTES + 1, 60_000, "16384"),
        ("size", 0, 999, "1000"),
        ("size", 0, 2_592_000_001, "2592000000"),
    ] {
        let asked = call
            .expect(Who::Sender, name.to_owned(), vec![0; bytes], 0, ttl_ms)
            .await;
        let refusal = format!("{:?}", asked.expect("no trap").expect_err(says));
        assert!(refusal.contains(says), "{refusal}");
    }
    let refusal = call
        .set(Who::Sender, Some(state("")), None)
        .await
        .expect("no trap")
        .expect_err("no name");
    assert!(matches!(refusal, Error::Invalid(_)), "{refusal:?}");
    let refusal = call
        .set(Who::Sender, Some(state("a")), Some(0))
        .await
        .expect("no trap")
        .expect_err("no time");
    assert!(matches!(refusal, Error::Invalid(_)), "{refusal:?}");
    call.call.scene.sender = None;
    for of in [Who::Sender, Who::Chat] {
        let refusal = call.get(of).await.expect("no trap").expect_err("nobody is there");
        assert!(matches!(refusal, Error::Invalid(_)), "{refusal:?}");
        call.call.scene.chat = None;
    }
    assert_eq!(drafted(&mut call), (Vec::new(), Vec::new(), Vec::new()));
}

#[tokio::test]
async fn as_many_are_open_as_are_granted() {
    let entry = |name: &str| {
        let key = dialogue::state_key(KvScope::Chat(format!("49151{name}").parse().expect("a JID")));
        (
            key,
            dialogue::entry(
                &dialogue::State {
                    name: name.into(),
                    data: Vec::new(),
                    version: 0,
                },
                Position(1),
                None,
            ),
        )
    };
    let mut call = call_over(Stored {
        dialogues: [entry("20001"), entry("20002")].into(),
        ..Stored::default()
    });
    call.set(Who::Sender, Some(state("third")), None)
        .await
        .expect("no trap")
        .expect("there is room for three");
    let refusal = call
        .expect(Who::Sender, "a".to_owned(), vec![], 0, 60_000)
        .await
        .expect("no trap")
        .expect_err("a fourth");
    assert!(
        matches!(&refusal, Error::Quota(what) if what.contains("3 open")),
        "{refusal:?}"
    );
    call.set(Who::Sender, Some(state("other")), None)
        .await
        .expect("no trap")
        .expect("it replaces");
    call.set(Who::Sender, None, None)
        .await
        .expect("no trap")
        .expect("it removes");
    call.expect(Who::Sender, "a".to_owned(), vec![], 0, 60_000)
        .await
        .expect("no trap")
        .expect("there is room again");
}

#[tokio::test]
async fn a_call_has_so_many_operations_and_needs_the_grant() {
    let mut call = call();
    for _ in 0..DIALOGUE_OPERATIONS {
        call.get(Who::Chat).await.expect("no trap").expect("within the budget");
    }
    let refusal = call.get(Who::Chat).await.expect("no trap").expect_err("one too many");
    assert!(matches!(refusal, Error::Quota(_)), "{refusal:?}");
    let mut call = super::fixture::call();
    std::sync::Arc::make_mut(&mut call.call.effective).dialogue = None;
    let refusals = [
        call.get(Who::Chat).await.expect("no trap").expect_err("denied"),
        call.set(Who::Chat, None, None)
            .await
            .expect("no trap")
            .expect_err("denied"),
        call.expect(Who::Chat, "a".to_owned(), vec![], 0, 60_000)
            .await
            .expect("no trap")
            .expect_err("denied"),
        call.cancel(Who::Chat).await.expect("no trap").expect_err("denied"),
    ];
    assert!(
        refusals
            .iter()
            .all(|refusal| matches!(refusal, Error::Denied(what) if what == "dialogue"))
    );
}
