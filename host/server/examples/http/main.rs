//! Measures the API, one JSON line a figure: requests per second and how long they take, beside a bare route of warp (`throughput`); and a host
//! with a thousand sessions that are linked and offline and a million messages (`stored`): how long it takes to start, what memory it takes,
//! and how long a page and a search take, beside the same with ten thousand messages.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example http [-- throughput | stored [SESSIONS MESSAGES]]` on Linux.

#[path = "../support/child.rs"]
mod child;
mod load;
mod stored;
mod throughput;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// What opens the hosts that are measured.
const SECRET: &str = "a secret of the benchmark";

/// Sessions that are linked and offline.
const SESSIONS: usize = 1000;
/// Messages in all of them.
const MESSAGES: u64 = 1_000_000;
/// Messages of the host that stands beside it.
const FEW: u64 = 10_000;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => runtime.block_on(async {
            throughput::run().await?;
            stored::run(1, FEW).await?;
            stored::run(SESSIONS, MESSAGES).await
        }),
        [child::CHILD, config] => runtime.block_on(stored::host(Path::new(config))),
        ["throughput"] => runtime.block_on(throughput::run()),
        ["stored"] => runtime.block_on(async {
            stored::run(1, FEW).await?;
            stored::run(SESSIONS, MESSAGES).await
        }),
        ["stored", sessions, messages] => runtime.block_on(stored::run(sessions.parse()?, messages.parse()?)),
        _ => bail!("expected nothing, `throughput`, or `stored` with a number of sessions and of messages"),
    }
}

/// The configuration of a host in a directory, with `more` of it.
fn write_config(dir: &Path, endpoint: &str, more: &str) -> Result<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let config = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "{SECRET}" }}
callers = {{ requests-per-minute = 1000000, requests-per-minute-from-address = 1000000 }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821", connects-per-second = 1000 }}
plugins = {{ dir = "{plugins}" }}
log = {{ level = "warn" }}
{more}"#,
        plugins = plugins.display(),
    );
    let file = dir.join("config.toml");
    std::fs::write(&file, config)?;
    Ok(file)
}
