//! Messages in: each is one durable event, and WhatsApp hears of it only afterwards.

use std::time::Duration;

use anyhow::{Context, Result};
use waspnest_core::event::EventKind;
use waspnest_core::message::Origin;
use waspnest_simulator::Direction;

use crate::bench::{Bench, PATIENCE, says, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_one_event() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let id = ana.say(&bench.account.phone, "good morning").await?;
    let event = bench.event(|message| says(message, "good morning")).await?;
    let EventKind::Message(message) = event.kind else {
        unreachable!("it was found by its text")
    };
    assert_eq!(message.key.id.as_str(), id);
    assert_eq!(message.key.from, Origin::Them);
    assert_eq!(message.sender.canonical().user(), ana.account().phone);
    assert_eq!(message.sender.push_name.as_deref(), Some("Ana"));
    ana.wait_receipt(|receipt| receipt.ids.contains(&id), PATIENCE).await?;
    assert_eq!(bench.events().await?.len(), 1);
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_before_it_is_durable() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    // A first message settles sessions and keys, so that only the second one's commit is held back.
    ana.say(&bench.account.phone, "first").await?;
    bench.event(|message| says(message, "first")).await?;

    let before = bench.now_in_log();
    bench.store.hold();
    let id = ana.say(&bench.account.phone, "second").await?;
    let handed = |stanza: &waspnest_simulator::StanzaRecord| {
        stanza.direction == Direction::Out && stanza.device == Some(1) && stanza.tag == "message" && stanza.id == id
    };
    bench
        .sim
        .wait_stanza(before, handed, PATIENCE)
        .await
        .context("the message was never handed to the session")?;
    let tells = |stanza: &waspnest_simulator::StanzaRecord| {
        stanza.direction == Direction::In
            && stanza.account.as_deref() == Some(bench.account.phone.as_str())
            && stanza.device != Some(0)
            && matches!(stanza.tag.as_str(), "ack" | "receipt")
            && stanza.xml.contains(&id)
    };
    let early = bench.sim.wait_stanza(before, tells, Duration::from_millis(700)).await;
    assert!(early.is_none(), "acknowledged before it was durable: {early:?}");
    bench.store.release().await;
    bench
        .sim
        .wait_stanza(before, tells, PATIENCE)
        .await
        .context("the acknowledgement never came")?;
    bench.event(|message| says(message, "second")).await?;
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_while_away_arrives_once_and_in_order() -> Result<()> {
    let mut bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    session.close().await?;
    for n in 0..20 {
        ana.say(&bench.account.phone, &format!("message {n}")).await?;
    }
    bench.restart().await?;
    let session = bench.open().await?;
    session.connect().await?;
    bench.event(|message| says(message, "message 19")).await?;
    let events = bench.events().await?;
    assert_eq!(events.len(), 20);
    for (n, event) in events.iter().enumerate() {
        let EventKind::Message(message) = &event.kind else {
            continue;
        };
        assert!(says(message, &format!("message {n}")), "event {n} is out of order");
    }
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_commit_was_lost_comes_again_and_can_be_read() -> Result<()> {
    let mut bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    ana.say(&bench.account.phone, "first").await?;
    bench.event(|message| says(message, "first")).await?;
    // What the message changes is applied but its durability never comes: the session dies first.
    bench.store.hold();
    ana.say(&bench.account.phone, "second").await?;
    bench.store.until_held(1).await;
    session.kill().await?;
    bench.store.release().await;
    bench.restart().await?;
    let session = bench.open().await?;
    session.connect().await?;
    wait(&session, |status| status.state == waspnest_whatsapp::State::Connected).await?;
    ana.say(&bench.account.phone, "third").await?;
    bench.event(|message| says(message, "third")).await?;
    assert_eq!(bench.events().await?.len(), 3, "sent again, recorded once");
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_the_own_phone_side_are_mine() -> Result<()> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    // Another companion of the same account writes to Ana; this session gets its copy.
    let twin = waspnest_simulator::human::Human::join_as(&bench.sim, bench.account.clone()).await?;
    twin.say(&ana.account().phone, "from the other device").await?;
    let event = bench.event(|message| says(message, "from the other device")).await?;
    let EventKind::Message(message) = event.kind else {
        unreachable!("it was found by its text")
    };
    assert_eq!(message.key.from, Origin::Me);
    assert_eq!(message.key.chat.user(), ana.account().phone);
    session.close().await?;
    Ok(())
}
