//! Which events an installation gets, decided before any sandbox starts.
//!
//! An event reaches an installation when the plugin subscribes to its kind **and** at least one of the operator's binds lets it
//! through. The first bind that does names itself to the plugin. Ticks need no bind: they are for one installation.

use waspnest_core::address::{Jid, Party};
use waspnest_core::event::{Event, EventKind, Family};
use waspnest_core::id::SessionName;
use waspnest_core::message::{Message, Origin};

use crate::config::bind::{Bind, Lists, Own, Topic};
use crate::config::pattern::Pattern;

/// What lets ticks through, as plugins are told.
const SCHEDULE: &str = "schedule";
/// What lets ends of waits through, as plugins are told.
pub(super) const DIALOGUE: &str = "dialogue";
/// What lets an event through that an operator wants handled again, where no bind does any more.
pub(super) const REPLAY: &str = "replay";

/// The name of the first bind that lets the event through.
pub(super) fn admitting<'a>(binds: &'a [Bind], session: &SessionName, event: &Event) -> Option<&'a str> {
    let admits = |bind: &&Bind| match &event.kind {
        EventKind::Tick(_) => false,
        EventKind::Message(message) => admits_message(bind, message),
        EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_) => admits_other(bind, &event.kind),
    };
    match event.kind.family() {
        Family::Schedule => Some(SCHEDULE),
        family => binds
            .iter()
            .find(|bind| lets_family_through(bind, session, family) && admits(bind))
            .map(|bind| &*bind.id),
    }
}

/// Whether a bind lets any event of a family through in a session.
pub(super) fn lets_family_through(bind: &Bind, session: &SessionName, family: Family) -> bool {
    is_for_session(bind, session) && bind.events.contains(&Topic::Family(family))
}

/// The name of the first bind that lets through what an installation waits for: one that lets messages or answers of that chat and
/// that person through, whatever it says of their kind and text.
pub(super) fn admitting_reply<'a>(binds: &'a [Bind], session: &SessionName, message: &Message) -> Option<&'a str> {
    let admits = |bind: &&Bind| {
        let topic = bind.events.iter().any(|topic| match topic {
            Topic::Family(family) => *family == Family::Message,
            Topic::Command | Topic::Reply => true,
        });
        topic && is_for_session(bind, session) && admits_origin(bind, message)
    };
    binds.iter().find(admits).map(|bind| &*bind.id)
}

/// The name of the first bind that lets a command through.
pub(super) fn admitting_command<'a>(
    binds: &'a [Bind],
    session: &SessionName,
    message: &Message,
    command: &str,
) -> Option<&'a str> {
    let admits = |bind: &&Bind| {
        let named = bind.commands.is_empty() || bind.commands.iter().any(|name| **name == *command);
        named && lets_commands_through(bind, session, message)
    };
    binds.iter().find(admits).map(|bind| &*bind.id)
}

/// The name of the first bind that lets any command through.
pub(super) fn admitting_commands<'a>(binds: &'a [Bind], session: &SessionName, message: &Message) -> Option<&'a str> {
    let admits = |bind: &&Bind| lets_commands_through(bind, session, message);
    binds.iter().find(admits).map(|bind| &*bind.id)
}

