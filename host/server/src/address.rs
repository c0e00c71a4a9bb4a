//! Addresses and moments as callers read them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;

use crate::rfc3339::rfc3339;

/// An address of WhatsApp's: of a person, a group, a newsletter.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Address {
    /// The address, in the form under which the host files it.
    jid: String,
    /// The phone number, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// The same person's LID, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    lid: Option<String>,
}

impl From<&Jid> for Address {
    fn from(jid: &Jid) -> Self {
        Self::of(jid, [])
    }
}

/// One person by every address that is known.
impl From<&Party> for Address {
    fn from(party: &Party) -> Self {
        Self::of(party.canonical(), std::iter::once(&party.jid).chain(&party.alt))
    }
}

impl Address {
    /// An address with the same person's other one, where that is known.
    pub(crate) fn pair(jid: &Jid, other: Option<&Jid>) -> Self {
        Self::of(jid, other)
    }

    /// `jid` is the address; phone and LID are filled in from all.
    fn of<'a>(jid: &'a Jid, others: impl IntoIterator<Item = &'a Jid>) -> Self {
        let (mut phone, mut lid) = (None, None);
        for other in std::iter::once(jid).chain(others) {
            match other {
                Jid::Phone(digits) => phone = Some(format!("+{digits}")),
                Jid::Lid(_) => lid = Some(other.to_string()),
                Jid::Group(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => {}
            }
        }
        Self {
            jid: jid.to_string(),
            phone,
            lid,
        }
    }
}

/// A point in time: RFC 3339, UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) UnixMs);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "A point in time: RFC 3339, UTC." })
    }

    fn inline_schema() -> bool {
        true
    }
}
