//! The life of the process: how tasks start, and how they end.
//!
//! [`Shutdown::spawn`], [`Shutdown::spawn_until`] and [`Shutdown::spawn_finite`] are the only ways to start a task. Every task has a name, is waited for at the
//! end, and may watch two tokens: *soft* ("finish what you hold, take nothing new") and *hard* (the host drops the task where it
//! stands, so nobody has to watch it). The first signal is soft; the second one, or the end of the grace period, is hard. A worker
//! that ends by itself while nobody asked it to has crashed, and takes the process down with a failure rather than leaving a host
//! that looks alive.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{FutureExt, Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use waspnest_core::clock::Clock;

use crate::telemetry;

/// How long tasks get, after they were dropped, to run their destructors and leave blocking calls.
const AFTER_HARD: Duration = Duration::from_secs(5);

/// A request from outside to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM, as service managers send it.
    Terminate,
}

/// How the process came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Everybody finished in time.
    Cleanly,
    /// Some tasks were cut off; the names are in the log.
    Forced,
    /// A worker ended by itself.
    Failed {
        /// Its name.
        task: Arc<str>,
        /// How it ended.
        how: Crash,
    },
}

/// How a worker ended that should have gone on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crash {
    /// It returned.
    Returned,
    /// It panicked with these words.
    Panicked(Box<str>),
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("returned although nobody asked it to stop"),
            Self::Panicked(words) => write!(f, "panicked: {words}"),
        }
    }
}

/// Starts and ends tasks. Clones are the same shutdown.
#[derive(Debug, Clone)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    crash: OnceLock<(Arc<str>, Crash)>,
    cut_off: Mutex<Vec<Arc<str>>>,
}

impl Inner {
    fn cut_off(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        // A list of names; no panic can leave it half-way.
        self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shutdown {
    /// Nothing is running yet; `clock` measures the grace period.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let hard = CancellationToken::new();
        Self {
            inner: Arc::new(Inner {
                clock,
                // Whoever waits for the soft token is also woken by a hard stop.
                soft: hard.child_token(),
                hard,
                tasks: TaskTracker::new(),
                crash: OnceLock::new(),
                cut_off: Mutex::default(),
            }),
        }
    }

    /// Starts a worker that runs until the soft token is cancelled. Ending earlier, or panicking, stops the process with a failure.
    pub fn spawn<F>(&self, name: impl Into<Arc<str>>, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_until(name, self.soft(), task);
    }

    /// Starts a worker that runs until `stop` is cancelled, which should be a child of the soft token. Ending earlier, or panicking,
    /// stops the process with a failure.
    pub fn spawn_until<F>(&self, name: impl Into<Arc<str>>, stop: CancellationToken, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        let inner = Arc::clone(&self.inner);
        self.track(Arc::clone(&name), task, move |ended| {
            let crash = match ended {
                Ended::Panicked(words) => Crash::Panicked(words),
                Ended::Returned if !stop.is_cancelled() => Crash::Returned,
                Ended::Returned | Ended::Dropped => return,
            };
            tracing::error!(task.name = %name, "worker {name} {crash}; stopping the host");
            // The first crash is the cause; what falls over behind it is not.
            inner.crash.get_or_init(|| (name, crash));
            inner.soft.cancel();
        });
    }

    /// Starts a task that may end by itself: one connection, one session, one call. A panic is logged and concerns nobody else.
    pub fn spawn_finite<F>(&self, name: impl Into<Arc<str>>, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        self.track(Arc::clone(&name), task, move |ended| match ended {
            Ended::Panicked(words) => tracing::error!(task.name = %name, "task {name} panicked: {words}"),
            Ended::Returned | Ended::Dropped => {}
        });
    }

    fn track<F>(&self, name: Arc<str>, task: F, after: impl FnOnce(Ended) + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (hard, inner) = (self.inner.hard.clone(), Arc::clone(&self.inner));
        let span = tracing::debug_span!(telemetry::span::TASK, task.name = %name);
        let guarded = AssertUnwindSafe(task).catch_unwind();
        self.inner.tasks.spawn(
            async move {
                let ended = tokio::select! {
                    biased;
                    ended = guarded => match ended {
                        Ok(()) => Ended::Returned,
                        Err(panic) => Ended::Panicked(words_of(panic.as_ref())),
                    },
                    () = hard.cancelled() => Ended::Dropped,
                };
                if matches!(ended, Ended::Dropped) {
                    tracing::warn!(task.name = %name, "task {name} was cut off");
                    inner.cut_off().push(Arc::clone(&name));
                }
                after(ended);
            }
            .instrument(span),
        );
    }

    /// Cancelled when the host should finish: take nothing new, end what is held.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.inner.soft.clone()
    }

