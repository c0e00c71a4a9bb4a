//! What calls need around them: an event, and a host with nothing in it.

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Ids, SeededIds, UnixMs};
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SessionId};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_engine::{
    FetchFailure, Host, HostError, HttpAnswer, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage, InvalidRule,
    KeepFailure, KvUsage, Recorded,
};

/// A message with a text.
pub(crate) fn event(text: &str) -> Result<Event> {
    let ids = SeededIds::new(1);
    let now = UnixMs(1_790_000_000_000);
    let jid: Jid = "4915112345678".parse()?;
    let message = Message::new(
        MessageKey {
            chat: jid.clone(),
            id: "3EB0000000000000000000".parse()?,
            from: Origin::Them,
            participant: None,
        },
        ChatKind::Direct,
        Party::known_as(jid),
        now,
        Content::Text(Text {
            body: text.into(),
            preview: None,
        }),
    );
    let kind = EventKind::Message(Box::new(message));
    Ok(Event {
        id: EventId::new(ids.ulid(now)),
        session: SessionId::new(ids.ulid(now)),
        position: Position(1),
        received_at: now,
        kind,
    })
}

/// A host with nothing in it.
pub(crate) struct Empty;

#[async_trait]
impl Host for Empty {
    async fn kv_get(&self, _: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(None)
    }

    async fn kv_scan(
        &self,
        _: &KvScope,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        Ok(Vec::new())
    }

    async fn kv_usage(&self, _: &Pot) -> Result<KvUsage, HostError> {
        Ok(KvUsage::default())
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.kv_usage(pot).await
    }

    async fn dialogue(&self, _: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(None)
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        Ok(KvUsage::default())
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        Ok(Vec::new())
    }

    async fn message(&self, _: &MessageKey) -> Result<Option<Recorded>, HostError> {
        Ok(None)
    }

    async fn message_at(&self, _: Position) -> Result<Option<Recorded>, HostError> {
        Ok(None)
    }

    async fn history(&self, _: &Jid, _: Place, _: usize) -> Result<Vec<Recorded>, HostError> {
        Ok(Vec::new())
    }

    fn next_cron(&self, expression: &str, _: &str, _: UnixMs) -> Result<UnixMs, InvalidRule> {
        Err(InvalidRule(format!("{expression:?}: there are no schedules here")))
    }

    async fn leave(&self, _: EffectId, _: Action) -> Result<(), HostError> {
        Ok(())
    }

    async fn sent_under(&self, _: &str) -> Result<Option<MessageId>, HostError> {
        Ok(None)
    }

    async fn fetch(&self, _: &Content, _: u64) -> Result<Bytes, FetchFailure> {
        Err(FetchFailure::Offline)
    }

    async fn keep_file(&self, _: Bytes, _: u64) -> Result<FileName, KeepFailure> {
        Err(KeepFailure::Full)
    }

    async fn file(&self, _: &FileName) -> Result<Option<Bytes>, HostError> {
        Ok(None)
    }

    async fn touch_file(&self, _: &FileName) -> Result<Option<u64>, HostError> {
        Ok(None)
    }

    fn judge_raw(&self, _: &[u8]) -> Result<(), InvalidMessage> {
        Err(InvalidMessage("nothing is sent here".to_owned()))
    }

    async fn kept(&self, _: &Question) -> Result<Option<Bytes>, HostError> {
        Ok(None)
    }

    async fn keep(&self, _: &Question, _: &[u8]) -> Result<(), HostError> {
        Ok(())
    }

    async fn keep_for_good(&self, _: &Question, _: &[u8]) -> Result<(), HostError> {
        Ok(())
    }

    async fn ask_account(&self, _: live::Request) -> Result<live::Answer, live::Refusal> {
        Err(live::Refusal::Offline)
    }

    async fn people(&self, _: Option<&Jid>, _: usize) -> Result<Vec<Party>, HostError> {
        Ok(Vec::new())
    }

    async fn secret(
        &self,
        _: &waspnest_core::id::SecretName,
    ) -> Result<Option<waspnest_engine::BoundSecret>, HostError> {
        Ok(None)
    }

    async fn exchange(&self, _: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        Err(HttpFailure::Unreachable("there are no servers here".to_owned()))
    }

    async fn open(&self, _: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        Err(HttpFailure::Unreachable("there are no servers here".to_owned()))
    }
}
