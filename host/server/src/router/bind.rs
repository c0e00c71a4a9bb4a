//! Which events an installation gets, decided before any sandbox starts.
//!
//! An event reaches an installation when the plugin subscribes to its kind **and** at least one of the operator's binds lets it
//! through. The first bind that does names itself to the plugin. Ticks need no bind: they are for one installation.

use waspnest_core::address::Jid;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::SessionName;
use waspnest_core::message::{Message, Origin};

use crate::config::bind::{Bind, Lists, Own};
use crate::config::pattern::Pattern;

/// What lets ticks through, as plugins are told.
const SCHEDULE: &str = "schedule";

/// The name of the first bind that lets the event through.
pub(super) fn admitting<'a>(binds: &'a [Bind], session: &SessionName, event: &Event) -> Option<&'a str> {
    match &event.kind {
        EventKind::Tick(_) => Some(SCHEDULE),
        EventKind::Message(message) => binds
            .iter()
            .find(|bind| {
                bind.sessions.iter().any(|pattern| pattern.matches(session.as_str()))
                    && bind.events.iter().any(|name| name.as_str() == event.kind.name())
                    && admits(bind, message)
            })
            .map(|bind| &*bind.id),
    }
}

fn admits(bind: &Bind, message: &Message) -> bool {
    let author = match (bind.own, message.key.from) {
        (Own::Included, _) | (Own::Ignored, Origin::Them) => true,
        (Own::Ignored, Origin::Me) => false,
    };
    let kind = bind.kinds.is_empty() || bind.kinds.contains(&message.content.kind());
    let chat_kind = bind.chat_kinds.is_empty() || bind.chat_kinds.contains(&message.chat_kind);
    let fits_text = |pattern: &Pattern| message.plain_text().is_some_and(|text| pattern.matches(text));
    let text = bind.text.as_ref().is_none_or(fits_text);
    let sender = std::iter::once(&message.sender.jid).chain(&message.sender.alt);
    author
        && kind
        && chat_kind
        && text
        && pass(&bind.chats, &[&message.key.chat])
        && pass(&bind.senders, &sender.collect::<Vec<_>>())
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
    use super::*;

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
