//! A session's WhatsApp side as the rest of the host sees it: who it is, whether it is connected, and what carries its effects.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::{Jid, Party};
use waspnest_core::effect::Effect;
use waspnest_core::id::SessionId;
use waspnest_core::message::Content;
use waspnest_core::session::{SessionError, Sessions};
use waspnest_engine::FetchFailure;
use waspnest_whatsapp::{FetchError, SessionHandle, Settled, State};

use crate::router::Shelf;
use crate::sink::{Answer, Carried, Carrier, CarryError};

/// Carries effects out through a WhatsApp session.
pub(super) struct SessionCarrier {
    pub(super) handle: SessionHandle,
    pub(super) connection: watch::Receiver<Option<u64>>,
}

impl fmt::Debug for SessionCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCarrier({})", self.handle.id())
    }
}

#[async_trait]
impl Carrier for SessionCarrier {
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        match self.handle.carry_out(effect).await {
            Ok(waspnest_whatsapp::Carried::Done) => Ok(Carried::Done),
            Ok(waspnest_whatsapp::Carried::AwaitAck(acknowledgement)) => Ok(Carried::AwaitAck(Box::pin(
                acknowledgement.map(|settled| match settled {
                    Settled::Sent => Answer::Taken,
                    Settled::Refused { .. } | Settled::Lost => Answer::NotTaken,
                }),
            ))),
            Err(waspnest_whatsapp::CarryError::NotConnected) => Err(CarryError::NotConnected),
            Err(waspnest_whatsapp::CarryError::Transient { reason, after }) => {
                Err(CarryError::Transient { reason, after })
            }
            Err(waspnest_whatsapp::CarryError::Permanent { reason, code }) => {
                Err(CarryError::Permanent { reason, code })
            }
        }
    }

    fn connection(&self) -> watch::Receiver<Option<u64>> {
        self.connection.clone()
    }
}

/// The files of a session's messages, fetched through its connection.
pub(super) struct SessionShelf(pub(super) SessionHandle);

impl fmt::Debug for SessionShelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionShelf({})", self.0.id())
    }
}

#[async_trait]
impl Shelf for SessionShelf {
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        self.0.fetch(content, limit).await.map_err(|error| match error {
            FetchError::NotConnected => FetchFailure::Offline,
            FetchError::NoFile => FetchFailure::Gone,
            FetchError::TooLarge { .. } => FetchFailure::TooLarge,
            FetchError::Failed { reason } => FetchFailure::Failed(reason.into()),
        })
    }
}

/// Follows a session's status: counts its connections, and keeps who it is, in memory and in the register.
pub(super) struct Follower {
    pub(super) session: SessionId,
    pub(super) handle: SessionHandle,
    pub(super) register: Sessions,
    pub(super) connection: watch::Sender<Option<u64>>,
    pub(super) me: watch::Sender<Option<Party>>,
}

impl Follower {
    /// Follows until `stop`.
    ///
    /// # Errors
    /// When the register cannot be written.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), SessionError> {
        let mut status = self.handle.status();
        let mut connections = 0;
        let mut connected_since = None;
        loop {
            let now = status.borrow_and_update().clone();
            let since = (now.state == State::Connected).then_some(now.since);
            if since != connected_since {
                connected_since = since;
                connections += u64::from(since.is_some());
                self.connection.send_replace(since.map(|_| connections));
                tracing::info!(session.id = %self.session, state = now.state.name(), reason = now.reason.as_deref(), "session state");
            } else if now.state.is_terminal() {
                tracing::warn!(session.id = %self.session, state = now.state.name(), reason = now.reason.as_deref(), "session ended");
            }
            if *self.me.borrow() != now.me {
                self.remember(now.me.as_ref()).await?;
                self.me.send_replace(now.me);
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = status.changed() => if changed.is_err() {
                    stop.cancelled().await;
                    return Ok(());
                },
            }
        }
    }

    async fn remember(&self, me: Option<&Party>) -> Result<(), SessionError> {
        let of_kind = |wanted: fn(&Jid) -> bool| {
            me.into_iter()
                .flat_map(|me| std::iter::once(&me.jid).chain(&me.alt))
                .find(|jid| wanted(jid))
                .cloned()
        };
        let phone = of_kind(|jid| matches!(jid, Jid::Phone(_)));
        let lid = of_kind(|jid| matches!(jid, Jid::Lid(_)));
        let name = me.and_then(|me| me.push_name.clone());
        let change = |record: &mut waspnest_core::session::SessionRecord| {
            record.jid.clone_from(&phone);
            record.lid.clone_from(&lid);
            record.push_name.clone_from(&name);
        };
        match self.register.update(self.session, change).await {
            // Removed meanwhile: then there is nothing to remember.
            Ok(_) | Err(SessionError::Unknown { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
