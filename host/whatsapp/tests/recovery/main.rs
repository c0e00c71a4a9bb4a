//! A session that falls silent comes back by itself, in no more than the time it promises.

#[path = "../session/bench.rs"]
#[expect(dead_code, reason = "the bench of the other tests, of which this one needs a part")]
mod bench;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::BoxFuture;
use tokio::sync::watch;
use waspnest_core::clock::{Clock, SystemClock, UnixMs};
use waspnest_whatsapp::{SessionHandle, State, Status};

use bench::{Bench, PATIENCE, says, wait};

/// The machine's clock, which a test can push forward.
#[derive(Debug)]
struct Pushed {
    machine: SystemClock,
    by: watch::Sender<Duration>,
}

impl Pushed {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            machine: SystemClock::new(),
            by: watch::Sender::new(Duration::ZERO),
        })
    }

    fn push(&self, span: Duration) {
        self.by.send_modify(|by| *by += span);
    }
}

impl Clock for Pushed {
    fn now(&self) -> UnixMs {
        self.machine.now().plus(*self.by.borrow())
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic() + *self.by.borrow()
    }

    fn sleep_until(&self, at: UnixMs) -> BoxFuture<'static, ()> {
        let mut by = self.by.subscribe();
        let machine = SystemClock::new();
        Box::pin(async move {
            loop {
                let now = machine.now().plus(*by.borrow_and_update());
                if now >= at {
                    return;
                }
                tokio::select! {
                    () = machine.sleep(at.since(now)) => {}
                    pushed = by.changed() => if pushed.is_err() {
                        std::future::pending::<()>().await;
                    },
                }
            }
        })
    }
}

/// Pushes time on, step by step, until the session is as wanted; answers by how much.
async fn pushed_until(clock: &Pushed, session: &SessionHandle, wanted: impl Fn(&Status) -> bool) -> Result<Duration> {
    let step = Duration::from_secs(15);
    let mut status = session.status();
    for steps in 0..40 {
        // What the session does in a step is done when its next sleep has begun; it is given the time for it.
        let settled = tokio::time::timeout(Duration::from_millis(300), status.wait_for(|status| wanted(status)));
        if settled.await.is_ok() {
            return Ok(step * steps);
        }
        clock.push(step);
    }
    bail!("the session stayed as it was: {:?}", session.status().borrow().clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_session_comes_back_and_a_terminal_one_does_not() -> Result<()> {
    let clock = Pushed::new();
    let bench = Bench::at(Arc::<Pushed>::clone(&clock)).await?;
    let ana = bench.human("Ana").await?;
    let session = bench.paired().await?;

    // The connection is open, and nobody says anything any more.
    assert_eq!(bench.sim.half_open_connections(&bench.account.phone), 1);
    let silent = |status: &Status| status.state == State::Connecting;
    let passed = pushed_until(&clock, &session, silent).await?;
    assert!(
        passed >= Duration::from_secs(90) && passed <= Duration::from_secs(150),
        "{passed:?}"
    );
    let reason = session.status().borrow().reason.clone().unwrap_or_default();
    assert!(reason.contains("connecting anew"), "{reason}");
    pushed_until(&clock, &session, |status| status.state == State::Connected).await?;
    ana.say(&bench.account.phone, "still there?").await?;
    bench.event(|message| says(message, "still there?")).await?;

    // A question is enough while somebody answers.
    let heard = session.status().borrow().last_round_trip;
    for _ in 0..8 {
        clock.push(Duration::from_secs(15));
        let mut status = session.status();
        let left = status.wait_for(|status| status.state != State::Connected);
        assert!(
            tokio::time::timeout(Duration::from_millis(150), left).await.is_err(),
            "it stays connected"
        );
    }
    assert!(session.status().borrow().last_round_trip > heard, "it was asked");

    // What WhatsApp decided stays.
    bench
        .sim
        .refuse_login(&bench.account.phone, Some(waspnest_simulator::LoginRefusal::Banned))?;
    bench.sim.drop_connections(&bench.account.phone);
    wait(&session, |status| matches!(status.state, State::Banned { .. })).await?;
    bench.sim.refuse_login(&bench.account.phone, None)?;
    for _ in 0..20 {
        clock.push(Duration::from_secs(3600));
        tokio::task::yield_now().await;
    }
    assert!(matches!(session.status().borrow().state, State::Banned { .. }));
    tokio::time::timeout(PATIENCE, session.close()).await??;
    Ok(())
}
