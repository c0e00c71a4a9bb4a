//! What carries an effect to WhatsApp: the session itself, or a script in tests.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::watch;
use waspnest_core::effect::Effect;

/// Carries out one effect at a time for each chat.
#[async_trait]
pub trait Carrier: Send + Sync + fmt::Debug {
    /// Makes one attempt.
    ///
    /// # Errors
    /// See [`CarryError`]; the effect is untouched then, and the same attempt may be made again.
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError>;

    /// The number of the present connection; none while there is none. Changes with every connection, so that a short gap is seen.
    fn connection(&self) -> watch::Receiver<Option<u64>>;
}

/// How an attempt went well.
pub enum Carried {
    /// It left. The server will answer, and whoever hears that tells the outbox before this resolves.
    AwaitAck(BoxFuture<'static, Answer>),
    /// It left, and nothing more will be heard of it.
    Done,
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitAck(_) => "AwaitAck",
            Self::Done => "Done",
        })
    }
}

/// What became of an effect that had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The server has it.
    Taken,
    /// The server refused it, or the connection ended first. If the outbox has it as pending it leaves again.
    NotTaken,
}

/// How an attempt did not go well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// There is no connection; the effect waits for one.
    #[error("the session is not connected")]
    NotConnected,
    /// It may work later.
    #[error("WhatsApp did not take it for now: {reason}")]
    Transient {
        /// Why.
        reason: Box<str>,
        /// Earliest moment worth trying, from now.
        after: Option<Duration>,
    },
    /// It will never work.
    #[error("WhatsApp will not take it: {reason}")]
    Permanent {
        /// Why.
        reason: Box<str>,
        /// WhatsApp's code.
        code: Option<u32>,
    },
}