fn lets_commands_through(bind: &Bind, session: &SessionName, message: &Message) -> bool {
    bind.events.contains(&Topic::Command) && is_for_session(bind, session) && admits_origin(bind, message)
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
fn admits_other(bind: &Bind, event: &EventKind) -> bool {
    let chat = event.chat().is_none_or(|chat| {
        let kind = bind.chat_kinds.is_empty() || bind.chat_kinds.contains(&chat.chat_kind());
        kind && pass(&bind.chats, &[chat])
    });
    chat && event
        .person()
        .is_none_or(|person| pass(&bind.senders, &addresses(person)))
}

fn addresses(person: &Party) -> Vec<&Jid> {
    std::iter::once(&person.jid).chain(&person.alt).collect()
}

fn admits_message(bind: &Bind, message: &Message) -> bool {
    let kind = bind.kinds.is_empty() || bind.kinds.contains(&message.content.kind());
    let fits_text = |pattern: &Pattern| message.plain_text().is_some_and(|text| pattern.matches(text));
    let text = bind.text.as_ref().is_none_or(fits_text);
    kind && text && admits_origin(bind, message)
}

/// Whether a bind lets messages of that chat and that author through.
fn admits_origin(bind: &Bind, message: &Message) -> bool {
    let author = match (bind.own, message.key.from) {
        (Own::Included, _) | (Own::Ignored, Origin::Them) => true,
        (Own::Ignored, Origin::Me) => false,
    };
    let chat_kind = bind.chat_kinds.is_empty() || bind.chat_kinds.contains(&message.chat_kind);
    author && chat_kind && pass(&bind.chats, &[&message.key.chat]) && pass(&bind.senders, &addresses(&message.sender))
}

/// A denial wins, and no allowance at all allows everything. A bare number means the person, so `49*` fits `4915…@s.whatsapp.net`.
fn pass(lists: &Lists, jids: &[&Jid]) -> bool {
    let fits = |pattern: &Pattern| {
        jids.iter()
            .any(|jid| pattern.matches(jid.user()) || pattern.matches(&jid.to_string()))
    };
    !lists.deny.iter().any(fits) && (lists.allow.is_empty() || lists.allow.iter().any(fits))
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::UnixMs;
    use waspnest_core::event::{CallEvent, CallState, SessionEvent, SessionState};

    use super::*;

    fn calls_of(chats: Lists) -> Bind {
        Bind {
            id: "calls".into(),
            plugin: "bot".parse().expect("an id"),
            sessions: vec!["sales-*".parse().expect("a pattern")],
            events: vec![Topic::Family(Family::Call), Topic::Family(Family::Session)],
            commands: Vec::new(),
            kinds: vec!["text"],
            chat_kinds: Vec::new(),
            chats,
            senders: Lists::default(),
            text: Some("!x".parse().expect("a pattern")),
            own: Own::Ignored,
        }
    }

    #[test]
    fn what_is_said_of_chats_holds_for_events_that_have_one() {
        let allow = vec!["49*".parse::<Pattern>().expect("a pattern")];
        let bind = calls_of(Lists {
            allow,
            deny: Vec::new(),
        });
        let call = |caller: &str| {
            EventKind::Call(CallEvent {
                id: "C1".into(),
                caller: Party::known_as(caller.parse().expect("an address")),
                group: None,
                media: None,
                state: CallState::Offered,
                at: UnixMs(1),
            })
        };
        assert!(admits_other(&bind, &call("4915112345")));
        assert!(!admits_other(&bind, &call("4315112345")));
        let session = EventKind::Session(SessionEvent {
            state: SessionState::Connected,
            reason: None,
        });
        assert!(admits_other(&bind, &session), "it has no chat");
    }

    #[test]
    fn a_family_is_let_through_by_name_and_session() {
        let bind = calls_of(Lists::default());
        let lets = |session: &str, family| lets_family_through(&bind, &session.parse().expect("a name"), family);
        assert!(lets("sales-de", Family::Call));
        assert!(!lets("support", Family::Call));
        assert!(!lets("sales-de", Family::Message));
    }

    #[test]
    fn a_denial_wins_over_an_allowance() {
        let pattern = |text: &str| text.parse::<Pattern>().expect("a valid pattern");
        let lists = Lists {
            allow: vec![pattern("49*")],
            deny: vec![pattern("49151*")],
        };
        let jid = |text: &str| text.parse::<Jid>().expect("a valid address");
        assert!(pass(&lists, &[&jid("4917012345")]));
        assert!(!pass(&lists, &[&jid("4915112345")]));
        assert!(!pass(&lists, &[&jid("4315112345")]));
        assert!(pass(&Lists::default(), &[&jid("4315112345")]));
    }
}
