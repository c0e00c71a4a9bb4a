//! Which messages are commands, and whose: decided for all installations together, before any sandbox starts.
//!
//! A command goes to the installation it belongs to. What nobody's plugin can use is answered by the host, in the name of one
//! installation: how a command is used, what was probably meant, what there is. The decision depends on the message and the configuration
//! alone.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::address::{ChatKind, Party};
use waspnest_core::effect::{Action, QuoteOf, Send};
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::SessionName;
use waspnest_core::live::Refusal;
use waspnest_core::message::{Content, Message, Origin, Text};
use waspnest_engine::command::{BookError, Command, CommandBook, Heard, Manner, Near, Setting, Typed};
use waspnest_engine::manifest::{CommandSpec, Manifest, Role, Urgency};

use super::bind::{self, As};
use super::cooldown::{Cooldowns, Turn};
use super::installed::{Installed, Way};
use crate::config::bind::{Bind, MayStop};
use crate::config::commands as config;
use crate::config::pattern::Pattern;

/// The commands of an installation.
#[derive(Debug)]
pub struct Commands {
    book: CommandBook,
    language: Box<str>,
    zone: Tz,
    operators: Vec<Pattern>,
    cooldowns: Cooldowns,
}

/// A command of an installation's, ready for its plugin.
#[derive(Debug, PartialEq)]
pub(super) struct Invoked {
    pub command: Command,
    pub spec: Arc<CommandSpec>,
    /// What it is called here.
    pub called: Box<str>,
}

impl Invoked {
    /// Whether it does not wait for its turn.
    pub(super) fn is_urgent(&self) -> bool {
        match self.spec.urgency {
            Urgency::AtOnce => true,
            Urgency::InTurn => false,
        }
    }
}

/// What a message is to one installation as a command.
#[derive(Debug)]
pub(super) struct Hearing {
    /// Which installation, by its place among all.
    pub course: usize,
    /// The bind that lets it through.
    pub bind: Arc<str>,
    /// Whether that lets the installation stop it.
    pub may_stop: MayStop,
    /// What comes of it.
    pub way: Way,
}

/// What a message is to one installation, before the others were asked.
enum Candidate<'a> {
    /// A command of its.
    Own(Way),
    /// The question for help, and with what.
    Help(&'a str),
    /// Nearly a command of its.
    Near(Near),
}

impl Commands {
    /// The commands of a manifest, as an operator lets them be used.
    ///
    /// # Errors
    /// When the operator names commands that are not there.
    pub fn new(manifest: &Manifest, config: &config::Commands, binds: &[Bind]) -> Result<Self, BookError> {
        let book = CommandBook::new(&manifest.commands, &config.naming)?;
        let known = || manifest.commands.iter().map(|command| command.name.clone());
        let named = binds.iter().flat_map(|bind| &bind.commands);
        if let Some(name) = named.into_iter().find(|name| !known().any(|known| known == **name)) {
            let mut known: Vec<_> = known().collect();
            known.dedup();
            return Err(BookError::Unknown {
                key: "bind.commands",
                name: name.clone(),
                known,
            });
        }
        Ok(Self {
            book,
            language: config.language.clone(),
            zone: config.zone,
            operators: config.operators.clone(),
            cooldowns: Cooldowns::default(),
        })
    }

    /// Every text by which one of them can be called.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.book.calls()
    }

    /// Whether somebody may use what is for operators.
    fn is_operator(&self, message: &Message) -> bool {
        let Party { jid, alt, .. } = &message.sender;
        let named = |pattern: &Pattern| {
            std::iter::once(jid)
                .chain(alt)
                .any(|jid| pattern.matches(jid.user()) || pattern.matches(&jid.to_string()))
        };
        message.key.from == Origin::Me || self.operators.iter().any(named)
    }

    /// Whether somebody may use a command, as far as the message tells: who administrates a group is asked when its turn has come.
    fn may(&self, spec: &CommandSpec, message: &Message) -> bool {
        match spec.role {
            Role::Anyone => true,
            Role::GroupAdmin => is_in_a_group(message) || self.is_operator(message),
            Role::Operator => self.is_operator(message),
        }
    }

    /// Whether a command may be used depends on who administrates the group.
    pub(super) fn asks_for_admins(&self, spec: &CommandSpec, message: &Message) -> bool {
        match spec.role {
            Role::GroupAdmin => !self.is_operator(message),
            Role::Anyone | Role::Operator => false,
        }
    }

    /// Whether a command may be used now; what to say if not.
    pub(super) fn turn(&self, invoked: &Invoked, event: &Event, message: &Message) -> Result<(), Option<String>> {
        let Some(cooldown) = invoked.spec.cooldown else {
            return Ok(());
        };
        let waiting = |left: Duration| {
            let seconds = Duration::from_secs(left.as_secs_f64().ceil() as u64);
            format!(
                "{} can be used again in {}.",
                invoked.called,
                humantime::format_duration(seconds)
            )
        };
        match self.cooldowns.turn(&invoked.spec, cooldown, event, message) {
            Turn::Free => Ok(()),
            Turn::Wait(left) => Err(Some(waiting(left))),
            Turn::WaitAndWasTold => Err(None),
        }
    }

    /// Notes that a command was used.
    pub(super) fn used(&self, invoked: &Invoked, event: &Event, message: &Message) {
        if let Some(cooldown) = invoked.spec.cooldown {
            self.cooldowns.used(&invoked.spec, cooldown, event, message);
        }
    }
}

