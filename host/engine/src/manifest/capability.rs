//! What a plugin can ask for. An operator grants in the same terms (see [`crate::grant`]).
//!
//! Capabilities stand in one table. Whoever needs something for each of them (what is asked for, what is granted, what is in force)
//! makes it from the table, so that a new capability is one line here.

use std::fmt;

use toml::{Table, Value};

use super::bus_terms::BusTerms;
use super::dialogue_terms::DialogueTerms;
use super::http_terms::HttpTerms;
use super::media_terms::{MediaReadTerms, MediaWriteTerms};
use super::secret_terms::SecretTerms;
use super::section::{KeyError, Section, unknown};
use super::terms::{JobTerms, KvTerms, MessageTerms, Side, Terms};
use super::webhook_terms::WebhookTerms;

/// Hands the table to a macro: the case of [`Capability`], the name of the field that holds its terms, their type, and its name in
/// manifests, configuration and refusals.
macro_rules! capability_table {
    ($with:ident) => {
        $with! {
            /// Send messages.
            MessagesSend, send: MessageTerms = "messages.send";
            /// Put emojis on messages.
            MessagesReact, react: MessageTerms = "messages.react";
            /// Mark messages as read.
            MessagesRead, read: MessageTerms = "messages.read";
            /// Show "typing".
            MessagesTyping, typing: MessageTerms = "messages.typing";
            /// Give own messages other words.
            MessagesEdit, edit: MessageTerms = "messages.edit";
            /// Take own messages back.
            MessagesRevoke, revoke: MessageTerms = "messages.revoke";
            /// Take back what others wrote in groups the account administrates.
            MessagesModerate, moderate: MessageTerms = "messages.moderate";
            /// Choose in polls.
            MessagesVote, vote: MessageTerms = "messages.vote";
            /// Put messages at the top of their chats.
            MessagesPin, pin: MessageTerms = "messages.pin";
            /// Put stars on messages.
            MessagesStar, star: MessageTerms = "messages.star";
            /// Send messages that the plugin encoded itself.
            MessagesRaw, raw: MessageTerms = "messages.raw";
            /// Look at earlier messages.
            MessagesHistory, history: MessageTerms = "messages.history";
            /// Keep values.
            Kv, kv: KvTerms = "kv";
            /// Set points in time for itself.
            Schedule, schedule: JobTerms = "schedule";
            /// Ask servers of the internet.
            Http, http: HttpTerms = "http";
            /// Hold conversations over several messages.
            Dialogue, dialogue: DialogueTerms = "dialogue";
            /// Read the files of messages.
            MediaRead, media_read: MediaReadTerms = "media.read";
            /// Make files, to send them.
            MediaWrite, media_write: MediaWriteTerms = "media.write";
            /// Ask about groups.
            GroupsRead, groups_read: MessageTerms = "groups.read";
            /// Make and change groups.
            GroupsWrite, groups_write: MessageTerms = "groups.write";
            /// Ask about people.
            ContactsRead, contacts_read: MessageTerms = "contacts.read";
            /// Block people.
            ContactsWrite, contacts_write: MessageTerms = "contacts.write";
            /// Change the account's own view of chats.
            ChatsWrite, chats_write: MessageTerms = "chats.write";
            /// Use secrets of the operator.
            Secrets, secrets: SecretTerms = "secrets";
            /// Tell servers of the operator.
            Webhooks, webhooks: WebhookTerms = "webhooks";
            /// Tell other plugins.
            Bus, bus: BusTerms = "bus";
        }
    };
}
pub(crate) use capability_table;

macro_rules! capabilities {
    ($($(#[doc = $words:literal])+ $case:ident, $field:ident: $terms:ty = $name:literal;)+) => {
        /// Something a plugin can do only if it asked for it and the operator granted it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Capability {
            $($(#[doc = $words])+ $case,)+
        }

        impl Capability {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$case),+];

            /// What it lets a plugin do, in words.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$case => concat!($($words),+).trim(),)+
                }
            }

            /// Its name in manifests, configuration and refusals.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$case => $name,)+
                }
            }
        }

        /// Everything a plugin asks for.
        #[derive(Debug, Clone, PartialEq, Default)]
        #[expect(missing_docs, reason = "each field is the capability of its name")]
        pub struct Requests {
            $(pub $field: Option<Request<$terms>>,)+
        }

        impl Requests {
            pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
                let requests = Self {
                    $($field: request(&mut section, Capability::$case)?,)+
                };
                section.finish()?;
                Ok(requests)
            }

            /// Whether and how much a capability is needed; none if it was not asked for.
            #[must_use]
            pub fn need(&self, capability: Capability) -> Option<Need> {
                match capability {
                    $(Capability::$case => self.$field.as_ref().map(|request| request.need),)+
                }
            }

            /// What is asked for here and was not asked for before, in words; empty when this asks for no more.
            #[must_use]
            pub fn beyond(&self, before: &Self) -> Vec<Box<str>> {
                let mut words = Vec::new();
                $(words.extend(more($name, self.$field.as_ref(), before.$field.as_ref()));)+
                words
            }

            /// The terms on which a capability is wanted, as they are written; empty for none, and for what is not asked for.
            #[must_use]
            pub fn terms(&self, capability: Capability) -> &str {
                let written = match capability {
                    $(Capability::$case => self.$field.as_ref().map(|request| &*request.written),)+
                };
                written.unwrap_or_default()
            }

            /// Why a capability is wanted, in the author's words.
            #[must_use]
            pub fn reason(&self, capability: Capability) -> Option<&str> {
                match capability {
                    $(Capability::$case => self.$field.as_ref().and_then(|request| request.reason.as_deref()),)+
                }
            }
        }
    };
}
capability_table!(capabilities);

