//! Requests per second and how long they take: reads of one session with each kind of credential, beside a bare route of warp that answers the
//! same bytes; and messages that are accepted for sending, while they leave for the people of the simulator.
//!
//! All in one process with the callers, taking turns, so that whatever else the machine does falls on all of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use warp::Filter;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::Human;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};
use waspnest_whatsapp::State;

use crate::SECRET;
use crate::child::PATIENCE;
use crate::load::{Caller, Measured, Wire, get, load, post};

/// Callers at a time.
const CALLERS: usize = 16;
/// What each asks for in a turn.
const READS: usize = 1000;
/// Messages that each has sent in a turn, each to somebody else.
const SENDS: usize = 25;
/// Turns.
const ROUNDS: usize = 4;

pub(crate) async fn run() -> Result<()> {
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        log_stanzas: 1024,
        log_bytes: 1 << 20,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let host = Host::start(&simulator).await?;
    let mut people = Vec::new();
    for number in 0..CALLERS {
        people.push(Human::join(&simulator, account(&format!("Person {number}"))).await?);
    }
    let place = "/v1/sessions/bench";
    let (status, answer) = Caller::to(host.address)
        .await?
        .ask(&get(place, Some(SECRET))(0, 0))
        .await?;
    ensure!(status == 200, "{}", String::from_utf8_lossy(&answer));
    let bare = bare(answer).await?;
    let key = made(
        &host,
        "/v1/api-keys",
        json!({ "name": "bench", "scopes": ["sessions:read", "messages:send"] }),
        "key",
    )
    .await?;
    made(
        &host,
        "/v1/users",
        json!({ "username": "ada", "password": "correct horse battery staple" }),
        "id",
    )
    .await?;
    let login = json!({ "username": "ada", "password": "correct horse battery staple" });
    let token = made(&host, "/v1/auth/login", login, "access_token").await?;

    let reads: [(&str, SocketAddr, Wire); 4] = [
        ("bare warp route", bare, get("/bare", None)),
        ("read with the admin secret", host.address, get(place, Some(SECRET))),
        ("read with an API key", host.address, get(place, Some(&key))),
        ("read with an access token", host.address, get(place, Some(&token))),
    ];
    let phones: Arc<[String]> = people.iter().map(|person| person.account().phone.clone()).collect();
    let send = post(
        format!("{place}/messages"),
        key,
        move |caller, call| json!({ "type": "text", "to": phones[(caller + call) % CALLERS], "text": format!("message {call} of caller {caller}") }),
    );
    for (_, address, wire) in &reads {
        load(*address, CALLERS, 0..READS / 10, wire).await?;
    }
    let mut measured: BTreeMap<&str, Measured> = BTreeMap::new();
    let mut sent = 0;
    let (clock, mut carried) = (SystemClock::new(), Duration::ZERO);
    for number in 0..ROUNDS {
        for turn in 0..reads.len() {
            // Who is first changes, so that none always works in another's wake.
            let (what, address, wire) = &reads[(turn + number) % reads.len()];
            measured
                .entry(*what)
                .or_default()
                .add(load(*address, CALLERS, 0..READS, wire).await?);
        }
        let begun = clock.monotonic();
        let accepted = load(host.address, CALLERS, sent..sent + SENDS, &send).await?;
        sent += SENDS;
        measured.entry("send").or_default().add(accepted);
        for person in &people {
            arrived(person, sent).await?;
        }
        carried += clock.monotonic() - begun;
    }
    report(&reads, &measured, CALLERS * sent, carried)?;

    for person in people {
        person.leave().await;
    }
    host.stop().await?;
    simulator.shutdown().await;
    Ok(())
}

