//! What a plugin call costs: one JSON line a figure, for `cargo xtask bench`.
//!
//! Calls of `plugins/echo` one after another on one task, a fresh sandbox for each and one sandbox used again. The plugins must have
//! been built with `cargo xtask plugins`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock, UnixMs};
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SessionId, SessionName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_engine::{
    CallContext, Engine, EngineOptions, FetchFailure, Grants, Host, HostError, HttpAnswer, HttpFailure, HttpRequest,
    Installation, InstallationSpec, InvalidMessage, InvalidRule, KeepFailure, KvUsage, Recorded, Reuse,
};

/// Calls before measuring: the first ones pay for memory that later ones find.
const WARM_UP: u32 = 500;
/// Batches; the median of them is told.
const BATCHES: usize = 9;
/// Calls of a batch.
const CALLS: u32 = 1000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let engine = Engine::new(EngineOptions::new(clock.clone()))?;
    let plugin = engine
        .load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/echo"))
        .await?;
    let event = event()?;
    let session: SessionName = "bench".parse()?;
    for (name, reuse) in [("fresh", Reuse::Fresh), ("reused", Reuse::Warm { max_calls: u32::MAX })] {
        let spec = InstallationSpec {
            grants: Grants::as_requested(),
            reuse,
            ..InstallationSpec::new("echo".parse()?)
        };
        let echo = Installation::new(plugin.clone(), spec)?;
        calls(&engine, &echo, &event, &session, WARM_UP).await?;
        let mut spans = Vec::with_capacity(BATCHES);
        for _ in 0..BATCHES {
            let start = clock.monotonic();
            calls(&engine, &echo, &event, &session, CALLS).await?;
            spans.push((clock.monotonic() - start) / CALLS);
        }
        spans.sort();
        print(name, &spans);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are the program's output")]
fn print(name: &str, spans: &[Duration]) {
    let micros = |span: Duration| span.as_nanos() as f64 / 1000.0;
    let line = json!({
        "figure": "plugin_call",
        "sandbox": name,
        "calls": BATCHES * CALLS as usize,
        "us_per_call_median": micros(spans[BATCHES / 2]),
        "us_per_call_min": micros(spans[0]),
        "us_per_call_max": micros(spans[BATCHES - 1]),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
    });
    println!("{line}");
}

async fn calls(
    engine: &Engine,
    echo: &Installation,
    event: &Event,
    session: &SessionName,
    count: u32,
) -> anyhow::Result<()> {
    let host: Arc<dyn Host> = Arc::new(Empty);
    for _ in 0..count {
        let draft = engine
            .call(echo, CallContext::new(event, session), host.clone())
            .await?;
        ensure!(draft.effects.len() == 1, "echo answers once");
    }
    Ok(())
}

fn event() -> anyhow::Result<Event> {
    let ids = SeededIds::new(1);
    let now = UnixMs(1_790_000_000_000);
    let jid: Jid = "4915112345678".parse()?;
    let message = Message {
        key: MessageKey {
            chat: jid.clone(),
            id: "3EB0000000000000000000".parse()?,
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party::known_as(jid),
        timestamp: now,
        content: Content::Text(Text {
            body: "a message of ordinary length, as people write them".into(),
            preview: None,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: None,
        spoiler: false,
        offline: false,
        history: false,
        device: None,
    };
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
struct Empty;

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

    async fn kv_usage(&self) -> Result<KvUsage, HostError> {
        Ok(KvUsage::default())
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

    async fn exchange(&self, _: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        Err(HttpFailure::Unreachable("there are no servers here".to_owned()))
    }
}
