//! Measures the resident memory of this host, one JSON line a figure: with nothing connected, and for each connected session.
//!
//! The host is a process of its own, this program started again, so that the simulator and its phones are not counted. Parent and child
//! talk by lines: the child tells the code of each new session and that it is connected; the parent scans, reads what the kernel says
//! about the child, and closes the child's standard input at the end.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example memory [-- SESSIONS]` on Linux.

#[path = "support/child.rs"]
mod child;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock};
use waspnest_core::session::Desired;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};
use waspnest_whatsapp::State;

use child::{CHILD, Host, PATIENCE, lines, say};

/// Sessions that are connected.
const SESSIONS: u64 = 50;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => runtime.block_on(parent(SESSIONS)),
        [CHILD, config] => runtime.block_on(host(Path::new(config))),
        [sessions] => runtime.block_on(parent(sessions.parse()?)),
        _ => bail!("expected nothing or a number of sessions"),
    }
}

async fn parent(sessions: u64) -> Result<()> {
    ensure!(sessions > 0, "without sessions there is nothing to divide by");
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let dir = tempfile::tempdir()?;
    let mut host = Host::start(&write_config(dir.path(), &simulator)?)?;

    host.hears("up").await?;
    let before = host.settled().await?;
    for number in 0..sessions {
        host.says(&format!("session {number}"))?;
        let code = host.hears("code ").await?;
        let account = simulator.create_account(NewAccount {
            push_name: format!("Account {number}"),
            phone: None,
        })?;
        simulator.scan_qr(&account.phone, &code).await?;
        host.hears("connected").await?;
    }
    let after = host.settled().await?;
    ensure!(
        simulator.stats().companions as u64 == sessions,
        "not every session is linked once"
    );
    host.ends().await?;
    simulator.shutdown().await;

    let mut out = std::io::stdout();
    let idle = json!({ "figure": "memory_without_sessions_kib", "rss_kib": before.rss, "anon_kib": before.anon });
    writeln!(out, "{idle}")?;
    let each = json!({
        "figure": "memory_per_connected_session_kib",
        "sessions": sessions,
        "rss_kib": after.rss.saturating_sub(before.rss) / sessions,
        "anon_kib": after.anon.saturating_sub(before.anon) / sessions,
    });
    writeln!(out, "{each}")?;
    Ok(())
}

fn write_config(dir: &Path, simulator: &Simulator) -> Result<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let config = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "a secret of the benchmark" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821", connects-per-second = 1000 }}
plugins = {{ dir = "{plugins}" }}
[[plugin]]
id = "echo"
source = "echo"
grants = {{ "messages.send" = true }}
[[bind]]
id = "all"
plugin = "echo"
"#,
        endpoint = simulator.url(),
        plugins = plugins.display(),
    );
    let file = dir.join("config.toml");
    std::fs::write(&file, config)?;
    Ok(file)
}

/// The host: makes a session for each line it is sent, and ends with its standard input.
async fn host(config: &Path) -> Result<()> {
    let (clock, ids) = (SystemClock::new(), SeededIds::from_entropy());
    let app = App::start(Config::load(Some(config), std::iter::empty())?, Outside::machine()).await?;
    say("up")?;
    let mut orders = lines(std::io::stdin());
    let mut connected = Vec::new();
    while let Some(order) = orders.recv().await {
        let name = order.replace(' ', "-").parse()?;
        connected.push(connect(&app, name, &clock, &ids).await?);
    }
    let lost = connected
        .iter()
        .filter(|status| status.borrow().state != State::Connected)
        .count();
    ensure!(lost == 0, "{lost} sessions are no longer connected");
    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}

async fn connect(
    app: &App,
    name: waspnest_core::id::SessionName,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<tokio::sync::watch::Receiver<waspnest_whatsapp::Status>> {
    let record = app
        .sessions
        .shared()
        .register
        .create(name, Desired::Connected, clock, ids)
        .await?;
    let handle = app.sessions.start(&record).await?.handle;
    handle.connect().await?;
    let mut qr = handle.qr();
    let code = {
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        shown.as_ref().context("it was waited for")?.code.to_string()
    };
    say(&format!("code {code}"))?;
    let mut status = handle.status();
    tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;
    say("connected")?;
    Ok(status)
}
