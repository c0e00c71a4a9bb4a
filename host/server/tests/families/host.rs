//! The whole host in this process, with one session linked to a simulated account and a plugin of the tests at work.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use waspnest::app::{App, AppError, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::store::OpenError;
use waspnest_simulator::human::{Heard, Human};
use waspnest_simulator::{HistorySpec, NewAccount, Simulator};
use waspnest_whatsapp::State;

/// Far more than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const SECRET: &str = "a secret of the tests";

pub(crate) struct Host {
    pub(crate) simulator: Simulator,
    /// The phone number of the session's account.
    pub(crate) phone: String,
    /// Where its API is.
    pub(crate) address: SocketAddr,
    /// Somebody to whom the witness says what belongs to no chat.
    pub(crate) ana: Human,
    running: JoinSet<Stopped>,
    stop: oneshot::Sender<()>,
    config: PathBuf,
    // Last, because it is removed when everything else is gone.
    _dir: tempfile::TempDir,
}

impl Host {
    /// A host whose one bind lets `events` through to the witness.
    pub(crate) async fn witnessing(events: &str) -> Result<Self> {
        Self::with(|ana| {
            format!(
                r#"
[[plugin]]
id = "witness"
source = "witness"
grants = {{ "messages.send" = {{ scope = "any" }} }}
config = {{ tell = "{ana}" }}
[[bind]]
id = "all"
plugin = "witness"
events = {events}
"#
            )
        })
        .await
    }

    /// A host that does what messages say, with everything granted.
    pub(crate) async fn with_clerk() -> Result<Self> {
        let plugin = r#"
[[plugin]]
id = "clerk"
source = "clerk"
[plugin.grants]
"messages.send" = true
"groups.read" = true
"groups.write" = true
"contacts.read" = true
"contacts.write" = true
"chats.write" = true
[[bind]]
id = "all"
plugin = "clerk"
events = ["message"]
"#;
        Self::with(|_| plugin.to_owned()).await
    }

