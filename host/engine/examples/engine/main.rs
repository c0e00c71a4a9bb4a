//! What the engine costs: one JSON line a figure, for `cargo xtask bench`.
//!
//! Calls of `plugins/echo`, on one thread and on two, with a fresh sandbox for each and with one sandbox used again; then what a
//! thousand installations take of time and memory at a start that finds everything compiled. The plugins must have been built with
//! `cargo xtask plugins`. With `languages DIR…` it measures the conformance plugins in these directories instead.

mod languages;
mod surroundings;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::event::Event;
use waspnest_core::id::SessionName;
use waspnest_engine::{CallContext, Engine, EngineOptions, Grants, Host, Installation, InstallationSpec, Reuse};

use surroundings::{Empty, event};

/// What people write.
const TEXT: &str = "a message of ordinary length, as people write them";
/// Calls before measuring: the first ones pay for memory that later ones find.
const WARM_UP: u32 = 500;
/// Batches; the median of them is told.
const BATCHES: usize = 9;
/// Calls of a batch, on each thread.
const CALLS: u32 = 1000;
/// Installations that are loaded.
const INSTALLATIONS: usize = 1000;
/// Different plugins among them.
const PLUGINS: [usize; 2] = [1, 100];

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let asked = words.next();
    if asked.as_deref() == Some("languages") {
        return languages::run(words.map(PathBuf::from));
    }
    calls_on_threads()?;
    // Whoever compares calls alone says so.
    if asked.as_deref() == Some("calls") {
        return Ok(());
    }
    for plugins in PLUGINS {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        print(&runtime.block_on(installations(plugins))?);
    }
    Ok(())
}

fn calls_on_threads() -> Result<()> {
    for threads in [1, 2] {
        for (name, reuse) in [("fresh", Reuse::Fresh), ("reused", Reuse::Warm { max_calls: u32::MAX })] {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .enable_all()
                .build()?;
            let spans = runtime.block_on(measure(u32::try_from(threads)?, reuse))?;
            print(&figure(name, threads, &spans));
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are the program's output")]
fn print(figure: &Value) {
    println!("{figure}");
}

fn figure(sandbox: &str, threads: usize, spans: &[Duration]) -> Value {
    let micros = |span: Duration| span.as_nanos() as f64 / 1000.0;
    let median = micros(spans[BATCHES / 2]);
    json!({
        "figure": "plugin_call",
        "sandbox": sandbox,
        "threads": threads,
        "us_per_call_median": median,
        "us_per_call_min": micros(spans[0]),
        "us_per_call_max": micros(spans[BATCHES - 1]),
        "events_per_second": (1e6 / median).round(),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
    })
}

fn echo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/echo")
}

fn spec(id: &str, reuse: Reuse) -> Result<InstallationSpec> {
    Ok(InstallationSpec {
        grants: Grants::as_requested(),
        reuse,
        ..InstallationSpec::new(id.parse()?)
    })
}

/// Time per event of each batch, sorted. With two threads a batch is made by both, so that it is the time of the pair.
async fn measure(threads: u32, reuse: Reuse) -> Result<Vec<Duration>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let engine = Arc::new(Engine::new(EngineOptions::new(clock.clone()))?);
    let echo = Arc::new(Installation::new(engine.load(&echo()).await?, spec("echo", reuse)?)?);
    let event = Arc::new(event(TEXT)?);
    let mut spans = Vec::with_capacity(BATCHES);
    for batch in 0..=BATCHES {
        let count = if batch == 0 { WARM_UP } else { CALLS };
        let start = clock.monotonic();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..threads {
            running.spawn(calls(engine.clone(), echo.clone(), event.clone(), count));
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        if batch > 0 {
            spans.push((clock.monotonic() - start) / (count * threads));
        }
    }
    spans.sort();
    Ok(spans)
}

async fn calls(engine: Arc<Engine>, echo: Arc<Installation>, event: Arc<Event>, count: u32) -> Result<()> {
    let host: Arc<dyn Host> = Arc::new(Empty);
    let session: SessionName = "bench".parse()?;
    for _ in 0..count {
        let context = CallContext::new(&event, &session);
        let draft = engine.call(&echo, context, host.clone()).await?;
        ensure!(draft.effects.len() == 1, "echo answers once");
    }
    Ok(())
}

/// What a start with so many installations takes when all plugins are compiled already.
async fn installations(plugins: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let plugin_dirs: Vec<PathBuf> = (0..plugins)
        .map(|number| copy(dir.path(), number))
        .collect::<Result<_>>()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let options = || EngineOptions {
        cache_dir: Some(dir.path().join("cache")),
        ..EngineOptions::new(clock.clone())
    };
    // An earlier life of the host.
    let engine = Engine::new(options())?;
    for plugin in &plugin_dirs {
        engine.load(plugin).await?;
    }
    drop(engine);

    let before = anonymous_kib()?;
    let start = clock.monotonic();
    let engine = Engine::new(options())?;
    let mut installed = Vec::with_capacity(INSTALLATIONS);
    for number in 0..INSTALLATIONS {
        let plugin = engine.load(&plugin_dirs[number % plugins]).await?;
        installed.push(Installation::new(
            plugin,
            spec(&format!("echo-{number}"), Reuse::Fresh)?,
        )?);
    }
    let took = clock.monotonic() - start;
    let kib = anonymous_kib()?.saturating_sub(before);
    ensure!(engine.compiled() == 0, "everything was found compiled");
    let event = event(TEXT)?;
    let session: SessionName = "bench".parse()?;
    for installation in &installed {
        let draft = engine
            .call(installation, CallContext::new(&event, &session), Arc::new(Empty))
            .await?;
        ensure!(draft.effects.len() == 1, "each of them works");
    }
    Ok(json!({
        "figure": "installations",
        "installations": INSTALLATIONS,
        "plugins": plugins,
        "start_ms": took.as_secs_f64() * 1000.0,
        "anonymous_kib": kib,
        "kib_per_installation": kib as f64 / INSTALLATIONS as f64,
    }))
}

/// The echo plugin with a section of its own behind it, so that it counts as another plugin.
fn copy(dir: &Path, number: usize) -> Result<PathBuf> {
    let to = dir.join(format!("echo-{number}"));
    fs::create_dir(&to)?;
    let mut wasm = fs::read(echo().join("echo.wasm"))?;
    let name = format!("number-{number}");
    let length = u8::try_from(name.len())?;
    // A custom section: its id, the length of what follows, the length of its name, its name, and nothing in it.
    wasm.extend([0, length + 1, length]);
    wasm.extend(name.as_bytes());
    fs::write(to.join("echo.wasm"), wasm)?;
    for file in ["plugin.toml", "config.schema.json"] {
        fs::copy(echo().join(file), to.join(file))?;
    }
    Ok(to)
}

/// Memory of this process that no file stands behind, in KiB, as Linux tells it.
fn anonymous_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.context("the kernel tells RssAnon")?.parse()?)
}
