//! Which stanzas a fault is about.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::{AccountId, DeviceAddress};
use crate::stanza_log::Direction;

/// Which stanzas a rule is about. What is not given does not matter; what is given must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultTarget {
    /// `in` from clients, `out` to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Phone digits of the accounts whose companions are meant; all, and clients that are not linked, when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// Device number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
    /// Tag of the stanza.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its `type`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its `class`, which acknowledgements have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Its `xmlns`, which requests have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xmlns: Option<String>,
    /// Tag of one of its children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
    /// Start of its `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_prefix: Option<String>,
}

impl FaultTarget {
    /// Stanzas with this tag that come in from clients.
    pub fn incoming(tag: &str) -> Self {
        Self {
            direction: Some(Direction::In),
            tag: Some(tag.to_owned()),
            ..Self::default()
        }
    }

    /// Stanzas with this tag that go out to clients.
    pub fn outgoing(tag: &str) -> Self {
        Self {
            direction: Some(Direction::Out),
            ..Self::incoming(tag)
        }
    }

    /// Only those of the companions of this account; may be said for several.
    #[must_use]
    pub fn of(mut self, phone: &str) -> Self {
        self.accounts.push(phone.to_owned());
        self
    }
}

/// A target whose accounts have been looked up.
pub(crate) struct Target {
    on: FaultTarget,
    accounts: Vec<AccountId>,
}

impl Target {
    pub(crate) fn new(on: FaultTarget, accounts: Vec<AccountId>) -> Self {
        Self { on, accounts }
    }

    pub(super) fn fits(&self, direction: Direction, peer: Option<DeviceAddress>, node: &NodeRef<'_>) -> bool {
        let on = &self.on;
        let attribute = |wanted: &Option<String>, key: &str| {
            wanted.as_ref().is_none_or(|wanted| {
                node.get_attr(key)
                    .is_some_and(|value| value.as_str() == wanted.as_str())
            })
        };
        on.direction.is_none_or(|wanted| wanted == direction)
            && on.tag.as_ref().is_none_or(|tag| *node.tag == **tag)
            && (self.accounts.is_empty() || peer.is_some_and(|at| self.accounts.contains(&at.account)))
            && on
                .device
                .is_none_or(|device| peer.is_some_and(|at| at.device == device))
            && attribute(&on.kind, "type")
            && attribute(&on.class, "class")
            && attribute(&on.xmlns, "xmlns")
            && on
                .child
                .as_ref()
                .is_none_or(|child| node.get_optional_child(child).is_some())
            && on.id_prefix.as_ref().is_none_or(|prefix| {
                node.get_attr("id")
                    .is_some_and(|id| id.as_str().starts_with(prefix.as_str()))
            })
    }
}
