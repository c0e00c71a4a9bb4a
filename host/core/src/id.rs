//! Typed ids: every kind of id is its own type, with a prefix that tells them apart in logs and URLs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::given::Given;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a valid {kind}: {expected}")]
pub struct InvalidId {
    kind: &'static str,
    given: Given,
    expected: &'static str,
}

macro_rules! ulid_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Ulid);

        impl $name {
            /// What its text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a ULID drawn from [`crate::clock::Ids`].
            #[must_use]
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The bare ULID.
            #[must_use]
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    // Other letters would stand for the same id, and one id shall be one text.
                    .and_then(|rest| Ulid::from_string(rest).ok().filter(|found| found.to_string() == rest))
                    .map(Self)
                    .ok_or_else(|| InvalidId {
                        kind: stringify!($name),
                        given: Given::of(text),
                        expected: concat!("expected ", $prefix, " followed by 26 characters"),
                    })
            }
        }
    )+};
}

ulid_ids! {
    /// One API key.
    ApiKeyId = "key_";
    /// One entry of the audit log.
    AuditId = "aud_";
    /// One backup.
    BackupId = "bak_";
    /// One thing to be done outside; derived, never drawn (see [`EffectId::derive`]).
    EffectId = "eff_";
    /// One thing that happened.
    EventId = "evt_";
    /// That a user has logged in.
    LoginId = "lgn_";
    /// The record of one plugin call.
    RunId = "run_";
    /// A message that is to be sent later.
    ScheduledMessageId = "smg_";
    /// One linked WhatsApp device.
    SessionId = "ses_";
    /// Who owns sessions, users and keys.
    TenantId = "ten_";
    /// A person of a tenant.
    UserId = "usr_";
    /// Where a tenant wants to be told what happens.
    WebhookId = "wh_";
}

impl EffectId {
    /// The id of the `index`-th effect of one installation's call for one event: the same on every retry, so that a repeated call
    /// repeats the same effects and not new ones.
    #[must_use]
    pub fn derive(event: EventId, installation: &InstallationId, index: u32) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"waspnest.effect.1\0");
        hash.update(event.0.to_bytes());
        hash.update(index.to_be_bytes());
        hash.update(installation.as_str());
        Self(first_ulid(&hash.finalize()))
    }

    /// The id of an effect that left while the call ran: of what was asked for, so that a repeated call that asks for the same repeats
    /// nothing, and one that asks for something else is not taken for it (see [`crate::journal::Question`]).
    #[must_use]
    pub fn derive_at_once(event: EventId, installation: &InstallationId, asked: &[u8; 16]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"waspnest.effect.now.1\0");
        hash.update(event.0.to_bytes());
        hash.update(asked);
        hash.update(installation.as_str());
        Self(first_ulid(&hash.finalize()))
    }

    /// The WhatsApp message id a send with this effect id uses on every attempt, so that a phone shows repeats once.
    ///
    /// The form is the one WhatsApp Web gives its own messages (`3EB0` and 18 hex digits), as whatsmeow and Baileys produce it.
    #[must_use]
    pub fn message_id(self) -> MessageId {
        let mut hash = Sha256::new();
        hash.update(b"waspnest.message.1\0");
        hash.update(self.0.to_bytes());
        let digest = hash.finalize();
        let mut text = String::from("3EB0");
        for byte in &digest[..9] {
            text.push_str(&format!("{byte:02X}"));
        }
        MessageId(text.into())
    }
}

fn first_ulid(digest: &[u8]) -> Ulid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Ulid::from_bytes(bytes)
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident($max:literal, $allowed:expr, $expected:literal);)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let allowed: fn(char) -> bool = $allowed;
                if text.is_empty() || text.len() > $max || !text.chars().all(allowed) {
                    return Err(InvalidId { kind: stringify!($name), given: Given::of(text), expected: $expected });
                }
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

const fn slug(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.')
}

text_ids! {
    /// The name under which an installation tells others something, for example `orders.placed`.
    TopicName(128, slug, "1 to 128 of a-z, 0-9, '-', '_', '.'");
    /// The operator's name of a server that plugins may tell things, for example `booking-events`.
    EndpointName(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// The operator's name of one plugin put to work, for example `echo` or `appointments-berlin`.
    InstallationId(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// The name of a store that several installations of a session share, for example `orders`.
    SharedName(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// WhatsApp's id of one message, unique within (chat, sender).
    MessageId(128, |c| c.is_ascii_graphic(), "1 to 128 printable ASCII characters");
    /// The author's name of a plugin: reverse DNS, for example `org.example.appointments`.
    PluginId(128, slug, "1 to 128 of a-z, 0-9, '-', '_', '.'");
    /// The name of a schedule within its installation.
    ScheduleId(128, |c| !c.is_control(), "1 to 128 bytes without control characters");
    /// The operator's name of a secret, for example `calendar-token`.
    SecretName(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// The name of a session, for example `sales-de`; unique in its tenant.
    SessionName(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// The operator's name of a tenant, for example `acme`; unique in the host.
    TenantName(64, slug, "1 to 64 of a-z, 0-9, '-', '_', '.'");
    /// What a user types at a login, for example `ada` or `ada@example.com`; unique in its tenant.
    UserName(64, |c| slug(c) || matches!(c, '@' | '+'), "1 to 64 of a-z, 0-9, '-', '_', '.', '@', '+'");
}

impl TenantName {
    /// The name of [`TenantId::DEFAULT`].
    #[must_use]
    pub fn usual() -> Self {
        Self("default".into())
    }
}
