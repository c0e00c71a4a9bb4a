//! An installation to be, and how the harness puts it to work.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use waspnest_core::id::{EndpointName, InstallationId};
use waspnest_engine::{Engine, Grants, Installation, InstallationSpec, Mode};

use crate::breaker::Breaker;
use crate::config::bind::{Bind, History, Lists, MayStop, Offline, Own, Topic};
use crate::config::commands::Commands;
use crate::config::installation::Lane;
use crate::config::pattern::Pattern;
use crate::config::plugins::{Backoff, BreakerRule, Retry};
use crate::config::webhooks::{Endpoint, Sign, SignForm};
use crate::router::Installed;
use crate::settings::{FileLayers, Settings};

/// An installation to be.
#[derive(Clone)]
pub(in super::super) struct Install {
    pub plugin: &'static str,
    pub id: &'static str,
    pub binds: Vec<Bind>,
    pub commands: Commands,
    pub priority: i32,
    pub mode: Mode,
    pub retry: Retry,
    pub breaker: BreakerRule,
    pub layers: FileLayers,
    /// Endpoints by their names, and where they lead.
    pub endpoints: Vec<(&'static str, String)>,
}

impl Install {
    pub(in super::super) fn of(plugin: &'static str, id: &'static str) -> Self {
        let second = Duration::from_secs(1);
        let retry = Retry {
            max_attempts: 1,
            backoff: Backoff {
                first: second,
                factor: 1.0,
                max: second,
                jitter: 0.0,
            },
        };
        Self {
            plugin,
            id,
            binds: vec![everything("all")],
            commands: Commands::default(),
            priority: 100,
            mode: Mode::Active,
            retry,
            breaker: BreakerRule::default(),
            layers: FileLayers::default(),
            endpoints: Vec::new(),
        }
    }
}

/// A bind that lets everything but own messages through.
pub(in super::super) fn everything(id: &str) -> Bind {
    Bind {
        id: id.into(),
        plugin: self::id("bot"),
        sessions: vec![Pattern::everything()],
        events: Topic::USUAL.to_vec(),
        commands: Vec::new(),
        kinds: Vec::new(),
        chat_kinds: Vec::new(),
        chats: Lists::default(),
        senders: Lists::default(),
        text: None,
        when: None,
        own: Own::Ignored,
        history: History::Ignored,
        offline: Offline::All,
        may_stop: MayStop::No,
    }
}

/// The endpoints of all installations: signed, and tried three times.
pub(super) fn endpoints(installs: &[Install]) -> BTreeMap<EndpointName, Endpoint> {
    let all = installs.iter().flat_map(|install| &install.endpoints);
    let endpoint = |(name, url): &(&str, String)| {
        let endpoint = Endpoint {
            url: url.parse().expect("a URL"),
            sign: Some(Sign {
                form: SignForm::Hub,
                secret: "token".parse().expect("a name"),
            }),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            retry: super::super::three_tries(),
        };
        (name.parse().expect("a name"), endpoint)
    };
    all.map(endpoint).collect()
}

/// The guest that misbehaves on command.
pub(in super::super) fn hostile(id: &'static str) -> Install {
    Install::of("hostile", id)
}

pub(in super::super) fn id(text: &str) -> InstallationId {
    text.parse().expect("a valid id")
}

pub(in super::super) fn plugin_dir(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(name);
    assert!(dir.exists(), "{} is missing: run `cargo xtask plugins`", dir.display());
    dir
}

pub(super) async fn installed(engine: &Engine, install: &Install) -> Installed {
    let plugin = engine.load(&plugin_dir(install.plugin)).await.expect("a good plugin");
    let spec = InstallationSpec {
        grants: Grants::as_requested(),
        mode: install.mode,
        ..InstallationSpec::new(id(install.id))
    };
    Installed {
        tenant: None,
        settings: Settings::new(&plugin.manifest, install.layers.clone()),
        commands: crate::router::Commands::new(&plugin.manifest, &install.commands, &install.binds)
            .expect("good commands"),
        installation: Installation::new(plugin, spec).expect("a good installation"),
        binds: install.binds.clone(),
        schedules: Vec::new(),
        order: Lane::Chat,
        priority: install.priority,
        mode: install.mode,
        retry: install.retry.clone(),
        breaker: Arc::new(Breaker::new(install.breaker)),
        calls: TaskTracker::new(),
    }
}
