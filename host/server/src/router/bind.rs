//! Which events an installation gets, decided before any sandbox starts.
//!
//! An event reaches an installation when the plugin subscribes to its kind **and** at least one of the operator's binds lets it
//! through. The first bind that does names itself to the plugin.

use waspnest_core::address::{ChatKind, Jid};
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::SessionName;
use waspnest_core::message::{Message, Origin};

/// A pattern with `*` for any run of characters; everything else is literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Box<str>);

impl Glob {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// Whether the whole of `text` fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }
}

/// Allowed and denied patterns; a denial wins, and an empty list of allowances allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// What may pass; empty for everything.
    pub allow: Vec<Glob>,
    /// What may not.
    pub deny: Vec<Glob>,
}

impl Lists {
    fn passes(&self, jids: &[&Jid]) -> bool {
        // A bare number in a list means the person, so `49*` fits `49151…@s.whatsapp.net`.
        let fits = |glob: &Glob| {
            jids.iter()
                .any(|jid| glob.matches(jid.user()) || glob.matches(&jid.to_string()))
        };
        !self.deny.iter().any(fits) && (self.allow.is_empty() || self.allow.iter().any(fits))
    }
}

/// Whose messages a bind lets through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authors {
    /// Other people's only. The default: a bot that hears itself answers itself.
    #[default]
    Others,
    /// The account's own too, sent from its other devices.
    Everybody,
}

/// One rule of the operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    /// Its name, told to the plugin.
    pub id: Box<str>,
    /// Sessions it is for; empty for all.
    pub sessions: Vec<Glob>,
    /// Event kinds ([`EventKind::name`]); empty for all the plugin handles.
    pub events: Vec<Box<str>>,
    /// Message kinds ([`waspnest_core::message::Content::kind`]); empty for all.
    pub kinds: Vec<Box<str>>,
    /// Kinds of chat; empty for all.
    pub chat_kinds: Vec<ChatKind>,
    /// Chats.
    pub chats: Lists,
    /// Who wrote.
    pub senders: Lists,
    /// Whose messages.
    pub authors: Authors,
    /// What the text must fit; none for any text and none at all.
    pub text: Option<Glob>,
}

impl Bind {
    /// A bind that lets everything but own messages through.
    #[must_use]
    pub fn everything(id: &str) -> Self {
        Self {
            id: id.into(),
            sessions: Vec::new(),
            events: Vec::new(),
            kinds: Vec::new(),
            chat_kinds: Vec::new(),
            chats: Lists::default(),
            senders: Lists::default(),
            authors: Authors::default(),
            text: None,
        }
    }

    /// Whether this bind lets the event through.
    #[must_use]
    pub fn admits(&self, session: &SessionName, event: &Event) -> bool {
        let of_session = self.sessions.is_empty() || self.sessions.iter().any(|glob| glob.matches(session.as_str()));
        let of_kind = self.events.is_empty() || self.events.iter().any(|kind| **kind == *event.kind.name());
        of_session
            && of_kind
            && match &event.kind {
                EventKind::Message(message) => self.admits_message(message),
                EventKind::Tick(_) => true,
            }
    }

    fn admits_message(&self, message: &Message) -> bool {
        let author = match (self.authors, message.key.from) {
            (Authors::Everybody, _) | (Authors::Others, Origin::Them) => true,
            (Authors::Others, Origin::Me) => false,
        };
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| **kind == *message.content.kind());
        let chat_kind = self.chat_kinds.is_empty() || self.chat_kinds.contains(&message.chat_kind);
        let mut sender = vec![&message.sender.jid];
        sender.extend(&message.sender.alt);
        let text = self
            .text
            .as_ref()
            .is_none_or(|glob| message.plain_text().is_some_and(|text| glob.matches(text)));
        author && kind && chat_kind && text && self.chats.passes(&[&message.key.chat]) && self.senders.passes(&sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (glob, text, fits) in [
            ("*", "", true),
            ("sales-*", "sales-de", true),
            ("sales-*", "presales-de", false),
            ("*-de", "sales-de", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*a", "a", false),
            ("*b*", "abc", true),
        ] {
            assert_eq!(Glob::new(glob).matches(text), fits, "{glob} on {text}");
        }
    }

    #[test]
    fn a_denial_wins_over_an_allowance() {
        let lists = Lists {
            allow: vec![Glob::new("49*")],
            deny: vec![Glob::new("49151*")],
        };
        let jid = |text: &str| text.parse::<Jid>().expect("a valid address");
        assert!(lists.passes(&[&jid("4917012345")]));
        assert!(!lists.passes(&[&jid("4915112345")]));
        assert!(!lists.passes(&[&jid("4315112345")]));
        assert!(Lists::default().passes(&[&jid("4315112345")]));
    }
}
