//! Measures the API, one JSON line a figure: requests per second and how long they take, beside a bare route of warp.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example http`.

mod load;
mod throughput;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

/// What opens the hosts that are measured.
const SECRET: &str = "a secret of the benchmark";
/// The longest anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(throughput::run())
}

/// The configuration of a host in a directory, with `more` of it.
fn write_config(dir: &Path, endpoint: &str, more: &str) -> Result<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let config = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "{SECRET}" }}
callers = {{ requests-per-minute = 1000000, requests-per-minute-from-address = 1000000 }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821" }}
plugins = {{ dir = "{plugins}" }}
{more}"#,
        plugins = plugins.display(),
    );
    let file = dir.join("config.toml");
    std::fs::write(&file, config)?;
    Ok(file)
}
