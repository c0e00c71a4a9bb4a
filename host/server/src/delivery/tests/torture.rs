//! A server that is slow, fails, breaks off, sends elsewhere and is down for ten minutes, while the host dies again and again: every event is told
//! at least once, in order in each chat, and what is told twice has the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_core::event::Position;
use waspnest_core::progress::{Found, Progress};

use super::bench::{Bench, id_of, json, text_of};
use crate::config::plugins::{Backoff, Retry};
use crate::test_server::{Says, Server};

/// Who writes.
const CHATS: usize = 7;
/// How much each says.
const EACH: usize = 60;
/// How often the host dies.
const CRASHES: usize = 20;

fn taken(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (request, says) in server.told() {
        if says == Says::Status(200) {
            let text = text_of(&request);
            let (chat, _) = text.split_once(' ').expect("a chat and a number");
            let told = taken.entry(chat.to_owned()).or_default();
            if !told.contains(&text) {
                told.push(text);
            }
        }
    }
    taken
}

#[tokio::test]
async fn everything_is_told_in_order_whatever_the_server_does_and_however_often_the_host_dies() {
    let mut random = StdRng::seed_from_u64(11);
    let moods = [
        Says::Status(200),
        Says::Status(200),
        Says::Status(200),
        Says::Status(500),
        Says::Status(429),
        Says::Resets,
        Says::Nothing,
    ];
    let moods: Vec<Says> = (0..400).map(|_| moods[random.random_range(0..moods.len())]).collect();
    let server = Server::saying(moods).await;
    let retry = Retry {
        max_attempts: 1000,
        backoff: Backoff {
            first: Duration::from_secs(1),
            factor: 2.0,
            max: Duration::from_secs(60),
            jitter: 0.5,
        },
    };
    let mut bench = Bench::with(retry).await;
    let webhook = bench.webhook(&server, |_| {}).await;
    let mut written = Vec::new();
    let mut crashes = 0;
    let all = CHATS * EACH;
    for nth in 0..all {
        let chat = random.random_range(0..CHATS);
        let text = format!("{chat} {nth}");
        bench.hears(&format!("49151000{chat:02}"), &text).await;
        written.push((chat.to_string(), text));
        if nth == all / 2 {
            // Down for ten minutes, and people go on writing.
            server.then(Says::Resets);
            let until = bench.now().plus(Duration::from_secs(600));
            bench.pass_until(async || bench.now() >= until).await;
            server.then(Says::Status(200));
        }
        if nth % (all / CRASHES) == all / CRASHES - 1 {
            let heard = server.heard().len();
            bench.pass_until(async || server.heard().len() >= heard + 3).await;
            bench = bench.crash().await;
            crashes += 1;
        }
    }
    let last = Position(u64::try_from(all).expect("a small number"));
    bench
        .pass_until(async || bench.is_done(webhook, last).await && low(&bench.progress, &bench, webhook).await == last)
        .await;
    let taken = taken(&server);
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (chat, text) in written {
        wanted.entry(chat).or_default().push(text);
    }
    assert_eq!(taken, wanted, "each chat was told whole, and in its order");
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (request, _) in server.told() {
        assert_eq!(json(&request)["id"], id_of(&request));
        ids.entry(text_of(&request)).or_default().insert(id_of(&request));
    }
    assert!(
        ids.values().all(|ids| ids.len() == 1),
        "what is told twice has the same id"
    );
    assert_eq!(bench.letters(webhook).await, []);
    let requests = server.heard().len();
    bench.stop().await;
    // Written past the test harness, which would hide it: the counts are for every reader of the test's output.
    writeln!(
        std::io::stdout(),
        "webhooks: {all} events in {CHATS} chats over {crashes} crashes and ten minutes without a server: {requests} requests, each event told in order"
    )
    .expect("there is an output");
}

async fn low(progress: &Progress, bench: &Bench, webhook: waspnest_core::id::WebhookId) -> Position {
    progress
        .load(bench.session, webhook)
        .await
        .expect("the store works")
        .low
}

#[tokio::test]
async fn a_server_that_sends_everybody_elsewhere_leaves_dead_letters_that_are_told_when_it_is_mended() {
    let server = Server::answering(&[]).await;
    server.then(Says::Redirect);
    let bench = Bench::start().await;
    let webhook = bench.webhook(&server, |_| {}).await;
    for nth in 0..50 {
        bench.hears("4915100001", &format!("0 {nth}")).await;
    }
    bench.done(webhook, Position(50)).await;
    let letters = bench.letters(webhook).await;
    assert_eq!(letters.len(), 50);
    server.then(Says::Status(200));
    for (position, _) in letters {
        let found = bench.progress.replay(bench.session, webhook, position).await;
        assert_eq!(found.expect("the store works"), Found::Yes);
    }
    bench
        .until(async || taken(&server).values().map(Vec::len).sum::<usize>() == 50)
        .await;
    let wanted: Vec<String> = (0..50).map(|nth| format!("0 {nth}")).collect();
    assert_eq!(taken(&server)["0"], wanted);
    bench.stop().await;
}
