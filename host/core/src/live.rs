//! What a plugin call can ask of the session's account and have answered while it runs: groups, people, the account's own view of its
//! chats.
//!
//! Everything else that a plugin wants done waits in its draft; these cannot, because the plugin needs the answer. An [`Operation`] says
//! what is asked, an [`Answer`] or a [`Refusal`] what came of it. Both have a stored form, since answers are kept with the event (see
//! [`crate::journal`]) and operations name the questions they answer. Whoever carries operations out implements [`Account`]; nothing
//! here knows how.

mod chat;
mod contact;
mod group;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use chat::ChatWish;
pub use contact::{ContactInfo, ContactOperation, PictureSize};
pub use group::{GroupInfo, GroupOperation, GroupWish, Member, MemberChange, Membership, Outcome, Renewal, Role};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;
use crate::codec::Record;

/// Who carries operations out: the account of one session.
#[async_trait]
pub trait Account: Send + Sync + fmt::Debug {
    /// Carries out one operation and answers what came of it. It may be dropped at any point; then nobody knows whether it was done.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn ask(&self, request: Request) -> Result<Answer, Refusal>;
}

/// One thing to be done for one plugin call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What.
    pub operation: Operation,
    /// The same for every attempt at it, and for nothing else.
    pub token: Token,
    /// When an earlier attempt at it began of which nobody knows how it ended.
    pub begun: Option<UnixMs>,
}

/// A name for the doing of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub [u8; 16]);

/// What is asked. The stored form of an operation is what tells it from others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// About groups.
    Group(GroupOperation),
    /// About people.
    Contact(ContactOperation),
    /// A change of the account's own view of a chat.
    Chat {
        /// Which chat.
        chat: Jid,
        /// What changes.
        wish: ChatWish,
    },
}

impl Record for Operation {
    const VERSION: u8 = 1;
}

impl Operation {
    /// Its name, as plugins call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Group(operation) => operation.name(),
            Self::Contact(operation) => operation.name(),
            Self::Chat { .. } => "chats.update",
        }
    }
}

/// What people write and whom they know stays out.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.name()).finish()
    }
}

/// What came of an operation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It was done, and there is nothing to tell.
    Done,
    /// Addresses of groups.
    Groups(Vec<Jid>),
    /// One group.
    Group(Box<GroupInfo>),
    /// What came of it for each person or group.
    Outcomes(Vec<Outcome>),
    /// People.
    People(Vec<Party>),
    /// A link.
    Link(Box<str>),
    /// A group was joined, or the request to join it was made.
    Joined {
        /// Which group.
        group: Jid,
        /// Whether the account is in it.
        membership: Membership,
    },
    /// Who has the numbers that were asked about, in their order.
    Registered(Vec<Option<Party>>),
    /// One person.
    Contact(Box<ContactInfo>),
    /// Where a picture is; none when there is none to be seen.
    Picture(Option<Box<str>>),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "Done",
            Self::Groups(_) => "Groups",
            Self::Group(_) => "Group",
            Self::Outcomes(_) => "Outcomes",
            Self::People(_) => "People",
            Self::Link(_) => "Link",
            Self::Joined { .. } => "Joined",
            Self::Registered(_) => "Registered",
            Self::Contact(_) => "Contact",
            Self::Picture(_) => "Picture",
        })
    }
}

/// Why an operation came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The session is not connected.
    #[error("the session is not connected")]
    Offline,
    /// No answer came in time; it may have been done.
    #[error("no answer came in time")]
    TimedOut,
    /// It must be given time.
    #[error("it is asked for too often")]
    TooFast {
        /// How long, where that is told.
        wait: Option<Duration>,
    },
    /// What it is about does not exist.
    #[error("it does not exist")]
    NotFound,
    /// It is not in form.
    #[error("{0}")]
    Invalid(Box<str>),
    /// The other side refused it.
    #[error("{code}: {words}")]
    Refused {
        /// Its code; 0 where it gave none.
        code: u32,
        /// Its words.
        words: Box<str>,
    },
}

impl Refusal {
    /// Whether asking again for the same event would be answered the same. The others say "not now".
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Offline | Self::TimedOut | Self::TooFast { .. } => false,
            Self::NotFound | Self::Invalid(_) => true,
            Self::Refused { code, .. } => !matches!(code, 0 | 408 | 425 | 429 | 500..),
        }
    }
}

/// How an operation ended, as it is kept for a repeated call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended(pub Result<Answer, Refusal>);

impl Record for Ended {
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn what_says_not_now_is_told_from_what_holds() {
        let refused = |code| Refusal::Refused {
            code,
            words: "no".into(),
        };
        for holds in [
            refused(403),
            refused(409),
            Refusal::NotFound,
            Refusal::Invalid("x".into()),
        ] {
            assert!(holds.is_final(), "{holds:?}");
        }
        for passes in [
            refused(0),
            refused(429),
            refused(503),
            Refusal::Offline,
            Refusal::TimedOut,
            Refusal::TooFast { wait: None },
        ] {
            assert!(!passes.is_final(), "{passes:?}");
        }
    }

    #[test]
    fn answers_and_operations_keep_their_form() {
        let group: Jid = "120363000000000001@g.us".parse().expect("an address");
        let left = Operation::Group(GroupOperation::Leave(group.clone()));
        assert_eq!(
            codec::encode(&left)[..4],
            [1, 0, 9, 23],
            "version, groups, leave, length of the address"
        );
        let kept = Ended(Ok(Answer::Groups(vec![group])));
        let bytes = codec::encode(&kept);
        assert_eq!(bytes[..4], [1, 0, 1, 1], "version, good, groups, one");
        assert_eq!(codec::decode::<Ended>(b"", &bytes).expect("it reads"), kept);
        assert_eq!(
            format!("{left:?} {kept:?}"),
            r#"Operation("groups.leave") Ended(Ok(Groups))"#
        );
    }
}
