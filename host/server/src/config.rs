//! A whole deployment as one file, with every key optional and none ignored.
//!
//! [`Config::load`] reads TOML and the environment variables `WASPNEST__SECTION__KEY` laid over it, and answers either a
//! configuration that is valid as a whole or all its problems at once. Relative paths start at the directory of the file. Nothing
//! here touches the network or the store, and no other part of the host reads the environment.

pub mod backup;
pub mod bind;
pub mod callers;
pub mod commands;
pub mod connections;
pub mod deliveries;
pub mod hook;
pub mod hours;
pub mod install;
pub mod installation;
pub mod keys;
pub mod log;
pub mod made;
pub mod mailbox;
mod media;
pub mod metrics;
pub mod pattern;
pub mod plugins;
pub mod problem;
pub mod record;
pub mod scenario;
pub mod schedule;
pub mod secret;
pub mod secrets;
pub mod send_policy;
pub mod server;
pub mod session;
pub mod storage;
pub mod tls;
pub mod traces;
pub mod webhooks;
pub mod whatsapp;

mod change;
mod check;
mod egress;
mod form;
mod section;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::service::media::MediaLimits;
use backup::Backup;
use bind::Bind;
use callers::Callers;
use deliveries::Deliveries;
use installation::Installation;
use keys::Keys;
use log::Log;
use mailbox::Mailbox;
use metrics::Metrics;
use plugins::Plugins;
use problem::ConfigError;
use schedule::Schedule;
use secrets::Declared;
use section::{Findings, Section};
use send_policy::SendPolicies;
use server::Server;
use session::Session;
use storage::Storage;
use traces::Traces;
use tree::Node;
use waspnest_core::id::{EndpointName, SecretName};
use webhooks::Endpoint;
use whatsapp::WhatsApp;

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[callers]`.
    pub callers: Callers,
    /// `[storage]`.
    pub storage: Storage,
    /// `[backup]`.
    pub backup: Backup,
    /// `[keys]`.
    pub keys: Keys,
    /// `[whatsapp]`.
    pub whatsapp: WhatsApp,
    /// `[mailbox]`.
    pub mailbox: Mailbox,
    /// `[plugins]`.
    pub plugins: Plugins,
    /// `[secrets]`.
    pub secrets: BTreeMap<SecretName, Declared>,
    /// `[webhooks]`.
    pub webhooks: BTreeMap<EndpointName, Endpoint>,
    /// `[send-policy]`.
    pub send_policy: SendPolicies,
    /// `[deliveries]`.
    pub deliveries: Deliveries,
    /// `[media]`.
    pub media: MediaLimits,
    /// `[log]`.
    pub log: Log,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[traces]`.
    pub traces: Traces,
    /// `[[session]]`.
    pub sessions: Vec<Session>,
    /// `[[plugin]]`.
    pub installations: Vec<Installation>,
    /// `[[bind]]`.
    pub binds: Vec<Bind>,
    /// `[[schedule]]`.
    pub schedules: Vec<Schedule>,
}

impl Config {
    /// Reads the file at `path`, or nothing but defaults without one, with the overrides among `env` laid over it.
    ///
    /// # Errors
    /// [`ConfigError::Read`] when the file cannot be read, [`ConfigError::Problems`] with everything that is wrong in it.
    pub fn load(path: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?,
            None => String::new(),
        };
        Self::read(&text, path, env).0
    }

    /// Every key there is, as a dotted path with `[]` for the elements of a list.
    #[must_use]
    pub fn keys() -> BTreeSet<String> {
        // A file with one element in each list, so that the keys of elements are asked for; what is missing in them does not matter here.
        let text = "session = [{}]\nplugin = [{ session = { name = {} }, chat = [{}], schedule = { name = {} } }]\nbind = [{}]\nschedule = [{}]\n[secrets.name]\n[webhooks.name]\n[[send-policy.session]]";
        Self::read(text, None, std::iter::empty()).1
    }

    fn read(
        text: &str,
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> (Result<Self, ConfigError>, BTreeSet<String>) {
        let findings = Findings::default();
        let mut root = match tree::parse(text) {
            Ok(root) => root,
            Err(problems) => {
                return (
                    Err(ConfigError::Problems {
                        path: path.map(Path::to_owned),
                        problems,
                    }),
                    BTreeSet::new(),
                );
            }
        };
        let env: BTreeMap<String, String> = env.collect();
        for (name, value) in env.iter().filter(|(name, _)| name.starts_with(tree::PREFIX)) {
            if let Err(problem) = tree::overlay(&mut root, name, value) {
                findings.report(problem);
            }
        }
        let config = Self::from_tree(root, &findings, &base(path), &env);
        let (problems, keys) = findings.into_parts();
        let result = match problems.is_empty() {
            true => Ok(config),
            false => Err(ConfigError::Problems {
                path: path.map(Path::to_owned),
                problems,
            }),
        };
        (result, keys)
    }

    fn from_tree(root: Node, findings: &Findings, base: &Path, env: &BTreeMap<String, String>) -> Self {
        let mut section = Section::root(findings, root);
        let server = Server::read(section.table("server"), base);
        let callers = Callers::read(section.table("callers"));
        let storage = Storage::read(section.table("storage"), base);
        let backup = Backup::read(section.table("backup"), base, &storage.dir);
        let keys = Keys::read(section.table("keys"), base, &storage.dir);
        let whatsapp = WhatsApp::read(section.table("whatsapp"), base);
        let mailbox = Mailbox::read(section.table("mailbox"));
        let plugins = Plugins::read(section.table("plugins"), base, &storage.dir);
        let secrets = secrets::read(&mut section, base, env);
        let webhooks = webhooks::read(&mut section);
        let send_policy = SendPolicies::read(section.table("send-policy"));
        let deliveries = Deliveries::read(section.table("deliveries"));
        let media = MediaLimits::read(section.table("media"));
        let log = Log::read(section.table("log"));
        let metrics = Metrics::read(section.table("metrics"));
        let traces = Traces::read(section.table("traces"));
        let sessions = section
            .tables("session")
            .into_iter()
            .filter_map(Session::read)
            .collect();
        let installations = section.tables("plugin").into_iter();
        let installations = installations
            .filter_map(|section| Installation::read(section, base, &plugins.dir))
            .collect();
        let binds = section.tables("bind").into_iter().filter_map(Bind::read).collect();
        let schedules = section
            .tables("schedule")
            .into_iter()
            .filter_map(Schedule::read)
            .collect();
        let config = Self {
            server,
            callers,
            storage,
            backup,
            keys,
            whatsapp,
            mailbox,
            plugins,
            secrets,
            webhooks,
            send_policy,
            deliveries,
            media,
            log,
            metrics,
            traces,
            sessions,
            installations,
            binds,
            schedules,
        };
        check::references(&config, &section);
        check::secrets(&config, &section);
        check::webhooks(&config, &section);
        section.finish();
        config
    }
}

/// Where relative paths start.
fn base(path: Option<&Path>) -> PathBuf {
    path.and_then(Path::parent).map(Path::to_owned).unwrap_or_default()
}
