//! `plugin.toml`: what the author says of a plugin and what it asks for.
//!
//! Parsed once, at load, into types that cannot hold nonsense. Unknown keys are errors; `[tool]`, `[test]` and keys that start with
//! `x-` belong to the author's tools and are not read. What an operator grants is [`crate::grant`]'s business.

mod build;
mod bus_terms;
pub(crate) mod capability;
mod command;
pub(crate) mod dialogue_terms;
pub(crate) mod http_terms;
mod media_terms;
mod schedule;
mod schema;
pub(crate) mod secret_terms;
pub(crate) mod section;
mod subscribe;
pub(crate) mod terms;
mod webhook_terms;
mod world;

use std::path::{Path, PathBuf};

use toml::Table;
use waspnest_core::data_version::FIRST;
use waspnest_core::id::PluginId;

pub use build::{Build, LANGUAGES};
pub use bus_terms::{BusTerms, TopicFilter, Topics};
pub use capability::{Capability, Need, Request, Requests};
pub use command::{ArgKind, ArgNeed, ArgSpec, Bounds, CommandSpec, Cooldown, CooldownScope, Role, Summary, Urgency};
pub use dialogue_terms::DialogueTerms;
pub use http_terms::{HttpTerms, Origins};
pub use media_terms::{MediaReadTerms, MediaWriteTerms};
pub use schedule::{
    FAN_OUT, FanOut, MAX_JITTER, MAX_PAYLOAD, MISSED, OVERLAP, Overlap, Schedule, ScheduleRule, ZoneRule,
};
pub use schema::schema;
pub use secret_terms::{SecretMode, SecretTerms};
pub use section::KeyError;
pub use subscribe::{EventFilter, MessageFilter, OwnMessages, RawFilter, Subscription};
pub use terms::{JobTerms, KvTerms, MessageTerms, Rate, Rule, Scope};
pub use webhook_terms::WebhookTerms;
pub(crate) use world::FREE;

use crate::limits::LimitWish;
use section::{Section, unknown};

/// The track of the plugin contract that this version serves.
pub const API: &str = "0.1";

/// A manifest that cannot be used. Names the file, and the key where there is one.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("cannot read the plugin manifest {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where and why.
        problem: String,
    },
    /// A key is missing, unknown or wrong.
    #[error("{}: {}: {}", file.display(), at.key, at.problem)]
    Key {
        /// The file.
        file: PathBuf,
        /// Which key, and what is wrong with it.
        at: KeyError,
    },
}

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The author's name of the plugin.
    pub id: PluginId,
    /// Name shown to people.
    pub name: Box<str>,
    /// Version of the plugin, `major.minor.patch`.
    pub version: Box<str>,
    /// The form of the values it keeps: when it changes, what an earlier version kept is brought into the new form first.
    pub data_version: u32,
    /// One sentence about it.
    pub description: Option<Box<str>>,
    /// SPDX expression.
    pub license: Option<Box<str>>,
    /// A page about it.
    pub homepage: Option<Box<str>>,
    /// The component, relative to the manifest's directory.
    pub component: PathBuf,
    /// Which events it wants: any of these.
    pub subscriptions: Vec<Subscription>,
    /// What people may type.
    pub commands: Vec<CommandSpec>,
    /// Schedules it comes with.
    pub schedules: Vec<Schedule>,
    /// What it asks for.
    pub requests: Requests,
    /// How its author's tools make it.
    pub build: Option<Build>,
    /// Limits it wishes for.
    pub limits: LimitWish,
    /// The JSON Schema of its configuration, relative to the manifest's directory.
    pub config_schema: Option<PathBuf>,
    /// Its configuration where the operator says nothing: a JSON object.
    pub defaults: serde_json::Map<String, serde_json::Value>,
}

