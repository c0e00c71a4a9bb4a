//! The disk is full while people write: nothing is acknowledged that is not kept, the host says why it ends, and goes on when there is room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use waspnest_simulator::human::Heard;

use super::host::{Ground, SECRET};
use super::{ECHO, Linked, PATIENCE, write};

/// How much larger than it is the database may become.
const ROOM: u64 = 512 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_the_host_and_loses_nothing() -> Result<()> {
    let mut linked = Linked::start(41, ECHO).await?;
    let people = [linked.person("One").await?, linked.person("Two").await?];
    linked.host.terminate().await?;
    let size = std::fs::metadata(linked.host.path().join("data/db"))?.len();
    linked.host.restart_with_room(size + ROOM)?;

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..).zip(&people) {
        // Long enough to fill the room soon.
        let text = move |nth| format!("message {nth} of person {seed} {}", "x".repeat(4000));
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 0..50));
    }
    let (ended, written) = tokio::join!(
        async {
            let ended = linked.host.ended().await;
            go_on.store(false, Ordering::Relaxed);
            ended
        },
        futures::future::try_join_all(writers)
    );
    let (status, said) = ended?;
    let written: Vec<Vec<String>> = written?;
    ensure!(!status.success(), "it ended as if all was well");
    ensure!(
        said.contains("the host cannot keep anything and ends"),
        "it said: {said}"
    );

    // There is room again.
    linked.host.restart()?;
    for (person, texts) in people.iter().zip(&written) {
        let from_bot = |heard: &Heard| !heard.from_me;
        person
            .wait_for_count(texts.len(), from_bot, PATIENCE)
            .await
            .with_context(|| format!("not all of {} were answered", texts.len()))?;
        let mut replies: Vec<String> = person
            .phone_view()
            .into_iter()
            .filter(from_bot)
            .filter_map(|heard| heard.text)
            .collect();
        let mut texts = texts.clone();
        replies.sort_unstable();
        texts.sort_unstable();
        ensure!(replies == texts, "not each message has exactly one reply");
        ensure!(person.undecryptable() == 0, "a message could not be decrypted");
    }
    // Why the one before ended is still to be seen.
    linked
        .host
        .is(("waspnest_last_end", &[("how", "store_lost")]), 1.0)
        .await?;
    linked.end().await
}

/// More room than is wanted of a disk by default, and more than most have.
const WANTED: f64 = (1_u64 << 40) as f64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_is_seen_before_it_is_full() -> Result<()> {
    let ground = Ground {
        settings: &[("WASPNEST__STORAGE__MIN_FREE", "1024GiB")],
        ..Ground::default()
    };
    let linked = Linked::start_on(42, ground, ECHO).await?;
    let host = &linked.host;
    host.is(("waspnest_storage_min_free_bytes", &[]), WANTED).await?;
    let free = host.value(("waspnest_storage_free_bytes", &[])).await?;
    ensure!(free > 0.0, "there is no room for this test");
    let lacking = free < WANTED;
    host.is(("waspnest_lacks", &[("of", "disk")]), f64::from(u8::from(lacking)))
        .await?;
    let (ready, _) = host.asks("GET", "/readyz", SECRET, serde_json::Value::Null).await?;
    ensure!(ready == if lacking { 503 } else { 200 }, "it answers {ready}");
    // It works all the same, for as long as there is room.
    let person = linked.person("One").await?;
    person.say(&linked.phone, "still there").await?;
    Linked::is_answered(&[person], &[vec!["still there".to_owned()]]).await?;
    linked.end().await
}
