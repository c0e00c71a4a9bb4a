//! What a session's owner lets handles use without asking: the connected client, and what is on its way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::effect::Effect;
use waspnest_core::files::Files;
use waspnest_core::live::{Answer, Refusal, Request};
use waspnest_core::media_store::{MediaStore, Unfinished};
use waspnest_core::message::{Content, Message, Origin};
use whatsapp_rust::Client;

use super::AskError;
use super::activity::LastMessages;
use super::in_flight::InFlight;
use super::ratchets::Ratchets;
use crate::carry_out::{self, Carried, CarryError, Means};
use crate::file::{FetchError, FileOf};
use crate::intake;
use crate::jid;
use crate::live;
use waspnest_core::master_key::MasterKey;

/// Shared by a session's owner, its handles and its event handler.
pub(crate) struct Published {
    client: RwLock<Option<Arc<Client>>>,
    pub(crate) in_flight: InFlight,
    pub(crate) ratchets: Ratchets,
    pub(crate) clock: Arc<dyn Clock>,
    key: MasterKey,
    files: Files,
    media: MediaStore,
    /// 0 for never, as below.
    last_round_trip: AtomicU64,
    /// The same by the clock that never goes back, in milliseconds.
    heard: AtomicU64,
    last_received: AtomicU64,
    last_sent: AtomicU64,
}

impl Published {
    pub(crate) fn new(clock: Arc<dyn Clock>, key: MasterKey, files: Files, media: MediaStore) -> Self {
        Self {
            client: RwLock::new(None),
            in_flight: InFlight::default(),
            ratchets: Ratchets::default(),
            clock,
            key,
            files,
            media,
            last_round_trip: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            last_received: AtomicU64::new(0),
            last_sent: AtomicU64::new(0),
        }
    }

    /// Lets sends through, or stops them. Only the owner does this, so that "connected" and "sends go through" are one thing.
    pub(crate) fn publish(&self, client: Option<Arc<Client>>) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }

    pub(crate) fn heard(&self) {
        self.last_round_trip.store(self.clock.now().0, Ordering::Relaxed);
        let monotonic = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(monotonic, Ordering::Relaxed);
    }

    /// When the server was last heard, by the clock that never goes back.
    pub(crate) fn heard_at(&self) -> Duration {
        Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }

    pub(crate) fn last_round_trip(&self) -> Option<UnixMs> {
        told(&self.last_round_trip)
    }

    /// A message came.
    pub(crate) fn received(&self) {
        self.last_received.store(self.clock.now().0, Ordering::Relaxed);
        self.heard();
    }

    /// The server took a message.
    pub(crate) fn sent(&self) {
        self.last_sent.store(self.clock.now().0, Ordering::Relaxed);
        self.heard();
    }

    pub(crate) fn last_messages(&self) -> LastMessages {
        LastMessages {
            received_at: told(&self.last_received),
            sent_at: told(&self.last_sent),
        }
    }

    pub(crate) fn client(&self) -> Option<Arc<Client>> {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let client = self.client().ok_or(Refusal::Offline)?;
        let answered = live::ask(&client, &self.ratchets, &*self.clock, request).await;
        if answered.is_ok() {
            self.heard();
        }
        answered
    }

    pub(crate) async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        let client = self.client().ok_or(CarryError::NotConnected)?;
        let means = Means {
            in_flight: &self.in_flight,
            ratchets: &self.ratchets,
            clock: &*self.clock,
            key: &self.key,
            files: &self.files,
            media: &self.media,
            me: intake::me(&client),
        };
        carry_out::attempt(&client, &means, effect).await
    }

    pub(crate) async fn ask_past(&self, before: &Message, count: u32) -> Result<(), AskError> {
        let client = self.client().ok_or(AskError::NotConnected)?;
        let key = &before.key;
        let at = i64::try_from(before.timestamp.0).unwrap_or(i64::MAX);
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let asked = client
            .fetch_message_history(
                &jid::to_wire(&key.chat),
                key.id.as_str(),
                key.from == Origin::Me,
                at,
                count,
            )
            .await;
        asked.map(drop).map_err(|error| AskError::Failed {
            reason: format!("{error:#}").into(),
        })
    }

    pub(crate) async fn fetch_into(&self, content: &Content, into: Unfinished) -> Result<Unfinished, FetchError> {
        let file = FileOf::message(content).ok_or(FetchError::NoFile)?;
        let client = self.client().ok_or(FetchError::NotConnected)?;
        file.fetch_into(&client, into).await
    }

    pub(crate) async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchError> {
        let file = FileOf::message(content).ok_or(FetchError::NoFile)?;
        let client = self.client().ok_or(FetchError::NotConnected)?;
        file.fetch(&client, limit).await
    }
}

fn told(at: &AtomicU64) -> Option<UnixMs> {
    Some(at.load(Ordering::Relaxed)).filter(|at| *at > 0).map(UnixMs)
}
