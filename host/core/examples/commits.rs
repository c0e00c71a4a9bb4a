//! Measures the store on this machine's disk, one JSON line a figure: durable commits a second with one writer and with many, and how many
//! events a second go from the log through a draft to a sent effect, with nothing around them.
//!
//! `cargo run --release -p waspnest-core --example commits [-- SECONDS [DIRECTORY]]`; without a directory, a fresh one under `target`
//! is used and removed, because the temporary directory of many systems is not on a disk.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, SeededIds, SystemClock, UnixMs};
use waspnest_core::draft::Draft;
use waspnest_core::effect::{Action, Progress, Typing};
use waspnest_core::event::{EventKind, Position};
use waspnest_core::id::SessionId;
use waspnest_core::kv::Quota;
use waspnest_core::log::{Incoming, Log};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::outbox::{Call, Outbox};
use waspnest_core::progress::Round;
use waspnest_core::store::{Commit, SledOptions, SledStore, Space, Store};

/// Bytes of one committed value: about what a short message takes with everything it carries.
const VALUE: usize = 400;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let parent = arguments.next().map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::fs::create_dir_all(&parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for writers in [1, 256] {
        let dir = tempfile::tempdir_in(&parent)?;
        let line = runtime.block_on(measure(&dir, writers, Duration::from_secs(seconds)))?;
        writeln!(std::io::stdout(), "{line}")?;
    }
    for (sessions, in_flight) in [(1, 1), (1, 64), (16, 4)] {
        let dir = tempfile::tempdir_in(&parent)?;
        let line = runtime.block_on(pass(&dir, sessions, in_flight, Duration::from_secs(seconds)))?;
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

async fn measure(dir: &tempfile::TempDir, writers: u64, span: Duration) -> anyhow::Result<serde_json::Value> {
    let store: Arc<dyn Store> = SledStore::open(dir.path(), SledOptions::default())?;
    let clock = Arc::new(SystemClock::new());
    let end = clock.monotonic() + span;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
        tasks.spawn(async move {
            let space = Space::Session(SessionId::new(ulid::Ulid::from_parts(0, u128::from(writer % 50))));
            let mut latencies = Vec::new();
            for number in 0u64.. {
                let start = clock.monotonic();
                if start >= end {
                    break;
                }
                let key = [writer.to_be_bytes(), number.to_be_bytes()].concat();
                store
                    .commit(Commit::durable(space).put(key, vec![7; VALUE]))
                    .await?
                    .durable()
                    .await?;
                latencies.push(clock.monotonic() - start);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.extend(task??);
    }
    latencies.sort();
    let at = |part: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank among measurements"
        )]
        let rank = (latencies.len() as f64 * part) as usize;
        latencies
            .get(rank)
            .map_or(0.0, |latency| (latency.as_secs_f64() * 1e5).round() / 100.0)
    };
    let per_second = latencies.len() as u64 / span.as_secs().max(1);
    Ok(serde_json::json!({
        "figure": "durable_commits_per_second",
        "writers": writers,
        "value": per_second,
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "value_bytes": VALUE,
    }))
}

/// What an echo costs the store: the message durable, the draft committed, the effect given out durable, sent and delivered.
async fn pass(
    dir: &tempfile::TempDir,
    sessions: u64,
    in_flight: u64,
    span: Duration,
) -> anyhow::Result<serde_json::Value> {
    let store: Arc<dyn Store> = SledStore::open(dir.path(), SledOptions::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let log = Log::new(Arc::clone(&store), Arc::clone(&clock), Arc::new(SeededIds::new(1)));
    let outbox = Outbox::new(Arc::clone(&store), Arc::clone(&clock), log.clone());
    let end = clock.monotonic() + span;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..sessions * in_flight {
        let (log, outbox, clock) = (log.clone(), outbox.clone(), Arc::clone(&clock));
        tasks.spawn(async move {
            let session = SessionId::new(ulid::Ulid::from_parts(0, u128::from(worker % sessions)));
            let echo = "echo".parse()?;
            let mut done = 0;
            while clock.monotonic() < end {
                let incoming = vec![Incoming::from(message(worker, done, clock.now())?)];
                let appended = log.append(session, incoming).await?;
                appended.applied.durable().await?;
                let event = appended.events.first().context("it is new")?;
                let reply = Action::SetTyping {
                    chat: jid(worker)?,
                    state: Typing::Composing,
                };
                let draft = Draft {
                    effects: vec![reply],
                    ..Draft::default()
                };
                let call = Call {
                    event,
                    installation: &echo,
                    quota: Quota { bytes: 0, keys: 0 },
                    dialogue_quota: Quota { bytes: 0, keys: 0 },
                    round: Round::First,
                    also_done: &[],
                };
                let committed = outbox.commit_draft(session, call, draft).await?;
                let effect = committed.effects.first().context("it has an effect")?;
                let before = Position(effect.sequence.0 - 1);
                let due = outbox.due(session, before, 1).await?;
                let due = due.first().context("it is due")?;
                outbox.progress(session, due.id, Progress::Sent).await?;
                outbox.progress(session, due.id, Progress::Delivered).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(task) = tasks.join_next().await {
        done += task??;
    }
    Ok(serde_json::json!({
        "figure": "events_through_the_store_per_second",
        "sessions": sessions,
        "in_flight": sessions * in_flight,
        "value": done / span.as_secs().max(1),
    }))
}

fn jid(worker: u64) -> anyhow::Result<Jid> {
    Ok(format!("49151{worker:08}").parse()?)
}

fn message(worker: u64, number: u64, timestamp: UnixMs) -> anyhow::Result<EventKind> {
    let chat = jid(worker)?;
    let key = MessageKey {
        chat: chat.clone(),
        id: format!("M{number}").parse()?,
        from: Origin::Them,
        participant: None,
    };
    Ok(EventKind::Message(Box::new(Message {
        key,
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party::known_as(chat),
        timestamp,
        content: Content::Text(Text {
            body: "The quick brown fox jumps over the lazy dog.".into(),
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
    })))
}
