//! Privacy settings: kept, told to the account's other companions, guarded against two editors.

use waspnest_simulator::{
    Direction, NewAccount, PrivacyCategory, PrivacyError, PrivacyValue, Simulator, StatusAudience,
};
use whatsapp_rust::request::IqError;
use whatsapp_rust::wacore::iq::privacy as wire;
use whatsapp_rust::{Jid, NodeBuilder};

use crate::client::{Companion, PATIENCE, end, settled, strict};
use crate::raw::{RawClient, text};

/// Waits until a companion of `phone` has been told something that contains all of `parts`.
async fn told(simulator: &Simulator, phone: &str, device: u16, parts: &[&str]) -> String {
    simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.direction == Direction::Out
                    && r.account.as_deref() == Some(phone)
                    && r.device == Some(device)
                    && parts.iter().all(|part| r.xml.contains(part))
            },
            PATIENCE,
        )
        .await
        .unwrap_or_else(|| panic!("device {device} is never told {parts:?}"))
        .xml
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_kept_and_every_other_companion_is_told() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let phone = ada.account.phone.clone();

    // A new account hides nothing.
    let first = ada.client().fetch_privacy_settings().await.unwrap();
    assert_eq!(first.settings.len(), PrivacyCategory::ALL.len());
    assert_eq!(
        first.get_value(&wire::PrivacyCategory::Last),
        Some(&wire::PrivacyValue::All)
    );

    // What one companion sets, the other one can read, and is told without asking.
    ada.client()
        .set_privacy_setting(wire::PrivacyCategory::Last, wire::PrivacyValue::Contacts)
        .await
        .unwrap();
    let part = "<category name=\"last\" value=\"contacts\"";
    told(&simulator, &phone, tablet.device, &["type=\"account_sync\"", part]).await;
    let seen = tablet.client().fetch_privacy_settings().await.unwrap();
    assert_eq!(
        seen.get_value(&wire::PrivacyCategory::Last),
        Some(&wire::PrivacyValue::Contacts)
    );
    assert_eq!(
        simulator.privacy(&phone).unwrap()[&PrivacyCategory::Last],
        PrivacyValue::Contacts
    );

    // What the phone sets, both are told.
    simulator
        .set_privacy(&phone, PrivacyCategory::Online, PrivacyValue::MatchLastSeen)
        .unwrap();
    for device in [ada.device, tablet.device] {
        told(
            &simulator,
            &phone,
            device,
            &["name=\"online\" value=\"match_last_seen\""],
        )
        .await;
    }
    assert!(matches!(
        simulator.set_privacy(&phone, PrivacyCategory::Online, PrivacyValue::None),
        Err(PrivacyError::NotPossible { .. })
    ));
    settled(&simulator).await;
    ada.stop().await;
    tablet.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_category_refuses_values_it_cannot_have() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let other = |name: &str| wire::PrivacyCategory::Other(name.to_owned());
    for (category, value) in [
        (other("online"), wire::PrivacyValue::None),
        (other("readreceipts"), wire::PrivacyValue::Contacts),
        (other("shoes"), wire::PrivacyValue::All),
        (other("last"), wire::PrivacyValue::Other("friends".to_owned())),
    ] {
        let refused = ada.client().set_privacy_setting(category, value).await;
        assert!(
            matches!(refused, Err(IqError::ServerError { code: 400, .. })),
            "{refused:?}"
        );
    }
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceptions_are_changed_only_by_who_knows_the_list() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let user = |action| wire::DisallowedListUserEntry {
        action,
        jid: ben.account.lid_jid().parse::<Jid>().unwrap(),
        pn_jid: Some(ben.account.jid().parse::<Jid>().unwrap()),
    };
    let update = |dhash: &str, action| wire::DisallowedListUpdate {
        dhash: dhash.to_owned(),
        users: vec![user(action)],
    };
    let category = wire::PrivacyCategory::Status;
    let client = ada.client();
    let added = client
        .set_privacy_disallowed_list(category.clone(), update("none", wire::DisallowedListAction::Add))
        .await
        .unwrap();
    let version = added.dhash.expect("the hash of the new list");
    assert_eq!(
        simulator.privacy(&ada.account.phone).unwrap()[&PrivacyCategory::Status],
        PrivacyValue::ContactBlacklist
    );

    // Who still has the old list is refused, and nothing has changed.
    let stale = client
        .set_privacy_disallowed_list(category.clone(), update("none", wire::DisallowedListAction::Remove))
        .await;
    assert!(
        matches!(stale, Err(IqError::ServerError { code: 409, .. })),
        "{stale:?}"
    );
    let emptied = client
        .set_privacy_disallowed_list(category, update(&version, wire::DisallowedListAction::Remove))
        .await
        .unwrap();
    assert_ne!(emptied.dhash.as_ref(), Some(&version));
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_reads_for_whom_status_posts_are() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = |name: &str| {
        let spec = NewAccount {
            push_name: name.to_owned(),
            phone: None,
        };
        simulator.create_account(spec).unwrap()
    };
    let (ada, ben, cleo) = (account("Ada"), account("Ben"), account("Cleo"));
    let mut client = RawClient::linked(&simulator, &ada).await;
    let mut asked = async || {
        let question = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "get")
            .attr("xmlns", "status")
            .attr("id", "status-privacy")
            .children([NodeBuilder::new("privacy").build()])
            .build();
        let answer = client.ask(&question).await;
        let privacy = answer.get_optional_child("privacy").expect("the lists");
        let lists = privacy.get_children_by_tag("list").map(|list| {
            let users = list.get_children_by_tag("user").filter_map(|user| text(user, "jid"));
            (text(list, "type").unwrap(), text(list, "default"), users.collect())
        });
        lists.collect::<Vec<(String, Option<String>, Vec<String>)>>()
    };
    let list = |kind: &str, counts: bool, users: &[String]| {
        (kind.to_owned(), counts.then(|| "true".to_owned()), users.to_vec())
    };
    // Until the phone is set otherwise, posts are for all contacts.
    let expected = [
        list("contacts", true, &[]),
        list("blacklist", false, &[]),
        list("whitelist", false, &[]),
    ];
    assert_eq!(asked().await, expected);
    simulator
        .set_status_privacy(&ada.phone, StatusAudience::Blacklist, &[&ben.phone])
        .unwrap();
    simulator
        .set_status_privacy(&ada.phone, StatusAudience::Whitelist, &[&cleo.phone])
        .unwrap();
    let expected = [
        list("contacts", false, &[]),
        list("blacklist", false, &[ben.jid()]),
        list("whitelist", true, &[cleo.jid()]),
    ];
    assert_eq!(asked().await, expected);
    assert_eq!(
        simulator.status_privacy(&ada.phone).unwrap(),
        (StatusAudience::Whitelist, vec![cleo.phone])
    );
    end(simulator).await;
}
