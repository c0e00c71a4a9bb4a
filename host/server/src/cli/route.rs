//! `waspnest route explain`: who would get a message, by the configuration as it is, without starting anything.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use waspnest_core::address::Jid;
use waspnest_core::clock::SystemClock;
use waspnest_core::id::{SessionName, TenantId};
use waspnest_core::message::Origin;
use waspnest_engine::{Engine, EngineOptions, Mode};

use super::Exit;
use crate::config::Config;
use crate::install;
use crate::router::{Explained, Slots};
use crate::service::routes::{Kind, Question, Routes};

/// A message that nobody has written.
#[derive(Debug, Args)]
pub(super) struct Described {
    /// The configuration; without it ./config.toml, or defaults where that is missing
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The session that would get it
    #[arg(long, value_name = "NAME")]
    session: SessionName,
    /// Its chat: a phone number or an address
    #[arg(long, value_name = "ADDRESS")]
    chat: Jid,
    /// Who would write it; in a chat of two, the other
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<Jid>,
    /// What it would be: text, image, video, audio, voice, document or sticker
    #[arg(long, default_value = "text")]
    kind: String,
    /// Its text
    #[arg(long)]
    text: Option<String>,
    /// It would be written by the account itself
    #[arg(long)]
    from_me: bool,
}

/// Prints each installation's part.
pub(super) fn explain(config: &Config, described: Described, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let question = question(described)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let clock = Arc::new(SystemClock::new());
    let options = EngineOptions {
        caps: config.plugins.caps.limits,
        ..EngineOptions::new(clock.clone())
    };
    let engine = Engine::new(options)?;
    let installations = runtime.block_on(install::all(&engine, config))?;
    for explained in Routes::new(Slots::new(installations), clock).explain(&question) {
        print(&explained, out)?;
    }
    Ok(Exit::Success)
}

fn question(described: Described) -> anyhow::Result<Question> {
    let Described {
        config: _,
        session,
        chat,
        sender,
        kind,
        text,
        from_me,
    } = described;
    let sender = match sender {
        Some(sender) => sender,
        None if chat.is_person() => chat.clone(),
        None => bail!("--sender is missing: a group has many people"),
    };
    let Some(kind) = Kind::named(&kind) else {
        let known: Vec<_> = Kind::ALL.iter().map(|(name, _)| *name).collect();
        bail!("--kind: {kind:?} is not one of {}", known.join(", "));
    };
    Ok(Question {
        tenant: TenantId::DEFAULT,
        session,
        chat,
        sender,
        from: if from_me { Origin::Me } else { Origin::Them },
        kind,
        text: text.map(Into::into),
        at: None,
    })
}

fn print(explained: &Explained, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mode = match explained.mode {
        Mode::Active => "",
        Mode::Observe => ", looks on",
    };
    writeln!(
        out,
        "{} (priority {}{mode})",
        explained.installation, explained.priority
    )?;
    match &explained.gets {
        Some(gets) => {
            writeln!(out, "  gets it by bind {:?} in {}", gets.bind, gets.handler)?;
            if gets.may_be_reply && gets.handler != "reply-handler" {
                writeln!(out, "  or in reply-handler, if it waits for it then")?;
            }
            if let Some(answer) = &gets.answer {
                writeln!(out, "  the host answers: {}", answer.replace('\n', "\n    "))?;
            }
            if let Some(condition) = gets.only_if {
                writeln!(
                    out,
                    "  only if {condition}, which is asked then; else the host refuses it"
                )?;
            }
            for above in &explained.waits_for {
                writeln!(out, "  after {above}, which may stop it")?;
            }
        }
        None => writeln!(out, "  does not get it")?,
    }
    for (bind, why) in &explained.refusals {
        writeln!(out, "  bind {bind:?}: {why}")?;
    }
    if let Some(because) = explained.because {
        writeln!(out, "  {because}")?;
    }
    Ok(())
}
