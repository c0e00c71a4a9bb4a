//! The names of the five collections. A client that asks for another one is told that there is none.

use whatsapp_rust::wacore::appstate::schemas;

/// A collection; each has versions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CollectionName {
    CriticalBlock,
    CriticalUnblockLow,
    RegularHigh,
    Regular,
    RegularLow,
}

impl CollectionName {
    pub(crate) const ALL: [Self; 5] = [
        Self::CriticalBlock,
        Self::CriticalUnblockLow,
        Self::RegularHigh,
        Self::Regular,
        Self::RegularLow,
    ];

    /// The collection a name on the wire means.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CriticalBlock => "critical_block",
            Self::CriticalUnblockLow => "critical_unblock_low",
            Self::RegularHigh => "regular_high",
            Self::Regular => "regular",
            Self::RegularLow => "regular_low",
        }
    }
}

impl From<schemas::Collection> for CollectionName {
    fn from(collection: schemas::Collection) -> Self {
        match collection {
            schemas::Collection::CriticalBlock => Self::CriticalBlock,
            schemas::Collection::CriticalUnblockLow => Self::CriticalUnblockLow,
            schemas::Collection::RegularHigh => Self::RegularHigh,
            schemas::Collection::Regular => Self::Regular,
            schemas::Collection::RegularLow => Self::RegularLow,
        }
    }
}