impl Capability {
    /// The capability of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }

    /// Whether people, or the account's other devices, see that it was used.
    pub(crate) const fn acts(self) -> bool {
        match self {
            Self::MessagesSend
            | Self::MessagesReact
            | Self::MessagesRead
            | Self::MessagesTyping
            | Self::MessagesEdit
            | Self::MessagesRevoke
            | Self::MessagesModerate
            | Self::MessagesVote
            | Self::MessagesPin
            | Self::MessagesStar
            | Self::MessagesRaw
            | Self::GroupsWrite
            | Self::ContactsWrite
            | Self::ChatsWrite => true,
            Self::MessagesHistory
            | Self::Kv
            | Self::Schedule
            | Self::Http
            | Self::Dialogue
            | Self::MediaRead
            | Self::MediaWrite
            | Self::GroupsRead
            | Self::ContactsRead
            | Self::Secrets
            | Self::Webhooks
            | Self::Bus => false,
        }
    }

    pub(crate) fn unknown(name: &str) -> String {
        unknown("capability", name, &Self::ALL.map(Self::name))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a plugin asks for, with what the operator should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<T> {
    /// On which terms.
    pub terms: T,
    /// What happens without it.
    pub need: Need,
    /// Why, in the author's words.
    pub reason: Option<Box<str>>,
    /// The terms as the manifest has them; empty if it has none.
    pub written: Box<str>,
}

/// What one request asks for beyond another one.
fn more<T: Terms>(name: &str, asked: Option<&Request<T>>, before: Option<&Request<T>>) -> Option<Box<str>> {
    let asked = asked?;
    let on = |written: &str| match written {
        "" => "without further terms".to_owned(),
        written => format!("on the terms {written}"),
    };
    let mut words = match before {
        None => format!("it asks for {name:?}, {}, which it did not before", on(&asked.written)),
        Some(before) if asked.terms.within(&before.terms) => return None,
        Some(before) => format!(
            "it asks for {name:?} {}; before, it asked {}",
            on(&asked.written),
            on(&before.written)
        ),
    };
    if let Some(reason) = &asked.reason {
        words += &format!(" (its reason: {reason})");
    }
    Some(words.into())
}

/// What happens if a request is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The plugin cannot be installed.
    Required,
    /// Its calls answer `denied`.
    Optional,
}

fn request<T: Terms>(section: &mut Section<'_>, capability: Capability) -> Result<Option<Request<T>>, KeyError> {
    static EMPTY: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
    let key = section.at(capability.name());
    let table = match section.value(capability.name()) {
        None => return Ok(None),
        Some(Value::Table(table)) => table,
        Some(Value::Boolean(true)) => &EMPTY,
        Some(other) => {
            return Err(KeyError::new(
                key,
                format!(
                    "expected a table such as {{ reason = \"…\" }}, found {}",
                    other.type_str()
                ),
            ));
        }
    };
    let mut inner = Section::new(key, table);
    let need = match inner.flag("optional")? {
        Some(true) => Need::Optional,
        Some(false) | None => Need::Required,
    };
    let reason = inner.text("reason")?.map(Into::into);
    let terms = T::read(&mut inner, Side::Request)?;
    inner.finish()?;
    Ok(Some(Request {
        terms,
        need,
        reason,
        written: written(table),
    }))
}

/// The terms of a request as they are written, without what is not a term.
fn written(table: &Table) -> Box<str> {
    let mut terms = table.clone();
    terms.retain(|key, _| !matches!(key, "optional" | "reason") && !key.starts_with("x-"));
    match terms.is_empty() {
        true => "".into(),
        false => Value::Table(terms).to_string().into(),
    }
}
