//! Reasons to refuse a login, as the `<failure>` stanza names them.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

/// Why the server refuses a login. Clients treat all but [`Self::Unavailable`] as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// 401: the device is not linked any more.
    LoggedOut,
    /// 402: banned for a while.
    Banned,
    /// 403: the account is locked.
    Locked,
    /// 405: the client is too old.
    Outdated,
    /// 503: try again later.
    Unavailable,
}

/// Seconds a simulated ban lasts, and its reason code (modelled: "sent to too many people").
const BAN_SECONDS: u32 = 3600;
const BAN_CODE: u32 = 101;

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
        let failure = NodeBuilder::new("failure")
            .attr("reason", self.code())
            .attr("location", "sim");
        match self {
            Self::Banned => failure.attr("code", BAN_CODE).attr("expire", BAN_SECONDS).build(),
            Self::LoggedOut | Self::Locked | Self::Outdated | Self::Unavailable => failure.build(),
        }
    }
}
