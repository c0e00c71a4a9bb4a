//! `[[bind]]`: which events reach which installation.

use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::address::ChatKind;
use waspnest_core::event::Family;
use waspnest_core::id::InstallationId;
use waspnest_core::message::Content;

use super::form;
use super::hours::Hours;
use super::pattern::Pattern;
use super::schedule;
use super::section::Section;
use super::tree::Node;

/// `[[bind]]`. An event must fit every line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Its name, which the plugin is told.
    pub id: Box<str>,
    /// Whose events these are.
    pub plugin: InstallationId,
    /// Names of sessions.
    pub sessions: Vec<Pattern>,
    /// What it is about.
    pub events: Vec<Topic>,
    /// Names of commands, as the manifest has them; empty for all.
    pub commands: Vec<Box<str>>,
    /// Kinds of messages, as [`Content::KINDS`] spells them; empty for all. Says nothing about other events.
    pub kinds: Vec<&'static str>,
    /// Kinds of chats; empty for all. Says nothing about events that belong to no chat.
    pub chat_kinds: Vec<ChatKind>,
    /// Addresses of chats. Says nothing about events that belong to no chat.
    pub chats: Lists,
    /// Addresses of senders, and of those who do what is no message. Says nothing about events nobody is known to have made.
    pub senders: Lists,
    /// What the text of a message must be; none for any, and for messages without one. Says nothing about other events.
    pub text: Option<Pattern>,
    /// The hours in which it lets events through; none for all. Says nothing of what the installation waits for.
    pub when: Option<When>,
    /// Whether the account's own messages count.
    pub own: Own,
    /// Whether messages from before the device was linked count.
    pub history: History,
    /// Which messages count that waited on the server while the session was away.
    pub offline: Offline,
    /// Whether the installation may keep what comes through here from those of lower priority.
    pub may_stop: MayStop,
}

/// `when`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// Hours of the week.
    pub hours: Hours,
    /// What they are read in.
    pub zone: Tz,
}

/// Whether messages from before the device was linked count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// They do not.
    Ignored,
    /// They do.
    Included,
}

/// Which messages count that waited on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    /// All.
    All,
    /// None.
    None,
    /// Those that waited no longer than this.
    MaxAge(Duration),
}

/// Whether an installation may stop an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayStop {
    /// What it says is a wish.
    No,
    /// What it says is done, and those of lower priority wait for it.
    Yes,
}

/// What a bind is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Events of a family.
    Family(Family),
    /// Messages that are commands of the installation's. Where they are not let through, they are messages like any other.
    Command,
    /// Messages the installation waits for. Where it gets messages or commands, it gets these too.
    Reply,
}

impl Topic {
    /// What a bind is about that does not say.
    pub const USUAL: [Self; 2] = [Self::Family(Family::Message), Self::Command];

    /// Everything a bind can be about.
    pub fn all() -> impl Iterator<Item = Self> {
        EVENTS.iter().map(|(_, topic)| *topic)
    }
}

/// The topics a bind can name. Ticks of schedules and requests from outside need no bind: they are for one installation.
const EVENTS: [(&str, Topic); 11] = [
    ("message", Topic::Family(Family::Message)),
    ("command", Topic::Command),
    ("reply", Topic::Reply),
    ("receipt", Topic::Family(Family::Receipt)),
    ("group", Topic::Family(Family::Group)),
    ("presence", Topic::Family(Family::Presence)),
    ("contact", Topic::Family(Family::Contact)),
    ("chat", Topic::Family(Family::Chat)),
    ("call", Topic::Family(Family::Call)),
    ("session", Topic::Family(Family::Session)),
    ("topic", Topic::Family(Family::Topic)),
];

/// Allowed and denied addresses; a denial wins, and no allowance at all allows everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// What may pass.
    pub allow: Vec<Pattern>,
    /// What may not.
    pub deny: Vec<Pattern>,
}

/// Whether messages the account sent from its own devices count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// They do not: a bot that hears itself answers itself.
    Ignored,
    /// They do.
    Included,
}

