//! WhatsApp goes away and comes back, several times while people write: everybody is answered once and in order, and what is measured tells
//! how often it was away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use waspnest_simulator::Keep;

use super::measured::{BEGAN, CONNECTED, FAILED, MADE};
use super::{ECHO, Linked, pause, write};

const RESTARTS: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatsapp_may_go_away_and_come_back() -> Result<()> {
    let linked = Linked::start(51, ECHO).await?;
    let people = [linked.person("One").await?, linked.person("Two").await?];
    let host = &linked.host;
    let (began, made, failed) = (
        host.value(BEGAN).await?,
        host.value(MADE).await?,
        host.value(FAILED).await?,
    );

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..).zip(&people) {
        let text = move |nth| format!("message {nth} of person {seed}");
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 50..250));
    }
    let (restarted, said) = tokio::join!(
        async {
            for restart in 1..=RESTARTS {
                pause(Duration::from_millis(700)).await;
                linked.simulator.restart(Keep::State).await?;
                // It is seen that the connection was lost, and that there is another.
                host.until(BEGAN, |lost| lost >= began + f64::from(restart)).await?;
                host.until(CONNECTED, |connected| connected > 0.5).await?;
            }
            go_on.store(false, Ordering::Relaxed);
            anyhow::Ok(())
        },
        futures::future::try_join_all(writers)
    );
    restarted?;
    Linked::is_answered(&people, &said?).await?;

    host.is(BEGAN, began + f64::from(RESTARTS)).await?;
    let (made, failed) = (host.value(MADE).await? - made, host.value(FAILED).await? - failed);
    ensure!(
        made >= f64::from(RESTARTS),
        "{made} connections for {RESTARTS} restarts"
    );
    // A second, two, three between the attempts of one outage: a crowd of them would be a loop.
    ensure!(made + failed <= f64::from(4 * RESTARTS), "{made} made, {failed} failed");
    host.until(("waspnest_outbox_pending_effects", &[]), |pending| pending < 0.5)
        .await?;
    host.is(("waspnest_lacks", &[("of", "store")]), 0.0).await?;
    linked.end().await
}
