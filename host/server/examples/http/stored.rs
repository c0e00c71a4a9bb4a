//! A host that keeps much: sessions that are linked and offline, and messages, half of them in one session, which is the one that is asked.
//!
//! Sessions are linked with the simulator by a host in a process of its own; messages are written into its store when it has ended, through the log
//! and the mailbox as if they had come; then it is started again and looked at.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, SeededIds, SystemClock, UnixMs};
use waspnest_core::event::EventKind;
use waspnest_core::id::SessionName;
use waspnest_core::log::{Incoming, Log};
use waspnest_core::mailbox::{Behind, Mailbox, Number};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::outbox::Outbox;
use waspnest_core::session::{Desired, Sessions};
use waspnest_core::store::{SledOptions, SledStore, Store};
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};
use waspnest_whatsapp::State;

use crate::SECRET;
use crate::child::{Host, PATIENCE, lines, say};
use crate::load::{Measured, get};

/// Sessions that are linked at a time.
const AT_ONCE: usize = 16;
/// Chats of a session.
const CHATS: u64 = 200;
/// Words of which each is in few messages.
const RARE: u64 = 20_000;
/// Milliseconds between two messages.
const APART: u64 = 3000;
const BEGIN: u64 = 1_700_000_000_000;
/// Messages written at a time.
const BATCH: u64 = 500;
/// How often each question is asked.
const ASKED: usize = 200;

pub(crate) async fn run(sessions: usize, messages: u64) -> Result<()> {
    // Not the temporary directory, which on many systems is not on a disk.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::create_dir_all(&target)?;
    let dir = tempfile::tempdir_in(&target)?;
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let config = linked(dir.path(), sessions).await?;
    let linked = clock.monotonic() - begun;
    let begun = clock.monotonic();
    let (first, half) = write(&dir.path().join("data"), messages).await?;
    let written = clock.monotonic() - begun;

    let begun = clock.monotonic();
    let mut host = Host::start(&config)?;
    let address: SocketAddr = host.hears("up ").await?.parse()?;
    let started = clock.monotonic() - begun;
    let memory = host.settled().await?;
    let mut out = std::io::stdout();
    let line = json!({
        "figure": "stored",
        "sessions": sessions,
        "messages": messages,
        "start_ms": (started.as_secs_f64() * 1000.0).round(),
        "rss_kib": memory.rss,
        "anon_kib": memory.anon,
        "linked_in_s": linked.as_secs(),
        "written_in_s": written.as_secs(),
    });
    writeln!(out, "{line}")?;
    let first = format!("/v1/sessions/{first}");
    let middle = format!("49151{:08}", 3);
    let Number(cursor) = Number::at(UnixMs(BEGIN + half / 2 * APART));
    for (what, path) in [
        ("one session", first.clone()),
        ("page of sessions", "/v1/sessions".to_owned()),
        ("page of chats", format!("{first}/chats")),
        ("newest page", format!("{first}/messages")),
        ("page in the middle", format!("{first}/messages?cursor={cursor}")),
        ("page of a chat", format!("{first}/chats/{middle}/messages")),
        ("search of a rare word", format!("{first}/messages?q=rare7")),
        ("search of a common word", format!("{first}/messages?q=word1")),
        ("search of both", format!("{first}/messages?q=word1+rare7")),
        ("search in a chat", format!("{first}/messages?q=word1&chat={middle}")),
    ] {
        let mut line = measure(address, &path).await?.shown(what);
        line["figure"] = json!("stored_answers");
        line["messages"] = json!(messages);
        writeln!(out, "{line}")?;
    }
    host.ends().await
}

/// One caller asks again and again.
async fn measure(address: SocketAddr, path: &str) -> Result<Measured> {
    crate::load::load(address, 1, 0..ASKED, &get(path, Some(SECRET))).await
}

