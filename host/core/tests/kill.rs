//! Kills a writing process again and again: whatever it said was durable must be there, whole and in order.
//!
//! The test is its own victim: started with a directory it writes there and reports every durable commit on its output.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, ensure};
use waspnest_core::id::SessionId;
use waspnest_core::store::{Class, Commit, KeyRange, Order, SledOptions, SledStore, Space, Store};

const WRITE: &str = "--write-into";
const KILLS: u64 = 12;
/// Reports awaited before the kill, growing with the round, so that kills come at different ages of the store.
const REPORTS: u64 = 40;
const WRITERS: u64 = 4;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [flag, dir] = arguments.as_slice()
        && flag == WRITE
    {
        return write_for_ever(Path::new(dir));
    }
    // The name filter of `cargo test`, as the standard harness understands it.
    let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if filters.is_empty() || filters.iter().any(|filter| "kill_loop".contains(filter.as_str())) {
        kill_loop()?;
    }
    Ok(())
}

fn space(writer: u64) -> Space {
    Space::Session(SessionId::new(ulid::Ulid::from_parts(0, u128::from(writer % 2))))
}

fn key(writer: u64, number: u64) -> Vec<u8> {
    [writer.to_be_bytes(), number.to_be_bytes()].concat()
}

/// Every writer numbers its commits; each commit also moves a pointer, which must never disagree with the rows.
fn write_for_ever(dir: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async {
        let store: Arc<dyn Store> = SledStore::open(dir, SledOptions::default())?;
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let store = Arc::clone(&store);
            writers.spawn(async move {
                let mut number = pointer(&*store, writer).await?;
                loop {
                    number += 1;
                    let mut commit = Commit::durable(space(writer))
                        .put(key(writer, number), vec![7; 300])
                        .put(writer.to_be_bytes().to_vec(), number.to_be_bytes().to_vec());
                    if number.is_multiple_of(3) {
                        commit.class = Class::Lazy;
                    }
                    let applied = store.commit(commit).await?;
                    if !number.is_multiple_of(3) {
                        applied.durable().await?;
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "{writer} {number}")?;
                        out.flush()?;
                    }
                }
                #[expect(unreachable_code, reason = "it names the task's error type")]
                anyhow::Ok(())
            });
        }
        writers.join_next().await.context("there are writers")??
    })
}

async fn pointer(store: &dyn Store, writer: u64) -> anyhow::Result<u64> {
    let value = store.get(space(writer), &writer.to_be_bytes()).await?;
    Ok(value
        .and_then(|value| Some(u64::from_be_bytes(*value.first_chunk()?)))
        .unwrap_or_default())
}

fn kill_loop() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut reported = [0; WRITERS as usize];
    for round in 0..KILLS {
        let mut victim = Command::new(std::env::current_exe()?)
            .args([WRITE.as_ref(), dir.path().as_os_str()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(victim.stdout.take().context("it has an output")?).lines();
        for _ in 0..REPORTS * (round % 4) + 3 {
            note(&lines.next().context("it ended by itself")??, &mut reported)?;
        }
        victim.kill()?;
        victim.wait()?;
        // What it had said before it died.
        for line in lines {
            note(&line?, &mut reported)?;
        }
    }
    let rows = tokio::runtime::Builder::new_current_thread()
        .build()?
        .block_on(check(dir.path(), &reported))?;
    let total: u64 = reported.iter().sum();
    writeln!(
        std::io::stdout(),
        "{KILLS} kills: {total} commits reported or implied, {rows} rows found, none lost, none torn"
    )?;
    Ok(())
}

fn note(line: &str, reported: &mut [u64]) -> anyhow::Result<()> {
    // The last line may be cut short by the kill: then its number is one that was reported in part, and smaller.
    let Some((writer, number)) = line.split_once(' ') else {
        return Ok(());
    };
    if let (Ok(writer), Ok(number)) = (writer.parse::<usize>(), number.parse::<u64>()) {
        let seen = reported.get_mut(writer).context("a writer of ours")?;
        *seen = number.max(*seen);
    }
    Ok(())
}

async fn check(dir: &Path, reported: &[u64]) -> anyhow::Result<u64> {
    let store = SledStore::open(dir, SledOptions::default())?;
    let mut total = 0;
    for (writer, reported) in (0..).zip(reported) {
        let pointer = pointer(&*store, writer).await?;
        ensure!(
            pointer >= *reported,
            "writer {writer}: {reported} was reported durable, the store ends at {pointer}"
        );
        let mut expected = 1;
        let mut range = KeyRange::prefix(&writer.to_be_bytes()).after(&writer.to_be_bytes());
        loop {
            let page = store.scan(space(writer), range.clone(), Order::Ascending, 500).await?;
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
            for (found, value) in page {
                ensure!(
                    found == key(writer, expected),
                    "writer {writer}: row {expected} is missing"
                );
                ensure!(value.len() == 300, "writer {writer}: row {expected} is cut short");
                expected += 1;
            }
        }
        ensure!(
            expected == pointer + 1,
            "writer {writer}: rows end at {}, the pointer at {pointer}",
            expected - 1
        );
        total += pointer;
    }
    Ok(total)
}