    /// Cancelled when the host ends now. Tasks need not watch it; they are dropped.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.inner.hard.clone()
    }

    /// The names of the tasks that were cut off.
    #[must_use]
    pub fn cut_off(&self) -> Vec<Arc<str>> {
        self.inner.cut_off().clone()
    }

    /// Asks everybody to finish, as the first signal does.
    pub fn stop(&self) {
        self.inner.soft.cancel();
    }

    /// Runs until a signal, [`Shutdown::stop`] or a crashed worker asks for the end, and then until every task has ended: by
    /// itself within `grace`, else cut off.
    pub async fn run_until_stopped(&self, signals: impl Stream<Item = Signal> + Send, grace: Duration) -> Stopped {
        let mut signals = std::pin::pin!(signals.chain(stream::pending()));
        tokio::select! {
            signal = signals.next() => tracing::info!(?signal, "stopping; a second signal stops at once"),
            () = self.inner.soft.cancelled() => {}
        }
        self.inner.soft.cancel();
        self.inner.tasks.close();
        let forced = tokio::select! {
            biased;
            () = self.inner.tasks.wait() => false,
            signal = signals.next() => {
                tracing::warn!(?signal, "second signal; stopping at once");
                true
            }
            () = self.inner.clock.sleep(grace) => {
                tracing::warn!(tasks = self.inner.tasks.len(), "grace period is over; stopping at once");
                true
            }
        };
        if forced {
            self.inner.hard.cancel();
            tokio::select! {
                biased;
                () = self.inner.tasks.wait() => {}
                () = self.inner.clock.sleep(AFTER_HARD) => tracing::error!(tasks = self.inner.tasks.len(), "tasks hang"),
            }
        }
        match self.inner.crash.get() {
            Some((task, how)) => Stopped::Failed {
                task: Arc::clone(task),
                how: how.clone(),
            },
            None if forced => Stopped::Forced,
            None => Stopped::Cleanly,
        }
    }
}

/// The requests of the operating system to read the configuration again: SIGHUP.
///
/// # Errors
/// When the process may not install handlers.
pub fn os_hangups() -> std::io::Result<BoxStream<'static, ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let received = signal(SignalKind::hangup())?;
    Ok(stream::unfold(received, |mut received| async move {
        received.recv().await.map(|()| ((), received))
    })
    .boxed())
}

/// The signals of the operating system.
///
/// # Errors
/// When the process may not install handlers.
pub fn os_signals() -> std::io::Result<BoxStream<'static, Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    let each = |kind, means| -> std::io::Result<BoxStream<'static, Signal>> {
        let received = signal(kind)?;
        Ok(stream::unfold(received, move |mut received| async move {
            received.recv().await.map(|()| (means, received))
        })
        .boxed())
    };
    let interrupt = each(SignalKind::interrupt(), Signal::Interrupt)?;
    let terminate = each(SignalKind::terminate(), Signal::Terminate)?;
    Ok(stream::select(interrupt, terminate).boxed())
}

enum Ended {
    Returned,
    Panicked(Box<str>),
    Dropped,
}