/// A directory whose sessions are linked and offline, and its configuration.
async fn linked(dir: &Path, sessions: usize) -> Result<std::path::PathBuf> {
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        log_stanzas: 1024,
        log_bytes: 1 << 20,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let config = crate::write_config(dir, &simulator.url(), "")?;
    let mut host = Host::start(&config)?;
    host.hears("up ").await?;
    let names: Vec<String> = (0..sessions).map(|number| format!("session-{number:04}")).collect();
    for some in names.chunks(AT_ONCE) {
        host.says(&some.join(" "))?;
        for _ in some {
            let code = host.hears("code ").await?;
            let account = simulator.create_account(NewAccount {
                push_name: "Somebody".to_owned(),
                phone: None,
            })?;
            simulator.scan_qr(&account.phone, &code).await?;
        }
        host.hears("linked").await?;
    }
    host.ends().await?;
    simulator.shutdown().await;
    Ok(config)
}

/// The host: links the sessions that a line names, takes them offline, and ends with its standard input.
pub(crate) async fn host(config: &Path) -> Result<()> {
    let app = App::start(Config::load(Some(config), std::iter::empty())?, Outside::machine()).await?;
    say(&format!("up {}", app.address()))?;
    let mut orders = lines(std::io::stdin());
    while let Some(order) = orders.recv().await {
        futures::future::try_join_all(order.split(' ').map(|name| link(&app, name))).await?;
        say("linked")?;
    }
    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}

async fn link(app: &App, name: &str) -> Result<()> {
    let (clock, ids) = (SystemClock::new(), SeededIds::from_entropy());
    let register = &app.sessions.shared().register;
    let record = register.create(name.parse()?, Desired::Connected, &clock, &ids).await?;
    let handle = app.sessions.start(&record).await?.handle;
    handle.connect().await?;
    let mut qr = handle.qr();
    let code = {
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        shown.as_ref().context("it was waited for")?.code.to_string()
    };
    say(&format!("code {code}"))?;
    let mut status = handle.status();
    tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;
    handle.disconnect().await?;
    register
        .update(record.id, |record| record.desired = Desired::Disconnected)
        .await?;
    Ok(())
}

/// Writes messages, half of them into the first session and the others into all; which session that is, and how many it has.
async fn write(data: &Path, messages: u64) -> Result<(SessionName, u64)> {
    let store: Arc<dyn Store> = SledStore::open(data, SledOptions::default())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let log = Log::new(Arc::clone(&store), Arc::clone(&clock), Arc::new(SeededIds::new(1)));
    let outbox = Outbox::new(Arc::clone(&store), Arc::clone(&clock), log.clone());
    let register = Sessions::open(Arc::clone(&store)).await?;
    let mailbox = Mailbox::new(Arc::clone(&store), log.clone(), outbox, register.clone(), clock);
    let sessions = register.list().await?;
    let others = sessions.len() as u64 - 1;
    let half = if others == 0 { messages } else { messages / 2 };
    let mut left = messages - half;
    for (number, session) in sessions.iter().enumerate() {
        let many = match number {
            0 => half,
            _ => left / (others + 1 - number as u64),
        };
        if number > 0 {
            left -= many;
        }
        let mut at = 0;
        while at < many {
            let end = many.min(at + BATCH);
            let incoming = (at..end).map(|number| Ok(Incoming::from(EventKind::Message(Box::new(message(number)?)))));
            log.append_lazily(session.id, incoming.collect::<Result<_>>()?).await?;
            at = end;
        }
        while mailbox.catch_up(session.id).await? == Behind::Yes {}
    }
    store.flush().await?;
    let first = sessions.first().context("there is one")?;
    Ok((first.name.clone(), half))
}

/// A message of ten words: most of them common, one rare.
fn message(number: u64) -> Result<Message> {
    let chat: Jid = format!("49151{:08}@s.whatsapp.net", number * 7919 % CHATS).parse()?;
    let key = MessageKey {
        chat: chat.clone(),
        id: format!("3EB0{number:016X}").parse()?,
        from: Origin::Them,
        participant: None,
    };
    let common = (0..9).map(|place| (number * 31 + place * 7) % 1000);
    let mut words: Vec<String> = common.map(|drawn| format!("word{}", drawn * drawn / 1000)).collect();
    words.push(format!("rare{}", number * 104_729 % RARE));
    let content = Content::Text(Text {
        body: words.join(" ").into(),
        preview: None,
    });
    let at = UnixMs(BEGIN + number * APART);
    Ok(Message::new(key, chat.chat_kind(), Party::known_as(chat), at, content))
}
