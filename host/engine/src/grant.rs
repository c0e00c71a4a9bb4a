//! What an operator grants, and what of it is in force.
//!
//! In force is what the manifest asked for AND the operator granted, on the narrower terms of both. A capability without a grant
//! answers `denied` at each call; nothing is asked at run time and no plugin is exempt.

use toml::{Table, Value};

use crate::manifest::section::Section;
use crate::manifest::{Capability, JobTerms, KeyError, KvTerms, MessageTerms, Request, Requests, Scope};

/// A grant that cannot be read: names the key and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct GrantError(#[from] pub KeyError);

/// A grant of one capability.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant<T> {
    /// On the terms the plugin asked for (`true`).
    AsRequested,
    /// On these terms, or narrower where the plugin asked for less.
    On(T),
}

/// What an operator grants an installation. Nothing, by default.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "each field is the capability of its name")]
pub struct Grants {
    pub send: Option<Grant<MessageTerms>>,
    pub react: Option<Grant<MessageTerms>>,
    pub read: Option<Grant<MessageTerms>>,
    pub typing: Option<Grant<MessageTerms>>,
    pub kv: Option<Grant<KvTerms>>,
    pub schedule: Option<Grant<JobTerms>>,
}

impl Grants {
    /// Reads the operator's table of grants; `path` is where it stands in the configuration, for the words of errors.
    ///
    /// Each key is the name of a capability. `true` grants what was asked for, a table grants on its terms, `false` does not grant.
    pub fn from_toml(path: &str, table: &Table) -> Result<Self, GrantError> {
        if let Some(unknown) = table.keys().find(|key| Capability::named(key).is_none()) {
            let key = Section::new(path, table).at(unknown);
            return Err(KeyError {
                key,
                problem: Capability::unknown(unknown),
            }
            .into());
        }
        let mut section = Section::new(path, table);
        Ok(Self {
            send: grant(&mut section, Capability::MessagesSend, message_terms)?,
            react: grant(&mut section, Capability::MessagesReact, message_terms)?,
            read: grant(&mut section, Capability::MessagesRead, message_terms)?,
            typing: grant(&mut section, Capability::MessagesTyping, message_terms)?,
            kv: grant(&mut section, Capability::Kv, |section| {
                KvTerms::read(
                    section,
                    KvTerms {
                        max_bytes: u64::MAX,
                        max_keys: u64::MAX,
                    },
                )
            })?,
            schedule: grant(&mut section, Capability::Schedule, |section| {
                JobTerms::read(
                    section,
                    JobTerms {
                        max_jobs: u64::MAX,
                        ..JobTerms::DEFAULT
                    },
                )
            })?,
        })
    }

    /// Everything, on the terms the plugin asks for. For tests and for operators who trust a plugin as its author describes it.
    #[must_use]
    pub fn as_requested() -> Self {
        Self {
            send: Some(Grant::AsRequested),
            react: Some(Grant::AsRequested),
            read: Some(Grant::AsRequested),
            typing: Some(Grant::AsRequested),
            kv: Some(Grant::AsRequested),
            schedule: Some(Grant::AsRequested),
        }
    }

    /// Whether a capability is granted, on whatever terms.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::MessagesSend => self.send.is_some(),
            Capability::MessagesReact => self.react.is_some(),
            Capability::MessagesRead => self.read.is_some(),
            Capability::MessagesTyping => self.typing.is_some(),
            Capability::Kv => self.kv.is_some(),
            Capability::Schedule => self.schedule.is_some(),
        }
    }
}

// A grant that gives no scope does not narrow what was asked for: the request's own scope (`reply-only` by default) holds.
fn message_terms(section: &mut Section<'_>) -> Result<MessageTerms, KeyError> {
    MessageTerms::read(section, Scope::ANY)
}

fn grant<'a, T>(
    section: &mut Section<'a>,
    capability: Capability,
    terms: impl FnOnce(&mut Section<'a>) -> Result<T, KeyError>,
) -> Result<Option<Grant<T>>, KeyError> {
    let key = section.at(capability.name());
    match section.value(capability.name()) {
        None | Some(Value::Boolean(false)) => Ok(None),
        Some(Value::Boolean(true)) => Ok(Some(Grant::AsRequested)),
        Some(Value::Table(table)) => {
            let mut inner = Section::new(key, table);
            let terms = terms(&mut inner)?;
            inner.finish()?;
            Ok(Some(Grant::On(terms)))
        }
        Some(other) => Err(KeyError {
            key,
            problem: format!("expected true, false or a table of terms, found {}", other.type_str()),
        }),
    }
}

/// What is in force: asked for and granted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Effective {
    pub(crate) send: Option<MessageTerms>,
    pub(crate) react: Option<MessageTerms>,
    pub(crate) read: Option<MessageTerms>,
    pub(crate) typing: Option<MessageTerms>,
    pub(crate) kv: Option<KvTerms>,
    pub(crate) schedule: Option<JobTerms>,
}

impl Effective {
    pub(crate) fn of(requests: &Requests, grants: &Grants) -> Self {
        Self {
            send: both(requests.send.as_ref(), grants.send.as_ref(), MessageTerms::and),
            react: both(requests.react.as_ref(), grants.react.as_ref(), MessageTerms::and),
            read: both(requests.read.as_ref(), grants.read.as_ref(), MessageTerms::and),
            typing: both(requests.typing.as_ref(), grants.typing.as_ref(), MessageTerms::and),
            kv: both(requests.kv.as_ref(), grants.kv.as_ref(), |a, b| a.and(*b)),
            schedule: both(requests.schedule.as_ref(), grants.schedule.as_ref(), |a, b| a.and(*b)),
        }
    }

    /// The terms of a capability over messages.
    pub(crate) fn messages(&self, capability: Capability) -> Option<&MessageTerms> {
        match capability {
            Capability::MessagesSend => self.send.as_ref(),
            Capability::MessagesReact => self.react.as_ref(),
            Capability::MessagesRead => self.read.as_ref(),
            Capability::MessagesTyping => self.typing.as_ref(),
            Capability::Kv | Capability::Schedule => None,
        }
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::Kv => self.kv.is_some(),
            Capability::Schedule => self.schedule.is_some(),
            Capability::MessagesSend
            | Capability::MessagesReact
            | Capability::MessagesRead
            | Capability::MessagesTyping => self.messages(capability).is_some(),
        }
    }
}

fn both<T: Clone>(request: Option<&Request<T>>, grant: Option<&Grant<T>>, and: impl FnOnce(&T, &T) -> T) -> Option<T> {
    match (request, grant) {
        (Some(request), Some(Grant::AsRequested)) => Some(request.terms.clone()),
        (Some(request), Some(Grant::On(terms))) => Some(and(&request.terms, terms)),
        (None, _) | (_, None) => None,
    }
}

#[cfg(test)]
mod tests;
