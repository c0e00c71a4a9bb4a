//! A webhook whose server fails and breaks off, while the host is killed: it is told everything, in order in each chat, and what is told twice
//! has the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::host::Host;
use super::{Linked, PATIENCE, pause, write};

/// How often the host is killed.
const KILLS: u32 = 20;
/// Who writes.
const PEOPLE: u64 = 3;

/// What a server was told, and whether it took it.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    id: String,
    pub(super) text: String,
    pub(super) taken: bool,
}

/// A server that takes what it is told, fails, or breaks off.
pub(super) struct Moody {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// What a server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Takes,
    Fails,
    BreaksOff,
}

impl Moody {
    /// One that takes about two of three, fails at some, and breaks off at others.
    fn start() -> Result<Self> {
        let mut random = StdRng::seed_from_u64(5);
        Self::of(move || match random.random_range(0..9) {
            0..6 => Mood::Takes,
            6 => Mood::Fails,
            _ => Mood::BreaksOff,
        })
    }

    /// One of which each request finds it in the next mood.
    pub(super) fn of(mut next: impl FnMut() -> Mood + Send + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let all = Arc::clone(&heard);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (mood, all) = (next(), Arc::clone(&all));
                // Whoever tells may be dead by now.
                thread::spawn(move || socket.map(|socket| hear(socket, mood, &all)));
            }
        });
        Ok(Self { address, heard })
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("nothing panics in here").clone()
    }

    /// The texts that were taken, each where it was taken first, by who wrote them.
    fn taken(&self) -> BTreeMap<String, Vec<String>> {
        let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for heard in self.heard().into_iter().filter(|heard| heard.taken) {
            let who = heard.text.rsplit(' ').next().unwrap_or_default().to_owned();
            let texts = taken.entry(who).or_default();
            if !texts.contains(&heard.text) {
                texts.push(heard.text);
            }
        }
        taken
    }
}

fn hear(socket: TcpStream, mood: Mood, all: &Mutex<Vec<Heard>>) -> Result<()> {
    let mut reader = BufReader::new(socket);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        ensure!(reader.read_line(&mut line)? > 0, "the request ended");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name {
            "webhook-id" => value.clone_into(&mut id),
            "content-length" => length = value.parse()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body)?;
    ensure!(body["id"] == *id, "the id of the event is that of the request");
    let text = body["data"]["text"].as_str().context("a text")?.to_owned();
    let taken = mood == Mood::Takes;
    let heard = Heard { id, text, taken };
    all.lock().expect("nothing panics in here").push(heard);
    let mut socket = reader.into_inner();
    match mood {
        Mood::Takes => socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?,
        Mood::Fails => socket.write_all(b"HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?,
        Mood::BreaksOff => {}
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_told_everything_in_order_however_often_the_host_is_killed() -> Result<()> {
    let server = Moody::start()?;
    let rules = r#"
[plugins.egress]
allow = ["127.0.0.1/32"]
[deliveries.retry]
max-attempts = 1000
first = "20ms"
factor = 1.5
max = "200ms"
[deliveries.breaker]
failures = 20
window = "1s"
open = "1s"
"#;
    let mut linked = Linked::start(17, rules).await?;
    let wanted = json!({ "url": format!("http://{}/", server.address), "events": ["message.received"] });
    linked.host.make("/v1/webhooks", wanted).await?;
    let mut people = Vec::new();
    for index in 0..PEOPLE {
        people.push(linked.person(&format!("Person {index}")).await?);
    }
    let go_on = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for (seed, person) in (0..PEOPLE).zip(&people) {
        let text = move |nth| format!("message {nth} of {seed}");
        let go_on = Arc::clone(&go_on);
        writers.push(write(seed, person.clone(), linked.phone.clone(), go_on, text, 0..150));
    }
    let (killed, written) = tokio::join!(
        async {
            let killed = kill_often(&mut linked.host).await;
            go_on.store(false, Ordering::Relaxed);
            killed
        },
        futures::future::try_join_all(writers)
    );
    killed?;
    let wanted: BTreeMap<String, Vec<String>> = (0..PEOPLE).map(|seed| seed.to_string()).zip(written?).collect();
    let count = |taken: &BTreeMap<String, Vec<String>>| taken.values().map(Vec::len).sum::<usize>();
    let waited = tokio::time::timeout(PATIENCE, async {
        while count(&server.taken()) < count(&wanted) {
            pause(Duration::from_millis(100)).await;
        }
    });
    waited
        .await
        .with_context(|| format!("{} of {} were taken", count(&server.taken()), count(&wanted)))?;
    ensure!(
        server.taken() == wanted,
        "each chat was not told whole and in its order"
    );
    let heard = server.heard();
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for heard in &heard {
        ids.entry(&heard.text).or_default().insert(&heard.id);
    }
    let repeated = heard.iter().filter(|heard| heard.taken).count() - count(&wanted);
    let several = ids.values().filter(|ids| ids.len() > 1).count();
    ensure!(several == 0, "{several} were told under more than one id");
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "{KILLS} kills, {} messages, each told to a webhook in order; {} requests, {repeated} repeats of what was taken, each under one id",
        count(&wanted),
        heard.len()
    )?;
    linked.end().await
}

/// Kills the host at random moments of its life, its start included, and starts it again.
async fn kill_often(host: &mut Host) -> Result<()> {
    let mut random = StdRng::seed_from_u64(99);
    for _ in 0..KILLS {
        let life = if random.random_bool(0.2) { 0..200 } else { 300..1500 };
        pause(Duration::from_millis(random.random_range(life))).await;
        host.kill_and_restart()?;
    }
    Ok(())
}
