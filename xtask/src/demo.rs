//! `cargo xtask demo`: the whole product on this machine, without a phone.
//!
//! Starts the simulator and the host on free loopback ports, pairs a session by scanning its QR code on the simulated phone, and lets
//! simulated people chat with every plugin that ships, as `examples/everything.toml` installs them. Everything it writes is in a directory of
//! its own, which is removed at the end.

mod api;
mod chat;
mod conversation;
mod group;
mod process;
mod server;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use crate::workspace::Workspace;
use crate::{plugins, step};
use api::{Host, Simulator};
use conversation::Person;
use process::Children;
use server::Server;

/// How long the host may take to come up, and a session to connect.
const PATIENCE: Duration = Duration::from_secs(60);
/// The session that the configuration declares.
const SESSION: &str = "main";

/// Whether the demo ends by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After the scripted conversation, with one JSON line.
    Once,
    /// When the person at the keyboard has had enough.
    Stay,
}

/// Builds, starts, pairs, chats.
#[expect(
    clippy::disallowed_methods,
    reason = "the time to the first reply is what the demo reports"
)]
pub(crate) fn run(workspace: &Workspace, ending: Ending) -> Result<()> {
    let started = Instant::now();
    step::work("plugins", "cargo xtask plugins", || plugins::run(workspace))?;
    let args = [
        "build",
        "--locked",
        "-p",
        "waspnest",
        "-p",
        "waspnest-simulator",
        "--features",
        "waspnest/simulator",
    ];
    step::command("host and simulator", &mut workspace.cargo(args))?;

    let server = Server::start()?;
    let mut children = Children::start(workspace, &server)?;
    let simulator = Simulator::at(&children.admin);
    let host = Host::at(&children.listen, &children.secret);
    host.wait_ready(PATIENCE, || children.host_runs())
        .context("the host did not come up; its log is above")?;
    say("host and simulator are up");

    let account = simulator.create_account("Waspnest")?;
    let code = host.qr(SESSION, PATIENCE)?;
    simulator.scan(&account, &code)?;
    host.wait_connected(SESSION, PATIENCE)?;
    say("session paired by its QR code and connected");

    let [ada, linus, grace] = ["Ada", "Linus", "Grace"].map(|name| simulator.create_person(name));
    let (ada, linus, grace) = (ada?, linus?, grace?);
    let person = |phone: &str| Person::new(&simulator, phone.to_owned(), &account);
    let report = conversation::play(&person(&ada), &person(&linus), started)?;
    let group_replies = group::play(&simulator, [&ada, &linus, &grace], &account)?;
    let line = json!({
        "messages": report.messages,
        "replies": report.replies,
        "group_replies": group_replies,
        "p50_ms": report.percentile(50),
        "p99_ms": report.percentile(99),
        "first_reply_s": report.first_reply.as_secs_f64(),
    });
    say(&format!(
        "first reply {:.1} s after the command was given",
        report.first_reply.as_secs_f64()
    ));
    if ending == Ending::Stay {
        say(&format!(
            "host on http://{}, admin secret {}",
            children.listen, children.secret
        ));
        say(&format!("simulator admin on http://{}", children.admin));
        chat::run(&person(&ada))?;
    }
    children.stop()?;
    println!("{line}");
    Ok(())
}

fn say(text: &str) {
    eprintln!("· {text}");
}
