//! What happens beside messages: to groups, and what is told of people, chats, calls and the session.

use waspnest_core::event::{
    CallMedia, CallState, ChatChange, ContactChange, PresenceState, ReceiptStatus, SessionState, Switch,
};

use super::step::{Actor, Known, Place};
use crate::config::form;
use crate::config::section::Section;

/// Somebody does something to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDeed {
    /// Who; [`ME`](super::ME) is the account.
    pub who: Box<str>,
    /// Which group.
    pub group: Box<str>,
    /// What.
    pub change: GroupDo,
}

/// What is done to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupDo {
    /// `joins`: they come in by a link.
    Joins,
    /// `leaves`: they go.
    Leaves,
    /// `adds`, `removes`, `promotes`, `demotes`: to these people.
    To(Member, Vec<Box<str>>),
    /// `renames`: another subject.
    Renames(Box<str>),
    /// `describes`: another description; an empty one takes it away.
    Describes(Box<str>),
}

/// What is done to members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// They are put into it.
    Added,
    /// They are taken out.
    Removed,
    /// They administrate it now.
    Promoted,
    /// They do so no more.
    Demoted,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// `rings` and `call`: a call to the account.
    Call {
        /// Whose.
        who: Box<str>,
        /// The group that is called; none for the account.
        group: Option<Box<str>>,
        /// What is happening to it.
        state: CallState,
        /// With picture or without.
        media: CallMedia,
    },
    /// `receipt`: how far a message of the plugin has come.
    Receipt {
        /// Who got, read or played it.
        who: Box<str>,
        /// Where.
        place: Place,
        /// `on`: which message; the newest of the plugin in the chat if none is named.
        on: Option<Box<str>>,
        /// How far.
        status: ReceiptStatus,
    },
    /// `presence`: what somebody does right now.
    Presence {
        /// Who.
        who: Box<str>,
        /// Where.
        place: Place,
        /// What.
        state: PresenceState,
    },
    /// `contact`: something about somebody changed.
    Contact {
        /// About whom.
        who: Box<str>,
        /// What.
        change: ContactChange,
    },
    /// `chat`: the account did something with a chat on another device.
    Chat {
        /// Which chat.
        place: Place,
        /// What.
        change: ChatChange,
    },
    /// `session`: the session is in another state. What the plugin sends leaves all the same.
    Session {
        /// Which.
        state: SessionState,
        /// `reason`: why.
        reason: Option<Box<str>>,
    },
}

const CALLS: &[(&str, CallState)] = &[
    ("offered", CallState::Offered),
    ("accepted", CallState::Accepted),
    ("rejected", CallState::Rejected),
    ("missed", CallState::Missed),
    ("ended", CallState::Ended),
];

const PRESENCES: &[(&str, PresenceState)] = &[
    ("online", PresenceState::Online),
    ("offline", PresenceState::Offline),
    ("typing", PresenceState::Typing),
    ("recording", PresenceState::Recording),
    ("paused", PresenceState::Paused),
];

const SESSIONS: &[(&str, SessionState)] = &[
    ("unlinked", SessionState::Unlinked),
    ("pairing", SessionState::Pairing),
    ("connecting", SessionState::Connecting),
    ("connected", SessionState::Connected),
    ("disconnected", SessionState::Disconnected),
    ("logged-out", SessionState::LoggedOut),
    ("replaced", SessionState::Replaced),
    ("banned", SessionState::Banned { until: None }),
    ("outdated", SessionState::Outdated),
];

/// How far a message comes, before it is known why it fails.
#[derive(Clone, Copy)]
enum Far {
    ServerAck,
    Delivered,
    Read,
    Played,
    Failed,
}

const RECEIPTS: &[(&str, Far)] = &[
    ("server-ack", Far::ServerAck),
    ("delivered", Far::Delivered),
    ("read", Far::Read),
    ("played", Far::Played),
    ("failed", Far::Failed),
];

type OfPeople = fn(Box<str>) -> ContactChange;

/// Changes of people that a text says all about.
const CONTACTS: &[(&str, OfPeople)] = &[
    ("name", |value| ContactChange::Name(some(value))),
    ("about", ContactChange::About),
    ("picture", |value| ContactChange::Picture(some(value))),
    ("identity", |_| ContactChange::Identity),
    ("business", ContactChange::Business),
    ("profile", |_| ContactChange::Profile),
];

type OfChats = fn(Switch) -> ChatChange;

/// Changes of chats that are on or off.
const CHATS: &[(&str, OfChats)] = &[
    ("archived", ChatChange::Archived),
    ("pinned", ChatChange::Pinned),
    ("muted", |on| ChatChange::Muted { on, until: None }),
    ("read", ChatChange::Read),
    ("cleared", |_| ChatChange::Cleared),
    ("deleted", |_| ChatChange::Deleted),
];

