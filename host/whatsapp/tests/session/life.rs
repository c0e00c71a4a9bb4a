//! Pairing, connecting, restarting, logging out.

use anyhow::Result;
use waspnest_core::master_key::MasterKey;
use waspnest_simulator::human::Human;
use waspnest_simulator::{NewAccount, Reachability};
use waspnest_whatsapp::{OpenError, StartError, State};

use crate::bench::{Bench, host, says, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_session_pairs_by_qr_and_connects() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.open().await?;
    assert_eq!(session.status().borrow().state, State::New);
    session.connect().await?;
    wait(&session, |status| status.state == State::Pairing).await?;
    bench.pair(&session).await?;
    let status = session.status().borrow().clone();
    let me = status.me.expect("a connected session knows its account");
    assert_eq!(me.canonical().user(), bench.account.phone);
    assert_eq!(me.alt.expect("and its other address").user(), bench.account.lid);
    assert!(session.qr().borrow().is_none(), "nothing is left to scan");
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_host_connects_without_pairing() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.paired().await?.close().await?;
    for _ in 0..2 {
        bench.restart().await?;
        let session = bench.open().await?;
        assert_eq!(session.status().borrow().state, State::Disconnected);
        assert_eq!(
            session
                .status()
                .borrow()
                .me
                .as_ref()
                .expect("it is linked")
                .canonical()
                .user(),
            bench.account.phone
        );
        session.connect().await?;
        wait(&session, |status| status.state == State::Connected).await?;
        session.close().await?;
    }
    assert_eq!(
        bench.sim.stats().companions,
        1,
        "the account has the one device it was linked to"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_killed_without_warning_goes_on_where_it_was() -> Result<()> {
    let mut bench = Bench::new().await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;
    ana.say(&bench.account.phone, "one").await?;
    bench.event(|message| says(message, "one")).await?;
    session.kill().await?;
    ana.say(&bench.account.phone, "two").await?;
    bench.restart().await?;
    let session = bench.open().await?;
    session.connect().await?;
    bench.event(|message| says(message, "two")).await?;
    assert_eq!(bench.events().await?.len(), 2, "each message is one event");
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_made_again() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    bench
        .sim
        .set_reachability(&bench.account.phone, Reachability::Offline)?;
    wait(&session, |status| status.state == State::Connecting).await?;
    bench.sim.set_reachability(&bench.account.phone, Reachability::Online)?;
    wait(&session, |status| status.state == State::Connected).await?;
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnecting_and_connecting_again_is_up_to_the_operator() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    session.disconnect().await?;
    assert_eq!(session.status().borrow().state, State::Disconnected);
    session.connect().await?;
    wait(&session, |status| status.state == State::Connected).await?;
    session.close().await?;
    assert!(
        session.connect().await.is_err(),
        "a closed session takes no more requests"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_out_removes_the_device_and_pairs_anew() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.paired().await?;
    assert_eq!(bench.sim.stats().companions, 1);
    session.log_out().await?;
    let status = session.status().borrow().clone();
    assert_eq!((status.state, status.me), (State::LoggedOut, None));
    assert_eq!(bench.sim.stats().companions, 0, "the phone lists it no more");
    bench.pair(&session).await?;
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_one_owner() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.open().await?;
    let error = bench
        .whatsapp
        .open(bench.session, bench.interest)
        .await
        .expect_err("it is open already");
    assert!(
        matches!(error, OpenError::AlreadyOpen { session } if session == bench.session),
        "{error}"
    );
    session.close().await?;
    bench.open().await?.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_master_key_is_refused() -> Result<()> {
    let bench = Bench::new().await?;
    bench.paired().await?.close().await?;
    let wrong = host(
        &bench.sim,
        &bench.authority,
        &bench.store,
        &bench.log,
        &bench.outbox,
        &bench.files,
        &bench.clock,
        &MasterKey::generate(),
    )
    .await;
    let error = wrong.expect_err("the key is wrong").downcast::<StartError>()?;
    assert!(matches!(error, StartError::MasterKey(_)), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_build_does_not_leave_the_machine() -> Result<()> {
    let bench = Bench::new().await?;
    let options = waspnest_whatsapp::WhatsAppOptions {
        connects_per_second: std::num::NonZeroU32::MAX,
        keep_events: None,
        meters: waspnest_whatsapp::Meters::default(),
        endpoint: waspnest_whatsapp::Endpoint::whatsapp(),
        proxy: None,
        authority: waspnest_whatsapp::Authority::Public,
        store: bench.store.clone(),
        log: bench.log.clone(),
        outbox: bench.outbox.clone(),
        mailbox: crate::bench::mailbox(&bench.store, &bench.log, &bench.outbox, &bench.clock).await?,
        files: bench.files.0.clone(),
        media: bench.files.1.clone(),
        clock: bench.clock.clone(),
        master_key: bench.key.clone(),
        profile: waspnest_whatsapp::Profile::default(),
    };
    let error = waspnest_whatsapp::WhatsApp::new(options).await.expect_err("refused");
    assert!(matches!(error, StartError::WeakenedBuild(_)), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sessions_of_one_host_talk_to_the_same_person() -> Result<()> {
    let bench = Bench::new().await?;
    let first = bench.paired().await?;
    let other = bench.sim.create_account(NewAccount {
        push_name: "Other".into(),
        phone: None,
    })?;
    let human = Human::join_as(&bench.sim, other).await?;
    human.say(&bench.account.phone, "hello").await?;
    bench.event(|message| says(message, "hello")).await?;
    first.close().await?;
    Ok(())
}