const CHAT_KINDS: [(&str, ChatKind); 7] = [
    ("direct", ChatKind::Direct),
    ("group", ChatKind::Group),
    ("community", ChatKind::Community),
    ("broadcast", ChatKind::Broadcast),
    ("status", ChatKind::Status),
    ("newsletter", ChatKind::Newsletter),
    ("bot", ChatKind::Bot),
];

impl Bind {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let id = section.required("id", form::some_text);
        let plugin = section.required("plugin", form::parsed);
        Self::rest(section, id, plugin)
    }

    /// One that is written with its installation.
    pub(super) fn of(plugin: Option<&InstallationId>, mut section: Section<'_>) -> Option<Self> {
        let id = section.required("id", form::some_text);
        Self::rest(section, id, plugin.cloned())
    }

    fn rest(mut section: Section<'_>, id: Option<Box<str>>, plugin: Option<InstallationId>) -> Option<Self> {
        let sessions = section.or("sessions", vec![Pattern::everything()], form::list(form::parsed));
        let events = section.or("events", Topic::USUAL.to_vec(), form::list(form::one_of(&EVENTS)));
        let commands = section.or("commands", Vec::new(), form::list(form::some_text));
        let kinds = section.or("kinds", Vec::new(), form::list(kind));
        let (chat_kinds, chats) = chats(section.table("chats"));
        let senders = lists(section.table("senders"));
        let text = section.optional("text", form::parsed);
        let own = match section.or("from-me", false, form::boolean) {
            true => Own::Included,
            false => Own::Ignored,
        };
        let when = when(section.table("when"));
        let history = match section.or("history", false, form::boolean) {
            true => History::Included,
            false => History::Ignored,
        };
        let offline = section.or("offline", Offline::All, offline);
        let may_stop = match section.or("can-stop", false, form::boolean) {
            true => MayStop::Yes,
            false => MayStop::No,
        };
        section.finish();
        Some(Self {
            id: id?,
            plugin: plugin?,
            sessions,
            events,
            commands,
            kinds,
            chat_kinds,
            chats,
            senders,
            text,
            when,
            own,
            history,
            offline,
            may_stop,
        })
    }
}

fn chats(mut section: Section<'_>) -> (Vec<ChatKind>, Lists) {
    let kinds = section.or("kind", Vec::new(), form::list(form::one_of(&CHAT_KINDS)));
    (kinds, lists(section))
}

fn when(mut section: Section<'_>) -> Option<When> {
    let hours = section.optional("hours", form::parsed);
    let zone = section.optional("zone", schedule::zone);
    if zone.is_some() && hours.is_none() {
        section.report("zone", "stands there without hours");
    }
    section.finish();
    hours.map(|hours| When {
        hours,
        zone: zone.unwrap_or(Tz::UTC),
    })
}

fn offline(node: &Node) -> Result<Offline, String> {
    let given = form::text(node)?;
    let age = given.strip_prefix("max-age ").map(humantime::parse_duration);
    match (&*given, age) {
        ("all", _) => Ok(Offline::All),
        ("none", _) => Ok(Offline::None),
        (_, Some(Ok(age))) => Ok(Offline::MaxAge(age)),
        (_, Some(Err(_)) | None) => Err(format!(
            "{given:?} is not allowed: expected \"all\", \"none\" or \"max-age 30m\""
        )),
    }
}

fn lists(mut section: Section<'_>) -> Lists {
    let lists = Lists {
        allow: section.or("allow", Vec::new(), form::list(form::parsed)),
        deny: section.or("deny", Vec::new(), form::list(form::parsed)),
    };
    section.finish();
    lists
}

fn kind(node: &Node) -> Result<&'static str, String> {
    let given = form::text(node)?;
    let found = Content::KINDS.iter().copied().find(|kind| **kind == *given);
    found.ok_or_else(|| form::not_among(&given, Content::KINDS.iter().copied()))
}
