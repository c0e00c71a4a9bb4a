//! `waspnest plugin run`: a chat with a plugin in the terminal, in a host in memory. Time passes as it does, servers are really asked, and
//! a plugin that is built anew is loaded at once, with everything it has stored.

mod line;
mod transcript;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc;
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, SystemClock};

use super::super::Exit;
use super::build;
use super::watch::{Files, LOOK, Watched};
use crate::config::scenario::{Arrival, Deed, MessageDeed, Place, Scenario, Step, What};
use crate::scenario::{self, Memory};
use crate::stage::{Stage, World};
use line::{HELP, Line};
use transcript::Names;

/// Who chats until they say that they are somebody else.
const YOU: &str = "you";
/// Lines that may be typed ahead.
const AHEAD: usize = 64;

/// How a plugin is chatted with.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The directory with plugin.toml and the built component
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// A scenario that is played first: its people, groups, configuration, grants, secrets and answers of servers stay
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    /// Build it when its sources change
    #[arg(long)]
    build: bool,
}

/// Chats.
pub(super) fn run(asked: &Asked, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(chat(asked, typed(), out));
    // What does not end must not keep us.
    runtime.shutdown_background();
    done.map(|()| Exit::Success)
}

/// What is typed, line by line, until there is no more.
fn typed() -> mpsc::Receiver<String> {
    let (lines, typed) = mpsc::channel(AHEAD);
    // Reading cannot be interrupted, so it has a thread that the end of the program ends.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if lines.blocking_send(line).is_err() {
                break;
            }
        }
    });
    typed
}

/// Plays what is to be played first, and then does what is typed.
async fn chat(asked: &Asked, mut typed: mpsc::Receiver<String>, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut chat = Chat::open(asked).await?;
    writeln!(out, "you are {YOU}; :help says what can be typed")?;
    for step in chat.scenario.steps.clone() {
        writeln!(out, "> {}", scenario::words(&step.deed))?;
        chat.act(&step).await?;
        chat.tell(out).await?;
    }
    let prompt = std::io::stdin().is_terminal();
    let machine = SystemClock::new();
    loop {
        if prompt {
            write!(out, "{}> ", chat.place())?;
            out.flush()?;
        }
        // The prompt stands until there is something to tell or something was typed.
        let line = loop {
            tokio::select! {
                biased;
                line = typed.recv() => break line,
                () = machine.sleep(LOOK) => {
                    if chat.look(out).await? {
                        break Some(String::new());
                    }
                }
            }
        };
        let Some(line) = line else { break };
        match Line::read(&line) {
            Ok(Line::Quit) => break,
            Ok(line) => {
                if let Err(error) = chat.does(line, out).await {
                    writeln!(out, "  {error:#}")?;
                }
                chat.tell(out).await?;
            }
            Err(wrong) => writeln!(out, "  {wrong}")?,
        }
    }
    chat.stage.close().await?;
    Ok(())
}

/// A chat under way.
struct Chat {
    scenario: Scenario,
    stage: Stage,
    memory: Memory,
    built: Watched,
    /// What is built when it changes; none where that is left to somebody else.
    sources: Option<Watched>,
    dir: PathBuf,
    who: Box<str>,
    group: Option<Box<str>>,
}

