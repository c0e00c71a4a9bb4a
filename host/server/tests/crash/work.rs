//! A plugin that counts, asks a server, makes groups and answers, over kills.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_simulator::human::Heard;

use super::counting::{Arrival, Counting};
use super::host::Host;
use super::{Linked, PATIENCE, pause, write};

/// How often the host is killed.
const KILLS: u32 = 60;
/// Who gives tasks.
const PEOPLE: u64 = 4;

/// What the worker said of a task.
struct Done {
    count: usize,
    previous: String,
    group: String,
    asked: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_a_plugin_does_is_done_once_however_often_the_host_is_killed() -> Result<()> {
    let server = Counting::start().await?;
    // Attempts that meet a session without a connection are to be expected, and no reason to give up.
    let plugins = format!(
        r#"
[plugins.retry]
max-attempts = 1000
backoff = {{ first = "50ms", factor = 1.5, max = "500ms", jitter = 0.2 }}
[plugins.breaker]
failures = 1000
[plugins.egress]
allow = ["127.0.0.1/32"]
[[plugin]]
id = "worker"
source = "worker"
config = {{ url = "http://{addr}/" }}
[plugin.grants]
"messages.send" = true
"groups.write" = true
kv = true
http = true
[[bind]]
id = "all"
plugin = "worker"
"#,
        addr = server.addr
    );
    let mut linked = Linked::start(13, &plugins).await?;
    let mut people = Vec::new();
    for index in 0..PEOPLE {
        people.push(linked.person(&format!("Person {index}")).await?);
    }

    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..PEOPLE).zip(&people) {
        let task = move |nth| task(seed, nth);
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, task, 100..900));
    }
    let killer = kill_often(&mut linked.host, &server);
    let (killed, given) = tokio::join!(
        async {
            let killed = killer.await;
            go_on.store(false, Ordering::Relaxed);
            killed
        },
        futures::future::try_join_all(writers)
    );
    killed?;

    let mut done = BTreeMap::new();
    for (person, tasks) in people.iter().zip(given?) {
        let from_bot = |heard: &Heard| !heard.from_me;
        let waited = person.wait_for_count(tasks.len(), from_bot, PATIENCE).await;
        waited.with_context(|| format!("of {} tasks", tasks.len()))?;
        let rows: Vec<Heard> = person.phone_view().into_iter().filter(from_bot).collect();
        ensure!(
            rows.len() == tasks.len(),
            "{} answers to {} tasks",
            rows.len(),
            tasks.len()
        );
        for row in rows {
            let (task, said) = read(row.text.as_deref().context("an answer without a text")?)?;
            ensure!(done.insert(task.clone(), said).is_none(), "{task} has two answers");
        }
        // In the order they were given, and none of them between two others unnoticed: no value was lost or written twice.
        let mut previous = "-";
        for task in &tasks {
            let said = done.get(task).with_context(|| format!("{task} has no answer"))?;
            ensure!(
                said.previous == previous,
                "{task} came after {}, not {previous}",
                said.previous
            );
            previous = task;
        }
    }

    let counts: BTreeSet<usize> = done.values().map(|done| done.count).collect();
    ensure!(
        counts.iter().copied().eq(1..=done.len()),
        "{} tasks were counted as {counts:?}",
        done.len()
    );

    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in linked.simulator.groups() {
        groups.entry(group.subject).or_default().push(group.jid);
    }
    ensure!(groups.len() == done.len(), "{} subjects of groups", groups.len());
    for (task, said) in &done {
        let made = groups.get(task).map(Vec::as_slice).unwrap_or_default();
        ensure!(
            made == [said.group.clone()],
            "{task} has the groups {made:?}, and said {}",
            said.group
        );
    }

    let mut arrivals: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
    for arrival in server.arrivals() {
        arrivals.entry(arrival.task.clone()).or_default().push(arrival);
    }
    ensure!(
        arrivals.len() == done.len(),
        "{} tasks were told to the server",
        arrivals.len()
    );
    let mut repeated = 0;
    for (task, said) in &done {
        let told = arrivals.get(task).map(Vec::as_slice).unwrap_or_default();
        // The answer that the plugin went on with is the last: once one was kept, nothing left any more. What left before was not kept
        // because the host died, so that there is at most one in each of its lives; the server sees by the key that they are the same.
        ensure!(
            said.asked == told.len(),
            "{task} went on with answer {}: {told:?}",
            said.asked
        );
        ensure!(
            told.windows(2)
                .all(|pair| pair[0].life < pair[1].life && pair[0].key == pair[1].key),
            "{task}: {told:?}"
        );
        repeated += told.len() - 1;
    }
    linked.host.connected().await?;
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "{KILLS} kills, {} tasks: each counted once, with one group and one answer; {repeated} requests left once more because the host \
         died before it had kept the answer",
        done.len()
    )?;
    linked.end().await
}

fn task(person: u64, nth: usize) -> String {
    format!("task-{person}-{nth}")
}

fn read(text: &str) -> Result<(String, Done)> {
    let words: Vec<&str> = text.split(' ').collect();
    let [task, count, previous, group, asked] = words[..] else {
        anyhow::bail!("the worker does not say {text:?}");
    };
    let done = Done {
        count: count.parse()?,
        previous: previous.to_owned(),
        group: group.to_owned(),
        asked: asked.parse()?,
    };
    Ok((task.to_owned(), done))
}

/// Kills the host at random moments of its life, its start included, and starts it again.
async fn kill_often(host: &mut Host, server: &Counting) -> Result<()> {
    let mut random = StdRng::seed_from_u64(98);
    for _ in 0..KILLS {
        let life = if random.random_bool(0.2) { 0..200 } else { 200..1400 };
        pause(Duration::from_millis(random.random_range(life))).await;
        host.kill()?;
        server.next_life().await?;
        host.restart()?;
    }
    Ok(())
}
