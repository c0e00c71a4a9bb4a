//! What the send policy lets go when, on a clock that the test moves.

use waspnest_core::address::{ChatKind, Jid};
use waspnest_core::effect::{EffectState, Send};
use waspnest_core::event::EventKind;
use waspnest_core::id::EffectId;
use waspnest_core::log::Incoming;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};

use super::*;
use crate::config::send_policy::Activity;
use crate::sink::session::CANCELED;

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";
const EVE: &str = "4915100003";

/// Nothing but what a test asks for.
fn lax() -> SendPolicy {
    SendPolicy {
        activity: Activity::On,
        per_minute: 0,
        per_hour: 0,
        per_day: 0,
        new_contacts_per_day: 0,
        distance: Duration::ZERO,
        warm_up_days: 0,
        typing_per_character: Duration::ZERO,
        ..SendPolicy::default()
    }
}

/// 2025-06-16 is a Monday.
fn noon() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(UnixMs(1_750_075_200_000)))
}

fn rig(policy: SendPolicy) -> Rig {
    Rig::over(MemoryStore::new(), noon(), policy, Some(1))
}

impl Rig {
    /// Somebody asks for a message.
    async fn says(&self, to: &str, text: &str) -> EffectId {
        let request = EventId::new(self.ids.ulid(self.clock.now()));
        let action = Action::Send(Box::new(Send {
            to: to.parse().expect("a chat"),
            content: Content::Text(Text {
                body: text.into(),
                preview: None,
            }),
            quote: None,
            mentions: Vec::new(),
            ephemeral_s: None,
            typing_ms: None,
        }));
        let committed = self.outbox.submit(self.session, request, vec![action]).await;
        let committed = committed.expect("the store works");
        let id = committed.effects[0].id;
        self.port.offer(committed).await;
        self.turns().await;
        id
    }

    /// Somebody writes to the session.
    async fn hears(&self, from: &str) {
        let chat: Jid = from.parse().expect("a chat");
        let key = MessageKey {
            chat: chat.clone(),
            id: self.ids.ulid(self.clock.now()).to_string().parse().expect("an id"),
            from: Origin::Them,
            participant: None,
        };
        let content = Content::Text(Text {
            body: "hello".into(),
            preview: None,
        });
        let message = Message::new(key, ChatKind::Direct, Party::known_as(chat), self.clock.now(), content);
        let incoming = Incoming::from(EventKind::Message(Box::new(message)));
        self.log
            .append(self.session, vec![incoming])
            .await
            .expect("the store works");
    }

    async fn passes(&self, span: Duration) {
        self.clock.advance(span);
        self.turns().await;
    }

    fn sent(&self) -> Vec<String> {
        let sent = self.carrier.sent.lock().expect("no test panics with this lock");
        sent.iter().map(|(text, _)| text.clone()).collect()
    }