impl Chat {
    async fn open(asked: &Asked) -> anyhow::Result<Self> {
        let mut scenario = match &asked.after {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                Scenario::read_open(&text, path, &asked.dir)?
            }
            None => Scenario::read_open("", Path::new("nothing"), &asked.dir)?,
        };
        scenario.introduce(YOU);
        scenario.start = SystemClock::new().now();
        Ok(Self {
            stage: Stage::open(&scenario, World::Real).await?,
            memory: Memory::default(),
            built: Watched::new(&asked.dir, Files::Built),
            sources: asked.build.then(|| Watched::new(&asked.dir, Files::Sources)),
            dir: asked.dir.clone(),
            scenario,
            who: YOU.into(),
            group: None,
        })
    }

    /// Who writes where.
    fn place(&self) -> String {
        match &self.group {
            Some(group) => format!("{} in {group}", self.who),
            None => self.who.to_string(),
        }
    }

    async fn does(&mut self, line: Line, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        let deed = match line {
            Line::Empty | Line::Quit => return Ok(()),
            Line::Help => {
                writeln!(out, "{HELP}")?;
                return Ok(());
            }
            Line::As(name) => {
                if !self.scenario.people.contains_key(&name) {
                    let who = self.scenario.introduce(&name);
                    self.stage.introduce(who);
                }
                self.who = name;
                return Ok(());
            }
            Line::In(Some(group)) if !self.scenario.groups.contains_key(&group) => {
                let known: Vec<&str> = self.scenario.groups.keys().map(|name| &**name).collect();
                let known = match known.is_empty() {
                    true => "there is none; write them into a scenario and name it with --after".to_owned(),
                    false => format!("there are: {}", known.join(", ")),
                };
                writeln!(out, "  there is no group {group}; {known}")?;
                return Ok(());
            }
            Line::In(group) => {
                self.group = group;
                return Ok(());
            }
            Line::Say(text) => self.message(What::Says(text)),
            Line::React(emoji) => self.message(What::Reacts { on: None, emoji }),
            Line::Vote(options) => self.message(What::Votes { on: None, options }),
            Line::Pass(span) => Deed::Passes(span),
            Line::Restart => Deed::Restarts,
        };
        self.stage.catch_up().await?;
        self.act(&Step {
            deed,
            named: None,
            answer: None,
        })
        .await
    }

    async fn act(&mut self, step: &Step) -> anyhow::Result<()> {
        scenario::act(&mut self.stage, &self.scenario, &mut self.memory, step).await?;
        Ok(())
    }

    /// What whoever writes does where they write.
    fn message(&self, what: What) -> Deed {
        Deed::Message(Box::new(MessageDeed {
            who: self.who.clone(),
            place: match &self.group {
                Some(group) => Place::Group(group.clone()),
                None => Place::With(self.who.clone()),
            },
            what,
            replies_to: None,
            mentions: Vec::new(),
            arrives: Arrival::Live,
        }))
    }

    /// Lets happen what is due, loads what was built, and says whether there was something to tell.
    async fn look(&mut self, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
        self.stage.catch_up().await?;
        let mut told = self.tell(out).await?;
        if self.sources.as_mut().is_some_and(Watched::is_new) {
            let dir = self.dir.clone();
            // Building has a runtime of its own.
            let built = tokio::task::spawn_blocking(move || {
                let mut said = Vec::new();
                let built = build::again(&dir, &mut said);
                (said, built)
            });
            let (said, built) = built.await.context("the build broke off")?;
            writeln!(out)?;
            out.write_all(&said)?;
            if let Err(error) = built {
                writeln!(out, "  {error:#}")?;
            }
            told = true;
        }
        if self.built.is_new() {
            match self.stage.restart().await {
                Ok(()) => writeln!(out, "\n  loaded what was built")?,
                Err(error) => writeln!(out, "\n  the old build goes on: {:#}", anyhow::Error::from(error))?,
            }
            told = true;
        }
        Ok(told)
    }

    /// Tells what came of it, and whether that is something.
    async fn tell(&mut self, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
        let mut lines = Vec::new();
        for call in self.stage.calls().await? {
            lines.extend(transcript::call(call));
        }
        let taken = self.stage.taken();
        lines.extend(taken.iter().filter_map(|effect| transcript::effect(effect, &*self)));
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        Ok(!lines.is_empty())
    }
}

impl Names for Chat {
    fn of(&self, chat: &Jid) -> Option<String> {
        let group = self.scenario.groups.iter().find(|(_, group)| group.address == *chat);
        let person = self.scenario.people.iter().find(|(_, person)| person.address == *chat);
        match (group, person) {
            (Some((name, _)), _) if self.group.as_deref() == Some(&**name) => None,
            (None, Some((name, _))) if self.group.is_none() && *name == self.who => None,
            (Some((name, _)), _) => Some(name.to_string()),
            (None, Some((name, _))) => Some(format!("the chat with {name}")),
            (None, None) => Some(chat.to_string()),
        }
    }
}
