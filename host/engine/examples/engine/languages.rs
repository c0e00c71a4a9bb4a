//! What a language costs: for each conformance plugin, one JSON line with its size, how long it takes to compile and to load, how long an
//! event takes in a fresh sandbox and in one that is used again, and how much memory a call needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::id::SessionName;
use waspnest_engine::{CallContext, Engine, EngineOptions, Grants, Host, Installation, InstallationSpec, Reuse};

use crate::surroundings::{Empty, event};

/// Calls before measuring.
const WARM_UP: u32 = 20;
/// Batches, of which the fastest is told, since whatever else the machine does only adds to it; and calls in each.
const BATCHES: usize = 10;
const CALLS: u32 = 100;

/// Measures the plugins in these directories, which are named like their languages.
pub(crate) fn run(dirs: impl Iterator<Item = PathBuf>) -> Result<()> {
    for dir in dirs {
        // One thread: this is about what an event costs, and not about how many there can be.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let figure = runtime.block_on(measure(&dir));
        crate::print(&figure.with_context(|| format!("measuring {}", dir.display()))?);
    }
    Ok(())
}

async fn measure(dir: &Path) -> Result<Value> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let cache = tempfile::tempdir()?;
    let options = || EngineOptions {
        cache_dir: Some(cache.path().join("cache")),
        ..EngineOptions::new(clock.clone())
    };
    let start = clock.monotonic();
    drop(Engine::new(options())?.load(dir).await?);
    let compile = clock.monotonic() - start;
    let engine = Engine::new(options())?;
    let start = clock.monotonic();
    let plugin = engine.load(dir).await?;
    let load = clock.monotonic() - start;
    ensure!(engine.compiled() == 0, "it was compiled before");
    let mut told = json!({
        "figure": "language",
        "language": dir.file_name().map(|name| name.to_string_lossy()),
        "bytes": std::fs::metadata(dir.join(&plugin.manifest.component))?.len(),
        "compile_ms": compile.as_millis() as u64,
        "load_ms": load.as_secs_f64() * 1e3,
    });
    for (name, reuse) in [("fresh", Reuse::Fresh), ("reused", Reuse::Warm { max_calls: u32::MAX })] {
        let installation = Installation::new(
            plugin.clone(),
            InstallationSpec {
                grants: Grants::as_requested(),
                reuse,
                ..InstallationSpec::new("conformance".parse()?)
            },
        )?;
        let (micros, memory) = calls(&engine, &installation, &*clock).await?;
        told[format!("{name}_us")] = micros.into();
        told[format!("{name}_memory_bytes")] = memory.into();
    }
    Ok(told)
}

/// Microseconds of an event, and bytes of linear memory at most.
async fn calls(engine: &Engine, installation: &Installation, clock: &dyn Clock) -> Result<(f64, u64)> {
    let host: Arc<dyn Host> = Arc::new(Empty);
    let session: SessionName = "bench".parse()?;
    let event = event("echo a message of ordinary length, as people write them")?;
    let (mut fastest, mut memory) = (Duration::MAX, 0);
    for batch in 0..=BATCHES {
        let count = if batch == 0 { WARM_UP } else { CALLS };
        let start = clock.monotonic();
        for _ in 0..count {
            let called = engine
                .handle(installation, CallContext::new(&event, &session), host.clone())
                .await;
            memory = memory.max(called.usage().memory_bytes);
            let draft = called.committed().map_err(|error| anyhow!("{error}"))?;
            ensure!(draft.effects.len() == 1, "it answers once");
        }
        if batch > 0 {
            fastest = fastest.min((clock.monotonic() - start) / count);
        }
    }
    Ok((fastest.as_nanos() as f64 / 1e3, memory))
}
