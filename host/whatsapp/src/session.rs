//! One WhatsApp session: the handle everybody holds, and what can be asked of its owner.
//!
//! A session has one owner task ([`owner`]), which alone starts and stops the client, and writes [`Status`]. Handles only send it
//! requests; [`SessionHandle::carry_out`] and what plugins ask the account are the exceptions: they must not wait for each other, so they
//! use the client the owner has published.

mod activity;
mod departure;
mod door;
mod hear;
mod hook;
mod in_flight;
mod link;
mod news;
mod owner;
mod pairing;
mod past;
mod published;
mod ratchets;
mod report;
mod settle;
mod tend;
mod watchdog;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use waspnest_core::effect::Effect;
use waspnest_core::id::SessionId;
use waspnest_core::live::{self, Account};
use waspnest_core::media_store::Unfinished;
use waspnest_core::message::{Content, Message};
use whatsapp_rust::Client;

pub use activity::{Activity, LastMessages};
pub(crate) use hook::Hook;
pub(crate) use in_flight::InFlight;
pub use in_flight::{Acknowledgement, Settled};
pub(crate) use link::Link;
pub(crate) use news::bypasses_the_hook;
pub(crate) use owner::{Owner, Question, Wish};
pub use pairing::{PairCode, PairingError, Passkey};
pub(crate) use past::{Scribe, ToScribe};
pub(crate) use published::Published;
pub(crate) use ratchets::Ratchets;
pub(crate) use report::Report;
pub(crate) use settle::Settler;
pub(crate) use watchdog::Watchdog;

use crate::carry_out::{Carried, CarryError};
use crate::file::FetchError;
use crate::status::{Qr, Status};

/// A session that somebody may drive. Cheap to clone; the session closes when the last handle is gone.
#[derive(Clone)]
pub struct SessionHandle {
    pub(crate) id: SessionId,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) qr: watch::Receiver<Option<Qr>>,
    pub(crate) passkey: watch::Receiver<Option<Passkey>>,
    pub(crate) published: Arc<Published>,
}

/// What is asked of a session's owner.
pub(crate) enum Request {
    /// Be connected, pairing first when no device is linked.
    Connect(oneshot::Sender<Result<(), RequestError>>),
    /// Be connected by another client than the one there is.
    Restart(oneshot::Sender<Result<(), RequestError>>),
    /// The client that pairs, started if there is none; none when a device is linked.
    Pair(oneshot::Sender<Result<Option<Arc<Client>>, RequestError>>),
    /// Be offline.
    Disconnect(oneshot::Sender<Result<(), RequestError>>),
    /// Remove the device and its keys.
    LogOut(oneshot::Sender<Result<(), RequestError>>),
    /// Go offline in order and end.
    Close(oneshot::Sender<Result<(), RequestError>>),
    /// End at once, as a crash would.
    Kill(oneshot::Sender<Result<(), RequestError>>),
}

/// Why a session did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RequestError {
    /// It is closed.
    #[error("the session is closed")]
    Closed,
    /// The client could not be made.
    #[error("the session could not be started: {reason}")]
    Start {
        /// Why.
        reason: Box<str>,
    },
    /// The device's keys could not be removed.
    #[error("the session's keys could not be removed: {reason}")]
    Wipe {
        /// Why.
        reason: Box<str>,
    },
}

/// Why a phone was not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no connection.
    #[error("the session is not connected")]
    NotConnected,
    /// The question did not leave.
    #[error("the phone could not be asked: {reason}")]
    Failed {
        /// Why.
        reason: Box<str>,
    },
}

impl SessionHandle {
    /// Which session.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// What it is doing, now and whenever that changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The QR code to show, while there is one.
    #[must_use]
    pub fn qr(&self) -> watch::Receiver<Option<Qr>> {
        self.qr.clone()
    }

    /// Wants the session connected: pairs when no device is linked, and tries again after a terminal state. Returns when the client runs,
    /// not when it is connected; watch [`SessionHandle::status`] for that.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn connect(&self) -> Result<(), RequestError> {
        self.ask(Request::Connect).await
    }

    /// Ends the client and starts another one, whatever state it is in. Returns when the new one runs.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn restart(&self) -> Result<(), RequestError> {
        self.ask(Request::Restart).await
    }

    /// Wants the session offline. Returns when everything it had to write is written.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn disconnect(&self) -> Result<(), RequestError> {
        self.ask(Request::Disconnect).await
    }

    /// Removes the device from the account and its keys from the store. The keys go even when WhatsApp cannot be told.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn log_out(&self) -> Result<(), RequestError> {
        self.ask(Request::LogOut).await
    }

    /// Goes offline in order and ends the session in this process; it can then be opened again.
    ///
    /// # Errors
    /// [`RequestError::Closed`] when it is closed already.
    pub async fn close(&self) -> Result<(), RequestError> {
        self.ask(Request::Close).await
    }

    /// Ends the session at once, without writing anything more: what a crash leaves. It can then be opened again.
    ///
    /// # Errors
    /// [`RequestError::Closed`] when it is closed already.
    pub async fn kill(&self) -> Result<(), RequestError> {
        self.ask(Request::Kill).await
    }

    /// One attempt at an effect; [`Carried`] and [`CarryError`] say what the answers mean.
    ///
    /// # Errors
    /// [`CarryError`], which says whether another attempt makes sense.
    pub async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        self.published.carry_out(effect).await
    }

    /// The bytes of a message's file, fetched and opened, at most `limit` of them.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchError> {
        self.published.fetch(content, limit).await
    }

    /// Writes a message's file into `file` as it comes.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch_into(&self, content: &Content, file: Unfinished) -> Result<Unfinished, FetchError> {
        self.published.fetch_into(content, file).await
    }

    /// Asks the phone for up to `count` messages of a chat that come before one. They come when the phone tells them, into the mailbox.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn ask_past(&self, before: &Message, count: u32) -> Result<(), AskError> {
        self.published.ask_past(before, count).await
    }

    async fn ask(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<(), RequestError>>) -> Request,
    ) -> Result<(), RequestError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(request(reply))
            .await
            .map_err(|_| RequestError::Closed)?;
        answer.await.unwrap_or(Err(RequestError::Closed))
    }
}

/// Like [`SessionHandle::carry_out`], on the client that the owner has published.
#[async_trait]
impl Account for SessionHandle {
    async fn ask(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        self.published.ask(request).await
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle")
            .field("id", &self.id)
            .field("state", &self.status.borrow().state)
            .finish_non_exhaustive()
    }
}
