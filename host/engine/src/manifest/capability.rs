//! What a plugin can ask for, and the terms of it. An operator grants in the same terms (see [`crate::grant`]).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use toml::{Table, Value};
use waspnest_core::address::Jid;

use super::section::{KeyError, Section, unknown};

/// Something a plugin can do only if it asked for it and the operator granted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Send messages.
    MessagesSend,
    /// Put emojis on messages.
    MessagesReact,
    /// Mark messages as read.
    MessagesRead,
    /// Show "typing".
    MessagesTyping,
    /// Keep values.
    Kv,
    /// Set points in time for itself.
    Schedule,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::MessagesSend,
        Self::MessagesReact,
        Self::MessagesRead,
        Self::MessagesTyping,
        Self::Kv,
        Self::Schedule,
    ];

    /// Its name in manifests, configuration and refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagesSend => "messages.send",
            Self::MessagesReact => "messages.react",
            Self::MessagesRead => "messages.read",
            Self::MessagesTyping => "messages.typing",
            Self::Kv => "kv",
            Self::Schedule => "schedule",
        }
    }

    /// The capability of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
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

/// Where messages may go: wherever all of its rules allow. No rules mean everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope(pub Vec<Rule>);

/// One condition of a [`Scope`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Only the chat of the event that is being handled.
    ReplyOnly,
    /// Only these chats.
    Chats(BTreeSet<Jid>),
}

impl Scope {
    /// Everywhere.
    pub const ANY: Self = Self(Vec::new());

    /// Only the chat of the event.
    #[must_use]
    pub fn reply_only() -> Self {
        Self(vec![Rule::ReplyOnly])
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut rules = self.0.clone();
        rules.extend(other.0.iter().filter(|rule| !self.0.contains(rule)).cloned());
        Self(rules)
    }

    fn read(section: &mut Section<'_>) -> Result<Option<Self>, KeyError> {
        let key = section.at("scope");
        match section.value("scope") {
            None => Ok(None),
            Some(Value::String(text)) => match text.as_str() {
                "reply-only" => Ok(Some(Self::reply_only())),
                "any" => Ok(Some(Self::ANY)),
                other => Err(KeyError::new(key, unknown("scope", other, &["reply-only", "any"]))),
            },
            Some(Value::Table(table)) => {
                let mut inner = Section::new(key, table);
                let Some(texts) = inner.texts("chats")? else {
                    return inner.fail("chats", "is missing");
                };
                let mut chats = BTreeSet::new();
                for (index, text) in texts.into_iter().enumerate() {
                    match text.parse() {
                        Ok(jid) => chats.insert(jid),
                        Err(error) => return inner.fail(&format!("chats[{index}]"), error),
                    };
                }
                inner.finish()?;
                Ok(Some(Self(vec![Rule::Chats(chats)])))
            }
            Some(other) => Err(KeyError::new(
                key,
                format!(
                    "expected \"reply-only\", \"any\" or {{ chats = […] }}, found {}",
                    other.type_str()
                ),
            )),
        }
    }
}

/// So many in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(count, unit)| {
            let per = match unit.trim() {
                "s" | "sec" => 1,
                "min" => 60,
                "h" | "hour" => 3600,
                "day" => 86_400,
                _ => return None,
            };
            let count = count
                .trim()
                .parse()
                .ok()
                .filter(|count| (1..=100_000).contains(count))?;
            Some(Self {
                count,
                per: Duration::from_secs(per),
            })
        });
        parsed.ok_or_else(|| format!("{text:?} is not a rate; write for example \"10/min\" (units: s, min, h, day)"))
    }
}

/// Terms of the four capabilities over messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageTerms {
    /// Where.
    pub scope: Scope,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

impl MessageTerms {
    pub(crate) fn read(section: &mut Section<'_>, default: Scope) -> Result<Self, KeyError> {
        let scope = Scope::read(section)?.unwrap_or(default);
        let rates = section.parse("rate")?.into_iter().collect();
        Ok(Self { scope, rates })
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self {
            scope: self.scope.and(&other.scope),
            rates,
        }
    }
}

/// Terms of keeping values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvTerms {
    /// Bytes of keys and values, over all stores of one session.
    pub max_bytes: u64,
    /// Values.
    pub max_keys: u64,
}

impl KvTerms {
    /// What a manifest that gives no numbers asks for.
    pub const DEFAULT: Self = Self {
        max_bytes: 16 << 20,
        max_keys: 100_000,
    };

    pub(crate) fn read(section: &mut Section<'_>, default: Self) -> Result<Self, KeyError> {
        Ok(Self {
            max_bytes: section.bytes("max-bytes")?.unwrap_or(default.max_bytes),
            max_keys: section.number("max-keys")?.unwrap_or(default.max_keys),
        })
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            max_bytes: self.max_bytes.min(other.max_bytes),
            max_keys: self.max_keys.min(other.max_keys),
        }
    }
}

