//! The types of events: stable names, and who may see which.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use waspnest_core::caller::{Scope, Scopes};
use waspnest_core::event::{
    CallState, ChatChange, ContactChange, EventKind, GroupChange, PresenceState, ReceiptStatus, SessionState,
};
use waspnest_core::given::Given;
use waspnest_core::message::{Content, Message, Origin};

use crate::did_you_mean;
use crate::service::caller::Caller;

/// What people write, and what becomes of it.
const MESSAGE: [&str; 6] = ["received", "sent", "edited", "revoked", "reaction", "vote"];

/// Families with the names of what happens in them, and whom they are for. New families come last, and so do new names in `MESSAGE`.
const FAMILIES: [(&str, &[&str], Who); 14] = [
    ("message", &MESSAGE, Who::May(Scope::MessagesRead)),
    ("receipt", &ReceiptStatus::NAMES, Who::May(Scope::MessagesRead)),
    ("session", &SessionState::NAMES, Who::May(Scope::SessionsRead)),
    // Whoever scans the code links the session to an account of theirs.
    ("pairing", &["qr"], Who::May(Scope::SessionsWrite)),
    ("group", &GroupChange::NAMES, Who::May(Scope::GroupsRead)),
    ("chat", &ChatChange::NAMES, Who::May(Scope::MessagesRead)),
    ("call", &CallState::NAMES, Who::May(Scope::MessagesRead)),
    ("contact", &ContactChange::NAMES, Who::May(Scope::ContactsRead)),
    ("presence", &PresenceState::NAMES, Who::May(Scope::ContactsRead)),
    ("schedule", &["fired"], Who::Operator),
    ("topic", &["published"], Who::Operator),
    ("request", &["received"], Who::Operator),
    ("run", &["ended"], Who::Operator),
    ("log", &["line"], Who::Operator),
];

/// Families of what is in no log.
const PASSING: [&str; 3] = ["pairing", "run", "log"];

/// Who is shown events of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Who may do this.
    May(Scope),
    /// Who has the admin secret: installations are the operator's.
    Operator,
}

struct Named {
    name: String,
    family: &'static str,
    detail: &'static str,
    who: Who,
}

/// Every type. A type is its place in here, which no one sees.
static ALL: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let named = FAMILIES.iter().flat_map(|(family, details, who)| {
        details.iter().map(move |detail| Named {
            name: format!("{family}.{}", detail.replace('-', "_")),
            family,
            detail,
            who: *who,
        })
    });
    named.collect()
});

/// What happened, by its stable name: a family, a point, and what happened in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType(u8);

impl EventType {
    /// A code is shown that links a phone.
    #[must_use]
    pub fn qr() -> Self {
        Self::named("pairing", "qr")
    }

    /// A call of a plugin has ended.
    #[must_use]
    pub fn run() -> Self {
        Self::named("run", "ended")
    }

    /// A plugin wrote a line into its log.
    #[must_use]
    pub fn line() -> Self {
        Self::named("log", "line")
    }

    /// The type of an event of a log.
    #[must_use]
    pub fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Message(message) => Self::named("message", of_message(message)),
            EventKind::Tick(_) => Self::named("schedule", "fired"),
            EventKind::Topic(_) => Self::named("topic", "published"),
            EventKind::Request(_) => Self::named("request", "received"),
            EventKind::Receipt(receipt) => Self::named("receipt", receipt.status.name()),
            EventKind::Group(event) => Self::named("group", event.change.name()),
            EventKind::Presence(presence) => Self::named("presence", presence.state.name()),
            EventKind::Contact(event) => Self::named("contact", event.change.name()),
            EventKind::Chat(event) => Self::named("chat", event.change.name()),
            EventKind::Call(call) => Self::named("call", call.state.name()),
            EventKind::Session(event) => Self::named("session", event.state.name()),
        }
    }

    #[expect(clippy::expect_used, reason = "a test asks for every name there is")]
    fn named(family: &str, detail: &str) -> Self {
        let found = ALL
            .iter()
            .position(|named| named.family == family && named.detail == detail);
        found.and_then(Self::at).expect("every name is in the table")
    }

    fn at(place: usize) -> Option<Self> {
        u8::try_from(place).ok().map(Self)
    }

    fn entry(self) -> &'static Named {
        &ALL[usize::from(self.0)]
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        &self.entry().name
    }

    /// All there are.
    #[must_use]
    pub fn all() -> TypeSet {
        TypeSet::where_(|_| true)
    }

    /// Every name, by family.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|named| &*named.name)
    }

    /// Who is shown it.
    #[must_use]
    pub fn who(self) -> Who {
        self.entry().who
    }
}