/// The command of an installation's that a message is.
pub(crate) fn command_in(installed: &Installed, session: &SessionName, event: &Event) -> Option<Command> {
    let heard = hear(std::iter::once(installed), session, event);
    heard.into_iter().find_map(|hearing| match hearing.way {
        Way::Command(invoked) => Some(invoked.command.clone()),
        Way::Event | Way::Reply | Way::Answer(_) => None,
    })
}

/// What a message is to each installation that hears a command in it.
pub(super) fn hear<'a>(
    installations: impl Iterator<Item = &'a Installed> + Clone,
    session: &SessionName,
    event: &Event,
) -> Vec<Hearing> {
    let EventKind::Message(message) = &event.kind else {
        return Vec::new();
    };
    let Some(text) = message
        .plain_text()
        .filter(|_| message.edit_of.is_none() && !message.history)
    else {
        return Vec::new();
    };
    let mut candidates = Vec::new();
    for (course, installed) in installations.clone().enumerate() {
        let heard = installed.hear(session, event, message, text);
        candidates.extend(heard.map(|(bind, candidate)| (course, bind, candidate)));
    }
    let owned = candidates
        .iter()
        .any(|(_, _, candidate)| matches!(candidate, Candidate::Own(_)));
    let nearest = candidates.iter().filter_map(|(course, _, candidate)| match candidate {
        Candidate::Near(near) => Some((near.distance, *course)),
        Candidate::Own(_) | Candidate::Help(_) => None,
    });
    let (nearest, mut asked) = (nearest.min(), false);
    let mut hearings = Vec::new();
    for (course, bind, candidate) in candidates {
        let way = match candidate {
            Candidate::Own(way) => way,
            Candidate::Help(topic) if !owned && !asked => {
                asked = true;
                Way::Answer(help(installations.clone(), session, (event, message), topic).into())
            }
            Candidate::Near(near) if !owned && nearest == Some((near.distance, course)) => {
                Way::Answer(near.question().into())
            }
            Candidate::Help(_) | Candidate::Near(_) => continue,
        };
        hearings.push(Hearing {
            course,
            bind: bind.id.as_ref().into(),
            may_stop: bind.may_stop,
            way,
        });
    }
    hearings
}

/// The answer to the question what there is, over all installations, or what one command is.
fn help<'a>(
    installations: impl Iterator<Item = &'a Installed>,
    session: &SessionName,
    (event, message): (&Event, &Message),
    topic: &str,
) -> String {
    let mut lines = Vec::new();
    for installed in installations {
        let commands = &installed.commands;
        let admits = |spec: &CommandSpec| {
            installed.admits(session, (event, message), spec).is_some() && commands.may(spec, message)
        };
        let manner = Manner {
            language: &commands.language,
            admits: &admits,
        };
        if !topic.is_empty()
            && let Some(page) = commands.book.page(topic, &manner)
        {
            return page;
        }
        lines.extend(commands.book.lines(&manner));
    }
    let mut text = String::new();
    if !topic.is_empty() {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "There is no command {topic}. There are:");
    }
    text + &lines.join("\n")
}

impl Installed {
    /// The bind that lets a command through in the chat of a message.
    fn admits(&self, session: &SessionName, (event, message): (&Event, &Message), spec: &CommandSpec) -> Option<&Bind> {
        let kind = match message.chat_kind {
            ChatKind::Community => ChatKind::Group,
            kind => kind,
        };
        let here = spec.chats.is_empty() || spec.chats.contains(&kind);
        here.then(|| bind::admitting(&self.binds, session, event, As::Command(Some(&spec.name))))
            .flatten()
    }

