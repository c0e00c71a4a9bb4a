//! Messages that WhatsApp delivers again after the session has decrypted them: those that are recorded are acknowledged, and of all others the
//! senders are asked for them.

use anyhow::{Context, Result};
use waspnest_core::store::MemoryStore;
use waspnest_simulator::human::Human;
use waspnest_simulator::{Direction, FaultAction, FaultRule, FaultTarget, StanzaRecord};
use waspnest_whatsapp::{SessionHandle, State};

use crate::bench::{Bench, PATIENCE, says, wait};

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
    let second = ana.say(&bench.account.phone, "second").await?;
    bench.event(|message| says(message, "second")).await?;
    session.close().await?;
    bench.sim.clear_faults();
    Ok((bench, ana, second))
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
    let away = FaultTarget::outgoing("receipt").of(&ana.account().phone);
    bench.sim.add_fault(FaultRule::new(away, FaultAction::Drop))?;
    bench.restart_on(MemoryStore::new()).await?;
    let begun = bench.now_in_log();
    let session = connected(&bench).await?;
    for time in 1..=3 {
        let asks = |stanza: &StanzaRecord| {
            stanza.direction == Direction::In && stanza.tag == "receipt" && stanza.xml.contains("retry")
        };
        let before = bench.now_in_log();
        if bench.sim.stats().retry_receipts < time {
            bench
                .sim
                .wait_stanza(before, asks, PATIENCE)
                .await
                .context("it was not asked for")?;
        }
        assert_eq!(bench.sim.stats().retry_receipts, time);
        bench.sim.drop_connections(&bench.account.phone);
    }
    acknowledged(&bench, begun, &second).await?;
    assert_eq!(bench.events().await?, []);
    session.close().await?;
    Ok(())
}
