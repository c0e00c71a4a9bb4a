//! The world in a file: another server that begins with it is the same server to its clients.

use waspnest_simulator::human::{Human, PictureSize};
use waspnest_simulator::{
    BusinessProfile, CallMedia, CallState, Config, GroupRole, LoginRefusal, NewAccount, PrivacyCategory, PrivacyValue,
    Simulator, StartError, StatusAudience, WorldFileError,
};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::iq::business::BusinessProfileSpec;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, counted, message_waits, settled};

fn config(seed: u64) -> Config {
    Config {
        seed,
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_go_on_with_a_server_that_begins_with_the_saved_world() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("world.json");
    let first = Simulator::start(config(1)).await.unwrap();
    let mut ada = Companion::join(&first, "Ada").await;
    let mut ben = Companion::join(&first, "Ben").await;
    ada.say(&ben.account, "before").await;
    ben.events.text("before").await;
    settled(&first).await;
    ben.stop().await;
    let waiting = ada.say(&ben.account, "waiting").await;
    message_waits(&first, &ben).await;
    first.shift_clock(60_000);
    first.save(&file).await.unwrap();
    let phones_read = first.stats().phone_decrypted;
    assert!(phones_read > 0);
    ada.stop().await;
    first.shutdown().await;

    let second = Simulator::start(Config {
        restore: Some(file),
        ..config(2)
    })
    .await
    .unwrap();
    assert_eq!(second.accounts(), [ada.account.clone(), ben.account.clone()]);
    message_waits(&second, &ben).await;
    assert_eq!(second.shift_clock(0), 60_000);
    for companion in [&mut ada, &mut ben] {
        companion.point_at(&second);
        companion.start().await;
    }
    assert_eq!(ben.events.text("waiting").await, waiting);
    ben.say(&ada.account, "afterwards").await;
    ada.events.text("afterwards").await;
    ada.say(&ben.account, "and back").await;
    ben.events.text("and back").await;
    settled(&second).await;
    // The phones read on in the sessions they had, and clients knew the server's key.
    let stats = second.stats();
    assert!(stats.phone_decrypted >= 2, "{stats:?}");
    assert_eq!(stats.phone_undecryptable, 0);
    assert_eq!((stats.handshakes_ik, stats.handshakes_xx), (2, 0));
    // What is new is new: neither a number nor a linked device that was there before.
    let mut cleo = Companion::join(&second, "Cleo").await;
    let mut tablet = Companion::link(&second, ben.account.clone()).await;
    assert!(second.accounts().len() == 3 && tablet.device > ben.device);
    cleo.say(&ben.account, "hello from Cleo").await;
    tablet.events.text("hello from Cleo").await;
    for companion in [&mut ada, &mut ben, &mut cleo, &mut tablet] {
        companion.stop().await;
    }
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_knows_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("world.json");
    let first = Simulator::start(config(1)).await.unwrap();
    let person = |name: &str| {
        let spec = NewAccount {
            push_name: name.to_owned(),
            phone: None,
        };
        first.create_account(spec).unwrap().phone
    };
    let (ada, ben, cleo) = (person("Ada"), person("Ben"), person("Cleo"));
    let group = first.create_group(&ada, "Hikers", &[&ben, &cleo]).unwrap();
    first.set_group_role(&group.jid, &[&ben], GroupRole::Admin).unwrap();
    first.remove_from_group(&group.jid, &[&cleo]).unwrap();
    let newsletter = first.create_newsletter(&ada, "News", "of the day").unwrap();
    first.follow_newsletter(&newsletter.jid, &ben).unwrap();
    let post = first.publish(&newsletter.jid, "It rains").unwrap();
    first.add_views(&newsletter.jid, post, 7).unwrap();
    first
        .set_privacy(&ada, PrivacyCategory::Last, PrivacyValue::ContactBlacklist)
        .unwrap();
    first.add_contact(&ada, &cleo).unwrap();
    first.block(&ben, &cleo).unwrap();
    first.rotate_app_state_key(&ada).unwrap();
    first.refuse_login(&cleo, Some(LoginRefusal::Locked)).unwrap();
    first
        .set_status_privacy(&ada, StatusAudience::Blacklist, &[&cleo])
        .unwrap();
    first.set_picture(&ada, b"a face".to_vec()).unwrap();
    let baker = BusinessProfile {
        name: "Ben's Bakery".to_owned(),
        ..BusinessProfile::default()
    };
    first.set_business(&ben, baker).unwrap();
    let over = first.offer_call(&ada, &ben, CallMedia::Audio).unwrap();
    first.end_call(&over).unwrap();
    first.offer_call(&ada, &ben, CallMedia::Video).unwrap();
    first.save(&file).await.unwrap();

    let second = Simulator::start(Config {
        restore: Some(file.clone()),
        ..config(2)
    })
    .await
    .unwrap();
    assert_eq!(second.accounts(), first.accounts());
    assert_eq!(second.groups(), first.groups());
    assert_eq!(second.newsletters(), first.newsletters());
    assert_eq!(
        second.newsletter_posts(&newsletter.jid).unwrap(),
        first.newsletter_posts(&newsletter.jid).unwrap()
    );
    for phone in [&ada, &ben, &cleo] {
        assert_eq!(second.privacy(phone).unwrap(), first.privacy(phone).unwrap());
        assert_eq!(second.contacts(phone).unwrap(), first.contacts(phone).unwrap());
        assert_eq!(second.blocked(phone).unwrap(), first.blocked(phone).unwrap());
        assert_eq!(second.app_state(phone).unwrap(), first.app_state(phone).unwrap());
        assert_eq!(
            second.status_privacy(phone).unwrap(),
            first.status_privacy(phone).unwrap()
        );
        assert_eq!(second.picture(phone).unwrap(), first.picture(phone).unwrap());
        assert_eq!(second.business(phone).unwrap(), first.business(phone).unwrap());
    }
    assert_eq!(second.calls(), first.calls());
    // Saved again it is the same file, but for the moment and what the next draws go on from.
    let again = dir.path().join("again.json");
    second.save(&again).await.unwrap();
    let read = |path: &std::path::Path| {
        let mut world: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for of_the_moment in ["saved_at_ms", "seed"] {
            world.as_object_mut().unwrap().remove(of_the_moment);
        }
        world
    };
    assert_eq!(read(&again), read(&file));
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_show_post_and_ring_for_is_seen_by_clients_of_the_next_server() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("world.json");
    let first = Simulator::start(config(1)).await.unwrap();
    let anna = Human::join(&first, NewAccount::default()).await.unwrap();
    let mut ben = Companion::join(&first, "Ben").await;
    let (who, to) = (anna.account().phone.clone(), ben.account.phone.clone());
    let hello = anna.say(&to, "hello").await.unwrap();
    assert_eq!(ben.events.text("hello").await, hello);
    let picture = anna.set_picture(b"a face").await.unwrap();
    let channel = anna.create_newsletter("Weather", None).await.unwrap();
    anna.set_newsletter_picture(&channel, Some(b"a cloud")).await.unwrap();
    let baker = BusinessProfile {
        name: "Anna's Bakery".to_owned(),
        description: "Bread and cake".to_owned(),
        ..BusinessProfile::default()
    };
    first.set_business(&who, baker).unwrap();
    settled(&first).await;
    ben.stop().await;
    let post = anna.post_status("At the sea", &[&to]).await.unwrap();
    let call = first.offer_call(&who, &to, CallMedia::Audio).unwrap();
    anna.leave().await;
    first.save(&file).await.unwrap();
    first.shutdown().await;

    let second = Simulator::start(Config {
        restore: Some(file),
        ..config(2)
    })
    .await
    .unwrap();
    ben.point_at(&second);
    ben.start().await;
    let seen = ben.events.first("the post", |event| match event {
        Event::Messages(batch) => batch.iter().find(|one| one.info.id == post).cloned(),
        _ => None,
    });
    assert_eq!(seen.await.info.source.chat, Jid::status_broadcast());
    ben.events
        .first("the call", |event| {
            matches!(event, Event::MissedCall(_) | Event::IncomingCall(_)).then_some(())
        })
        .await;
    assert_eq!(second.call(&call).unwrap().state, CallState::Ringing);
    second.end_call(&call).unwrap();
    let jid: Jid = format!("{who}@s.whatsapp.net").parse().unwrap();
    let client = ben.client();
    let shown = client.contacts().get_profile_picture(&jid, false).await.unwrap();
    assert_eq!(shown.expect("a picture").id, picture);
    let business = client.execute(BusinessProfileSpec::new(&jid)).await.unwrap();
    assert_eq!(business.expect("a profile").description, "Bread and cake");
    let info = client.contacts().get_user_info(std::slice::from_ref(&jid)).await;
    let info = info.unwrap().into_values().next().expect("Anna");
    let name = info.verified_name.and_then(|verified| verified.name);
    assert_eq!(name.as_deref(), Some("Anna's Bakery"));
    // A newcomer fetches the very bytes.
    let cleo = Human::join(&second, NewAccount::default()).await.unwrap();
    for (of, bytes) in [(&who, &b"a face"[..]), (&channel, b"a cloud")] {
        let seen = cleo.picture_of(of, PictureSize::Full).await.unwrap();
        assert_eq!(seen.expect("a picture").jpeg, bytes);
    }
    ben.stop().await;
    cleo.leave().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_goes_back_to_a_saved_world() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("world.json");
    let simulator = Simulator::start(config(1)).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    simulator.save(&file).await.unwrap();
    let mut ben = Companion::join(&simulator, "Ben").await;
    ben.stop().await;
    let logins = simulator.stats().logins;
    simulator.restore(&file).await.unwrap();
    assert_eq!(simulator.accounts(), [ada.account.clone()]);
    counted(&simulator, |stats| stats.logins == logins + 1).await;
    ada.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_refused_says_why_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("world.json");
    let simulator = Simulator::start(config(1)).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    simulator.save(&file).await.unwrap();
    let good = std::fs::read_to_string(&file).unwrap();

    let newer = good.replace("\"version\":1,", "\"version\":2,");
    let other = good.replace("waspnest-simulator world", "somebody's world");
    let misspelt = good.replace("\"push_name\"", "\"pushname\"");
    let watched = good.replace("\"blocked\":[]", "\"blocked\":[7]");
    let cut_short = good[..good.len() / 2].to_owned();
    let cases = [
        (newer, "version 2"),
        (other, "not a saved world"),
        (misspelt, "damaged"),
        (watched, "does not fit together"),
        (cut_short, "cut short"),
        (String::new(), "cut short"),
        ("[]".to_owned(), "not a saved world"),
    ];
    for (text, why) in cases {
        assert_ne!(text, good, "{why}");
        std::fs::write(&file, text).unwrap();
        let refused = simulator.restore(&file).await.expect_err(why);
        assert!(refused.to_string().contains(why), "{refused} ({why})");
        let path = file.display().to_string();
        assert!(refused.to_string().contains(&path), "{refused}");
        let config = Config {
            restore: Some(file.clone()),
            ..config(2)
        };
        let refused = Simulator::start(config).await.expect_err(why);
        assert!(matches!(refused, StartError::Restore(_)), "{refused}");
    }
    let missing = simulator.restore(dir.path().join("none")).await;
    assert!(matches!(missing, Err(WorldFileError::Read { .. })));
    let nowhere = simulator.save(dir.path().join("no/such/place")).await;
    assert!(matches!(nowhere, Err(WorldFileError::Write { .. })));
    assert_eq!(simulator.stats().connections, 1);
    ada.stop().await;
    simulator.shutdown().await;
}
