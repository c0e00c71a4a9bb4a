//! What an operator grants, and what of it is in force.
//!
//! In force is what the manifest asked for AND the operator granted, on the narrower terms of both. A capability without a grant
//! answers `denied` at each call; nothing is asked at run time and no plugin is exempt.

use toml::{Table, Value};

use crate::manifest::capability::capability_table;
use crate::manifest::section::Section;
use crate::manifest::terms::{Side, Terms};
use crate::manifest::{
    BusTerms, Capability, DialogueTerms, HttpTerms, JobTerms, KeyError, KvTerms, MediaReadTerms, MediaWriteTerms,
    MessageTerms, Rate, Request, Requests, Scope, SecretTerms, WebhookTerms,
};

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

macro_rules! grants {
    ($($(#[$doc:meta])* $case:ident, $field:ident: $terms:ty = $name:literal;)+) => {
        /// What an operator grants an installation. Nothing, by default.
        #[derive(Debug, Clone, PartialEq, Default)]
        #[expect(missing_docs, reason = "each field is the capability of its name")]
        pub struct Grants {
            $(pub $field: Option<Grant<$terms>>,)+
        }

        impl Grants {
            fn read(section: &mut Section<'_>) -> Result<Self, KeyError> {
                Ok(Self {
                    $($field: grant(section, Capability::$case)?,)+
                })
            }

            /// Everything, on the terms the plugin asks for. For tests and for operators who trust a plugin as its author describes it.
            #[must_use]
            pub fn as_requested() -> Self {
                Self {
                    $($field: Some(Grant::AsRequested),)+
                }
            }

            /// What one plugin asks for, on its terms, and nothing else.
            #[must_use]
            pub fn of_requests(requests: &Requests) -> Self {
                Self {
                    $($field: requests.$field.as_ref().map(|_| Grant::AsRequested),)+
                }
            }

            /// Whether a capability is granted, on whatever terms.
            #[must_use]
            pub fn has(&self, capability: Capability) -> bool {
                match capability {
                    $(Capability::$case => self.$field.is_some(),)+
                }
            }
        }

        /// What is in force: asked for and granted.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(crate) struct Effective {
            $(pub(crate) $field: Option<$terms>,)+
        }

        impl Effective {
            pub(crate) fn of(requests: &Requests, grants: &Grants) -> Self {
                Self {
                    $($field: both(requests.$field.as_ref(), grants.$field.as_ref()),)+
                }
            }

            pub(crate) fn has(&self, capability: Capability) -> bool {
                match capability {
                    $(Capability::$case => self.$field.is_some(),)+
                }
            }

            /// The same for what may touch values and nothing else.
            pub(crate) fn only_values(&self) -> Self {
                Self {
                    kv: self.kv.clone(),
                    ..Self::default()
                }
            }

            /// The same for an installation that looks on: nothing that acts on WhatsApp.
            pub(crate) fn looking_on(mut self) -> Self {
                $(if Capability::$case.acts() {
                    self.$field = None;
                })+
                self
            }

            /// The rates of a capability; none where it is not in force.
            pub(crate) fn rates(&self, capability: Capability) -> &[Rate] {
                match capability {
                    $(Capability::$case => self.$field.as_ref().map_or(&[], Terms::rates),)+
                }
            }
        }
    };
}
capability_table!(grants);

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
        Ok(Self::read(&mut Section::new(path, table))?)
    }
}

fn grant<T: Terms>(section: &mut Section<'_>, capability: Capability) -> Result<Option<Grant<T>>, KeyError> {
    let key = section.at(capability.name());
    match section.value(capability.name()) {
        None | Some(Value::Boolean(false)) => Ok(None),
        Some(Value::Boolean(true)) => Ok(Some(Grant::AsRequested)),
        Some(Value::Table(table)) => {
            let mut inner = Section::new(key, table);
            let terms = T::read(&mut inner, Side::Grant)?;
            inner.finish()?;
            Ok(Some(Grant::On(terms)))
        }
        Some(other) => match (T::LIST, other) {
            (Some(list), Value::Array(_)) => {
                let table = Table::from_iter([(list.to_owned(), other.clone())]);
                Ok(Some(Grant::On(T::read(&mut Section::new(key, &table), Side::Grant)?)))
            }
            _ => Err(KeyError {
                key,
                problem: format!("expected true, false or a table of terms, found {}", other.type_str()),
            }),
        },
    }
}

impl Effective {
    /// Which chats a capability reaches; none where it is not in force, or is not about chats.
    pub(crate) fn scope(&self, capability: Capability) -> Option<&Scope> {
        let messages = match capability {
            Capability::MessagesSend => &self.send,
            Capability::MessagesReact => &self.react,
            Capability::MessagesRead => &self.read,
            Capability::MessagesTyping => &self.typing,
            Capability::MessagesEdit => &self.edit,
            Capability::MessagesRevoke => &self.revoke,
            Capability::MessagesModerate => &self.moderate,
            Capability::MessagesVote => &self.vote,
            Capability::MessagesPin => &self.pin,
            Capability::MessagesStar => &self.star,
            Capability::MessagesRaw => &self.raw,
            Capability::MessagesHistory => &self.history,
            Capability::GroupsRead => &self.groups_read,
            Capability::GroupsWrite => &self.groups_write,
            Capability::ContactsRead => &self.contacts_read,
            Capability::ContactsWrite => &self.contacts_write,
            Capability::ChatsWrite => &self.chats_write,
            Capability::MediaRead => return self.media_read.as_ref().map(MediaReadTerms::scope),
            Capability::Kv
            | Capability::Schedule
            | Capability::Http
            | Capability::Dialogue
            | Capability::MediaWrite
            | Capability::Secrets
            | Capability::Webhooks
            | Capability::Bus => return None,
        };
        messages.as_ref().map(|terms| &terms.scope)
    }
}

fn both<T: Terms>(request: Option<&Request<T>>, grant: Option<&Grant<T>>) -> Option<T> {
    match (request, grant) {
        (Some(request), Some(Grant::AsRequested)) => Some(request.terms.clone()),
        (Some(request), Some(Grant::On(terms))) => Some(request.terms.and(terms)),
        (None, _) | (_, None) => None,
    }
}

#[cfg(test)]
mod tests;
