//! The disk says that it could not keep what it was given: nothing is acknowledged that may be lost, the host ends and says why, and the next
//! one finds everything, and tells how the one before ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::host::Ground;
use super::machine::{Fault, Machine};
use super::{ECHO, Linked, pause, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_ends_the_host_and_loses_nothing() -> Result<()> {
    let told = ends_and_comes_back(55, Fault::Sync).await?;
    ensure!(told == "store_lost", "it is told as {told}");
    Ok(())
}

/// Lets the disk fail while people write. What the host that is started again tells of the end of the one before.
pub(super) async fn ends_and_comes_back(seed: u64, fault: Fault) -> Result<String> {
    let machine = Arc::new(Machine::new()?);
    let ground = Ground {
        machine: Some(Arc::clone(&machine)),
        ..Ground::default()
    };
    let mut linked = Linked::start_on(seed, ground, ECHO).await?;
    let people = [linked.person("One").await?, linked.person("Two").await?];
    linked.host.is(("waspnest_lacks", &[("of", "store")]), 0.0).await?;

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..).zip(&people) {
        let text = move |nth| format!("message {nth} of person {seed}");
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 0..50));
    }
    let (ended, said) = tokio::join!(
        async {
            pause(Duration::from_millis(700)).await;
            machine.fails(fault)?;
            let ended = linked.host.ended().await;
            // What is said to a host that is gone waits for the next one.
            pause(Duration::from_millis(200)).await;
            go_on.store(false, Ordering::Relaxed);
            ended
        },
        futures::future::try_join_all(writers)
    );
    let (status, words) = ended?;
    ensure!(!status.success(), "it ended as if all was well");
    ensure!(
        words.contains("the host cannot keep anything and ends"),
        "it said: {words}"
    );

    machine.is_repaired()?;
    let checked = ["store", "check", "--config", "config.toml"];
    linked.host.command(&checked).await?;
    linked.host.restart()?;
    linked.host.connected().await?;
    Linked::is_answered(&people, &said?).await?;
    let measured = linked.host.measured().await?;
    let ends = measured.label_values("waspnest_last_end", "how");
    let told = ends
        .into_iter()
        .find(|how| measured.value("waspnest_last_end", &[("how", how.as_str())]) == Some(1.0));
    linked.end().await?;
    Ok(told.unwrap_or_default())
}
