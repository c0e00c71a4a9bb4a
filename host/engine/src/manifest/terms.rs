//! The terms of capabilities: where, how often, how much.
//!
//! A plugin asks on terms and an operator grants on terms; what holds is what both allow.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use toml::Value;
use waspnest_core::address::Jid;
use waspnest_core::id::SharedName;

use super::secret_terms::names;
use super::section::{KeyError, Section, unknown};

/// Who speaks: what is left out means something else to either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The manifest. What it does not mention gets a modest default.
    Request,
    /// The operator. What they do not mention does not narrow what was asked for.
    Grant,
}

/// Terms of a capability.
pub(crate) trait Terms: Clone + PartialEq {
    /// The key that an operator's bare list stands for, such as `names` in `secrets = ["calendar-token"]`.
    const LIST: Option<&'static str> = None;

    /// Reads them from a table.
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError>;

    /// What both allow.
    fn and(&self, other: &Self) -> Self;

    /// Whether these allow nothing that the others do not. May say no of terms that are narrower, never yes of wider ones.
    fn within(&self, other: &Self) -> bool {
        self.and(other) == *self
    }

    /// How often it may be used; every rate holds.
    fn rates(&self) -> &[Rate] {
        &[]
    }
}

/// Which chats, groups and people something reaches: all that every rule allows. No rules mean everywhere.
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

    /// Whether this reaches nothing that the other does not.
    fn within(&self, other: &Self) -> bool {
        let implied = |rule: &Rule| match rule {
            Rule::ReplyOnly => self.0.contains(rule),
            Rule::Chats(chats) => self.0.iter().any(|own| match own {
                Rule::Chats(own) => own.is_subset(chats),
                Rule::ReplyOnly => false,
            }),
        };
        other.0.iter().all(implied)
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

impl Rate {
    /// Whether these let nothing through that the others do not.
    pub(crate) fn within(these: &[Self], others: &[Self]) -> bool {
        let implied = |rate: &Self| these.iter().any(|own| own.per == rate.per && own.count <= rate.count);
        others.iter().all(implied)
    }
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

/// Terms of the capabilities over chats: those over messages, groups, people, and the account's view of its chats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageTerms {
    /// Where.
    pub scope: Scope,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

impl Terms for MessageTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let scope = Scope::read(section)?.unwrap_or_else(|| match side {
            Side::Request => Scope::reply_only(),
            Side::Grant => Scope::ANY,
        });
        let rates = section.parse("rate")?.into_iter().collect();
        Ok(Self { scope, rates })
    }

    fn and(&self, other: &Self) -> Self {
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self {
            scope: self.scope.and(&other.scope),
            rates,
        }
    }

    fn within(&self, other: &Self) -> bool {
        self.scope.within(&other.scope) && Rate::within(&self.rates, &other.rates)
    }

    fn rates(&self) -> &[Rate] {
        &self.rates
    }
}

/// Terms of keeping values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvTerms {
    /// Bytes of keys and values, over all stores of its own in one session; as many in each store that it shares.
    pub max_bytes: u64,
    /// Values, in the same way.
    pub max_keys: u64,
    /// Stores that it shares with other installations.
    pub shared: BTreeSet<SharedName>,
}

impl KvTerms {
    /// What a manifest that gives no numbers asks for.
    pub const DEFAULT: Self = Self {
        max_bytes: 16 << 20,
        max_keys: 100_000,
        shared: BTreeSet::new(),
    };
}

impl Terms for KvTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let default = match side {
            Side::Request => Self::DEFAULT,
            Side::Grant => Self {
                max_bytes: u64::MAX,
                max_keys: u64::MAX,
                shared: BTreeSet::new(),
            },
        };
        Ok(Self {
            // Who grants room alone has not said that others may read along.
            shared: names(section, "shared")?.unwrap_or_default(),
            max_bytes: section.bytes("max-bytes")?.unwrap_or(default.max_bytes),
            max_keys: section.number("max-keys")?.unwrap_or(default.max_keys),
        })
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            max_bytes: self.max_bytes.min(other.max_bytes),
            max_keys: self.max_keys.min(other.max_keys),
            shared: self.shared.intersection(&other.shared).cloned().collect(),
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
}

impl Terms for JobTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let default = match side {
            Side::Request => Self::DEFAULT,
            Side::Grant => Self {
                max_jobs: u64::MAX,
                ..Self::DEFAULT
            },
        };
        let max_jobs = section.number("max-jobs")?.unwrap_or(default.max_jobs);
        let min_interval = section.span("min-interval")?.unwrap_or(default.min_interval);
        if min_interval < Self::DEFAULT.min_interval {
            return section.fail("min-interval", "must be at least one second");
        }
        Ok(Self { max_jobs, min_interval })
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            max_jobs: self.max_jobs.min(other.max_jobs),
            min_interval: self.min_interval.max(other.min_interval),
        }
    }
}
