//! What a fault does, as it is asked for and as it befalls one stanza.

use std::time::Duration;

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;

use crate::error::FaultError;
use crate::faults::{Swap, Verdict};
use crate::stanza_log::Direction;

/// Longest delay, in milliseconds.
const MAX_DELAY_MS: u64 = 60_000;
/// Copies sent beside the original.
const MAX_COPIES: u8 = 8;
/// Stanzas that may overtake one.
const MAX_BEHIND: u8 = 64;
/// How long a stanza waits to be overtaken unless told otherwise, in milliseconds.
const WITHIN_MS: u64 = 2_000;

/// What happens to a stanza.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultAction {
    /// It is late, and so is everything behind it on that connection: order stays. Real time, 60 s at most.
    Delay {
        /// Milliseconds for every stanza.
        fixed_ms: u64,
        /// Up to so many milliseconds more, drawn for each.
        #[serde(default)]
        jitter_ms: u64,
    },
    /// It is lost on the wire. What is queued comes again on the next connection.
    Drop,
    /// It arrives more than once.
    Duplicate {
        /// Copies beside the original, 1 to 8.
        #[serde(default = "one")]
        copies: u8,
    },
    /// Others overtake it.
    Reorder {
        /// How many later stanzas of the connection go before it, 1 to 64.
        #[serde(default = "one")]
        behind: u8,
        /// After how many milliseconds it goes anyway, 60,000 at most.
        #[serde(default = "within")]
        within_ms: u64,
    },
    /// The server answers with an error instead of doing what was asked: an `iq` with an error, a message or receipt with an error in its
    /// acknowledgement. Anything else has no answer and is lost. Only for stanzas that come in.
    Refuse {
        /// The error, such as 463, 479 or 500.
        code: u16,
        /// The text beside it, in answers to an `iq`.
        #[serde(default)]
        text: String,
    },
    /// Instead, the client gets `<stream:error code=…/>` and the connection is closed.
    StreamError {
        /// The code, such as 503, 515 or 516.
        code: u16,
    },
    /// Instead, the client gets `<failure reason=…/>` and the connection is closed. Meant for the `success` of a login.
    Failure {
        /// The reason, such as 401, 403 or 503.
        reason: u16,
    },
    /// It is lost and the connection with it, without a word.
    Cut,
    /// It is lost, the socket stays open, and nothing is read or written on it any more, until the device logs in anew.
    HalfOpen,
    /// It arrives broken. Only for stanzas that go out.
    Corrupt {
        /// What is broken.
        damage: Damage,
    },
}

/// What is broken about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// A bit of the sealed frame is flipped: it does not decrypt.
    Sealed,
    /// It decrypts, and what is in it is not a stanza.
    Plain,
}

fn one() -> u8 {
    1
}

fn within() -> u64 {
    WITHIN_MS
}

/// How a stanza's way ends, if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Pass,
    Drop,
    Refuse {
        code: u16,
        text: String,
    },
    StreamError(u16),
    Failure(u16),
    Cut,
    HalfOpen,
    /// The number says where.
    Corrupt(Damage, u64),
}

impl FaultAction {
    /// Its name, as in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::Drop => "drop",
            Self::Duplicate { .. } => "duplicate",
            Self::Reorder { .. } => "reorder",
            Self::Refuse { .. } => "refuse",
            Self::StreamError { .. } => "stream_error",
            Self::Failure { .. } => "failure",
            Self::Cut => "cut",
            Self::HalfOpen => "half_open",
            Self::Corrupt { .. } => "corrupt",
        }
    }

    /// Whether it makes sense in this direction and within the bounds.
    pub(super) fn check(&self, direction: Option<Direction>) -> Result<(), FaultError> {
        let within = |what, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(FaultError::OutOfBounds {
                    what,
                    value,
                    least,
                    most,
                })
            }
        };
        let only = |wanted| {
            if direction == Some(wanted) {
                Ok(())
            } else {
                Err(FaultError::Direction {
                    action: self.name(),
                    wanted,
                })
            }
        };
        match self {
            Self::Delay { fixed_ms, jitter_ms } => {
                within("delay", fixed_ms.saturating_add(*jitter_ms), 1, MAX_DELAY_MS)
            }
            Self::Duplicate { copies } => within("copies", u64::from(*copies), 1, u64::from(MAX_COPIES)),
            Self::Reorder { behind, within_ms } => {
                within("behind", u64::from(*behind), 1, u64::from(MAX_BEHIND))?;
                within("within_ms", *within_ms, 1, MAX_DELAY_MS)
            }
            Self::Refuse { .. } => only(Direction::In),
            Self::Corrupt { .. } => only(Direction::Out),
            Self::Drop | Self::StreamError { .. } | Self::Failure { .. } | Self::Cut | Self::HalfOpen => Ok(()),
        }
    }

    /// Adds itself to what befalls a stanza.
    pub(super) fn befall(&self, verdict: &mut Verdict, draws: &mut StdRng) {
        let Verdict { treatment, fate, .. } = verdict;
        match self {
            Self::Delay { fixed_ms, jitter_ms } => {
                treatment.delay += Duration::from_millis(fixed_ms + draws.random_range(0..=*jitter_ms));
            }
            Self::Duplicate { copies } => treatment.again = treatment.again.saturating_add(*copies).min(MAX_COPIES),
            Self::Reorder { behind, within_ms } => {
                treatment.swap = Some(Swap {
                    behind: *behind,
                    within: Duration::from_millis(*within_ms),
                });
            }
            Self::Drop => *fate = Fate::Drop,
            Self::Refuse { code, text } => {
                *fate = Fate::Refuse {
                    code: *code,
                    text: text.clone(),
                };
            }
            Self::StreamError { code } => *fate = Fate::StreamError(*code),
            Self::Failure { reason } => *fate = Fate::Failure(*reason),
            Self::Cut => *fate = Fate::Cut,
            Self::HalfOpen => *fate = Fate::HalfOpen,
            Self::Corrupt { damage } => *fate = Fate::Corrupt(*damage, draws.random()),
        }
    }
}
