//! `cargo xtask demo`: the whole product on this machine, without a phone.
//!
//! Starts the simulator and the host on free loopback ports, pairs a session by scanning its QR code on the simulated phone, and lets
//! simulated people chat with every plugin that ships, as `examples/everything.toml` installs them. Everything it writes is in a directory of
//! its own, which is removed at the end.

mod api;
mod chat;
mod conversation;
mod group;
pub(crate) mod own;
pub(crate) mod process;
mod server;
pub(crate) mod stage;

use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use crate::workspace::Workspace;
use crate::{plugins, step};
use process::Scene;
use server::Server;
use stage::Stage;

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
    Stage::build(workspace)?;

    let server = Server::start()?;
    let stage = Stage::set(workspace, &everything(&server))?;
    let [ada, linus, grace] = ["Ada", "Linus", "Grace"].map(|name| stage.simulator.create_person(name));
    let (ada, linus, grace) = (ada?, linus?, grace?);
    let report = conversation::play(&stage.known(&ada), &stage.known(&linus), started)?;
    let group_replies = group::play(&stage.simulator, [&ada, &linus, &grace], &stage.account)?;
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
        say(&format!("host on {}, admin secret {}", stage.url(), stage.secret()));
        say(&format!("simulator admin on {}", stage.admin()));
        chat::run(&stage.known(&ada), "remind me in 1 minute to stretch")?;
    }
    stage.stop()?;
    println!("{line}");
    Ok(())
}

/// The example of all plugins, with the demo's server in the place of a model and of flows.
fn everything(server: &Server) -> Scene {
    let url = &server.url;
    let env = vec![
        (
            "WASPNEST__PLUGIN__ASSISTANT__CONFIG__URL",
            format!("{url}/v1/chat/completions"),
        ),
        ("WASPNEST__PLUGIN__BRIDGE__CONFIG__URL", format!("{url}/flow")),
        ("BRIDGE_SIGNATURE", "the flow does not look at it".to_owned()),
    ];
    Scene::File("examples/everything.toml".into(), env)
}

fn say(text: &str) {
    eprintln!("· {text}");
}