fn some(text: Box<str>) -> Option<Box<str>> {
    Some(text).filter(|text| !text.is_empty())
}

impl GroupDeed {
    pub(super) fn people(&self) -> Vec<&str> {
        let mut names = vec![&*self.who];
        if let GroupDo::To(_, people) = &self.change {
            names.extend(people.iter().map(|name| &**name));
        }
        names
    }

    pub(super) fn read(section: &mut Section<'_>, actor: &Actor, known: &Known<'_>) -> Vec<Self> {
        let mut deeds = Vec::new();
        for (key, change) in [("joins", GroupDo::Joins), ("leaves", GroupDo::Leaves)] {
            if let Some(group) = section.optional(key, |node| known.group(node)) {
                deeds.push(Self {
                    who: actor.who(section, key),
                    group,
                    change,
                });
            }
        }
        let mut changes = Vec::new();
        for (key, change) in [
            ("adds", Member::Added),
            ("removes", Member::Removed),
            ("promotes", Member::Promoted),
            ("demotes", Member::Demoted),
        ] {
            if let Some(people) = section.optional(key, form::list(form::some_text)) {
                changes.push((key, GroupDo::To(change, people)));
            }
        }
        if let Some(subject) = section.optional("renames", form::some_text) {
            changes.push(("renames", GroupDo::Renames(subject)));
        }
        if let Some(text) = section.optional("describes", form::text) {
            changes.push(("describes", GroupDo::Describes(text)));
        }
        for (key, change) in changes {
            deeds.push(Self {
                who: actor.who(section, key),
                group: actor.group(section, key),
                change,
            });
        }
        deeds
    }
}

impl News {
    pub(super) fn people(&self) -> Vec<&str> {
        fn place(place: &Place) -> Option<&str> {
            match place {
                Place::With(person) => Some(&**person),
                Place::Group(_) => None,
            }
        }
        match self {
            Self::Call { who, .. } | Self::Contact { who, .. } => vec![who],
            Self::Receipt { who, place: at, .. } | Self::Presence { who, place: at, .. } => {
                std::iter::once(&**who).chain(place(at)).collect()
            }
            Self::Chat { place: at, .. } => place(at).into_iter().collect(),
            Self::Session { .. } => Vec::new(),
        }
    }
}

/// Everything of this that a step says.
pub(super) fn read(section: &mut Section<'_>, actor: &Actor) -> Vec<News> {
    let mut news = Vec::new();
    let media = match section.or("video", false, form::boolean) {
        true => CallMedia::Video,
        false => CallMedia::Audio,
    };
    let rings = section.or("rings", false, form::boolean);
    let calls = [
        ("rings", rings.then_some(CallState::Offered)),
        ("call", section.optional("call", form::one_of(CALLS))),
    ];
    for (key, state) in calls {
        news.extend(state.map(|state| News::Call {
            who: actor.who(section, key),
            group: match actor.place(section, key) {
                Place::Group(group) => Some(group),
                Place::With(_) => None,
            },
            state,
            media,
        }));
    }
    let reason = section.optional("reason", form::some_text);
    if let Some(far) = section.optional("receipt", form::one_of(RECEIPTS)) {
        let status = match far {
            Far::ServerAck => ReceiptStatus::ServerAck,
            Far::Delivered => ReceiptStatus::Delivered,
            Far::Read => ReceiptStatus::Read,
            Far::Played => ReceiptStatus::Played,
            Far::Failed => ReceiptStatus::Failed {
                reason: reason.clone().unwrap_or_else(|| "WhatsApp refused it".into()),
                code: None,
            },
        };
        news.push(News::Receipt {
            who: actor.who(section, "receipt"),
            place: actor.place(section, "receipt"),
            on: actor.on.clone(),
            status,
        });
    }
    if let Some(state) = section.optional("presence", form::one_of(PRESENCES)) {
        news.push(News::Presence {
            who: actor.who(section, "presence"),
            place: actor.place(section, "presence"),
            state,
        });
    }
    let mut contact = section.table("contact");
    if contact.is_written() {
        let change = contact.required("change", form::one_of(CONTACTS));
        let value = contact.or("value", "".into(), form::text);
        contact.finish();
        news.extend(change.map(|change| News::Contact {
            who: actor.who(section, "contact"),
            change: change(value),
        }));
    }
    let mut chat = section.table("chat");
    if chat.is_written() {
        let change = chat.required("change", form::one_of(CHATS));
        let on = chat.or("on", true, form::boolean);
        chat.finish();
        news.extend(change.map(|change| News::Chat {
            place: actor.place(section, "chat"),
            change: change(on.into()),
        }));
    }
    if let Some(state) = section.optional("session", form::one_of(SESSIONS)) {
        news.push(News::Session { state, reason });
    }
    news
}