    async fn because(&self, id: EffectId) -> String {
        let effect = self
            .outbox
            .get(self.session, id)
            .await
            .expect("the store works")
            .expect("it is there");
        match effect.state {
            EffectState::Held { because, .. } => because.into(),
            other => panic!("it is {}", other.name()),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn while_it_is_off_everything_leaves_at_once_and_nothing_is_remembered() {
    let rig = rig(SendPolicy {
        activity: Activity::Off,
        per_minute: 1,
        ..SendPolicy::default()
    });
    for text in ["a", "b", "c"] {
        rig.says(ADA, text).await;
    }
    assert_eq!(rig.sent(), ["a", "b", "c"]);
    let ledger = SendLedger::new(rig.store.clone());
    let departures = ledger.departures(rig.session, UnixMs(0)).await.expect("it reads");
    assert_eq!(departures, []);
}

#[tokio::test]
async fn a_rate_holds_messages_back_in_order_and_says_why() {
    let rig = rig(SendPolicy { per_minute: 2, ..lax() });
    rig.says(ADA, "a1").await;
    rig.says(BOB, "b1").await;
    let held = rig.says(ADA, "a2").await;
    rig.says(ADA, "a3").await;
    rig.says(BOB, "b2").await;
    assert_eq!(rig.sent(), ["a1", "b1"]);
    assert_eq!(
        rig.because(held).await,
        "the send policy holds it back until about 2025-06-16T12:01:00.000Z: 2 messages in a minute are allowed now"
    );
    rig.passes(59 * SECOND).await;
    assert_eq!(rig.sent().len(), 2);
    rig.passes(SECOND).await;
    assert_eq!(rig.sent(), ["a1", "b1", "a2", "b2"]);
    rig.passes(MINUTE).await;
    assert_eq!(rig.sent(), ["a1", "b1", "a2", "b2", "a3"]);
}

#[tokio::test]
async fn an_answer_is_not_held_back_nor_is_what_waited_before_it() {
    let rig = rig(SendPolicy {
        per_hour: 1,
        quiet_hours: Some("13:00-15:00".parse().expect("good hours")),
        distance: MINUTE,
        ..lax()
    });
    rig.says(ADA, "a1").await;
    rig.says(BOB, "b1").await;
    assert_eq!(rig.sent(), ["a1"]);
    rig.passes(90 * MINUTE).await;
    let quiet = rig.says(EVE, "e1").await;
    assert!(rig.because(quiet).await.contains("quiet hours"));
    assert_eq!(rig.sent(), ["a1"], "the hour is over, and it is quiet");
    rig.hears(BOB).await;
    rig.says(BOB, "b2").await;
    assert_eq!(rig.sent(), ["a1", "b1", "b2"]);
    rig.passes(2 * HOUR).await;
    assert_eq!(rig.sent(), ["a1", "b1", "b2", "e1"]);
}

#[tokio::test]
async fn strangers_are_counted_once_and_people_who_wrote_are_none() {
    let rig = rig(SendPolicy {
        new_contacts_per_day: 1,
        answer_window: SECOND,
        ..lax()
    });
    rig.hears(EVE).await;
    rig.passes(MINUTE).await;
    rig.says(ADA, "a1").await;
    rig.says(ADA, "a2").await;
    rig.says(EVE, "e1").await;
    let stranger = rig.says(BOB, "b1").await;
    assert_eq!(rig.sent(), ["a1", "a2", "e1"]);
    assert!(
        rig.because(stranger)
            .await
            .contains("1 first messages in a day to people who never wrote")
    );
    rig.passes(24 * HOUR).await;
    assert_eq!(rig.sent(), ["a1", "a2", "e1", "b1"]);
}

#[tokio::test]
async fn other_chats_wait_for_the_distance() {
    let rig = rig(SendPolicy {
        distance: 5 * SECOND,
        ..lax()
    });
    for (to, text) in [(ADA, "a1"), (BOB, "b1"), (EVE, "e1"), (ADA, "a2")] {
        rig.says(to, text).await;
    }
    assert_eq!(rig.sent(), ["a1", "a2"]);
    rig.passes(5 * SECOND).await;
    assert_eq!(rig.sent(), ["a1", "a2", "b1"]);
    rig.passes(5 * SECOND).await;
    assert_eq!(rig.sent(), ["a1", "a2", "b1", "e1"]);
}

#[tokio::test]
async fn a_new_account_starts_with_less() {
    let rig = rig(SendPolicy {
        per_hour: 10,
        warm_up_days: 10,
        warm_up_start: 0.2,
        ..lax()
    });
    let say = async |text: &str| {
        for _ in 0..12 {
            rig.says(ADA, text).await;
        }
        rig.sent().len()
    };
    assert_eq!(say("first").await, 2);
    rig.port
        .cancel(EffectId::new(ulid::Ulid(1)))
        .await
        .expect_err("there is none of that name");
    rig.passes(5 * 24 * HOUR).await;
    // 10 are still waiting, and 12 come: 6 may leave in an hour half-way.
    assert_eq!(say("second").await, 2 + 6);
}

#[tokio::test]
async fn what_left_is_remembered_over_a_restart() {
    let (store, clock): (Arc<dyn Store>, _) = (MemoryStore::new(), noon());
    let policy = SendPolicy { per_hour: 2, ..lax() };
    let mut rig = Rig::over(store.clone(), clock.clone(), policy.clone(), Some(1));
    for text in ["a1", "a2", "a3"] {
        rig.says(ADA, text).await;
    }
    assert_eq!(rig.sent(), ["a1", "a2"]);
    rig.ends().await;
    clock.advance(MINUTE);
    let again = Rig::over(store, clock, policy, Some(1));
    again.turns().await;
    again.says(BOB, "b1").await;
    assert_eq!(again.sent(), [""; 0]);
    again.passes(HOUR).await;
    assert_eq!(again.sent(), ["a3", "b1"]);
}

#[tokio::test]
async fn a_change_of_the_policy_holds_for_what_waits() {
    let rig = rig(SendPolicy { per_day: 1, ..lax() });
    for text in ["a1", "a2", "a3"] {
        rig.says(ADA, text).await;
    }
    rig.policy.send_replace(Arc::new(SendPolicy { per_day: 2, ..lax() }));
    rig.turns().await;
    assert_eq!(rig.sent(), ["a1", "a2"]);
    rig.policy.send_replace(Arc::new(SendPolicy::default()));
    rig.turns().await;
    assert_eq!(rig.sent(), ["a1", "a2", "a3"]);
}

#[tokio::test]
async fn what_is_held_back_can_be_called_off_and_the_next_one_comes() {
    let rig = rig(SendPolicy { per_hour: 1, ..lax() });
    let gone = rig.says(ADA, "a1").await;
    let held = rig.says(ADA, "a2").await;
    let behind = rig.says(ADA, "a3").await;
    rig.says(ADA, "a4").await;
    rig.port.cancel(gone).await.expect_err("it has left");
    rig.port.cancel(behind).await.expect("it waits behind another");
    rig.port.cancel(held).await.expect("it is held back");
    rig.turns().await;
    let state = rig
        .outbox
        .get(rig.session, held)
        .await
        .expect("the store works")
        .expect("it is there")
        .state;
    assert!(matches!(&state, EffectState::Failed { reason, .. } if **reason == *CANCELED));
    rig.passes(HOUR).await;
    assert_eq!(rig.sent(), ["a1", "a4"]);
}

#[tokio::test]
async fn no_place_is_used_up_by_what_met_no_connection() {
    let rig = rig(SendPolicy { per_hour: 1, ..lax() });
    let ends = rig.holds_next();
    rig.says(ADA, "a1").await;
    rig.connects(None);
    ends.send(CarryError::NotConnected).expect("it is under way");
    rig.turns().await;
    rig.passes(MINUTE).await;
    rig.connects(Some(2));
    rig.turns().await;
    assert_eq!(rig.sent(), ["a1"]);
}

#[tokio::test]
async fn typing_is_shown_as_long_as_somebody_would_write() {
    let rig = rig(SendPolicy {
        typing_per_character: Duration::from_millis(50),
        typing_max: Duration::from_secs(3),
        typing_jitter: 0.5,
        ..lax()
    });
    let texts = ["", "ten chars.", &"long ".repeat(100)];
    for text in texts {
        rig.says(ADA, text).await;
    }
    let sent = rig.carrier.sent.lock().expect("no test panics with this lock").clone();
    let typing: Vec<_> = sent.iter().map(|(_, typing)| typing.unwrap_or_default()).collect();
    assert_eq!(typing[0], 0);
    assert!((250..=750).contains(&typing[1]) && typing[1] != 500, "{typing:?}");
    assert!((1500..=3000).contains(&typing[2]), "{typing:?}");
}
