//! Messages and their replies, and a reminder, over kills.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_simulator::human::Heard;

use super::host::Host;
use super::{Linked, PATIENCE, pause, write};

const PLUGINS: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
[plugin.grants]
"messages.send" = true
[[bind]]
id = "echo-all"
plugin = "echo"
[[plugin]]
id = "reminders"
source = "reminders"
[plugin.grants]
"messages.send" = true
kv = true
schedule = true
[[bind]]
id = "reminders-all"
plugin = "reminders"
"#;

/// How often the host is killed.
const KILLS: u32 = 60;
/// Who writes.
const PEOPLE: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_has_one_visible_reply_however_often_the_host_is_killed() -> Result<()> {
    let mut linked = Linked::start(11, PLUGINS).await?;
    let mut people = Vec::new();
    for index in 0..PEOPLE {
        people.push(linked.person(&format!("Person {index}")).await?);
    }
    let companions = linked.simulator.stats().companions;

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..PEOPLE).zip(&people) {
        let text = move |nth| format!("message {nth} of person {seed}");
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 0..120));
    }
    let killer = kill_often(&mut linked.host);
    let (killed, written) = tokio::join!(
        async {
            let killed = killer.await;
            go_on.store(false, Ordering::Relaxed);
            killed
        },
        futures::future::try_join_all(writers)
    );
    killed?;
    let written: Vec<Vec<String>> = written?;

    let mut messages = 0;
    let mut repeats = 0;
    for (person, texts) in people.iter().zip(&written) {
        messages += texts.len();
        let from_bot = |heard: &Heard| !heard.from_me;
        person
            .wait_for_count(texts.len(), from_bot, PATIENCE)
            .await
            .with_context(|| {
                format!(
                    "{} of {} replies came",
                    person.phone_view().iter().filter(|heard| !heard.from_me).count(),
                    texts.len()
                )
            })?;
        let mut rows: HashMap<String, u32> = HashMap::new();
        for heard in person.phone_view().into_iter().filter(|heard| !heard.from_me) {
            repeats += u64::from(heard.copies) - 1;
            *rows.entry(heard.text.context("a reply without a text")?).or_default() += 1;
        }
        for text in texts {
            ensure!(
                rows.remove(text) == Some(1),
                "{text:?} has not exactly one visible reply"
            );
        }
        ensure!(rows.is_empty(), "replies nobody asked for: {rows:?}");
        ensure!(person.forgotten() == 0, "the phone's view is not whole");
        ensure!(person.placeholders() == 0, "a message stayed unreadable");
        ensure!(
            person.undecryptable() == 0,
            "{} messages could not be decrypted at first",
            person.undecryptable()
        );
    }
    let stats = linked.simulator.stats();
    ensure!(stats.companions == companions, "the session was paired again");
    ensure!(
        stats.phone_undecryptable == 0,
        "a phone could not decrypt {} messages",
        stats.phone_undecryptable
    );
    linked.host.connected().await?;
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "{KILLS} kills, {messages} messages, each with one visible reply; {repeats} repeats on the wire, {} redeliveries to the host and others",
        stats.redeliveries
    )?;
    linked.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_survives_a_kill() -> Result<()> {
    let mut linked = Linked::start(12, PLUGINS).await?;
    let person = linked.person("Person").await?;
    person
        .say(&linked.phone, "remind me in 3 seconds to water the plants")
        .await?;
    let says = |part: &'static str| move |heard: &Heard| heard.text.as_deref().is_some_and(|text| text.contains(part));
    person.wait_for(says("I will remind you"), PATIENCE).await?;
    linked.host.kill_and_restart()?;
    let reminder = person.wait_for(says("Reminder"), PATIENCE).await?;
    ensure!(reminder.text.is_some_and(|text| text.contains("water the plants")));
    linked.end().await
}

/// Kills the host at random moments of its life, its start included, and starts it again.
async fn kill_often(host: &mut Host) -> Result<()> {
    let mut random = StdRng::seed_from_u64(99);
    for _ in 0..KILLS {
        // Sometimes within the start, sometimes well into work.
        let life = if random.random_bool(0.3) { 0..150 } else { 150..900 };
        pause(Duration::from_millis(random.random_range(life))).await;
        host.kill_and_restart()?;
    }
    Ok(())
}
