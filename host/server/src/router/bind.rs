//! Which events an installation gets, decided before any sandbox starts.
//!
//! An event reaches an installation when the plugin subscribes to its kind **and** at least one of the operator's binds lets it
//! through. The first bind that does names itself to the plugin. Ticks need no bind: they are for one installation.

#[cfg(test)]
mod tests;

use std::time::Duration;

use waspnest_core::address::{Jid, Party};
use waspnest_core::event::{Event, EventKind, Family};
use waspnest_core::id::SessionName;
use waspnest_core::message::{Message, Origin};

use crate::config::bind::{Bind, History, Lists, Offline, Own, Topic};
use crate::config::pattern::Pattern;

/// What lets ticks through, as plugins are told.
pub(super) const SCHEDULE: &str = "schedule";
/// What lets requests from outside through, as plugins are told.
pub(super) const HOOK: &str = "hook";
/// What lets ends of waits through, as plugins are told.
pub(super) const DIALOGUE: &str = "dialogue";
/// What lets an event through that an operator wants handled again, where no bind does any more.
pub(super) const REPLAY: &str = "replay";

/// As what an event would go to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As<'a> {
    /// As what it is.
    Event,
    /// As a command; of any name, where none is said.
    Command(Option<&'a str>),
    /// As what the installation waits for, whatever a bind says of its kind, text and time.
    Reply,
}

/// Why a bind does not let an event through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is for other sessions.
    Session,
    /// It is about other events.
    Topic,
    /// It is about other commands.
    Command,
    /// The account itself wrote it.
    Own,
    /// Its kind of chat.
    ChatKind,
    /// Its chat.
    Chat,
    /// Who made it.
    Sender,
    /// Its kind of message.
    Kind,
    /// Its text.
    Text,
    /// Its hour.
    Hours,
    /// It is from before the device was linked.
    History,
    /// It waited on the server for too long.
    Offline,
}

impl Refusal {
    /// Which line of the bind does not fit.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Session => "sessions: not this one",
            Self::Topic => "events: not this kind of event",
            Self::Command => "commands: not this one",
            Self::Own => "from-me: the account's own messages are left out",
            Self::ChatKind => "chats.kind: not this kind of chat",
            Self::Chat => "chats: not this one",
            Self::Sender => "senders: not this one",
            Self::Kind => "kinds: not this kind of message",
            Self::Text => "text: does not fit",
            Self::Hours => "when.hours: not at this time",
            Self::History => "history: messages from before are left out",
            Self::Offline => "offline: it waited on the server for too long",
        }
    }
}

/// The first bind that lets an event through.
pub(super) fn admitting<'a>(
    binds: &'a [Bind],
    session: &SessionName,
    event: &Event,
    asked: As<'_>,
) -> Option<&'a Bind> {
    binds.iter().find(|bind| refusal(bind, session, event, asked).is_none())
}

/// Why a bind does not let an event through; none when it does.
pub(super) fn refusal(bind: &Bind, session: &SessionName, event: &Event, asked: As<'_>) -> Option<Refusal> {
    let family = Topic::Family(event.kind.family());
    let about = |topic: Topic| bind.events.contains(&topic);
    let topic = match asked {
        As::Event => about(family),
        As::Command(_) => about(Topic::Command),
        As::Reply => [Topic::Family(Family::Message), Topic::Command, Topic::Reply]
            .into_iter()
            .any(about),
    };
    let named = match asked {
        As::Command(Some(name)) => bind.commands.is_empty() || bind.commands.iter().any(|known| **known == *name),
        As::Command(None) | As::Event | As::Reply => true,
    };
    let unless = |fits: bool, refusal: Refusal| (!fits).then_some(refusal);
    unless(is_for_session(bind, session), Refusal::Session)
        .or_else(|| unless(topic, Refusal::Topic))
        .or_else(|| unless(named, Refusal::Command))
        .or_else(|| match &event.kind {
            EventKind::Message(message) => refused_message(bind, message, event, asked),
            EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => refused_other(bind, event),
        })
}

/// Whether a bind lets any event of a family through in a session.
pub(super) fn lets_family_through(bind: &Bind, session: &SessionName, family: Family) -> bool {
    is_for_session(bind, session) && bind.events.contains(&Topic::Family(family))
}

