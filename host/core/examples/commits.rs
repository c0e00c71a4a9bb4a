//! Measures the store on this machine's disk: durable commits a second with one writer and with many, one JSON line each.
//!
//! `cargo run --release -p waspnest-core --example commits [-- SECONDS [DIRECTORY]]`; without a directory, a fresh one under `target`
//! is used and removed, because the temporary directory of many systems is not on a disk.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::id::SessionId;
use waspnest_core::store::{Commit, SledOptions, SledStore, Space, Store};

/// Bytes of one committed value: about what a short message takes with everything it carries.
const VALUE: usize = 400;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let parent = arguments.next().map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::fs::create_dir_all(&parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for writers in [1, 256] {
        let dir = tempfile::tempdir_in(&parent)?;
        let line = runtime.block_on(measure(&dir, writers, Duration::from_secs(seconds)))?;
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

async fn measure(dir: &tempfile::TempDir, writers: u64, span: Duration) -> anyhow::Result<serde_json::Value> {
    let store: Arc<dyn Store> = SledStore::open(dir.path(), SledOptions::default())?;
    let clock = Arc::new(SystemClock::new());
    let end = clock.monotonic() + span;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
        tasks.spawn(async move {
            let space = Space::Session(SessionId::new(ulid::Ulid::from_parts(0, u128::from(writer % 50))));
            let mut latencies = Vec::new();
            for number in 0u64.. {
                let start = clock.monotonic();
                if start >= end {
                    break;
                }
                let key = [writer.to_be_bytes(), number.to_be_bytes()].concat();
                store
                    .commit(Commit::durable(space).put(key, vec![7; VALUE]))
                    .await?
                    .durable()
                    .await?;
                latencies.push(clock.monotonic() - start);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.extend(task??);
    }
    latencies.sort();
    let at = |part: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank among measurements"
        )]
        let rank = (latencies.len() as f64 * part) as usize;
        latencies
            .get(rank)
            .map_or(0.0, |latency| (latency.as_secs_f64() * 1e5).round() / 100.0)
    };
    let per_second = latencies.len() as u64 / span.as_secs().max(1);
    Ok(serde_json::json!({
        "figure": "durable_commits_per_second",
        "writers": writers,
        "value": per_second,
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "value_bytes": VALUE,
    }))
}