impl Manifest {
    /// Reads a manifest file.
    pub fn read(file: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(file).map_err(|source| ManifestError::Read {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(file, &text)
    }

    /// Parses a manifest's text; `file` is for the words of errors.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ManifestError> {
        let table: Table = toml::from_str(text).map_err(|error| ManifestError::Syntax {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
        Self::from_table(&table).map_err(|at| ManifestError::Key {
            file: file.to_owned(),
            at,
        })
    }

    /// The files of the package besides the manifest itself, by their names below its directory.
    #[must_use]
    pub fn files(&self) -> Vec<Box<str>> {
        let named = std::iter::once(&self.component).chain(&self.config_schema);
        named.map(|name| name.to_string_lossy().into()).collect()
    }

    fn from_table(table: &Table) -> Result<Self, KeyError> {
        let mut root = Section::new("", table);
        match root.number("manifest")? {
            Some(1) => {}
            Some(other) => {
                return root.fail(
                    "manifest",
                    format!("version {other} of the manifest is not known to this host; it knows 1"),
                );
            }
            None => return root.fail("manifest", "is missing; the first line must be `manifest = 1`"),
        }
        let Some(mut plugin) = root.section("plugin")? else {
            return root.fail("plugin", "is missing");
        };
        let id = match plugin.parse("id")? {
            Some(id) => id,
            None => return plugin.fail("id", "is missing"),
        };
        let name = plugin.required("name")?.into();
        let version = plugin.required("version")?;
        if !is_version(version) {
            return plugin.fail("version", format!("{version:?} is not a version such as \"1.4.0\""));
        }
        let component = plugin.required("component")?;
        if !is_plain_path(component) {
            return plugin.fail(
                "component",
                format!("{component:?} must be a path below the manifest's directory"),
            );
        }
        let api = plugin.required("api")?;
        if api != API {
            return plugin.fail(
                "api",
                format!("the plugin is built for {api:?} of the plugin contract; this host serves {API:?}"),
            );
        }
        let data_version = match plugin.number("data-version")? {
            None => FIRST,
            Some(number) => match u32::try_from(number).ok().filter(|number| *number >= FIRST) {
                Some(number) => number,
                None => return plugin.fail("data-version", format!("must be {FIRST} to {}", u32::MAX)),
            },
        };
        let description = plugin.text("description")?.map(Into::into);
        let license = plugin.text("license")?.map(Into::into);
        let homepage = plugin.text("homepage")?.map(Into::into);
        plugin.finish()?;

        let subscriptions = root
            .sections("subscribe")?
            .into_iter()
            .map(Subscription::read)
            .collect::<Result<_, _>>()?;
        let commands = CommandSpec::read_all(root.sections("command")?)?;
        let schedules = Schedule::read_all(root.sections("schedule")?)?;
        let requests = match root.section("capabilities")? {
            Some(section) => Requests::read(section)?,
            None => Requests::default(),
        };
        let build = root.section("build")?.map(Build::read).transpose()?;
        let limits = match root.section("limits")? {
            Some(mut section) => {
                let wish = LimitWish {
                    memory_bytes: section.bytes("memory")?,
                    call_timeout: section.span("call-timeout")?,
                    fuel: section.count("fuel")?,
                    hostcall_bytes: section.bytes("hostcall-bytes")?,
                    concurrency: section.count("concurrency")?,
                    sends_per_minute: section.count("sends-per-minute")?,
                    sends_per_chat_per_minute: section.count("sends-per-chat-per-minute")?,
                    log_bytes_per_minute: section.bytes("log-bytes-per-minute")?,
                };
                section.finish()?;
                wish
            }
            None => LimitWish::default(),
        };
        let (config_schema, defaults) = match root.section("config")? {
            Some(section) => read_config(section)?,
            None => (None, serde_json::Map::new()),
        };
        for ignored in ["test", "tool"] {
            root.section(ignored)?;
        }
        root.finish()?;
        Ok(Self {
            id,
            name,
            version: version.into(),
            data_version,
            description,
            license,
            homepage,
            component: component.into(),
            subscriptions,
            commands,
            schedules,
            requests,
            build,
            limits,
            config_schema,
            defaults,
        })
    }
}

type Defaults = serde_json::Map<String, serde_json::Value>;

fn read_config(mut section: Section<'_>) -> Result<(Option<PathBuf>, Defaults), KeyError> {
    let key = section.at("defaults");
    let defaults = match section.value("defaults") {
        None => serde_json::Map::new(),
        Some(value) => match serde_json::to_value(value) {
            Ok(serde_json::Value::Object(map)) => map,
            Ok(_) => return Err(KeyError::new(key, "expected a table")),
            Err(error) => return Err(KeyError::new(key, format!("has no form in JSON: {error}"))),
        },
    };
    let schema = match section.text("schema")? {
        Some(path) if is_plain_path(path) => Some(path.into()),
        Some(path) => {
            let problem = format!("{path:?} must be a path below the manifest's directory");
            return section.fail("schema", problem);
        }
        None => None,
    };
    section.finish()?;
    Ok((schema, defaults))
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3 && core.split('.').all(|part| part.parse::<u64>().is_ok())
}

fn is_plain_path(text: &str) -> bool {
    !text.is_empty()
        && Path::new(text)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// One of a few words, or an error with what was probably meant.
fn word<T: Copy>(key: String, what: &str, given: &str, table: &[(&str, T)]) -> Result<T, KeyError> {
    match table.iter().find(|(name, _)| *name == given) {
        Some((_, value)) => Ok(*value),
        None => Err(KeyError::new(
            key,
            unknown(what, given, &table.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        )),
    }
}

#[cfg(test)]
mod tests;
