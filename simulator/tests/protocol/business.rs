//! Business accounts: what others see of them, and what they change themselves.

use waspnest_simulator::{BusinessCategory, BusinessDay, BusinessHours, BusinessProfile, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::iq::business::BusinessProfileSpec;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, end, strict};

fn bakery() -> BusinessProfile {
    BusinessProfile {
        name: "Anna's Bakery".to_owned(),
        description: "Bread and cake".to_owned(),
        address: Some("1 Main Street".to_owned()),
        email: Some("anna@bakery.example".to_owned()),
        websites: vec!["https://bakery.example".to_owned()],
        categories: vec![BusinessCategory {
            id: "1223524174334504".to_owned(),
            name: "Bakery".to_owned(),
        }],
        hours: Some(BusinessHours {
            timezone: "Europe/Berlin".to_owned(),
            days: vec![BusinessDay {
                day: "mon".to_owned(),
                mode: "specific_hours".to_owned(),
                open: Some(480),
                close: Some(1080),
            }],
        }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_shows_its_profile_and_its_name() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut anna = Companion::join(&simulator, "Anna").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let jid: Jid = anna.account.jid().parse().unwrap();
    let none = ben.client().execute(BusinessProfileSpec::new(&jid)).await.unwrap();
    assert!(none.is_none(), "not a business yet");

    simulator.set_business(&anna.account.phone, bakery()).unwrap();
    ben.events
        .first("news of the business", |event| {
            matches!(event, Event::BusinessStatusUpdate(_)).then_some(())
        })
        .await;
    let seen = ben.client().execute(BusinessProfileSpec::new(&jid)).await.unwrap();
    let seen = seen.expect("a profile");
    assert_eq!(seen.wid, Some(jid.clone()));
    assert_eq!(seen.description, "Bread and cake");
    assert_eq!(seen.address.as_deref(), Some("1 Main Street"));
    assert_eq!(seen.email.as_deref(), Some("anna@bakery.example"));
    assert_eq!(seen.website, ["https://bakery.example"]);
    assert_eq!(seen.categories[0].name, "Bakery");
    let hours = seen.business_hours.business_config.unwrap();
    assert_eq!((hours[0].open_time, hours[0].close_time), (Some(480), Some(1080)));
    let info = ben
        .client()
        .contacts()
        .get_user_info(std::slice::from_ref(&jid))
        .await
        .unwrap();
    let info = info.values().next().expect("Anna");
    assert!(info.is_business);
    let myself: Jid = ben.account.jid().parse().unwrap();
    let other = anna.client().contacts().get_user_info(&[myself]).await.unwrap();
    assert!(other.values().all(|user| !user.is_business));
    let name = info.verified_name.clone().and_then(|verified| verified.name);
    assert_eq!(name.as_deref(), Some("Anna's Bakery"));
    anna.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_changes_its_profile_and_nobody_else_makes_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut anna = Companion::join(&simulator, "Anna").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    simulator.set_business(&anna.account.phone, bakery()).unwrap();
    let change = |id: &'static str| {
        NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "set")
            .attr("xmlns", "w:biz")
            .attr("id", id)
            .children([NodeBuilder::new("business_profile")
                .attr("v", "3")
                .attr("mutation_type", "delta")
                .children([NodeBuilder::new("description").bytes(b"Closed".to_vec()).build()])
                .build()])
            .build()
    };
    for (companion, id, answer) in [(&anna, "by-anna", "type=\"result\""), (&ben, "by-ben", "code=\"403\"")] {
        companion.client().send_node(change(id)).await.unwrap();
        let answered = simulator
            .wait_stanza(
                0,
                |r| r.tag == "iq" && r.id == id && r.xml.contains("from=\"s.whatsapp.net\""),
                PATIENCE,
            )
            .await
            .expect("an answer");
        assert!(answered.xml.contains(answer), "{}", answered.xml);
    }
    let now = simulator.business(&anna.account.phone).unwrap().expect("a business");
    assert_eq!(now.description, "Closed");
    assert_eq!(now.email, bakery().email, "what was not named stays");
    assert_eq!(simulator.business(&ben.account.phone).unwrap(), None);
    anna.stop().await;
    ben.stop().await;
    end(simulator).await;
}
