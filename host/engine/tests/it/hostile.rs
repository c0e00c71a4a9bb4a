//! The hostile suite: whoever wrote the plugin wants out, or wants the host down. Each try is named in the output with how it ended,
//! and all the while another plugin is served, whose waiting is measured and told.
//!
//! What needs the whole host (servers, other chats and other tenants) is tried in the router's tests.

mod binaries;
mod traps;
mod words;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use waspnest_core::clock::{Clock, SystemClock};
use waspnest_engine::{Grants, Installation};

use crate::kit::{Rig, sent, soon};

/// Calls of the neighbour while it is alone.
const ALONE: usize = 1000;
/// Fewer tries than this are not a suite.
const AT_LEAST: usize = 40;

/// How one try ended.
pub(super) struct Ended {
    /// What was tried.
    pub(super) name: String,
    /// What the host says about it. An error is a try that was not contained, and why.
    pub(super) how: Result<String, String>,
}

impl Ended {
    pub(super) fn contained(name: impl Into<String>, how: impl ToString) -> Self {
        Self {
            name: name.into(),
            how: Ok(how.to_string()),
        }
    }

    pub(super) fn escaped(name: impl Into<String>, why: impl ToString) -> Self {
        Self {
            name: name.into(),
            how: Err(why.to_string()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_try_to_break_out_is_contained_while_a_neighbour_is_served() {
    let rig = Arc::new(Rig::new());
    let echo = Arc::new(rig.install("echo").await);
    let alone = serve(&rig, &echo, |served| served < ALONE).await;

    let over = Arc::new(AtomicBool::new(false));
    let neighbour = tokio::task::spawn_blocking({
        let (rig, echo, over) = (rig.clone(), echo.clone(), over.clone());
        let runtime = tokio::runtime::Handle::current();
        move || runtime.block_on(serve(&rig, &echo, |_| !over.load(Ordering::Acquire)))
    });
    let mut ended = words::all(&rig).await;
    ended.extend(traps::all(&rig).await);
    ended.extend(binaries::all(&rig).await);
    over.store(true, Ordering::Release);
    let beside = neighbour.await.expect("the neighbour is served to the end");

    let mut out = std::io::stderr().lock();
    for Ended { name, how } in &ended {
        let (word, how) = match how {
            Ok(how) => ("contained", how),
            Err(why) => ("ESCAPED", why),
        };
        let how = how.lines().next().unwrap_or_default();
        writeln!(out, "hostile: {word}: {name}: {how:.160}").expect("a line");
    }
    writeln!(
        out,
        "hostile: {} tries; a neighbour's p99 is {:.2} ms alone ({} calls) and {:.2} ms beside them ({} calls)",
        ended.len(),
        p99(alone.clone()).as_secs_f64() * 1e3,
        alone.len(),
        p99(beside.clone()).as_secs_f64() * 1e3,
        beside.len(),
    )
    .expect("a line");
    drop(out);

    let escaped: Vec<_> = ended
        .iter()
        .filter(|try_| try_.how.is_err())
        .map(|try_| &try_.name)
        .collect();
    assert!(escaped.is_empty(), "not contained: {escaped:?}");
    assert!(ended.len() >= AT_LEAST, "{} tries", ended.len());
    assert!(
        beside.len() > ended.len(),
        "the neighbour was served {} times",
        beside.len()
    );
}

/// Calls the neighbour as long as `more` wants it, and tells how long each call took.
async fn serve(rig: &Rig, echo: &Installation, more: impl Fn(usize) -> bool) -> Vec<Duration> {
    let clock = SystemClock::new();
    let mut took = Vec::new();
    while more(took.len()) {
        let event = rig.text("hello");
        let start = clock.monotonic();
        let draft = soon(rig.call(echo, &event)).await.expect("echo answers");
        took.push(clock.monotonic() - start);
        assert_eq!(sent(&draft), ["hello"]);
    }
    took
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() * 99 / 100]
}

/// The guest that misbehaves on command, with all it asks for, and memory enough that what is too large for a call of the host fits
/// into the guest.
pub(super) async fn hostile(rig: &Rig) -> Installation {
    rig.install_with("hostile", |spec| {
        spec.grants = Grants::as_requested();
        spec.limits.memory_bytes = Some(128 << 20);
    })
    .await
}
