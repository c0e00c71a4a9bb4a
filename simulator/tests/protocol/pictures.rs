//! Pictures of people and groups: set, seen by whom it may concern, taken away.

use waspnest_simulator::human::PictureSize;
use waspnest_simulator::{PrivacyCategory, PrivacyValue, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::iq::contacts::{ProfilePictureSpec, ProfilePictureType};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, end, strict};
use crate::person::join;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_seen_by_others_who_are_told_when_it_changes() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let mut cleo = Companion::join(&simulator, "Cleo").await;
    let who = &anna.account().phone;
    assert_eq!(ben.picture_of(who, PictureSize::Full).await.unwrap(), None);
    let jid: Jid = anna.account().jid().parse().unwrap();
    let none = cleo.client().contacts().get_profile_picture(&jid, true).await.unwrap();
    assert!(none.is_none());

    let id = anna.set_picture(b"a face").await.unwrap();
    let told = cleo
        .events
        .first("news of Anna's picture", |event| match event {
            Event::PictureUpdate(update) => Some(update.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (told.jid, told.removed, told.picture_id),
        (jid.clone(), false, Some(id.clone()))
    );
    for size in [PictureSize::Preview, PictureSize::Full] {
        let seen = ben.picture_of(who, size).await.unwrap().expect("a picture");
        assert_eq!((seen.id, &seen.jpeg[..]), (id.clone(), &b"a face"[..]));
    }
    // By her other address, and for herself.
    assert!(
        ben.picture_of(&anna.account().lid_jid(), PictureSize::Full)
            .await
            .unwrap()
            .is_some()
    );
    assert!(anna.picture_of(who, PictureSize::Full).await.unwrap().is_some());
    assert_eq!(simulator.picture(who).unwrap().as_deref(), Some(&b"a face"[..]));
    // usync names its id.
    let info = ben
        .client()
        .unwrap()
        .contacts()
        .get_user_info(std::slice::from_ref(&jid))
        .await
        .unwrap();
    let ids: Vec<_> = info.values().map(|user| user.picture_id.clone()).collect();
    assert_eq!(ids, [Some(id.clone())]);
    // Who has it already gets nothing new.
    let mut spec = ProfilePictureSpec::new(&jid, ProfilePictureType::Full);
    spec.existing_id = Some(id.clone());
    assert!(ben.client().unwrap().execute(spec).await.unwrap().is_none());

    // Another one from the phone has another id; and then there is none.
    let second = simulator.set_picture(who, b"another face".to_vec()).unwrap();
    assert_ne!(second.to_string(), id);
    let seen = ben
        .picture_of(who, PictureSize::Full)
        .await
        .unwrap()
        .expect("a picture");
    assert_eq!(seen.jpeg, b"another face");
    anna.remove_picture().await.unwrap();
    cleo.events
        .first("news that it is gone", |event| match event {
            Event::PictureUpdate(update) => update.removed.then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(ben.picture_of(who, PictureSize::Full).await.unwrap(), None);
    assert!(simulator.set_picture(who, Vec::new()).is_err());
    assert!(anna.set_picture(&[7; (1 << 20) + 1]).await.is_err());
    cleo.stop().await;
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_see_a_picture_sees_none_and_nobody_sets_another_persons() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let who = &anna.account().phone;
    simulator.set_picture(who, b"a face".to_vec()).unwrap();
    simulator
        .set_privacy(who, PrivacyCategory::Profile, PrivacyValue::None)
        .unwrap();
    assert_eq!(ben.picture_of(who, PictureSize::Full).await.unwrap(), None);
    assert!(anna.picture_of(who, PictureSize::Full).await.unwrap().is_some());
    assert!(
        ben.set_group_picture(&anna.account().jid(), b"moustache")
            .await
            .is_err()
    );
    assert_eq!(simulator.picture(who).unwrap().as_deref(), Some(&b"a face"[..]));
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_groups_picture_is_set_by_who_may_and_seen_by_members() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let cleo = join(&simulator, "Cleo").await;
    let group = anna.create_group("Trip", &[&ben.account.phone]).await.unwrap().jid;
    let id = anna.set_group_picture(&group, b"a mountain").await.unwrap();
    let told = ben
        .events
        .first("news of the group's picture", |event| match event {
            Event::PictureUpdate(update) => Some(update.clone()),
            _ => None,
        })
        .await;
    assert_eq!(told.jid.to_string(), group);
    assert_eq!(told.picture_id, Some(id));
    assert_eq!(
        told.author.map(|author| author.to_string()),
        Some(anna.account().lid_jid())
    );
    let seen = anna
        .picture_of(&group, PictureSize::Full)
        .await
        .unwrap()
        .expect("a picture");
    assert_eq!(seen.jpeg, b"a mountain");
    assert_eq!(cleo.picture_of(&group, PictureSize::Full).await.unwrap(), None);
    assert!(cleo.set_group_picture(&group, b"a sea").await.is_err());
    ben.stop().await;
    anna.leave().await;
    cleo.leave().await;
    end(simulator).await;
}
