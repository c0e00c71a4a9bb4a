//! The disk is full while people write: nothing is acknowledged that is not kept, the host says why it ends, and goes on when there is room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use waspnest_simulator::human::Heard;

use super::{Linked, PATIENCE, write};

const PLUGINS: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
[plugin.grants]
"messages.send" = true
[[bind]]
id = "echo-all"
plugin = "echo"
"#;

/// How much larger than it is the database may become.
const ROOM: u64 = 512 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_the_host_and_loses_nothing() -> Result<()> {
    let mut linked = Linked::start(41, PLUGINS).await?;
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
    linked.end().await
}