fn of_message(message: &Message) -> &'static str {
    if message.edit_of.is_some() {
        return "edited";
    }
    match (&message.content, message.key.from) {
        (Content::Revoke(_), _) => "revoked",
        (Content::Reaction(_), _) => "reaction",
        (Content::PollVote(_), _) => "vote",
        (_, Origin::Me) => "sent",
        (_, Origin::Them) => "received",
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl JsonSchema for EventType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Self::names().collect();
        json_schema!({ "type": "string", "enum": names, "description": "What happened. Later versions know more." })
    }
}

/// Some of the types.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct TypeSet(u128);

impl TypeSet {
    /// Their names, by family.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..ALL.len())
            .filter_map(EventType::at)
            .filter(move |kind| self.has(*kind))
            .map(EventType::name)
    }

    /// Whether a type is among them.
    #[must_use]
    pub const fn has(self, kind: EventType) -> bool {
        self.0 & 1 << kind.0 != 0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of them are among others.
    #[must_use]
    pub const fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What a caller may see.
    #[must_use]
    pub fn seen_by(caller: &Caller) -> Self {
        Self::where_(|named| match named.who {
            Who::May(scope) => caller.may(scope),
            Who::Operator => caller.is_admin(),
        })
    }

    /// What is in logs: everything but what is only told while it happens.
    #[must_use]
    pub fn recorded() -> Self {
        Self::where_(|named| !PASSING.contains(&named.family))
    }

    /// What scopes open, without being the operator.
    #[must_use]
    pub fn within(scopes: &Scopes) -> Self {
        Self::where_(|named| match named.who {
            Who::May(scope) => scopes.has(scope),
            Who::Operator => false,
        })
    }

    /// What it takes to see the first of them; none when there are none.
    #[must_use]
    pub fn first(self) -> Option<Who> {
        let found = ALL.iter().enumerate().find(|(place, _)| self.0 & 1 << place != 0);
        found.map(|(_, named)| named.who)
    }

    fn where_(is_in: impl Fn(&Named) -> bool) -> Self {
        let all = ALL.iter().enumerate();
        Self(
            all.filter(|(_, named)| is_in(named))
                .fold(0, |set, (place, _)| set | 1 << place),
        )
    }
}

impl fmt::Debug for TypeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = ALL.iter().enumerate();
        f.debug_set()
            .entries(
                all.filter(|(place, _)| self.0 & 1 << place != 0)
                    .map(|(_, named)| &named.name),
            )
            .finish()
    }
}

/// A text that names no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no type of event{hint}: expected a name such as message.received, or a family: {}", FAMILIES.map(|(family, ..)| family).join(", "))]
pub struct UnknownType {
    given: Given,
    hint: String,
}

/// A type by its name, or a family by its own.
impl FromStr for TypeSet {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let family = text.strip_suffix(".*").unwrap_or(text);
        let found = Self::where_(|named| named.name == text || named.family == family);
        if found.is_empty() {
            let known = EventType::names().chain(FAMILIES.iter().map(|(family, ..)| *family));
            return Err(UnknownType {
                given: Given::of(text),
                hint: did_you_mean::hint(text, known).to_string(),
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_finds_its_type() {
        assert!(ALL.len() <= 128, "a set has no more room");
        for (place, named) in ALL.iter().enumerate() {
            let kind = EventType::named(named.family, named.detail);
            assert_eq!(
                kind,
                EventType::at(place).expect("a place"),
                "{} is there twice",
                named.name
            );
            assert!(named.name.parse::<TypeSet>().expect("a name").has(kind));
            assert!(named.family.parse::<TypeSet>().expect("a family").has(kind));
        }
        for message in MESSAGE {
            EventType::named("message", message);
        }
        for kind in [EventType::qr(), EventType::run(), EventType::line()] {
            assert!(EventType::all().has(kind));
        }
    }

    #[test]
    fn what_is_no_name_says_what_is_one() {
        let wrong = "message.recieved"
            .parse::<TypeSet>()
            .expect_err("a mistake")
            .to_string();
        assert!(wrong.contains("message.received"), "{wrong}");
        assert!("".parse::<TypeSet>().is_err() && "*".parse::<TypeSet>().is_err());
    }

    #[test]
    fn installations_are_the_operators() {
        let operator = TypeSet::seen_by(&Caller::admin());
        assert!(operator.has(EventType::run()));
        let everything = Caller {
            reach: crate::service::caller::Reach::Tenant(waspnest_core::id::TenantId::DEFAULT),
            ..Caller::admin()
        };
        let seen = TypeSet::seen_by(&everything);
        assert!(!seen.has(EventType::run()) && seen.has(EventType::qr()));
        assert!(TypeSet::seen_by(&Caller::nobody()).is_empty());
    }
}