    /// A host with the plugins and binds of a configuration that is told Ana's phone number.
    pub(crate) async fn with(plugins: impl FnOnce(&str) -> String) -> Result<Self> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
        Self::over(&built, plugins).await
    }

    /// The same, with a directory of plugins.
    pub(crate) async fn over(built: &Path, plugins: impl FnOnce(&str) -> String) -> Result<Self> {
        Self::set_up(built, "", None, plugins).await
    }

    /// The same, whose records of calls hold what people write.
    pub(crate) async fn recording_in_full(built: &Path, plugins: impl FnOnce(&str) -> String) -> Result<Self> {
        Self::set_up(built, r#", record = { bodies = "full" }"#, None, plugins).await
    }

    /// A host without plugins, whose phone has a past when it links the session.
    pub(crate) async fn with_past(past: HistorySpec) -> Result<Self> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
        Self::set_up(&built, "", Some(past), |_| String::new()).await
    }

    /// Somebody else.
    pub(crate) async fn join(&self, name: &str) -> Result<Human> {
        Ok(Human::join(&self.simulator, person(name)).await?)
    }

    /// The same, with more in the table `plugins` of the configuration, and a phone that has a past.
    async fn set_up(
        built: &Path,
        more: &str,
        past: Option<HistorySpec>,
        plugins: impl FnOnce(&str) -> String,
    ) -> Result<Self> {
        let simulator = Simulator::start(waspnest_simulator::Config::default()).await?;
        let ana = Human::join(&simulator, person("Ana")).await?;
        let dir = tempfile::tempdir()?;
        let authority = dir.path().join("media.pem");
        std::fs::write(&authority, simulator.media_ca_pem())?;
        let config = format!(
            r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "{SECRET}" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821", authority-file = "{authority}" }}
plugins = {{ dir = "{built}", egress = {{ allow = ["127.0.0.0/8"] }}, install = {{ allow = ["127.0.0.0/8"] }}{more} }}
[[session]]
name = "main"
{plugins}
"#,
            endpoint = simulator.url(),
            authority = authority.display(),
            built = built.display(),
            plugins = plugins(&ana.account().phone),
        );
        let file = dir.path().join("config.toml");
        std::fs::write(&file, config)?;
        let app = App::start(Config::load(Some(&file), std::iter::empty())?, Outside::machine()).await?;
        let address = app.address();
        let record = app.sessions.shared().register.by_name(&"main".parse()?).await?;
        let record = record.context("the configuration declares the session")?;
        let handle = app.sessions.get(record.id).context("the session is at work")?.handle;

        let phone = simulator.create_account(person("Host"))?.phone;
        if let Some(past) = past {
            simulator.invent_history(&phone, past)?;
        }
        let mut qr = handle.qr();
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        let code = shown.as_ref().context("it was waited for")?.code.to_string();
        drop(shown);
        simulator.scan_qr(&phone, &code).await?;
        let mut status = handle.status();
        tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;

        let (running, stop) = run(app);
        Ok(Self {
            simulator,
            phone,
            ana,
            running,
            stop,
            address,
            config: file,
            _dir: dir,
        })
    }

    /// Its configuration.
    pub(crate) fn config_file(&self) -> &Path {
        &self.config
    }

    /// Tells the clerk what to do, and gives its next answer.
    pub(crate) async fn told(&self, words: &str) -> Result<String> {
        let seen = self.ana.position();
        self.ana.say(&self.phone, words).await?;
        let answers = |heard: &Heard| !heard.from_me && heard.chat.starts_with(&self.phone) && heard.text.is_some();
        let heard = self.ana.wait_for_after(seen, answers, PATIENCE).await;
        let heard = heard.with_context(|| format!("nobody answered {words:?}"))?;
        heard.text.context("it was waited for")
    }

    /// Waits until Ana has heard a line from the host that begins like this.
    pub(crate) async fn hears(&self, line: &str) -> Result<Heard> {
        let says = |heard: &Heard| !heard.from_me && heard.text.as_deref().is_some_and(|text| text.starts_with(line));
        let heard = self.ana.wait_for(says, PATIENCE).await;
        heard.with_context(|| {
            let lines: Vec<_> = self.ana.phone_view().into_iter().map(|heard| heard.text).collect();
            format!("nobody said {line:?}, but {lines:?}")
        })
    }

    /// Fetches a file over the API, or a range of it.
    pub(crate) async fn file(&self, path: &str, range: Option<&str>) -> Result<(u16, Vec<u8>)> {
        let url = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder()
            .uri(url)
            .header("Authorization", format!("Bearer {SECRET}"));
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        let request = request.body(())?;
        let asked = tokio::task::spawn_blocking(move || -> Result<(u16, Vec<u8>)> {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut answer = agent.run(request)?;
            Ok((answer.status().as_u16(), answer.body_mut().read_to_vec()?))
        });
        asked.await?
    }

    /// Asks the API, and answers with status and body.
    pub(crate) async fn api(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Result<(u16, Value)> {
        let url = format!("http://{}{path}", self.address);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("Authorization", format!("Bearer {SECRET}"))
            .header("Content-Type", kind)
            .body(body)?;
        let asked = tokio::task::spawn_blocking(move || -> Result<(u16, Value)> {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut answer = agent.run(request)?;
            let body = answer.body_mut().read_to_vec()?;
            let told = match body.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&body)?,
            };
            Ok((answer.status().as_u16(), told))
        });
        asked.await?
    }

    /// The host ends in order and starts again, with the same configuration and data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let (stop, _) = oneshot::channel();
        let _ = std::mem::replace(&mut self.stop, stop).send(());
        let stopped = self.running.join_next().await.context("it runs")??;
        ensure!(stopped == Stopped::Cleanly, "it stopped with {stopped:?}");
        let config = Config::load(Some(&self.config), std::iter::empty())?;
        let app = tokio::time::timeout(PATIENCE, started_again(&config)).await??;
        self.address = app.address();
        let record = app.sessions.shared().register.by_name(&"main".parse()?).await?;
        let record = record.context("the session is there")?;
        let mut status = app.sessions.get(record.id).context("it is at work")?.handle.status();
        tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;
        (self.running, self.stop) = run(app);
        Ok(())
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        // A host that ended by itself is told below.
        let _ = self.stop.send(());
        let stopped = self.running.join_next().await.context("it runs")??;
        ensure!(stopped == Stopped::Cleanly, "it stopped with {stopped:?}");
        self.ana.leave().await;
        self.simulator.shutdown().await;
        Ok(())
    }
}

/// Starts a host over a data directory that the host before it may not have let go of yet: its last connections end a moment later.
async fn started_again(config: &Config) -> Result<App> {
    loop {
        match App::start(config.clone(), Outside::machine()).await {
            Err(AppError::Open(OpenError::Locked { .. })) => tokio::task::yield_now().await,
            started => return Ok(started?),
        }
    }
}

fn run(app: App) -> (JoinSet<Stopped>, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = JoinSet::new();
    running.spawn(app.run(futures::stream::once(async {
        // A dropped sender is a test that failed: the host ends then too.
        let _ = stopped.await;
        Signal::Terminate
    })));
    (running, stop)
}

fn person(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.into(),
        phone: None,
    }
}
