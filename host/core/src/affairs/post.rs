//! Status posts: what an account shows for a day.

use bytes::Bytes;

use crate::clock::UnixMs;
use crate::id::MessageId;

use super::privacy::StatusAudience;

/// A post that is to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct Post {
    /// What it shows.
    pub content: PostContent,
    /// What phones are told about who else gets it.
    pub audience: StatusAudience,
}

/// What a post shows.
#[derive(Clone, PartialEq, Eq)]
pub enum PostContent {
    /// A text on a ground.
    Text {
        /// What it says.
        body: Box<str>,
        /// The colour of the ground: alpha, red, green, blue.
        background: u32,
        /// In which letters.
        font: PostFont,
    },
    /// A picture.
    Image {
        /// The file.
        bytes: Bytes,
        /// Its media type.
        mime: Box<str>,
        /// What is said about it.
        caption: Option<Box<str>>,
    },
    /// A video.
    Video {
        /// The file.
        bytes: Bytes,
        /// Its media type.
        mime: Box<str>,
        /// How long it is.
        seconds: Option<u32>,
        /// What is said about it.
        caption: Option<Box<str>>,
    },
}

/// The letters of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostFont {
    /// Those of the system.
    #[default]
    System,
    /// Those of the system, for texts.
    SystemText,
    /// As if by hand.
    Script,
    /// Those of the system, bold.
    SystemBold,
    /// Light and round.
    Morningbreeze,
    /// With narrow letters.
    Calistoga,
    /// Like a machine's.
    Exo,
    /// As if by a typewriter.
    Courier,
}

impl PostFont {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::System,
        Self::SystemText,
        Self::Script,
        Self::SystemBold,
        Self::Morningbreeze,
        Self::Calistoga,
        Self::Exo,
        Self::Courier,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::SystemText => "system_text",
            Self::Script => "script",
            Self::SystemBold => "system_bold",
            Self::Morningbreeze => "morningbreeze",
            Self::Calistoga => "calistoga",
            Self::Exo => "exo",
            Self::Courier => "courier",
        }
    }
}

/// A post that WhatsApp's server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its id, by which it is taken back.
    pub id: MessageId,
    /// When the server had it.
    pub at: UnixMs,
}
