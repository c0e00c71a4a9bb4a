//! `[[plugin]]`: plugins put to work. One plugin may be installed many times, under different ids.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::id::{InstallationId, ScheduleId, SessionName, TenantId};
use waspnest_core::package::PackageDigest;
use waspnest_engine::limits::LimitWish;
use waspnest_engine::{Grants, Limits, Mode, Reuse};

use super::commands::Commands;
use super::form;
use super::hook::Hook;
use super::pattern::Pattern;
use super::plugins::MOST_FUEL;
use super::schedule::ScheduleChange;
use super::section::Section;
use super::tree::Node;

/// `[[plugin]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Installation {
    /// The operator's name for it.
    pub id: InstallationId,
    /// Where its plugin comes from.
    pub source: Source,
    /// Whose it is; none for the operator's, which work in everybody's sessions.
    pub tenant: Option<TenantId>,
    /// Whether it works.
    pub activity: Activity,
    /// Which of several installations gets an event first, where one may stop it: the higher.
    pub priority: i32,
    /// Whether it takes part.
    pub mode: Mode,
    /// What is kept in order.
    pub lane: Lane,
    /// Lower limits than the manifest asks for, or higher ones, below the host's caps.
    pub limits: LimitWish,
    /// Whether sandboxes are used again.
    pub reuse: Reuse,
    /// How its commands are called.
    pub commands: Commands,
    /// Which of its versions have to be looked at before they are put to work.
    pub pin: Pin,
    /// How requests from outside reach it; none for not at all.
    pub hook: Option<Hook>,
    /// What the plugin may do.
    pub grants: Grants,
    /// The plugin's own settings, over its defaults.
    pub config: JsonObject,
    /// Settings of single sessions, over those.
    pub session_config: BTreeMap<SessionName, JsonObject>,
    /// Settings of chats, over those; the first that fits holds.
    pub chat_config: Vec<ChatSettings>,
    /// What is changed about the schedules of its manifest.
    pub schedules: BTreeMap<ScheduleId, ScheduleChange>,
}

/// Where the plugin of an installation comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The plugin's directory, or its `plugin.toml`.
    Directory(PathBuf),
    /// It was uploaded.
    Uploaded(PackageDigest),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Uploaded(digest) => write!(f, "{digest}, which was uploaded"),
        }
    }
}

/// What plugins read.
type JsonObject = serde_json::Map<String, serde_json::Value>;

/// `[[plugin.chat]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatSettings {
    /// Names of sessions.
    pub sessions: Vec<Pattern>,
    /// Addresses of chats.
    pub chats: Vec<Pattern>,
    /// Settings, over those of the session.
    pub config: JsonObject,
}

impl ChatSettings {
    /// Whether it holds in chats of a session.
    #[must_use]
    pub fn holds_in(&self, session: &SessionName) -> bool {
        self.sessions.iter().any(|pattern| pattern.matches(session.as_str()))
    }

    /// Whether it is for a chat.
    #[must_use]
    pub fn is_for(&self, chat: &Jid) -> bool {
        let fits = |pattern: &Pattern| pattern.matches(chat.user()) || pattern.matches(&chat.to_string());
        self.chats.iter().any(fits)
    }

    fn read(mut section: Section<'_>) -> Option<Self> {
        let sessions = section.or("sessions", vec![Pattern::everything()], form::list(form::parsed));
        let chats = section.required("chats", form::list(form::parsed));
        let config = object(section.free("config").1);
        section.finish();
        Some(Self {
            sessions,
            chats: chats?,
            config,
        })
    }
}

/// Whether an installation works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It gets events.
    Enabled,
    /// It is known and gets nothing.
    Disabled,
}

/// Which versions of a plugin have to be looked at before they are put to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Those that ask for more than the version before.
    Requests,
    /// Those, and those that somebody else has signed.
    Publisher,
    /// All.
    Digest,
}

/// Within what an installation gets events one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A chat.
    Chat,
    /// A sender, in whichever chat.
    Sender,
    /// Nothing: every event on its own.
    Message,
    /// Everything: one call at a time.
    All,
}

impl Installation {
    /// `base` is where `file:` paths start, `plugins` where bare names are looked up.
    pub(super) fn read(mut section: Section<'_>, base: &Path, plugins: &Path) -> Option<Self> {
        let id = section.required("id", form::parsed);
        let source = section.required("source", source(base, plugins));
        Self::rest(section, id, source.map(Source::Directory), None)
    }

