//! Companions that come and go, and who hears of it; sessions that end, and why.

use waspnest_simulator::{Ban, BanReason, Config, Direction, NewAccount, Simulator, StreamEnd};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::types::events::{DeviceListUpdateType, Event, TempBanReason};
use whatsapp_rust::wacore_binary::Node;

use crate::client::{Companion, PATIENCE, counted, end, strict};
use crate::clock::{Hand, NOON_S};
use crate::raw::{RawClient, error_of};

fn update(event: &Event) -> Option<DeviceListUpdateType> {
    match event {
        Event::DeviceListUpdate(update) => Some(update.update_type),
        _ => None,
    }
}

/// Waits until a contact has been told of a change under both of the account's names.
async fn told(contact: &Companion, kind: &DeviceListUpdateType) {
    contact
        .events
        .until("the change of a device list", |events| {
            (events.all(update).iter().filter(|seen| *seen == kind).count() >= 2).then_some(())
        })
        .await;
}

fn position(simulator: &Simulator) -> u64 {
    simulator.stanzas(0, usize::MAX).last().map_or(0, |record| record.seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_that_was_added_is_written_to_without_anybody_asking_for_it() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "one").await;
    ben.events.text("one").await;
    let mut tablet = Companion::link(&simulator, ben.account.clone()).await;
    told(&ada, &DeviceListUpdateType::Add).await;
    let before = position(&simulator);
    ada.say(&ben.account, "two").await;
    ben.events.text("two").await;
    tablet.events.text("two").await;
    let asked = simulator
        .stanzas(before, usize::MAX)
        .into_iter()
        .find(|r| r.account.as_ref() == Some(&ada.account.phone) && r.xml.contains("xmlns=\"usync\""));
    assert!(asked.is_none(), "{asked:?}");

    // It leaves by itself, and is not written to any more: the list that is left is the right one.
    tablet.client().logout().await;
    told(&ada, &DeviceListUpdateType::Remove).await;
    let id = ada.say(&ben.account, "three").await;
    ben.events.text("three").await;
    let ack = simulator
        .wait_stanza(
            before,
            |r| r.tag == "ack" && r.id == id && r.direction == Direction::Out,
            PATIENCE,
        )
        .await
        .expect("an acknowledgement");
    assert!(!ack.xml.contains("phash"), "{}", ack.xml);

    // Linked again under the same number, it is another device, and is found again.
    let mut again = Companion::link(&simulator, ben.account.clone()).await;
    assert_eq!((tablet.device, again.device), (2, 3));
    ada.events
        .until("the new device under both names", |events| {
            let added = |kind: &&DeviceListUpdateType| **kind == DeviceListUpdateType::Add;
            (events.all(update).iter().filter(added).count() >= 4).then_some(())
        })
        .await;
    ada.say(&ben.account, "four").await;
    again.events.text("four").await;
    for companion in [&mut ada, &mut ben, &mut tablet, &mut again] {
        companion.stop().await;
    }
    end(simulator).await;
}

fn remove(id: &str) -> NodeBuilder {
    NodeBuilder::new("remove-companion-device")
        .attr("reason", "user_initiated")
        .attr("id", id)
}

fn request(id: &str, content: Node) -> Node {
    NodeBuilder::new("iq")
        .attr("xmlns", "md")
        .attr("type", "set")
        .attr("id", id)
        .children([content])
        .build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_can_be_logged_out_everywhere_from_the_phone_or_from_a_companion() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let other = simulator.create_account(NewAccount::default()).unwrap();
    let stranger = RawClient::linked(&simulator, &other).await;
    let mut second = RawClient::linked(&simulator, &ada.account).await;
    // Nobody removes the devices of another account, or a phone.
    for jid in [stranger.device.pn.clone().unwrap().to_string(), ada.account.jid()] {
        let refused = request("x", remove("x").attr("jid", jid).build());
        assert_eq!(error_of(&second.ask(&refused).await).as_deref(), Some("404"));
    }
    let all = request("all", remove("all").attr("all", "true").build());
    assert_eq!(error_of(&second.ask(&all).await), None);
    let logged_out = |event: &Event| matches!(event, Event::LoggedOut(_)).then_some(());
    ada.events.first("LoggedOut", logged_out).await;
    assert_eq!(simulator.stats().companions, 1);
    ada.stop().await;

    let mut fresh = Companion::link(&simulator, ada.account.clone()).await;
    let _third = RawClient::linked(&simulator, &ada.account).await;
    assert_eq!(simulator.unlink_all(&ada.account.phone).unwrap(), 2);
    fresh.events.first("LoggedOut", logged_out).await;
    assert_eq!(simulator.stats().companions, 1);
    fresh.stop().await;
    end(simulator).await;
}

/// Recognises what a client makes of the end of its session.
type Expected = fn(&Event) -> bool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_as_the_server_says_and_the_device_stays_linked() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let phone = ada.account.phone.clone();
    let cases: [(StreamEnd, Expected); 5] = [
        (StreamEnd::Replaced, |event| matches!(event, Event::StreamReplaced(_))),
        (StreamEnd::DeviceRemoved, |event| matches!(event, Event::LoggedOut(_))),
        (StreamEnd::LogOut, |event| matches!(event, Event::LoggedOut(_))),
        (StreamEnd::Forbidden, |event| matches!(event, Event::StreamError(_))),
        (StreamEnd::InternalError, |event| matches!(event, Event::StreamError(_))),
    ];
    for (end, expected) in cases {
        assert_eq!(simulator.end_sessions(&phone, Some(ada.device), end).unwrap(), 1);
        ada.events
            .first(&format!("{end:?}"), |event| expected(event).then_some(()))
            .await;
        ada.stop().await;
        ada.start().await;
        ada.connected().await;
    }
    // These are no ends: the client comes back by itself.
    for end in [StreamEnd::Restart, StreamEnd::Unavailable] {
        let logins = simulator.stats().logins;
        assert_eq!(simulator.end_sessions(&phone, None, end).unwrap(), 1);
        counted(&simulator, |stats| stats.logins > logins).await;
    }
    assert_eq!(simulator.end_sessions(&phone, Some(9), StreamEnd::Restart).unwrap(), 0);
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_says_why_and_for_how_long_and_ends() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let ban = Ban {
        reason: BanReason::BlockedByUsers,
        seconds: 600,
    };
    simulator.ban(&ada.account.phone, ban).unwrap();
    let banned = |event: &Event| match event {
        Event::TemporaryBan(ban) => Some((ban.code.clone(), ban.expire.num_seconds())),
        _ => None,
    };
    let seen = ada.events.first("the ban", banned).await;
    assert_eq!(seen, (TempBanReason::BlockedByUsers, 600));
    ada.stop().await;
    clock.advance(200_000);
    ada.start().await;
    assert_eq!(ada.events.first("the rest of the ban", banned).await.1, 400);
    ada.stop().await;
    clock.advance(400_000);
    ada.start().await;
    ada.connected().await;
    ada.stop().await;
    end(simulator).await;
}
