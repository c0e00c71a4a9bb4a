//! The host is killed again and again while people write to it, and nobody may notice.
//!
//! The whole product takes part: the `waspnest` program with its store on disk, the echo plugin in its sandbox, and people who are real
//! end-to-end encrypted clients of a simulated WhatsApp. SIGKILL leaves the host no time for anything.

mod host;

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_simulator::human::{Heard, Human};
use waspnest_simulator::{Config, NewAccount, Simulator};

use host::Host;

/// How often the host is killed.
const KILLS: u32 = 60;
/// Who writes.
const PEOPLE: u64 = 4;
/// The longest the last replies may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_has_one_visible_reply_however_often_the_host_is_killed() -> Result<()> {
    let simulator = Simulator::start(Config {
        seed: 11,
        ..Config::default()
    })
    .await?;
    let account = simulator.create_account(NewAccount {
        push_name: "Bot".into(),
        phone: None,
    })?;
    let mut host = Host::start(&simulator.url())?;
    let code = host.qr().await?;
    simulator.scan_qr(&account.phone, &code).await?;
    host.connected().await?;

    let mut people = Vec::new();
    for index in 0..PEOPLE {
        people.push(
            Human::join(
                &simulator,
                NewAccount {
                    push_name: format!("Person {index}"),
                    phone: None,
                },
            )
            .await?,
        );
    }
    let companions = simulator.stats().companions;

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (index, person) in people.iter().enumerate() {
        writers.push(write(index, person.clone(), account.phone.clone(), Arc::clone(&go_on)));
    }
    let killer = kill_often(&mut host);
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
    let stats = simulator.stats();
    ensure!(stats.companions == companions, "the session was paired again");
    ensure!(
        stats.phone_undecryptable == 0,
        "a phone could not decrypt {} messages",
        stats.phone_undecryptable
    );
    host.connected().await?;
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "{KILLS} kills, {messages} messages, each with one visible reply; {repeats} repeats on the wire, {} redeliveries to the host and others",
        stats.redeliveries
    )?;
    host.terminate().await?;
    simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_survives_a_kill() -> Result<()> {
    let simulator = Simulator::start(Config {
        seed: 12,
        ..Config::default()
    })
    .await?;
    let account = simulator.create_account(NewAccount {
        push_name: "Bot".into(),
        phone: None,
    })?;
    let mut host = Host::start(&simulator.url())?;
    let code = host.qr().await?;
    simulator.scan_qr(&account.phone, &code).await?;
    host.connected().await?;
    let person = Human::join(
        &simulator,
        NewAccount {
            push_name: "Person".into(),
            phone: None,
        },
    )
    .await?;
    person
        .say(&account.phone, "remind me in 3 seconds to water the plants")
        .await?;
    let says = |part: &'static str| move |heard: &Heard| heard.text.as_deref().is_some_and(|text| text.contains(part));
    person.wait_for(says("I will remind you"), PATIENCE).await?;
    host.kill_and_restart()?;
    let reminder = person.wait_for(says("Reminder"), PATIENCE).await?;
    ensure!(reminder.text.is_some_and(|text| text.contains("water the plants")));
    host.terminate().await?;
    simulator.shutdown().await;
    Ok(())
}

/// One person writes, waiting a little between messages, and answers what was written.
async fn write(index: usize, person: Human, to: String, go_on: Arc<AtomicBool>) -> Result<Vec<String>> {
    let mut random = StdRng::seed_from_u64(index as u64);
    let mut texts = Vec::new();
    while go_on.load(Ordering::Relaxed) {
        let text = format!("message {} of person {index}", texts.len());
        person.say(&to, &text).await?;
        texts.push(text);
        pause(Duration::from_millis(random.random_range(0..120))).await;
    }
    Ok(texts)
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

#[expect(
    clippy::disallowed_methods,
    reason = "the moments of the kills are random; nothing waits for them"
)]
async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
