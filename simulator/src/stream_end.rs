//! The ways in which a server ends a stream that was fine.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

/// What the last stanza of a session says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamEnd {
    /// `<conflict type="replaced"/>`: another connection of this device took over.
    Replaced,
    /// 401 with `<conflict type="device_removed"/>`: the phone removed the device.
    DeviceRemoved,
    /// 403: the account may not use the service.
    Forbidden,
    /// 429: too many requests; come back later.
    TooManyRequests,
    /// 500, for no reason that is given.
    InternalError,
    /// 503: the server goes away for a moment.
    Unavailable,
    /// 515: connect anew.
    Restart,
    /// 516: log out.
    LogOut,
    /// `<xml-not-well-formed/>`: what the client sent cannot be parsed.
    NotWellFormed,
}

impl StreamEnd {
    pub(crate) fn stanza(self) -> Node {
        let error = NodeBuilder::new("stream:error");
        let conflict = |kind: &'static str| NodeBuilder::new("conflict").attr("type", kind).build();
        match self {
            Self::Replaced => error.children([conflict("replaced")]).build(),
            Self::DeviceRemoved => error
                .attr("code", 401_u16)
                .children([conflict("device_removed")])
                .build(),
            Self::Forbidden => error.attr("code", 403_u16).build(),
            Self::TooManyRequests => error.attr("code", 429_u16).build(),
            Self::InternalError => error.attr("code", 500_u16).build(),
            Self::Unavailable => error.attr("code", 503_u16).build(),
            Self::Restart => error.attr("code", 515_u16).build(),
            Self::LogOut => error.attr("code", 516_u16).build(),
            Self::NotWellFormed => error
                .children([NodeBuilder::new("xml-not-well-formed").build()])
                .build(),
        }
    }
}
