//! Reasons to refuse a login, as the `<failure>` stanza names them.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

/// Why the server refuses a login. Clients treat all but [`Self::Unavailable`] as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoginRefusal {
    /// 401: the device is not linked any more.
    LoggedOut,
    /// 402: banned for an hour, for the first of the reasons; see [`Ban`] for others.
    Banned,
    /// 403: the account is locked.
    Locked,
    /// 405: the client is too old.
    Outdated,
    /// 503: try again later.
    Unavailable,
}

/// Seconds a ban of [`LoginRefusal::Banned`] lasts (modelled).
const BAN_SECONDS: u64 = 3600;

/// A ban that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// Why.
    pub reason: BanReason,
    /// How long from now, in seconds.
    pub seconds: u32,
}

/// Reasons for a ban, as clients know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BanReason {
    /// 101: sent too many messages to people who do not have it in their address books.
    SentToTooManyPeople,
    /// 102: blocked by too many people.
    BlockedByUsers,
    /// 103: created too many groups with people who do not have it in their address books.
    CreatedTooManyGroups,
    /// 104: sent the same message to too many people.
    SentTooManySameMessage,
    /// 106: sent too many messages to a broadcast list.
    BroadcastList,
}

impl BanReason {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::SentToTooManyPeople => 101,
            Self::BlockedByUsers => 102,
            Self::CreatedTooManyGroups => 103,
            Self::SentTooManySameMessage => 104,
            Self::BroadcastList => 106,
        }
    }

    /// The refusal of a login while `seconds` are left.
    pub(crate) fn stanza(self, seconds: u64) -> Node {
        failure(LoginRefusal::Banned)
            .attr("code", self.code())
            .attr("expire", seconds)
            .build()
    }
}

fn failure(reason: LoginRefusal) -> NodeBuilder {
    NodeBuilder::new("failure")
        .attr("reason", reason.code())
        .attr("location", "sim")
}

impl LoginRefusal {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::LoggedOut => 401,
            Self::Banned => 402,
            Self::Locked => 403,
            Self::Outdated => 405,
            Self::Unavailable => 503,
        }
    }

    pub(crate) fn stanza(self) -> Node {
        match self {
            Self::Banned => BanReason::SentToTooManyPeople.stanza(BAN_SECONDS),
            Self::LoggedOut | Self::Locked | Self::Outdated | Self::Unavailable => failure(self).build(),
        }
    }
}
