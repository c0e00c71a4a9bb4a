//! Messages that WhatsApp delivers again after the session has decrypted them: those that are recorded are acknowledged, and of all others the
//! senders are asked for them.

use anyhow::{Context, Result};
use waspnest_core::schema;
use waspnest_core::store::{Commit, KeyRange, MemoryStore, Op, Order, Space, Store as _};
use waspnest_simulator::human::Human;
use waspnest_simulator::{Direction, FaultAction, FaultRule, FaultTarget, StanzaRecord};
use waspnest_whatsapp::{SessionHandle, State};

use crate::bench::{Bench, PATIENCE, says, wait};

/// The kind of the copies of messages that were decrypted and not delivered yet, among what the protocol keeps.
const UNDELIVERED: u8 = 0x09;

/// A session that has two messages of Ana, and that WhatsApp does not know to have the second. It is closed.
async fn not_known_to_have_it() -> Result<(Bench, Human, String)> {
    let bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    let first = ana.say(&bench.account.phone, "first").await?;
    ana.wait_receipt(|receipt| receipt.ids.contains(&first), PATIENCE)
        .await?;
    for tag in ["receipt", "ack"] {
        let on = FaultTarget::incoming(tag).of(&bench.account.phone);
        bench.sim.add_fault(FaultRule::new(on, FaultAction::Drop))?;
    }
    let before = bench.now_in_log();
    let second = ana.say(&bench.account.phone, "second").await?;
    bench.event(|message| says(message, "second")).await?;
    // Lost on the way, and nothing of it is to come any more.
    acknowledged(&bench, before, &second).await?;
    session.close().await?;
    bench.sim.clear_faults();
    without_copies(&bench).await?;
    Ok((bench, ana, second))
}

/// A copy can be left of a message that was recorded while its ratchet was being written. It would be taken in again.
async fn without_copies(bench: &Bench) -> Result<()> {
    let space = Space::Session(bench.session);
    let copies = KeyRange::prefix(&[schema::session::PROTOCOL, UNDELIVERED]);
    let copies = bench.store.scan(space, copies, Order::Ascending, 100).await?;
    let mut commit = Commit::durable(space);
    commit.ops.extend(copies.into_iter().map(|(key, _)| Op::Delete(key)));
    bench.store.commit(commit).await?.durable().await?;
    Ok(())
}

/// Waits until the session says that it has a message.
async fn acknowledged(bench: &Bench, since: u64, id: &str) -> Result<()> {
    let tells = |stanza: &StanzaRecord| {
        stanza.direction == Direction::In
            && stanza.account.as_deref() == Some(bench.account.phone.as_str())
            && stanza.device != Some(0)
            && matches!(stanza.tag.as_str(), "ack" | "receipt")
            && stanza.xml.contains(id)
            && !stanza.xml.contains("retry")
    };
    bench
        .sim
        .wait_stanza(since, tells, PATIENCE)
        .await
        .context("it was never acknowledged")?;
    Ok(())
}

async fn connected(bench: &Bench) -> Result<SessionHandle> {
    let session = bench.open().await?;
    session.connect().await?;
    wait(&session, |status| status.state == State::Connected).await?;
    Ok(session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_one_is_acknowledged() -> Result<()> {
    let (mut bench, _ana, second) = not_known_to_have_it().await?;
    bench.restart().await?;
    let before = bench.now_in_log();
    let session = connected(&bench).await?;
    acknowledged(&bench, before, &second).await?;
    assert_eq!(bench.events().await?.len(), 2);
    assert_eq!(bench.sim.stats().retry_receipts, 0);
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_never_recorded_is_asked_for_and_comes() -> Result<()> {
    let (mut bench, _ana, second) = not_known_to_have_it().await?;
    // As if the connection had ended between the ratchet of the message and its event.
    bench.restart_on(MemoryStore::new()).await?;
    let before = bench.now_in_log();
    let session = connected(&bench).await?;
    bench.event(|message| says(message, "second")).await?;
    acknowledged(&bench, before, &second).await?;
    assert_eq!(bench.events().await?.len(), 1, "once");
    assert_eq!(bench.sim.stats().retry_receipts, 1);
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_never_comes_is_asked_for_three_times() -> Result<()> {
    let (mut bench, ana, second) = not_known_to_have_it().await?;
    // Ana is not told, and the own phone, which has it, is not asked.
    let ana = FaultTarget::outgoing("receipt").of(&ana.account().phone);
    let phone = FaultTarget::incoming("message").of(&bench.account.phone);
    for away in [ana, phone] {
        bench.sim.add_fault(FaultRule::new(away, FaultAction::Drop))?;
    }
    bench.restart_on(MemoryStore::new()).await?;
    let begun = bench.now_in_log();
    let session = connected(&bench).await?;
    let asks = |stanza: &StanzaRecord| {
        stanza.direction == Direction::In && stanza.tag == "receipt" && stanza.xml.contains("retry")
    };
    let mut since = begun;
    for _ in 0..3 {
        let asked = bench.sim.wait_stanza(since, asks, PATIENCE).await;
        since = asked.context("it was not asked for")?.seq;
        bench.sim.drop_connections(&bench.account.phone);
    }
    acknowledged(&bench, begun, &second).await?;
    assert_eq!(bench.sim.stats().retry_receipts, 3);
    assert_eq!(bench.events().await?, []);
    session.close().await?;
    Ok(())
}
