//! Nothing but the values of an installation, or not even those: what stands behind a version that brings data into another form, and
//! behind a guest that is asked something without being put to work.
//!
//! Nothing else is granted to them, so nothing else here is reached; an answer from there would be a fault of ours.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::Position;
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, MessageId, SecretName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, MessageKey};

use super::{
    FetchFailure, Host, HostError, HttpAnswer, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage, InvalidRule,
    KeepFailure, KvUsage, Recorded,
};

use crate::secret::BoundSecret;

const WHY: &str = "no event is being handled";

/// The values of one installation in one session.
#[async_trait]
pub trait Values: Send + Sync {
    /// As [`Host::kv_get`].
    async fn get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError>;

    /// As [`Host::kv_scan`].
    async fn scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError>;

    /// As [`Host::kv_usage`], of the installation's own.
    async fn usage(&self) -> Result<KvUsage, HostError>;
}

/// There are no values.
pub(crate) struct NoValues;

#[async_trait]
impl Values for NoValues {
    async fn get(&self, _: &KvKey) -> Result<Option<KvEntry>, HostError> {
        nothing()
    }

    async fn scan(
        &self,
        _: &KvScope,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        nothing()
    }

    async fn usage(&self) -> Result<KvUsage, HostError> {
        nothing()
    }
}

/// See the module.
pub(crate) struct OnlyValues(pub(crate) Arc<dyn Values>);

fn nothing<T>() -> Result<T, HostError> {
    Err(HostError(WHY.into()))
}

#[async_trait]
impl Host for OnlyValues {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        self.0.get(key).await
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        self.0.scan(scope, prefix, after, limit).await
    }

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        match pot {
            Pot::Own => self.0.usage().await,
            Pot::Shared(_) => nothing(),
        }
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.kv_usage(pot).await
    }

    async fn dialogue(&self, _: &KvKey) -> Result<Option<KvEntry>, HostError> {
        nothing()
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        nothing()
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        nothing()
    }

    async fn message(&self, _: &MessageKey) -> Result<Option<Recorded>, HostError> {
        nothing()
    }

    async fn message_at(&self, _: Position) -> Result<Option<Recorded>, HostError> {
        nothing()
    }

    async fn history(&self, _: &Jid, _: Place, _: usize) -> Result<Vec<Recorded>, HostError> {
        nothing()
    }

    fn next_cron(&self, _: &str, _: &str, _: UnixMs) -> Result<UnixMs, InvalidRule> {
        Err(InvalidRule(WHY.to_owned()))
    }

    async fn leave(&self, _: EffectId, _: Action) -> Result<(), HostError> {
        nothing()
    }

    async fn sent_under(&self, _: &str) -> Result<Option<MessageId>, HostError> {
        nothing()
    }

    async fn fetch(&self, _: &Content, _: u64) -> Result<Bytes, FetchFailure> {
        Err(FetchFailure::Offline)
    }

    async fn keep_file(&self, _: Bytes, _: u64) -> Result<FileName, KeepFailure> {
        nothing().map_err(KeepFailure::Host)
    }

    async fn file(&self, _: &FileName) -> Result<Option<Bytes>, HostError> {
        nothing()
    }

    async fn touch_file(&self, _: &FileName) -> Result<Option<u64>, HostError> {
        nothing()
    }

    fn judge_raw(&self, _: &[u8]) -> Result<(), InvalidMessage> {
        Err(InvalidMessage(WHY.to_owned()))
    }

    async fn kept(&self, _: &Question) -> Result<Option<Bytes>, HostError> {
        nothing()
    }

    async fn keep(&self, _: &Question, _: &[u8]) -> Result<(), HostError> {
        nothing()
    }

    async fn keep_for_good(&self, _: &Question, _: &[u8]) -> Result<(), HostError> {
        nothing()
    }

    async fn ask_account(&self, _: live::Request) -> Result<live::Answer, live::Refusal> {
        Err(live::Refusal::Offline)
    }

    async fn people(&self, _: Option<&Jid>, _: usize) -> Result<Vec<Party>, HostError> {
        nothing()
    }

    async fn secret(&self, _: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        nothing()
    }

    async fn exchange(&self, _: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        Err(HttpFailure::Forbidden(WHY.to_owned()))
    }

    async fn open(&self, _: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        Err(HttpFailure::Forbidden(WHY.to_owned()))
    }
}