fn report(
    reads: &[(&str, SocketAddr, Wire)],
    measured: &BTreeMap<&str, Measured>,
    sent: usize,
    carried: Duration,
) -> Result<()> {
    let mut out = std::io::stdout();
    let bare = measured.get("bare warp route").context("it was measured")?;
    for (what, ..) in reads {
        let read = measured.get(what).context("it was measured")?;
        writeln!(out, "{}", read.shown(what))?;
        let of_bare = (read.per_second() / bare.per_second() * 100.0).round() / 100.0;
        if *what != "bare warp route" {
            writeln!(
                out,
                "{}",
                json!({ "figure": "http_ratio", "what": what, "host_to_bare": of_bare })
            )?;
        }
    }
    let send = measured.get("send").context("it was measured")?;
    writeln!(out, "{}", send.shown("send, accepted durably"))?;
    let per_second = (sent as f64 / carried.as_secs_f64()).round();
    writeln!(
        out,
        "{}",
        json!({ "figure": "http_sends_arrived", "messages": sent, "per_second": per_second })
    )?;
    Ok(())
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.to_owned(),
        phone: None,
    }
}

/// Waits until somebody's phone shows so many messages, each once.
async fn arrived(person: &Human, sent: usize) -> Result<()> {
    let mut before = 0;
    loop {
        let shown = person.phone_view();
        let there = shown
            .iter()
            .filter(|heard| heard.text.as_deref().is_some_and(|text| text.starts_with("message ")))
            .count();
        if there >= sent {
            ensure!(
                there == sent && shown.iter().all(|heard| heard.copies == 1),
                "{there} messages for {sent}"
            );
            return Ok(());
        }
        let heard = person.wait_for_after(before, |_| true, PATIENCE).await;
        heard.with_context(|| format!("{there} of {sent} messages have arrived"))?;
        before = person.position();
    }
}

/// A route that answers some bytes and does nothing else.
async fn bare(answer: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let route = warp::path!("bare").map(move || {
        warp::http::Response::builder()
            .header("content-type", "application/json")
            .body(answer.clone())
    });
    #[expect(clippy::disallowed_methods, reason = "it ends with the benchmark")]
    tokio::spawn(warp::serve(route).incoming(listener).run());
    Ok(address)
}

/// What is answered when something is made, by one of its fields.
async fn made(host: &Host, path: &str, body: Value, field: &str) -> Result<String> {
    let wire = post(path.to_owned(), SECRET.to_owned(), move |_, _| body.clone());
    let (status, answer) = Caller::to(host.address).await?.ask(&wire(0, 0)).await?;
    ensure!(
        (200..300).contains(&status),
        "{path}: {status}: {}",
        String::from_utf8_lossy(&answer)
    );
    let told: Value = serde_json::from_slice(&answer)?;
    Ok(told[field]
        .as_str()
        .with_context(|| format!("no {field} in {told}"))?
        .to_owned())
}

/// This host, in this process, with its session connected.
struct Host {
    address: SocketAddr,
    running: JoinSet<Stopped>,
    stop: oneshot::Sender<()>,
    // Last, because it is removed when everything else is gone.
    _dir: tempfile::TempDir,
}

impl Host {
    async fn start(simulator: &Simulator) -> Result<Self> {
        // Not the temporary directory, which on many systems is not on a disk.
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        std::fs::create_dir_all(&target)?;
        let dir = tempfile::tempdir_in(&target)?;
        let file = crate::write_config(dir.path(), &simulator.url(), "[[session]]\nname = \"bench\"\n")?;
        let app = App::start(Config::load(Some(&file), std::iter::empty())?, Outside::machine()).await?;
        let address = app.address();
        let record = app.sessions.shared().register.by_name(&"bench".parse()?).await?;
        let record = record.context("the configuration declares the session")?;
        let handle = app.sessions.get(record.id).context("the session is at work")?.handle;
        let phone = simulator.create_account(account("Host"))?.phone;
        let mut qr = handle.qr();
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        let code = shown.as_ref().context("it was waited for")?.code.to_string();
        drop(shown);
        simulator.scan_qr(&phone, &code).await?;
        let mut status = handle.status();
        tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;
        let (stop, stopped) = oneshot::channel::<()>();
        let mut running = JoinSet::new();
        running.spawn(app.run(futures::stream::once(async {
            // A dropped sender is a benchmark that failed: the host ends then too.
            let _ = stopped.await;
            Signal::Terminate
        })));
        Ok(Self {
            address,
            running,
            stop,
            _dir: dir,
        })
    }

    async fn stop(mut self) -> Result<()> {
        ensure!(self.stop.send(()).is_ok(), "the host ended by itself");
        let stopped = self.running.join_next().await.context("it was started")??;
        ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
        Ok(())
    }
}
