//! A backup that is taken while people write, put into a fresh directory, and compared with the host it was taken of.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waspnest_core::schema::{session, trailing_number};
use waspnest_core::store::{KeyRange, MAX_SCAN, Order, SledOptions, SledStore, Space, Store};
use waspnest_simulator::human::{Heard, Human};

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

/// Who writes.
const PEOPLE: u64 = 4;
/// Replies each has had when the backup is taken, and when they stop.
const BEFORE: usize = 25;
const AFTER: usize = 50;

/// Tables whose rows are written once and never changed: what a backup has of them, its source has to the last byte.
const ONCE: [u8; 8] = [
    session::CONTACT,
    session::EVENT,
    session::MESSAGE,
    session::CHAT_MESSAGE,
    session::EFFECT,
    session::EFFECT_ID,
    session::MAILBOX_CHAT_OF,
    session::MAILBOX_NAMED,
];

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Every row of every space.
async fn everything(dir: &Path) -> Result<BTreeMap<Space, Rows>> {
    let store = SledStore::open(dir, SledOptions::default())?;
    let mut all = BTreeMap::new();
    for space in store.spaces().await? {
        let mut range = KeyRange::prefix(&[]);
        let mut rows = Rows::new();
        loop {
            let page = store.scan(space, range.clone(), Order::Ascending, MAX_SCAN).await?;
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
            rows.extend(page.into_iter().map(|(key, value)| (key.to_vec(), value.to_vec())));
        }
        all.insert(space, rows);
    }
    Ok(all)
}

/// The largest number that keys of a table end with.
fn last(rows: &Rows, table: u8) -> u64 {
    let of_table = rows.range(vec![table]..vec![table + 1]);
    of_table
        .filter_map(|(key, _)| trailing_number(key))
        .max()
        .unwrap_or_default()
}

/// How the rows of a backup stand to those of its source, which went on.
#[derive(Debug, Default)]
struct Compared {
    same: usize,
    changed_since: usize,
    gone_since: usize,
    new_since: usize,
}

fn compare(space: Space, then: &Rows, now: &Rows, counts: &mut Compared) -> Result<()> {
    let is_once = |key: &[u8]| matches!(space, Space::Session(_)) && ONCE.contains(&key[0]);
    for (key, value) in then {
        match now.get(key) {
            Some(same) if same == value => counts.same += 1,
            Some(_) => {
                ensure!(!is_once(key), "{space:?} {} is another one", key.escape_ascii());
                counts.changed_since += 1;
            }
            None => {
                ensure!(!is_once(key), "{space:?} {} is not in the source", key.escape_ascii());
                counts.gone_since += 1;
            }
        }
    }
    for key in now.keys().filter(|key| !then.contains_key(*key)) {
        // A log and an outbox of which the backup has the beginning, without a hole.
        for table in [session::EVENT, session::EFFECT] {
            if matches!(space, Space::Session(_)) && key[0] == table {
                let number = trailing_number(key).unwrap_or_default();
                ensure!(
                    number > last(then, table),
                    "{space:?}: {number} of table {table:#x} is left out"
                );
            }
        }
        counts.new_since += 1;
    }
    Ok(())
}

/// Has a backup taken while they write: its file, and what the host says of it.
async fn take(linked: &Linked, people: &[Human]) -> Result<(String, Value)> {
    let from_bot = |heard: &Heard| !heard.from_me;
    for person in people {
        person.wait_for_count(BEFORE, from_bot, PATIENCE).await?;
    }
    let said = linked.host.command(&["backup", "create", "--wait"]).await?;
    let file = said.lines().nth(1).context("it says where it is")?.to_owned();
    let id = said.split_whitespace().next().context("it says its name")?;
    let told = serde_json::from_str(&linked.host.command(&["backup", "get", id]).await?)?;
    for person in people {
        person.wait_for_count(AFTER, from_bot, PATIENCE).await?;
    }
    Ok((file, told))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_comes_back_record_by_record() -> Result<()> {
    let mut linked = Linked::start(21, PLUGINS).await?;
    let mut people = Vec::new();
    for index in 0..PEOPLE {
        people.push(linked.person(&format!("Person {index}")).await?);
    }
    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..PEOPLE).zip(&people) {
        let text = move |nth| format!("message {nth} of person {seed}");
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 0..20));
    }
    let (taken, written) = tokio::join!(
        async {
            let taken = take(&linked, &people).await;
            go_on.store(false, Ordering::Relaxed);
            taken
        },
        futures::future::try_join_all(writers)
    );
    let (file, told) = taken?;
    written?;
    linked.host.terminate().await?;

    // The key is kept apart from backups, and has to be there first.
    let source = linked.host.path();
    let fresh = tempfile::tempdir()?;
    let data = fresh.path().join("data");
    fs::create_dir(&data)?;
    fs::copy(source.join("config.toml"), fresh.path().join("config.toml"))?;
    fs::copy(source.join("data/master.key"), data.join("master.key"))?;
    let config = fresh.path().join("config.toml");
    let config = config.to_str().context("a text")?;
    let file = source.join(file);
    let file = file.to_str().context("a text")?;
    for command in [
        &["restore", file, "--config", config, "--check"][..],
        &["restore", file, "--config", config, "--with-device-state"],
        &["store", "check", "--config", config],
    ] {
        linked.host.command(command).await?;
    }

    let (then, now) = (everything(&data).await?, everything(&source.join("data")).await?);
    let mut counts = Compared::default();
    ensure!(then.keys().eq(now.keys()), "there are other spaces");
    for (space, rows) in &then {
        compare(*space, rows, &now[space], &mut counts)?;
    }
    let contents = &told["contents"];
    let part = &contents["sessions"][0];
    let (Some((_, session_then)), Some((_, session_now))) = (then.last_key_value(), now.last_key_value()) else {
        anyhow::bail!("there is no session");
    };
    let (events_then, events_now) = (last(session_then, session::EVENT), last(session_now, session::EVENT));
    ensure!(part["last_event"] == events_then, "{part}");
    ensure!(part["records"]["count"] == session_then.len(), "{part}");
    ensure!(events_then < events_now, "nobody wrote any more when it was taken");
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "a backup under load: {} records restored; {} are the source's, {} were changed there since, {} are gone since, {} came since; \
         {events_then} of {events_now} events; longest pause {} us",
        counts.same + counts.changed_since + counts.gone_since,
        counts.same,
        counts.changed_since,
        counts.gone_since,
        counts.new_since,
        contents["longest_pause_us"]
    )?;
    linked.simulator.shutdown().await;
    Ok(())
}
