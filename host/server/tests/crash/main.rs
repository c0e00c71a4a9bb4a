//! The host is killed again and again while people write to it, and what it stands on fails: the disk, the clock, WhatsApp, connections. Nobody
//! may notice, but for whoever looks at what the host measures: that must tell what happened.
//!
//! The whole product takes part: the `waspnest` program with its store on disk, plugins in their sandboxes, and people who are real
//! end-to-end encrypted clients of a simulated WhatsApp. SIGKILL leaves the host no time for anything.

mod backup;
mod clock_jumps;
mod counting;
#[path = "../http/exposition.rs"]
#[expect(dead_code, reason = "the tests of the API alone look at more")]
mod exposition;
mod failing_sync;
mod full_disk;
mod growing;
mod half_open;
mod host;
mod logs;
mod machine;
mod measured;
mod read_only;
mod rekey;
mod removal;
mod replies;
mod restarts;
mod storm;
mod webhooks;
mod work;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Mutex, MutexGuard};
use waspnest_simulator::human::{Heard, Human};
use waspnest_simulator::{Config, NewAccount, Simulator};

use host::{Ground, Host};

/// One test at a time: the moments of the kills are chosen for a host that has the machine for itself.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The longest the last replies may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A simulator, and a host whose session is linked to an account there.
struct Linked {
    simulator: Simulator,
    /// The phone number of the account.
    phone: String,
    host: Host,
    _alone: Option<MutexGuard<'static, ()>>,
}

impl Linked {
    async fn start(seed: u64, plugins: &str) -> Result<Self> {
        Self::link(seed, |endpoint| Host::start(endpoint, plugins)).await
    }

    /// With keys of `[log]`, and a log that is kept.
    async fn start_logging(seed: u64, plugins: &str, log: &str) -> Result<Self> {
        Self::link(seed, |endpoint| Host::start_logging(endpoint, plugins, log)).await
    }

    /// On a ground of its own, with a log that is kept.
    async fn start_on(seed: u64, ground: Ground, plugins: &str) -> Result<Self> {
        Self::link(seed, |endpoint| Host::start_on(ground, endpoint, plugins)).await
    }

    async fn link(seed: u64, start: impl FnOnce(&str) -> Result<Host>) -> Result<Self> {
        let alone = Some(ALONE.lock().await);
        Self::link_among(alone, seed, start).await
    }

    /// The same for a test that mostly waits, which may do so beside others.
    async fn link_beside(seed: u64, plugins: &str) -> Result<Self> {
        Self::link_among(None, seed, |endpoint| Host::start(endpoint, plugins)).await
    }

    async fn link_among(
        alone: Option<MutexGuard<'static, ()>>,
        seed: u64,
        start: impl FnOnce(&str) -> Result<Host>,
    ) -> Result<Self> {
        let simulator = Simulator::start(Config {
            seed,
            ..Config::default()
        })
        .await?;
        let phone = simulator.create_account(account("Bot"))?.phone;
        let host = start(&simulator.url())?;
        let code = host.qr().await?;
        simulator.scan_qr(&phone, &code).await?;
        host.connected().await?;
        Ok(Self {
            simulator,
            phone,
            host,
            _alone: alone,
        })
    }

    async fn person(&self, name: &str) -> Result<Human> {
        Ok(Human::join(&self.simulator, account(name)).await?)
    }

    /// People were answered once each, whatever they said.
    async fn is_answered(people: &[Human], said: &[Vec<String>]) -> Result<()> {
        for (person, texts) in people.iter().zip(said) {
            let from_bot = |heard: &Heard| !heard.from_me;
            let answers = person.wait_for_count(texts.len(), from_bot, PATIENCE).await;
            answers.with_context(|| format!("not all of {} were answered", texts.len()))?;
            let replies = person.phone_view().into_iter().filter(from_bot);
            let replies: Vec<String> = replies.filter_map(|heard| heard.text).collect();
            ensure!(
                replies == *texts,
                "not each message has exactly one reply, in its order: {replies:?} to {texts:?}"
            );
            ensure!(person.undecryptable() == 0, "a message could not be decrypted");
        }
        Ok(())
    }

    /// The host ends in order, its data agree, and then the simulator ends.
    async fn end(mut self) -> Result<()> {
        self.host.terminate().await?;
        self.simulator.shutdown().await;
        Ok(())
    }

    /// The same, with everything the host has logged.
    async fn end_with_log(self) -> Result<String> {
        let log = self.host.terminate_with_log().await?;
        self.simulator.shutdown().await;
        Ok(log)
    }
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.into(),
        phone: None,
    }
}

/// An echo for every session.
const ECHO: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
[plugin.grants]
"messages.send" = true
[[bind]]
id = "echo-all"
plugin = "echo"
"#;

/// Says something of its own to somebody again and again, for as long as `go_on` holds, with pauses of so many milliseconds, and answers
/// what was said.
async fn write(
    seed: u64,
    person: Human,
    to: String,
    go_on: Arc<AtomicBool>,
    text: impl Fn(usize) -> String,
    pauses: Range<u64>,
) -> Result<Vec<String>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut texts = Vec::new();
    while go_on.load(Ordering::Relaxed) {
        let text = text(texts.len());
        person.say(&to, &text).await?;
        texts.push(text);
        pause(Duration::from_millis(random.random_range(pauses.clone()))).await;
    }
    Ok(texts)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moments of the kills are random; nothing waits for them"
)]
async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