/// Whether two binds may let a command of the same chat through.
pub(super) fn both_may_hear(one: &Bind, other: &Bind) -> bool {
    let commands = |bind: &Bind| bind.events.contains(&Topic::Command);
    let overlap = |ones: &[Pattern], others: &[Pattern]| {
        ones.is_empty() || others.is_empty() || ones.iter().any(|one| others.iter().any(|other| one.may_meet(other)))
    };
    let kinds = one.chat_kinds.is_empty()
        || other.chat_kinds.is_empty()
        || one.chat_kinds.iter().any(|kind| other.chat_kinds.contains(kind));
    commands(one)
        && commands(other)
        && kinds
        && overlap(&one.sessions, &other.sessions)
        && overlap(&one.chats.allow, &other.chats.allow)
        && overlap(&one.senders.allow, &other.senders.allow)
}

fn is_for_session(bind: &Bind, session: &SessionName) -> bool {
    bind.sessions.iter().any(|pattern| pattern.matches(session.as_str()))
}

/// What is said about chats and people holds for events that have them.
fn refused_other(bind: &Bind, event: &Event) -> Option<Refusal> {
    let chat = event.kind.chat();
    let unless = |fits: bool, refusal: Refusal| (!fits).then_some(refusal);
    let kind = |chat: &Jid| bind.chat_kinds.is_empty() || bind.chat_kinds.contains(&chat.chat_kind());
    unless(chat.is_none_or(kind), Refusal::ChatKind)
        .or_else(|| unless(chat.is_none_or(|chat| pass(&bind.chats, &[chat])), Refusal::Chat))
        .or_else(|| {
            let person = event.kind.person();
            let passes = person.is_none_or(|person| pass(&bind.senders, &addresses(person)));
            unless(passes, Refusal::Sender)
        })
        .or_else(|| unless(is_time(bind, event), Refusal::Hours))
}

fn refused_message(bind: &Bind, message: &Message, event: &Event, asked: As<'_>) -> Option<Refusal> {
    let unless = |fits: bool, refusal: Refusal| (!fits).then_some(refusal);
    let author = match (bind.own, message.key.from) {
        (Own::Included, _) | (Own::Ignored, Origin::Them) => true,
        (Own::Ignored, Origin::Me) => false,
    };
    let chat_kind = bind.chat_kinds.is_empty() || bind.chat_kinds.contains(&message.chat_kind);
    let origin = unless(author, Refusal::Own)
        .or_else(|| unless(chat_kind, Refusal::ChatKind))
        .or_else(|| unless(pass(&bind.chats, &[&message.key.chat]), Refusal::Chat))
        .or_else(|| unless(pass(&bind.senders, &addresses(&message.sender)), Refusal::Sender));
    let content = || {
        let kind = bind.kinds.is_empty() || bind.kinds.contains(&message.content.kind());
        let fits_text = |pattern: &Pattern| message.plain_text().is_some_and(|text| pattern.matches(text));
        unless(kind, Refusal::Kind).or_else(|| unless(bind.text.as_ref().is_none_or(fits_text), Refusal::Text))
    };
    let time = || {
        let history = match bind.history {
            History::Included => true,
            History::Ignored => !message.history,
        };
        unless(history, Refusal::History)
            .or_else(|| unless(!is_stale(bind, message, event), Refusal::Offline))
            .or_else(|| unless(is_time(bind, event), Refusal::Hours))
    };
    match asked {
        As::Event => origin.or_else(content).or_else(time),
        As::Command(_) => origin.or_else(time),
        As::Reply => origin,
    }
}

fn is_time(bind: &Bind, event: &Event) -> bool {
    bind.when
        .as_ref()
        .is_none_or(|when| when.hours.contain(event.received_at, when.zone))
}

/// Whether a message waited on the server for longer than the bind takes.
fn is_stale(bind: &Bind, message: &Message, event: &Event) -> bool {
    let age: Duration = event.received_at.since(message.timestamp);
    match bind.offline {
        Offline::All => false,
        Offline::None => message.offline,
        Offline::MaxAge(most) => message.offline && age > most,
    }
}

fn addresses(person: &Party) -> Vec<&Jid> {
    std::iter::once(&person.jid).chain(&person.alt).collect()
}

/// A denial wins, and no allowance at all allows everything. A bare number means the person, so `49*` fits `4915…@s.whatsapp.net`.
fn pass(lists: &Lists, jids: &[&Jid]) -> bool {
    let fits = |pattern: &Pattern| {
        jids.iter()
            .any(|jid| pattern.matches(jid.user()) || pattern.matches(&jid.to_string()))
    };
    !lists.deny.iter().any(fits) && (lists.allow.is_empty() || lists.allow.iter().any(fits))
}
