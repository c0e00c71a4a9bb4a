//! Calls: they ring on every device, are declined, end, and are missed by who is away.

use waspnest_simulator::human::{CallEvent, CallSeen, Human};
use waspnest_simulator::{CallMedia, CallState, Direction, PrivacyCategory, PrivacyValue, Simulator};
use whatsapp_rust::{Jid, NodeBuilder};

use crate::client::{PATIENCE, end, strict};
use crate::person::join;

async fn hears(human: &Human, id: &str, kind: CallEvent) -> CallSeen {
    human
        .wait_call(|call| call.id == id && call.kind == kind, PATIENCE)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_rings_on_every_device_and_is_declined_on_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let tablet = Human::join_as(&simulator, ben.account().clone()).await.unwrap();
    let (from, to) = (&anna.account().phone, &ben.account().phone);

    let id = simulator.offer_call(from, to, CallMedia::Video).unwrap();
    let rings = CallEvent::Ringing(CallMedia::Video);
    let ringing = hears(&ben, &id, rings).await;
    assert_eq!(ringing.from, anna.account().lid_jid());
    hears(&tablet, &id, rings).await;
    assert_eq!(simulator.call(&id).unwrap().state, CallState::Ringing);

    ben.reject_call(&ringing).await.unwrap();
    // The caller's phone stops it on the other device.
    hears(&tablet, &id, CallEvent::Ended).await;
    let call = simulator.call(&id).unwrap();
    assert_eq!((call.state, call.answered_by), (CallState::Rejected, Some(1)));
    let ack = simulator
        .wait_stanza(
            0,
            |r| r.tag == "ack" && r.direction == Direction::Out && r.xml.contains("class=\"call\""),
            PATIENCE,
        )
        .await
        .expect("an acknowledgement");
    assert!(ack.xml.contains("type=\"reject\""), "{}", ack.xml);
    assert!(simulator.end_call(&id).is_err(), "it is over");
    assert!(simulator.end_call("no such call").is_err());
    for human in [anna, ben, tablet] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_answered_on_one_device_stops_ringing_on_the_others() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let tablet = Human::join_as(&simulator, ben.account().clone()).await.unwrap();
    let (from, to) = (&anna.account().phone, &ben.account().phone);
    let id = simulator.offer_call(from, to, CallMedia::Audio).unwrap();
    for device in [&ben, &tablet] {
        hears(device, &id, CallEvent::Ringing(CallMedia::Audio)).await;
    }
    let caller: Jid = anna.account().lid_jid().parse().unwrap();
    let accept = |stanza: &str| {
        let accept = NodeBuilder::new("accept")
            .attr("call-id", id.clone())
            .attr("call-creator", caller.clone());
        NodeBuilder::new("call")
            .attr("to", caller.clone())
            .attr("id", stanza.to_owned())
            .children([accept.build()])
            .build()
    };
    ben.client().unwrap().send_node(accept("accept-1")).await.unwrap();
    hears(&tablet, &id, CallEvent::Ended).await;
    let stopped = simulator
        .wait_stanza(
            0,
            |r| r.tag == "call" && r.direction == Direction::Out && r.xml.contains("<terminate"),
            PATIENCE,
        )
        .await
        .expect("the end of it");
    assert!(stopped.xml.contains("reason=\"accepted_elsewhere\""), "{}", stopped.xml);
    assert_eq!(stopped.device, Some(2));
    let call = simulator.call(&id).unwrap();
    assert_eq!((call.state, call.answered_by), (CallState::Accepted, Some(1)));

    // Who comes second finds it answered, and hanging up ends it for the one who talks.
    tablet.client().unwrap().send_node(accept("accept-2")).await.unwrap();
    let late = simulator.wait_stanza(
        stopped.seq,
        |r| r.tag == "ack" && r.direction == Direction::Out && r.id == "accept-2",
        PATIENCE,
    );
    late.await.expect("an acknowledgement");
    assert_eq!(simulator.call(&id).unwrap().answered_by, Some(1));
    assert!(!ben.calls_seen().iter().any(|call| call.kind == CallEvent::Ended));
    simulator.end_call(&id).unwrap();
    hears(&ben, &id, CallEvent::Ended).await;
    for human in [anna, ben, tablet] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_nobody_answers_are_missed() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let (from, to) = (&anna.account().phone, &ben.account().phone);

    let id = simulator.offer_call(from, to, CallMedia::Audio).unwrap();
    hears(&ben, &id, CallEvent::Ringing(CallMedia::Audio)).await;
    simulator.end_call(&id).unwrap();
    hears(&ben, &id, CallEvent::Ended).await;
    assert_eq!(simulator.call(&id).unwrap().state, CallState::Ended);

    ben.go_offline().await;
    let away = simulator.offer_call(from, to, CallMedia::Audio).unwrap();
    simulator.time_out_call(&away).unwrap();
    ben.come_online().await.unwrap();
    hears(&ben, &away, CallEvent::Missed).await;
    assert!(
        !ben.calls_seen()
            .iter()
            .any(|call| call.id == away && matches!(call.kind, CallEvent::Ringing(_))),
        "a call that is long over does not ring"
    );
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn companions_call_each_other_and_each_device_gets_its_own_key() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let tablet = Human::join_as(&simulator, ben.account().clone()).await.unwrap();
    let to: Jid = ben.account().lid_jid().parse().unwrap();
    let me: Jid = anna.account().lid_jid().parse().unwrap();
    let me = me.with_device(1);
    let key = |device, bytes: &'static [u8]| {
        let enc = NodeBuilder::new("enc")
            .attr("type", "msg")
            .bytes(bytes.to_vec())
            .build();
        NodeBuilder::new("to")
            .attr("jid", to.with_device(device))
            .children([enc])
            .build()
    };
    let offer = NodeBuilder::new("call")
        .attr("to", to.clone())
        .attr("id", "offer-1")
        .children([NodeBuilder::new("offer")
            .attr("call-id", "C1")
            .attr("call-creator", me.clone())
            .children([
                NodeBuilder::new("audio")
                    .attr("enc", "opus")
                    .attr("rate", "16000")
                    .build(),
                NodeBuilder::new("destination")
                    .children([key(1, b"one"), key(2, b"two")])
                    .build(),
            ])
            .build()])
        .build();
    anna.client().unwrap().send_node(offer).await.unwrap();
    let ringing = hears(&ben, "C1", CallEvent::Ringing(CallMedia::Audio)).await;
    hears(&tablet, "C1", CallEvent::Ringing(CallMedia::Audio)).await;
    let offers = simulator.stanzas(0, usize::MAX);
    let offers: Vec<_> = offers
        .iter()
        .filter(|r| r.tag == "call" && r.direction == Direction::Out)
        .collect();
    assert_eq!(offers.len(), 2);
    for offer in offers {
        assert!(!offer.xml.contains("<destination"), "{}", offer.xml);
        assert_eq!(offer.xml.matches("<enc ").count(), 1, "{}", offer.xml);
    }
    ben.reject_call(&ringing).await.unwrap();
    let declined = hears(&anna, "C1", CallEvent::Rejected).await;
    assert_eq!(declined.from, ben.account().lid_jid());
    let call = simulator.call("C1").unwrap();
    assert_eq!((call.state, call.answered_by), (CallState::Rejected, Some(1)));
    for human in [anna, ben, tablet] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_call_rings_nowhere() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let cleo = join(&simulator, "Cleo").await;
    let to = &ben.account().phone;
    simulator
        .set_privacy(to, PrivacyCategory::CallAdd, PrivacyValue::Contacts)
        .unwrap();
    let unheard = simulator
        .offer_call(&anna.account().phone, to, CallMedia::Audio)
        .unwrap();
    // Ben knows Cleo, and what comes later is heard later.
    ben.say(&cleo.account().phone, "call me").await.unwrap();
    let heard = simulator
        .offer_call(&cleo.account().phone, to, CallMedia::Audio)
        .unwrap();
    hears(&ben, &heard, CallEvent::Ringing(CallMedia::Audio)).await;
    assert!(ben.calls_seen().iter().all(|call| call.id != unheard));
    for human in [anna, ben, cleo] {
        human.leave().await;
    }
    end(simulator).await;
}
