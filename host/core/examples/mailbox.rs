//! Measures the mailbox on this machine's disk: how fast it is made of a log, and how long a page and a search take with few and with many
//! messages in one session. One JSON line for each number of messages.
//!
//! `cargo run --release -p waspnest-core --example mailbox [-- MESSAGES… [DIRECTORY]]`; 10000 and 1000000 messages under `target` if nothing
//! is said.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, SeededIds, SystemClock, UnixMs};
use waspnest_core::event::EventKind;
use waspnest_core::id::SessionId;
use waspnest_core::log::{Incoming, Log};
use waspnest_core::mailbox::{Behind, Filter, Mailbox, Number};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::outbox::Outbox;
use waspnest_core::session::Sessions;
use waspnest_core::store::{SledOptions, SledStore, Store};

const SESSION: SessionId = SessionId::new(ulid::Ulid::from_parts(0, 1));

/// Chats the messages are in, and words they are made of.
const CHATS: u64 = 200;
const WORDS: u64 = 20_000;

fn main() -> anyhow::Result<()> {
    let mut sizes = Vec::new();
    let mut parent = PathBuf::from("target");
    for argument in std::env::args().skip(1) {
        match argument.parse::<u64>() {
            Ok(size) => sizes.push(size),
            Err(_) => parent = argument.into(),
        }
    }
    if sizes.is_empty() {
        sizes = vec![10_000, 1_000_000];
    }
    std::fs::create_dir_all(&parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for size in sizes {
        let dir = tempfile::tempdir_in(&parent)?;
        let line = runtime.block_on(measure(&dir, size))?;
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

/// A message of ten words: most of them common, one rare.
fn message(number: u64) -> anyhow::Result<Message> {
    let chat: Jid = format!("49151{:08}@s.whatsapp.net", number * 7919 % CHATS).parse()?;
    let key = MessageKey {
        chat: chat.clone(),
        id: format!("3EB0{number:016X}").parse()?,
        from: Origin::Them,
        participant: None,
    };
    let mut words: Vec<String> = (0..9)
        .map(|place| {
            let drawn = (number * 31 + place * 7) % 1000;
            format!("word{}", drawn * drawn / 1000)
        })
        .collect();
    words.push(format!("rare{}", number * 104_729 % WORDS));
    let content = Content::Text(Text {
        body: words.join(" ").into(),
        preview: None,
    });
    let at = UnixMs(1_700_000_000_000 + number * 3000);
    Ok(Message::new(key, chat.chat_kind(), Party::known_as(chat), at, content))
}

async fn measure(dir: &tempfile::TempDir, size: u64) -> anyhow::Result<serde_json::Value> {
    let store: Arc<dyn Store> = SledStore::open(dir.path(), SledOptions::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let log = Log::new(Arc::clone(&store), Arc::clone(&clock), Arc::new(SeededIds::new(1)));
    let outbox = Outbox::new(Arc::clone(&store), Arc::clone(&clock), log.clone());
    let register = Sessions::open(Arc::clone(&store)).await?;
    let mailbox = Mailbox::new(Arc::clone(&store), log.clone(), outbox, register, Arc::clone(&clock));
    let mut number = 0;
    while number < size {
        let end = size.min(number + 500);
        let incoming = (number..end).map(|number| Ok(Incoming::from(EventKind::Message(Box::new(message(number)?)))));
        log.append_lazily(SESSION, incoming.collect::<anyhow::Result<_>>()?)
            .await?;
        number = end;
    }
    let begun = clock.monotonic();
    while mailbox.catch_up(SESSION).await? == Behind::Yes {}
    let made = clock.monotonic() - begun;
    let words = |text: &str| Filter {
        text: Some(text.into()),
        ..Filter::default()
    };
    let chat: Jid = "4915100000003@s.whatsapp.net".parse()?;
    let middle = Number::at(UnixMs(1_700_000_000_000 + size / 2 * 3000));
    let page = timed(&*clock, async || {
        Ok(mailbox.of_chat(SESSION, &chat, middle, 50).await?.len())
    })
    .await?;
    let chats = timed(&*clock, async || Ok(mailbox.chats(SESSION, None, 50).await?.len())).await?;
    let search = async |filter: Filter| {
        timed(&*clock, async || {
            Ok(mailbox.search(SESSION, &filter, Number::END, 50).await?.mails.len())
        })
        .await
    };
    let rare = search(words("rare7")).await?;
    let common = search(words("word1")).await?;
    let both = search(words("word1 rare7")).await?;
    let in_chat = search(Filter {
        chat: Some(chat.clone()),
        ..words("word1")
    })
    .await?;
    Ok(serde_json::json!({
        "messages": size,
        "made_per_s": (size as f64 / made.as_secs_f64()).round(),
        "page_ms": page,
        "chats_ms": chats,
        "search_rare_ms": rare,
        "search_common_ms": common,
        "search_both_ms": both,
        "search_in_chat_ms": in_chat,
    }))
}

/// The median of twenty times, in milliseconds, and how much was found.
async fn timed(
    clock: &dyn Clock,
    mut ask: impl AsyncFnMut() -> anyhow::Result<usize>,
) -> anyhow::Result<serde_json::Value> {
    let mut spans = Vec::new();
    let mut found = 0;
    for _ in 0..20 {
        let begun = clock.monotonic();
        found = ask().await?;
        spans.push(clock.monotonic() - begun);
    }
    spans.sort();
    let median: Duration = spans[spans.len() / 2];
    Ok(serde_json::json!({ "median": (median.as_secs_f64() * 100_000.0).round() / 100.0, "found": found }))
}
