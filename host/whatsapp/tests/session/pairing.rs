//! Linking by a code that is typed into the phone.

use anyhow::Result;
use waspnest_core::address::Jid;
use waspnest_core::live::Refusal;
use waspnest_whatsapp::{PairingError, State};

use crate::bench::{Bench, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_typed_into_the_phone_links_the_session() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.open().await?;
    let phone = Jid::Phone(bench.account.phone.as_str().into());
    let first = session.pair_code(&phone, None).await?;
    assert_eq!(first.code.len(), 8, "{first:?}");
    assert!(first.valid_until > bench.clock.now());
    // Whoever lost the first one asks again, and the new one is the one that counts.
    let second = session.pair_code(&phone, Some("WASP2345")).await?;
    assert_eq!(&*second.code, "WASP2345");
    bench.sim.enter_code(&bench.account.phone, &second.code).await?;
    let status = wait(&session, |status| status.state == State::Connected).await?;
    assert_eq!(
        status.me.expect("it knows its account").canonical().user(),
        bench.account.phone
    );
    let error = session.pair_code(&phone, None).await.expect_err("it is linked");
    assert!(matches!(error, PairingError::Linked), "{error}");
    session.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_code_or_a_number_is_refused_by_name() -> Result<()> {
    let bench = Bench::new().await?;
    let session = bench.open().await?;
    for (phone, code) in [("12345", None), ("4915112345678", Some("OOPS"))] {
        let error = session.pair_code(&Jid::Phone(phone.into()), code).await;
        let error = error.expect_err("refused");
        assert!(matches!(error, PairingError::Refused(Refusal::Invalid(_))), "{error}");
    }
    session.close().await?;
    Ok(())
}