/// Terms of setting points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobTerms {
    /// Jobs at a time, in one session.
    pub max_jobs: u64,
    /// How far apart the times of a recurring job must be.
    pub min_interval: Duration,
}

impl JobTerms {
    /// What a manifest that gives no numbers asks for.
    pub const DEFAULT: Self = Self {
        max_jobs: 1000,
        min_interval: Duration::from_secs(1),
    };

    pub(crate) fn read(section: &mut Section<'_>, default: Self) -> Result<Self, KeyError> {
        let max_jobs = section.number("max-jobs")?.unwrap_or(default.max_jobs);
        let min_interval = section.span("min-interval")?.unwrap_or(default.min_interval);
        if min_interval < Self::DEFAULT.min_interval {
            return section.fail("min-interval", "must be at least one second");
        }
        Ok(Self { max_jobs, min_interval })
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            max_jobs: self.max_jobs.min(other.max_jobs),
            min_interval: self.min_interval.max(other.min_interval),
        }
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
}

/// What happens if a request is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The plugin cannot be installed.
    Required,
    /// Its calls answer `denied`.
    Optional,
}

/// Everything a plugin asks for.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "each field is the capability of its name")]
pub struct Requests {
    pub send: Option<Request<MessageTerms>>,
    pub react: Option<Request<MessageTerms>>,
    pub read: Option<Request<MessageTerms>>,
    pub typing: Option<Request<MessageTerms>>,
    pub kv: Option<Request<KvTerms>>,
    pub schedule: Option<Request<JobTerms>>,
}

impl Requests {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let requests = Self {
            send: message_request(&mut section, Capability::MessagesSend)?,
            react: message_request(&mut section, Capability::MessagesReact)?,
            read: message_request(&mut section, Capability::MessagesRead)?,
            typing: message_request(&mut section, Capability::MessagesTyping)?,
            kv: request(&mut section, Capability::Kv, |section| {
                KvTerms::read(section, KvTerms::DEFAULT)
            })?,
            schedule: request(&mut section, Capability::Schedule, |section| {
                JobTerms::read(section, JobTerms::DEFAULT)
            })?,
        };
        section.finish()?;
        Ok(requests)
    }

    /// Whether and how much a capability is needed; none if it was not asked for.
    #[must_use]
    pub fn need(&self, capability: Capability) -> Option<Need> {
        match capability {
            Capability::MessagesSend => self.send.as_ref().map(|request| request.need),
            Capability::MessagesReact => self.react.as_ref().map(|request| request.need),
            Capability::MessagesRead => self.read.as_ref().map(|request| request.need),
            Capability::MessagesTyping => self.typing.as_ref().map(|request| request.need),
            Capability::Kv => self.kv.as_ref().map(|request| request.need),
            Capability::Schedule => self.schedule.as_ref().map(|request| request.need),
        }
    }
}

impl Requests {
    /// Why a capability is wanted, in the author's words.
    #[must_use]
    pub fn reason(&self, capability: Capability) -> Option<&str> {
        match capability {
            Capability::MessagesSend => self.send.as_ref().and_then(|request| request.reason.as_deref()),
            Capability::MessagesReact => self.react.as_ref().and_then(|request| request.reason.as_deref()),
            Capability::MessagesRead => self.read.as_ref().and_then(|request| request.reason.as_deref()),
            Capability::MessagesTyping => self.typing.as_ref().and_then(|request| request.reason.as_deref()),
            Capability::Kv => self.kv.as_ref().and_then(|request| request.reason.as_deref()),
            Capability::Schedule => self.schedule.as_ref().and_then(|request| request.reason.as_deref()),
        }
    }
}

fn message_request(
    section: &mut Section<'_>,
    capability: Capability,
) -> Result<Option<Request<MessageTerms>>, KeyError> {
    request(section, capability, |section| {
        MessageTerms::read(section, Scope::reply_only())
    })
}

fn request<'a, T>(
    section: &mut Section<'a>,
    capability: Capability,
    terms: impl FnOnce(&mut Section<'a>) -> Result<T, KeyError>,
) -> Result<Option<Request<T>>, KeyError> {
    static EMPTY: std::sync::LazyLock<Table> = std::sync::LazyLock::new(Table::new);
    let key = section.at(capability.name());
    let mut inner = match section.value(capability.name()) {
        None => return Ok(None),
        Some(Value::Table(table)) => Section::new(key, table),
        Some(Value::Boolean(true)) => Section::new(key, &EMPTY),
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
    let need = match inner.flag("optional")? {
        Some(true) => Need::Optional,
        Some(false) | None => Need::Required,
    };
    let reason = inner.text("reason")?.map(Into::into);
    let terms = terms(&mut inner)?;
    inner.finish()?;
    Ok(Some(Request { terms, need, reason }))
}