    fn hear<'t>(
        &self,
        session: &SessionName,
        event: &Event,
        message: &Message,
        text: &'t str,
    ) -> Option<(&Bind, Candidate<'t>)> {
        let commands = &self.commands;
        if commands.book.is_empty() {
            return None;
        }
        let bind = |spec: &CommandSpec| self.admits(session, (event, message), spec);
        let here = |spec: &CommandSpec| bind(spec).is_some();
        let theirs = |spec: &CommandSpec| here(spec) && commands.may(spec, message);
        let any = || bind::admitting(&self.binds, session, event, As::Command(None));
        Some(match commands.book.hear(text, &here) {
            Heard::Nothing => return None,
            Heard::Command(typed) if !commands.may(&typed.spec, message) => {
                let refusal = refused(&typed.spec, &typed.called);
                (bind(&typed.spec)?, Candidate::Own(Way::Answer(refusal.into())))
            }
            Heard::Command(typed) => (
                bind(&typed.spec)?,
                Candidate::Own(commands.invoke(&typed, event, message)),
            ),
            Heard::Incomplete { usages, typed } => {
                let text = format!("{typed} needs more:\n{}", usages.join("\n"));
                (any()?, Candidate::Own(Way::Answer(text.into())))
            }
            // What is not for them is neither told nor guessed.
            Heard::Help(_) | Heard::Near(_) => match commands.book.hear(text, &theirs) {
                Heard::Help(topic) => (any()?, Candidate::Help(topic)),
                Heard::Near(near) => (any()?, Candidate::Near(near)),
                Heard::Nothing | Heard::Command(_) | Heard::Incomplete { .. } => return None,
            },
        })
    }
}

impl Commands {
    fn invoke(&self, typed: &Typed<'_>, event: &Event, message: &Message) -> Way {
        let setting = Setting {
            now: event.received_at,
            zone: self.zone,
            mentions: &message.mentions,
        };
        match typed.parse(setting, &self.language) {
            Ok(command) => Way::Command(Arc::new(Invoked {
                command,
                spec: Arc::clone(&typed.spec),
                called: typed.called.clone(),
            })),
            Err(problem) => Way::Answer(typed.correction(&problem).into()),
        }
    }
}

/// What is said to somebody who may not use a command.
pub(super) fn refused(spec: &CommandSpec, called: &str) -> String {
    match spec.role {
        Role::Anyone | Role::Operator => format!("Only operators may use {called}."),
        Role::GroupAdmin => format!("Only administrators of a group may use {called}, in that group."),
    }
}

/// What is said where nobody can tell who administrates a group, and why.
pub(super) fn unknown(called: &str, why: &Refusal) -> String {
    format!("Only administrators of this group may use {called}, and who they are could not be asked: {why}.")
}

fn is_in_a_group(message: &Message) -> bool {
    match message.chat_kind {
        ChatKind::Group | ChatKind::Community => true,
        ChatKind::Direct
        | ChatKind::Broadcast
        | ChatKind::Status
        | ChatKind::Newsletter
        | ChatKind::Bot
        | ChatKind::Other => false,
    }
}

/// The host's own answer to a message, in its chat.
pub(super) fn answer(message: &Message, text: &str) -> Action {
    let quote = match message.chat_kind {
        ChatKind::Direct => None,
        ChatKind::Group
        | ChatKind::Community
        | ChatKind::Broadcast
        | ChatKind::Status
        | ChatKind::Newsletter
        | ChatKind::Bot
        | ChatKind::Other => Some(QuoteOf {
            key: message.key.clone(),
            sender: message.sender.jid.clone(),
            content: Some(Box::new(message.content.clone())),
        }),
    };
    Action::Send(Box::new(Send {
        to: message.key.chat.clone(),
        content: Content::Text(Text {
            body: text.into(),
            preview: None,
        }),
        quote,
        mentions: Vec::new(),
        ephemeral_s: None,
        typing_ms: None,
    }))
}

/// Pairs of installations that hear the same command in the same chats, in words for the operator.
pub(crate) fn collisions(installations: &[Arc<Installed>]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, one) in installations.iter().enumerate() {
        for other in &installations[index + 1..] {
            let calls = other.commands.calls();
            let both: Vec<_> = one
                .commands
                .calls()
                .into_iter()
                .filter(|call| calls.contains(call))
                .collect();
            let overlap = one
                .binds
                .iter()
                .any(|bind| other.binds.iter().any(|other| bind::both_may_hear(bind, other)));
            if overlap && !both.is_empty() {
                found.push(format!(
                    "{} and {} both hear {}: each will answer; disable or rename one in [plugin.commands], or part their binds",
                    one.installation.id(),
                    other.installation.id(),
                    both.join(", ")
                ));
            }
        }
    }
    found
}