    /// All but its name and where its plugin comes from.
    pub(super) fn rest(
        mut section: Section<'_>,
        id: Option<InstallationId>,
        source: Option<Source>,
        tenant: Option<TenantId>,
    ) -> Option<Self> {
        let activity = match section.or("enabled", true, form::boolean) {
            true => Activity::Enabled,
            false => Activity::Disabled,
        };
        let lanes = form::one_of(&[
            ("chat", Lane::Chat),
            ("sender", Lane::Sender),
            ("message", Lane::Message),
            ("all", Lane::All),
        ]);
        let priority = section.or("priority", 100, form::integer(-1_000_000, 1_000_000));
        let modes = form::one_of(&[("active", Mode::Active), ("observe", Mode::Observe)]);
        let mode = section.or("mode", Mode::Active, modes);
        let lane = section.or("lane", Lane::Chat, lanes);
        let limits = limits(section.table("limits"));
        let reuse = reuse(section.table("reuse"));
        let pins = form::one_of(&[
            ("requests", Pin::Requests),
            ("publisher", Pin::Publisher),
            ("digest", Pin::Digest),
        ]);
        let pin = section.or("pin", Pin::Requests, pins);
        let commands = Commands::read(section.table("commands"));
        let hook = Hook::read(section.table("hook"));
        let (path, table) = section.free("grants");
        let grants = Grants::from_toml(&path, &table).unwrap_or_else(|error| {
            section.report("grants", error.to_string());
            Grants::default()
        });
        let config = object(section.free("config").1);
        let session_config = session_config(&mut section);
        let chats = section.tables("chat").into_iter();
        let chat_config = chats.filter_map(ChatSettings::read).collect();
        let schedules = schedules(&mut section);
        section.finish();
        Some(Self {
            id: id?,
            source: source?,
            tenant,
            activity,
            priority,
            mode,
            lane,
            limits,
            reuse,
            commands,
            pin,
            hook,
            grants,
            config,
            session_config,
            chat_config,
            schedules,
        })
    }
}

fn source(base: &Path, plugins: &Path) -> impl Fn(&Node) -> Result<PathBuf, String> {
    move |node| {
        let text = form::some_text(node)?;
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(base.join(path)),
            None => Ok(plugins.join(&*text)),
            Some(_) => Err(format!(
                "{text:?} is not a source: expected \"file:\" and a path, or the name of a directory in plugins.dir"
            )),
        }
    }
}

fn limits(mut section: Section<'_>) -> LimitWish {
    let most = Limits::CEILING;
    let limits = LimitWish {
        memory_bytes: section.optional("memory", form::bytes(1 << 20, most.memory_bytes)),
        call_timeout: section.optional("call-timeout", form::span(Duration::from_millis(1), most.call_timeout)),
        fuel: section.optional("fuel", form::integer(1, MOST_FUEL)),
        hostcall_bytes: section.optional("hostcall-bytes", form::bytes(64 << 10, most.hostcall_bytes)),
        concurrency: section.optional("concurrency", form::integer(1, 1000)),
        sends_per_minute: section.optional("sends-per-minute", form::integer(1, 100_000)),
        sends_per_chat_per_minute: section.optional("sends-per-chat-per-minute", form::integer(1, 100_000)),
        log_bytes_per_minute: section.optional("log-bytes-per-minute", form::bytes(0, most.log_bytes_per_minute)),
    };
    section.finish();
    limits
}

fn reuse(mut section: Section<'_>) -> Reuse {
    let max_calls = section.or("max-calls", 1, form::integer(1, 1_000_000));
    section.finish();
    if max_calls == 1 {
        Reuse::Fresh
    } else {
        Reuse::Warm { max_calls }
    }
}

fn session_config(section: &mut Section<'_>) -> BTreeMap<SessionName, JsonObject> {
    let mut sessions = BTreeMap::new();
    for (name, mut inner) in section.named("session") {
        let config = object(inner.free("config").1);
        inner.finish();
        match name.parse() {
            Ok(name) => {
                sessions.insert(name, config);
            }
            Err(error) => section.report("session", format!("{error}")),
        }
    }
    sessions
}

fn schedules(section: &mut Section<'_>) -> BTreeMap<ScheduleId, ScheduleChange> {
    let mut schedules = BTreeMap::new();
    for (name, inner) in section.named("schedule") {
        let change = ScheduleChange::read(inner);
        match name.parse() {
            Ok(name) => {
                schedules.insert(name, change);
            }
            Err(error) => section.report("schedule", format!("{error}")),
        }
    }
    schedules
}

/// A TOML table as JSON: what plugins read. Dates become texts.
pub(super) fn json(table: toml::Table) -> serde_json::Value {
    serde_json::Value::Object(object(table))
}

fn object(table: toml::Table) -> JsonObject {
    fn value(inner: toml::Value) -> serde_json::Value {
        match inner {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(integer) => integer.into(),
            toml::Value::Float(float) => float.into(),
            toml::Value::Boolean(boolean) => boolean.into(),
            toml::Value::Datetime(moment) => moment.to_string().into(),
            toml::Value::Array(array) => array.into_iter().map(value).collect(),
            toml::Value::Table(table) => json(table),
        }
    }
    table.into_iter().map(|(key, inner)| (key, value(inner))).collect()
}
