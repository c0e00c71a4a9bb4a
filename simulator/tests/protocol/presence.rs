//! Who is there, when they were last there, and who is told.

use waspnest_simulator::{Config, Direction, NewAccount, PrivacyCategory, PrivacyValue, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::{ChatPresenceUpdate, Event, PresenceUpdate};
use whatsapp_rust::wacore::types::presence::ChatPresence;

use crate::client::{Companion, PATIENCE, announced, end, strict};
use crate::clock::{Hand, NOON_S};

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn presence(event: &Event) -> Option<PresenceUpdate> {
    match event {
        Event::Presence(update) => Some(update.clone()),
        _ => None,
    }
}

fn typing(event: &Event) -> Option<ChatPresenceUpdate> {
    match event {
        Event::ChatPresence(update) => Some(update.clone()),
        _ => None,
    }
}

/// Waits until `companion` has seen `count` presences, and returns the last of them.
async fn nth_presence(companion: &Companion, count: usize) -> PresenceUpdate {
    companion
        .events
        .until(&format!("presence number {count}"), |events| {
            events.all(presence).get(count - 1).cloned()
        })
        .await
}

/// Everything the client sent before is handled once the server has answered this.
async fn handled(companion: &Companion) {
    companion.client().fetch_privacy_settings().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_subscribes_sees_comings_and_goings_and_the_last_time() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let ben_jid = jid(&ben.account.jid());

    // Nobody was ever there: no time.
    let cleo = simulator.create_account(NewAccount::default()).unwrap();
    ada.client().presence().subscribe(&jid(&cleo.jid())).await.unwrap();
    let never = nth_presence(&ada, 1).await;
    assert!(never.unavailable && never.last_seen.is_none(), "{never:?}");

    announced(&simulator, &ben).await;
    ada.client().presence().subscribe(&ben_jid).await.unwrap();
    assert!(!nth_presence(&ada, 2).await.unavailable);
    clock.advance(5_000);
    ben.client().presence().set_unavailable().await.unwrap();
    let gone = nth_presence(&ada, 3).await;
    assert!(gone.unavailable);
    assert_eq!(gone.last_seen.unwrap().timestamp(), NOON_S as i64 + 5);
    assert_eq!(gone.from, ben_jid);

    // Whoever is cut off has left as well, and is asked for under the address that was asked for.
    ben.client().presence().set_available().await.unwrap();
    nth_presence(&ada, 4).await;
    clock.advance(5_000);
    ben.stop().await;
    let cut = nth_presence(&ada, 5).await;
    assert_eq!(cut.last_seen.unwrap().timestamp(), NOON_S as i64 + 10);
    ada.client()
        .presence()
        .subscribe(&jid(&ben.account.lid_jid()))
        .await
        .unwrap();
    assert_eq!(nth_presence(&ada, 6).await.from, jid(&ben.account.lid_jid()));

    // Who has unsubscribed is told nothing more.
    for known in [ben.account.jid(), ben.account.lid_jid()] {
        ada.client().presence().unsubscribe(&jid(&known)).await.unwrap();
    }
    handled(&ada).await;
    ben.start().await;
    ben.connected().await;
    handled(&ben).await;
    handled(&ada).await;
    assert_eq!(ada.events.all(presence).len(), 6);
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hides_the_last_time_neither_shows_nor_sees_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let (ada_jid, ben_jid) = (jid(&ada.account.jid()), jid(&ben.account.jid()));
    for companion in [&ada, &ben] {
        announced(&simulator, companion).await;
        companion.client().presence().set_unavailable().await.unwrap();
        handled(companion).await;
    }
    ada.client().presence().subscribe(&ben_jid).await.unwrap();
    assert!(nth_presence(&ada, 1).await.last_seen.is_some());

    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::Last, PrivacyValue::None)
        .unwrap();
    let hidden = nth_presence(&ada, 2).await;
    assert!(hidden.unavailable && hidden.last_seen.is_none(), "{hidden:?}");
    // Nor does Ben see when Ada was there.
    ben.client().presence().subscribe(&ada_jid).await.unwrap();
    assert!(nth_presence(&ben, 1).await.last_seen.is_none());

    // Being there is another setting, which may follow this one.
    ben.client().presence().set_available().await.unwrap();
    assert!(!nth_presence(&ada, 3).await.unavailable);
    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::Online, PrivacyValue::MatchLastSeen)
        .unwrap();
    let denied = nth_presence(&ada, 4).await;
    assert!(denied.unavailable && denied.last_seen.is_none(), "{denied:?}");
    let last = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .rfind(|r| r.tag == "presence" && r.direction == Direction::Out);
    assert!(last.unwrap().xml.contains("last=\"deny\""));
    // From now on Ada is not even told that something changes.
    ben.client().presence().set_unavailable().await.unwrap();
    handled(&ben).await;
    handled(&ada).await;
    assert_eq!(ada.events.all(presence).len(), 4);

    // Contacts are let in one by one.
    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::Last, PrivacyValue::Contacts)
        .unwrap();
    assert!(nth_presence(&ada, 5).await.last_seen.is_none());
    simulator.add_contact(&ben.account.phone, &ada.account.phone).unwrap();
    assert!(nth_presence(&ada, 6).await.last_seen.is_some());
    simulator
        .set_privacy(
            &ben.account.phone,
            PrivacyCategory::Last,
            PrivacyValue::ContactBlacklist,
        )
        .unwrap();
    assert!(nth_presence(&ada, 7).await.last_seen.is_some());
    simulator
        .except(&ben.account.phone, PrivacyCategory::Last, &ada.account.phone)
        .unwrap();
    assert!(nth_presence(&ada, 8).await.last_seen.is_none());
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_back_learns_who_is_typing_now_and_not_who_was() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let ben_jid = jid(&ben.account.jid());
    let composing = async |ada: &Companion| {
        ada.client().chatstate().send_composing(&ben_jid).await.unwrap();
        handled(ada).await;
    };
    ben.stop().await;
    composing(&ada).await;
    clock.advance(20_000);
    ben.start().await;
    let seen = ben.events.first("typing", typing).await;
    assert_eq!(seen.state, ChatPresence::Composing);

    // Not renewed: half a minute later it is over.
    ben.stop().await;
    clock.advance(10_000);
    ben.start().await;
    ben.connected().await;
    handled(&ben).await;
    assert!(ben.events.all(typing).is_empty());

    // Renewed, and then ended by the typist's own end.
    composing(&ada).await;
    ben.events.first("typing", typing).await;
    ada.stop().await;
    let paused = |event: &Event| typing(event).filter(|update| update.state == ChatPresence::Paused);
    ben.events.first("the end of it", paused).await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_not_being_typed_any_more() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "first contact").await;
    ben.events.text("first contact").await;
    ben.stop().await;
    ada.client()
        .chatstate()
        .send_composing(&jid(&ben.account.jid()))
        .await
        .unwrap();
    ada.say(&ben.account, "this").await;
    handled(&ada).await;
    ben.start().await;
    ben.events.text("this").await;
    handled(&ben).await;
    let notices = simulator
        .wait_stanza(0, |r| r.tag == "chatstate" && r.direction == Direction::In, PATIENCE)
        .await;
    assert!(notices.is_some());
    assert!(ben.events.all(typing).is_empty());
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}
