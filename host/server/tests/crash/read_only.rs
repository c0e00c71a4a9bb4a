//! The disk takes nothing any more, or never did: a host that cannot write says so at its start, and one that runs ends and loses nothing.

use std::sync::Arc;

use anyhow::{Result, ensure};

use super::failing_sync::ends_and_comes_back;
use super::host::{Ground, Host};
use super::machine::{Fault, Machine};
use super::{ECHO, Linked};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_becomes_read_only_ends_the_host_and_loses_nothing() -> Result<()> {
    // Not even how it ended can be written.
    let told = ends_and_comes_back(56, Fault::ReadOnly).await?;
    ensure!(told == "broken_off", "it is told as {told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_cannot_write_does_not_start_and_says_why() -> Result<()> {
    let machine = Arc::new(Machine::new()?);
    let ground = Ground {
        machine: Some(Arc::clone(&machine)),
        ..Ground::default()
    };
    machine.fails(Fault::ReadOnly)?;
    let mut host = Host::start_on(ground.clone(), "ws://127.0.0.1:9/", "")?;
    let (status, said) = host.ended().await?;
    ensure!(!status.success(), "it ended as if all was well");
    ensure!(
        said.contains("cannot be used: it cannot be created") && said.contains("Read-only file system"),
        "it said: {said}"
    );
    ensure!(!host.path().join("data").exists(), "there is half of a directory");

    // Over data that are there.
    machine.is_repaired()?;
    let mut linked = Linked::start_on(57, ground, ECHO).await?;
    linked.host.terminate().await?;
    machine.fails(Fault::ReadOnly)?;
    linked.host.restart()?;
    let (status, said) = linked.host.ended().await?;
    ensure!(!status.success(), "it ended as if all was well");
    ensure!(
        said.contains("its lock file LOCK cannot be used") && said.contains("Read-only file system"),
        "it said: {said}"
    );
    machine.is_repaired()?;
    linked.host.restart()?;
    linked.host.connected().await?;
    linked
        .host
        .is(("waspnest_last_end", &[("how", "in_order")]), 1.0)
        .await?;
    linked.end().await
}