fn words_of(panic: &(dyn Any + Send)) -> Box<str> {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("no message").into()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use waspnest_core::clock::{ManualClock, UnixMs};

    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    fn shutdown() -> (Arc<ManualClock>, Shutdown) {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        (Arc::clone(&clock), Shutdown::new(clock))
    }

    fn signals() -> (mpsc::Sender<Signal>, impl Stream<Item = Signal> + Send) {
        let (sender, receiver) = mpsc::channel(4);
        (
            sender,
            stream::unfold(receiver, |mut receiver| async move {
                receiver.recv().await.map(|signal| (signal, receiver))
            }),
        )
    }

    #[tokio::test]
    async fn a_signal_lets_workers_finish() {
        let (_clock, shutdown) = shutdown();
        let (sender, signals) = signals();
        let soft = shutdown.soft();
        let (done, finished) = tokio::sync::oneshot::channel();
        shutdown.spawn("worker", async move {
            soft.cancelled().await;
            done.send("finished").expect("the test waits");
        });
        sender.send(Signal::Terminate).await.expect("receiver lives");
        assert_eq!(shutdown.run_until_stopped(signals, GRACE).await, Stopped::Cleanly);
        assert_eq!(finished.await, Ok("finished"));
    }

    #[tokio::test]
    async fn a_second_signal_cuts_off() {
        let (_clock, shutdown) = shutdown();
        let (sender, signals) = signals();
        shutdown.spawn("stuck", std::future::pending());
        sender.send(Signal::Interrupt).await.expect("receiver lives");
        sender.send(Signal::Interrupt).await.expect("receiver lives");
        assert_eq!(shutdown.run_until_stopped(signals, GRACE).await, Stopped::Forced);
        assert!(shutdown.hard().is_cancelled());
        assert_eq!(shutdown.cut_off(), ["stuck".into()]);
    }

    #[tokio::test]
    async fn the_grace_period_cuts_off() {
        let (clock, shutdown) = shutdown();
        let (_sender, signals) = signals();
        let soft = shutdown.soft();
        shutdown.spawn("stuck", async move {
            soft.cancelled().await;
            // The soft stop has been seen; from here on only time can end this task.
            clock.advance(GRACE);
            std::future::pending().await
        });
        shutdown.stop();
        assert_eq!(shutdown.run_until_stopped(signals, GRACE).await, Stopped::Forced);
    }

    #[tokio::test]
    async fn a_worker_that_returns_is_a_failure() {
        let (_clock, shutdown) = shutdown();
        let (_sender, signals) = signals();
        shutdown.spawn("fragile", async {});
        let soft = shutdown.soft();
        shutdown.spawn("steady", async move { soft.cancelled().await });
        let stopped = shutdown.run_until_stopped(signals, GRACE).await;
        assert_eq!(
            stopped,
            Stopped::Failed {
                task: "fragile".into(),
                how: Crash::Returned
            }
        );
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_a_failure_with_its_words() {
        let (_clock, shutdown) = shutdown();
        let (_sender, signals) = signals();
        shutdown.spawn("fragile", async { panic!("out of {}", "luck") });
        let stopped = shutdown.run_until_stopped(signals, GRACE).await;
        assert_eq!(
            stopped,
            Stopped::Failed {
                task: "fragile".into(),
                how: Crash::Panicked("out of luck".into())
            }
        );
    }

    #[tokio::test]
    async fn a_finite_task_may_end_and_may_panic() {
        let (_clock, shutdown) = shutdown();
        let (sender, signals) = signals();
        let (done, finished) = tokio::sync::oneshot::channel();
        shutdown.spawn_finite("short", async {});
        shutdown.spawn_finite("broken", async { panic!("alone") });
        shutdown.spawn_finite("last", async move { done.send(()).expect("the test waits") });
        finished.await.expect("it runs although others ended");
        assert!(!shutdown.soft().is_cancelled());
        sender.send(Signal::Terminate).await.expect("receiver lives");
        assert_eq!(shutdown.run_until_stopped(signals, GRACE).await, Stopped::Cleanly);
    }
}
