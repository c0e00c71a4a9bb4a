//! What the tests stand on: an engine, a host in memory, and events made by hand.

mod memory;

pub(crate) use memory::{Connection, Memory};

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, SystemClock, UnixMs};
use waspnest_core::draft::{Draft, Timer};
use waspnest_core::event::{Event, EventKind, Position, Tick, TickCause};
use waspnest_core::id::{EventId, SessionId, SessionName};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_engine::{CallContext, CallError, Engine, EngineOptions, Grants, Installation, InstallationSpec};

/// When the tests take place.
pub(crate) const NOW: UnixMs = UnixMs(1_790_000_000_000);

/// A directory of `target/plugins`.
pub(crate) fn plugin_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(name);
    assert!(
        dir.join("plugin.toml").is_file(),
        "{} is missing: run `cargo xtask plugins` first",
        dir.display()
    );
    dir
}

/// A copy of a plugin with its manifest changed.
pub(crate) fn changed(name: &str, change: impl FnOnce(String) -> String) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let from = plugin_dir(name);
    for entry in fs::read_dir(&from).expect("a directory") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), dir.path().join(entry.file_name())).expect("a copy");
    }
    let manifest = dir.path().join("plugin.toml");
    fs::write(&manifest, change(fs::read_to_string(&manifest).expect("a manifest"))).expect("written");
    dir
}

/// An engine, a clock that stands still, a host and ids.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) host: Arc<Memory>,
    pub(crate) session: SessionName,
    ids: SeededIds,
    count: AtomicU64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut EngineOptions)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let mut options = EngineOptions::new(clock.clone());
        options.cache_dir = Some(shared_cache());
        options.concurrency = 4;
        change(&mut options);
        Self {
            engine: Engine::new(options).expect("the engine starts"),
            clock,
            host: Arc::default(),
            session: "sales-de".parse().expect("a session name"),
            ids: SeededIds::new(7),
            count: AtomicU64::new(0),
        }
    }

    /// An engine on the machine's clock, for what only time can end.
    pub(crate) fn on_system_clock() -> Self {
        Self::with(|options| options.clock = Arc::new(SystemClock::new()))
    }

    pub(crate) async fn install(&self, name: &str) -> Installation {
        self.install_with(name, |spec| spec.grants = Grants::as_requested())
            .await
    }

    pub(crate) async fn install_with(&self, name: &str, change: impl FnOnce(&mut InstallationSpec)) -> Installation {
        self.install_from(&plugin_dir(name), change).await
    }

    /// Of any directory, under the directory's name.
    pub(crate) async fn install_from(&self, dir: &Path, change: impl FnOnce(&mut InstallationSpec)) -> Installation {
        let name = dir.file_name().and_then(|name| name.to_str()).expect("a name");
        let mut spec = InstallationSpec::new(name.parse().expect("an installation id"));
        change(&mut spec);
        let plugin = self.engine.load_for(dir, spec.limits).await.expect("the plugin loads");
        Installation::new(plugin, spec).expect("the plugin installs")
    }

    pub(crate) async fn call(&self, installation: &Installation, event: &Event) -> Result<Draft, CallError> {
        self.engine
            .call(installation, CallContext::new(event, &self.session), self.host.clone())
            .await
    }

    /// Says something to the guest, commits what it drafts, and answers the texts it sends.
    pub(crate) async fn say(&self, installation: &Installation, text: &str) -> Vec<String> {
        let draft = self
            .call(installation, &self.text(text))
            .await
            .unwrap_or_else(|error| panic!("{text:?} ended with {error}"));
        self.host.commit(&draft);
        sent(&draft)
    }

    pub(crate) fn event(&self, kind: EventKind) -> Event {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        Event {
            id: EventId::new(self.ids.ulid(NOW)),
            session: SessionId::new(self.ids.ulid(NOW)),
            position: Position(count),
            received_at: NOW,
            kind,
        }
    }

    /// A text in a direct chat.
    pub(crate) fn text(&self, text: &str) -> Event {
        self.event(EventKind::Message(Box::new(message("4915112345678", text))))
    }

    /// The tick of a timer.
    pub(crate) fn tick(&self, timer: &Timer, installation: &Installation) -> Event {
        self.event(EventKind::Tick(Tick {
            installation: installation.id().clone(),
            schedule: timer.id.clone(),
            cause: TickCause::Once,
            scheduled_for: timer.next,
            missed: 0,
            previous: None,
            zone: timer.zone.clone(),
            payload: timer.payload.clone(),
            origin: timer.origin.clone(),
        }))
    }
}

/// Compiled guests are shared by the tests of one build of them: compiling is most of a test's time.
fn shared_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-guests")
}

/// A text of somebody's, in their own chat.
pub(crate) fn message(phone: &str, text: &str) -> Message {
    let jid: Jid = phone.parse().expect("a phone number");
    Message {
        key: MessageKey {
            chat: jid.clone(),
            id: format!("IN{}", text.len()).parse().expect("a message id"),
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party {
            alt: Some("123456789012345@lid".parse().expect("a LID")),
            ..Party::known_as(jid)
        },
        timestamp: NOW,
        content: Content::Text(Text {
            body: text.into(),
            preview: None,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: None,
        spoiler: false,
        offline: false,
        history: false,
        device: Some(0),
    }
}

/// The texts a draft sends.
pub(crate) fn sent(draft: &Draft) -> Vec<String> {
    draft
        .effects
        .iter()
        .filter_map(|action| action.sent()?.content.plain_text().map(str::to_owned))
        .collect()
}

/// Waits for something that must happen soon, and fails if it does not.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let limit = SystemClock::new().sleep(Duration::from_secs(60));
    tokio::select! {
        done = what => done,
        () = limit => panic!("did not happen within a minute"),
    }
}
