//! What systemd is told of the life of the process (sd_notify(3)): that it is ready, reloads, stops, how it stands, and that it still works.
//!
//! Datagrams to a socket that the environment names; a program that nobody asked to tell tells nothing. Nothing here fails: whether somebody
//! listens is not the host's business.

use std::collections::BTreeMap;
use std::fmt;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;

/// Where to tell.
const SOCKET: &str = "NOTIFY_SOCKET";
/// Microseconds after which systemd takes the process for dead that has not said that it works.
const WATCHDOG: &str = "WATCHDOG_USEC";
/// Which process has to say so.
const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// How often the status is told anew where there is no watchdog.
const STATUS: Duration = Duration::from_secs(30);

/// Whom the process tells. Clones are the same.
#[derive(Clone, Default)]
pub struct Systemd(Option<Arc<Listening>>);

struct Listening {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How long the process may be silent.
    patience: Option<Duration>,
}

impl fmt::Debug for Systemd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Systemd").field(&self.0.is_some()).finish()
    }
}

/// How the host is, for those who look at the unit and for the watchdog.
#[async_trait::async_trait]
pub trait Vital: Send + Sync {
    /// Whether it does its work: an answer that is late or none is a no.
    async fn works(&self) -> bool;

    /// In one line.
    async fn status(&self) -> String;
}

impl Systemd {
    /// Whom the environment names; nobody where it names none. `process` is this process.
    #[must_use]
    pub fn from_env(env: &BTreeMap<String, String>, process: u32) -> Self {
        let Some(given) = env.get(SOCKET) else {
            return Self::default();
        };
        // A name that begins with @ is of Linux's own space of names.
        let address = match given.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name),
            None => SocketAddr::from_pathname(given),
        };
        let opened = address.and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok((socket, address))
        });
        let (socket, address) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "systemd cannot be told anything");
                return Self::default();
            }
        };
        let is_ours = env.get(WATCHDOG_PID).is_none_or(|pid| *pid == process.to_string());
        let patience = env.get(WATCHDOG).filter(|_| is_ours);
        let patience = patience
            .and_then(|micros| micros.parse().ok())
            .map(Duration::from_micros);
        Self(Some(Arc::new(Listening {
            socket,
            address,
            patience: patience.filter(|patience| !patience.is_zero()),
        })))
    }

    /// The process is up.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// It takes up a configuration. It says [`Systemd::ready`] when that is done.
    pub fn reloading(&self) {
        // The clock of the machine, by which systemd tells this reload from another.
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000);
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=finishing what is held");
    }

    /// Tells how the host is, and that it works for as long as it does, until `stop`. Whoever is told nothing costs nothing.
    pub async fn watch(self, vital: impl Vital, clock: Arc<dyn Clock>, stop: CancellationToken) {
        let Some(listening) = self.0.clone() else {
            return stop.cancelled().await;
        };
        // Often enough that one that is late is no death.
        let every = listening.patience.map_or(STATUS, |patience| STATUS.min(patience / 3));
        loop {
            let status = vital.status().await;
            let works = match listening.patience {
                Some(_) => Some(vital.works().await),
                None => None,
            };
            match works {
                Some(true) => self.tell(&format!("WATCHDOG=1\nSTATUS={status}")),
                Some(false) => tracing::warn!("the host does not work, and systemd is not told that it does"),
                None => self.tell(&format!("STATUS={status}")),
            }
            tokio::select! {
                () = clock.sleep(every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn tell(&self, what: &str) {
        if let Some(listening) = &self.0
            && let Err(error) = listening.socket.send_to_addr(what.as_bytes(), &listening.address)
        {
            tracing::debug!(%error, "systemd was not told something");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use waspnest_core::clock::{ManualClock, UnixMs};

    use super::*;

    struct Host(Arc<AtomicBool>);

    #[async_trait::async_trait]
    impl Vital for Host {
        async fn works(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }

        async fn status(&self) -> String {
            "2 of 3 sessions connected".to_owned()
        }
    }

    fn said(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 512];
        let read = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..read].to_vec()).expect("text"))
    }

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    #[test]
    fn a_name_beginning_with_at_is_one_of_linux_own() {
        let name = format!("waspnest-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("bound");
        let systemd = Systemd::from_env(&env(&[(SOCKET, &format!("@{name}"))]), 1);
        systemd.ready();
        systemd.reloading();
        assert_eq!(said(&socket).as_deref(), Some("READY=1"));
        let reloading = said(&socket).expect("it was said");
        let micros = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .expect("with a moment");
        assert!(micros.parse::<u64>().is_ok_and(|micros| micros > 0), "{reloading}");
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the task of a test ends with it")]
    async fn the_watchdog_is_told_that_the_host_works_for_as_long_as_it_does() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let socket = tokio::net::UnixDatagram::bind(&path).expect("bound");
        let path = path.to_str().expect("text");
        let watched = env(&[(SOCKET, path), (WATCHDOG, "30000000"), (WATCHDOG_PID, "7")]);
        let (works, clock) = (Arc::new(AtomicBool::new(true)), Arc::new(ManualClock::at(UnixMs(0))));
        let stop = CancellationToken::new();
        let systemd = Systemd::from_env(&watched, 7);
        let watching = tokio::spawn(systemd.watch(Host(Arc::clone(&works)), clock.clone(), stop.clone()));
        let next = async || {
            let mut bytes = [0; 512];
            let read = socket.recv(&mut bytes).await.expect("it is said");
            String::from_utf8(bytes[..read].to_vec()).expect("text")
        };
        for _ in 0..3 {
            assert_eq!(next().await, "WATCHDOG=1\nSTATUS=2 of 3 sessions connected");
            // A third of what systemd waits for.
            clock.advance(Duration::from_secs(10));
        }
        next().await;
        works.store(false, Ordering::Relaxed);
        for _ in 0..100 {
            clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
        }
        assert!(
            socket.try_recv(&mut [0; 512]).is_err(),
            "it is said to work although it does not"
        );
        stop.cancel();
        watching.await.expect("it ends");

        // Another process is watched: only the status is told.
        let stop = CancellationToken::new();
        let systemd = Systemd::from_env(&watched, 8);
        let watching = tokio::spawn(systemd.watch(Host(works), clock.clone(), stop.clone()));
        assert_eq!(next().await, "STATUS=2 of 3 sessions connected");
        stop.cancel();
        watching.await.expect("it ends");
    }

    #[tokio::test]
    async fn nobody_is_told_who_does_not_ask() {
        let systemd = Systemd::from_env(&env(&[]), 1);
        systemd.ready();
        systemd.stopping();
        let stop = CancellationToken::new();
        stop.cancel();
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        systemd.watch(Host(Arc::default()), clock, stop).await;
    }
}
