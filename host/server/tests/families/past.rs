//! A host that keeps events for a while lets go of them when everybody is done with them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock as _, ManualClock, SeededIds, UnixMs};
use waspnest_core::event::Position;
use waspnest_core::session::Desired;

use super::incoming;

const CONFIG: &str = r#"
server = { listen = "127.0.0.1:0", admin-secret = "a secret of the tests" }
storage = { dir = "data", keep-events = "1m" }
whatsapp = { endpoint = "ws://127.0.0.1:9/" }
"#;
/// The longest anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn old_events_go_and_what_a_phone_shows_stays() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("config.toml");
    std::fs::write(&file, CONFIG)?;
    let clock = Arc::new(ManualClock::at(UnixMs(1_800_000_000_000)));
    let outside = Outside {
        clock: clock.clone(),
        ..Outside::machine()
    };
    let app = App::start(Config::load(Some(&file), std::iter::empty())?, outside).await?;
    let shared = app.sessions.shared();
    let name = "kept".parse()?;
    let ids = SeededIds::new(1);
    let record = shared
        .register
        .create(name, Desired::Disconnected, &*clock, &ids)
        .await?;
    app.sessions.start(&record).await?;
    for number in 0..3 {
        shared
            .log
            .append(record.id, vec![incoming::message(number, 1)?])
            .await?;
    }
    shared.mailbox.settle(record.id).await?;
    let head = shared.log.head(record.id).await?;

    let begun = clock.now();
    let gone = async {
        loop {
            clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
            let kept = shared.log.read(record.id, Position(0), 10).await?;
            if let [newest] = kept.as_slice() {
                return anyhow::Ok(newest.position);
            }
        }
    };
    let newest = tokio::time::timeout(PATIENCE, gone).await.context("they stay")??;
    ensure!(newest == head, "{newest:?} is left, not the newest, {head:?}");
    let kept = clock.now().since(begun);
    ensure!(kept >= Duration::from_secs(60), "they were kept for {kept:?}");
    let chat = shared
        .mailbox
        .chat(record.id, &"4915100000000@s.whatsapp.net".parse()?)
        .await?;
    ensure!(chat.is_some(), "the chat is gone, too");

    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}
