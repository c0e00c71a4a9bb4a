//! What WhatsApp can do to a session for good: said once, never tried again by itself.

use anyhow::Result;
use waspnest_simulator::{LoginRefusal, Reachability};
use waspnest_whatsapp::State;

use crate::bench::{Bench, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_removed_on_the_phone_is_logged_out() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.open().await?;
    let linked = bench.pair(&session).await?;
    bench.sim.unlink(&bench.account.phone, linked.device)?;
    let status = wait(&session, |status| status.state == State::LoggedOut).await?;
    assert!(status.state.is_terminal());
    assert_eq!(status.me, None, "its keys are gone");
    assert!(status.reason.is_some());
    // Wanting it again is a new link.
    bench.pair(&session).await?;
    session.close().await?;
    Ok(())
}

/// Refuses the next login and looks at what the session makes of it.
async fn refused(refusal: LoginRefusal, wanted: impl Fn(State) -> bool) -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    bench.sim.refuse_login(&bench.account.phone, Some(refusal))?;
    bench.sim.drop_connections(&bench.account.phone);
    let status = wait(&session, |status| wanted(status.state)).await?;
    assert!(status.reason.is_some(), "an operator is told why");
    if status.state != State::LoggedOut {
        // Nothing more happens by itself; asking for it does, once WhatsApp lets it.
        bench.sim.refuse_login(&bench.account.phone, None)?;
        assert!(wanted(session.status().borrow().state));
        session.connect().await?;
        wait(&session, |status| status.state == State::Connected).await?;
    }
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_says_until_when() -> Result<()> {
    refused(LoginRefusal::Banned, |state| {
        matches!(state, State::Banned { until: Some(_) })
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_client_says_so() -> Result<()> {
    refused(LoginRefusal::Outdated, |state| state == State::Outdated).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_is_logged_out() -> Result<()> {
    refused(LoginRefusal::LoggedOut, |state| state == State::LoggedOut).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unavailable_server_is_not_the_end() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    bench
        .sim
        .refuse_login(&bench.account.phone, Some(LoginRefusal::Unavailable))?;
    bench
        .sim
        .set_reachability(&bench.account.phone, Reachability::Offline)?;
    wait(&session, |status| status.state == State::Connecting).await?;
    bench.sim.set_reachability(&bench.account.phone, Reachability::Online)?;
    wait(&session, |status| {
        status.reason.as_deref().is_some_and(|reason| reason.contains("503"))
    })
    .await?;
    bench.sim.refuse_login(&bench.account.phone, None)?;
    wait(&session, |status| status.state == State::Connected).await?;
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_taken_over_is_replaced() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    // A second host on the same keys, which nothing outside this process can prevent.
    let thief = crate::bench::host(
        &bench.sim,
        &bench.authority,
        &bench.store,
        &bench.log,
        &bench.outbox,
        &bench.files,
        &bench.clock,
        &bench.key,
    )
    .await?;
    let second = thief.open(bench.session, bench.interest).await?;
    second.connect().await?;
    let status = wait(&session, |status| status.state == State::Replaced).await?;
    assert!(status.reason.is_some());
    session.close().await?;
    second.kill().await?;
    Ok(())
}
