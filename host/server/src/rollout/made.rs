//! Installations that are made, changed and removed over the API, beside those of the configuration file.
//!
//! What is said of one is judged as a whole before anything of it is kept; it is durable before it is at work; and what was at work goes on if
//! it comes to nothing. One that cannot be put to work at a start keeps nobody from starting: it says why, and waits to be changed or removed.
//! One that is removed says so durably first, so that a crash in between finds it and goes on: nobody works with it any more, then all that it
//! kept goes, and its record last.

use std::sync::Arc;

use serde_json::{Map, Value};
use waspnest_core::clock::UnixMs;
use waspnest_core::config_layer::Reach;
use waspnest_core::id::{InstallationId, PluginId, SessionId, SessionName, TenantId};
use waspnest_core::installation_data;
use waspnest_core::made_installation::{MAX_DEFINITION, MadeInstallation, Stage};
use waspnest_core::package::PackageDigest;

use super::live::Held;
use super::{Rollout, RolloutError, migration};
use crate::breaker::Breaker;
use crate::config::Config;
use crate::config::installation::{Activity, Installation as Wanted, Source};
use crate::config::made::{DefinitionFault, Made, UnusableDefinition};
use crate::install;
use crate::router::{Installed, Slot};
use crate::service::installations::DescribedPlugin;
use crate::settings::stored;

/// Keys that stay as they were said first.
const FIXED: [(&str, &str); 3] = [
    ("id", "the name of an installation stays; make another one"),
    ("tenant", "whose an installation is stays; make another one"),
    (
        "plugin",
        "another version is brought in and activated; another plugin is another installation",
    ),
];

impl Rollout {
    /// Makes an installation and, unless it is told not to, puts it to work.
    ///
    /// # Errors
    /// [`RolloutError`]; there is no such installation then.
    pub async fn make(
        &self,
        mut definition: Map<String, Value>,
        tenant: Option<TenantId>,
    ) -> Result<InstallationId, RolloutError> {
        self.resolve(&mut definition).await?;
        let made = Made::read(&definition, tenant, &self.parts.config)?;
        let id = made.installation.id.clone();
        let _changing = self.change().await;
        self.is_free(&id)?;
        let now = self.parts.clock.now();
        let record = MadeInstallation {
            tenant,
            definition: written(&definition)?,
            made_at: now,
            changed_at: now,
            stage: Stage::Kept,
        };
        let config = made.clone().beside(Config::clone(&self.live.config()));
        self.same_plugin(&made.installation).await?;
        let installed = self.prepared(&config, &made.installation).await?;
        let held = Held {
            record,
            plugin: Some(install::described_plugin(installed.installation.plugin())),
            problem: None,
        };
        self.parts.made.set(&id, Some(&held.record)).await?;
        let activity = made.installation.activity;
        self.live.hold(&id, held, Some(made));
        match activity {
            Activity::Enabled => self.enlist(installed).await?,
            Activity::Disabled => {}
        }
        tracing::info!(plugin.id = %id, "an installation was made");
        Ok(id)
    }

    /// Changes what is said of an installation: each key that is given takes the place of the one before, and null takes it away.
    ///
    /// # Errors
    /// [`RolloutError`]; what was at work goes on then.
    pub async fn change_made(&self, id: &InstallationId, change: Map<String, Value>) -> Result<(), RolloutError> {
        let fixed = FIXED.iter().filter(|(key, _)| change.contains_key(*key));
        let faults: Vec<_> = fixed
            .map(|(key, why)| DefinitionFault {
                pointer: format!("/{key}"),
                problem: (*why).to_owned(),
            })
            .collect();
        if !faults.is_empty() {
            return Err(UnusableDefinition(faults).into());
        }
        let _changing = self.change().await;
        let held = self.kept(id)?;
        let mut definition = said(&held.record)?;
        for (key, value) in change {
            match value {
                Value::Null => drop(definition.remove(&key)),
                value => drop(definition.insert(key, value)),
            }
        }
        let made = Made::read(&definition, held.record.tenant, &self.parts.config)?;
        let record = MadeInstallation {
            definition: written(&definition)?,
            changed_at: self.parts.clock.now(),
            ..held.record
        };
        let config = made.clone().beside(Config::clone(&self.live.config()));
        let at_work = self.slots.get(id);
        let installed = match &at_work {
            Some(slot) => self.refitted(slot, &config, &made.installation).await?,
            None => self.prepared(&config, &made.installation).await?,
        };
        self.parts.made.set(id, Some(&record)).await?;
        let held = Held {
            record,
            plugin: Some(install::described_plugin(installed.installation.plugin())),
            problem: None,
        };
        let activity = made.installation.activity;
        self.live.hold(id, held, Some(made));
        // Whatever was tried or in shadow was so beside what was said before.
        if let Some(slot) = &at_work {
            self.stop_trying(slot).await?;
            self.stop_shadow(slot).await?;
        }
        match (activity, at_work) {
            (Activity::Enabled, Some(slot)) => {
                drop(slot.replace(Arc::new(installed)));
                self.slots.put(slot);
                self.slots.settled().await;
            }
            (Activity::Enabled, None) => self.enlist(installed).await?,
            (Activity::Disabled, _) => {
                self.slots.remove(id);
                self.slots.settled().await;
            }
        }
        tracing::info!(plugin.id = %id, "an installation was changed");
        Ok(())
    }

    /// Removes an installation with all that it keeps. Calls under way end first.
    ///
    /// # Errors
    /// [`RolloutError`]. When it is left half-way it can be removed again, and is at the next start.
    pub async fn remove_made(&self, id: &InstallationId) -> Result<(), RolloutError> {
        let _changing = self.change().await;
        let held = self.made(id)?;
        let record = MadeInstallation {
            stage: Stage::Leaving,
            ..held.record.clone()
        };
        self.parts.made.set(id, Some(&record)).await?;
        self.live.hold(id, Held { record, ..held }, None);
        let slot = self.slots.get(id);
        self.slots.remove(id);
        self.slots.settled().await;
        if let Some(slot) = slot {
            let installed = slot.active();
            if let Err(error) = self
                .parts
                .engine
                .retire(&installed.installation, "the installation is removed")
                .await
            {
                tracing::warn!(plugin.id = %id, %error, "the plugin of an installation that is removed did not end well");
            }
        }
        self.clear_away(id).await?;
        self.live.let_go(id);
        self.sweep().await;
        tracing::info!(plugin.id = %id, "an installation was removed");
        Ok(())
    }

    /// What was said of an installation that was made over the API, and when that was changed last.
    #[must_use]
    pub fn definition(&self, id: &InstallationId) -> Option<(Map<String, Value>, MadeInstallation)> {
        let record = self.live.held(id)?.record;
        Some((said(&record).unwrap_or_default(), record))
    }

    /// Removes everything that is kept of an installation nobody works with, its record last.
    pub(super) async fn clear_away(&self, id: &InstallationId) -> Result<(), RolloutError> {
        let parts = &self.parts;
        for (session, _) in self.sessions().await? {
            installation_data::remove(&parts.store, &parts.outbox, &parts.progress, session, id).await?;
            parts.runs.prune(session, id, 0, UnixMs(u64::MAX)).await?;
        }
        parts.layers.set(id, &Reach::Installation, None).await?;
        parts.register.remove(id).await?;
        parts.made.set(id, None).await?;
        Ok(())
    }

    /// Takes up, at a start, what was made in earlier lives of the host.
    pub(super) async fn take_up_made(&self) -> Result<(), RolloutError> {
        for (id, record) in self.parts.made.list().await? {
            if self.parts.config.installations.iter().any(|wanted| wanted.id == id) {
                return Err(RolloutError::Clash { id });
            }
            match record.stage {
                Stage::Leaving => self.clear_away(&id).await?,
                Stage::Kept => self.take_up_one(&id, record).await?,
            }
        }
        Ok(())
    }

    async fn take_up_one(&self, id: &InstallationId, record: MadeInstallation) -> Result<(), RolloutError> {
        let plugin = self.known_plugin(id, &record).await?;
        let read = said(&record).and_then(|said| Ok(Made::read(&said, record.tenant, &self.parts.config)?));
        let held = Held {
            record,
            plugin,
            problem: None,
        };
        let put_to_work = match read {
            Ok(made) => {
                let wanted = made.installation.clone();
                self.live.hold(id, held, Some(made));
                match wanted.activity {
                    Activity::Disabled => return Ok(()),
                    Activity::Enabled => self.prepared(&self.live.config(), &wanted).await,
                }
            }
            Err(error) => {
                self.live.hold(id, held, None);
                Err(error)
            }
        };
        match put_to_work {
            Ok(installed) => {
                let plugin = install::described_plugin(installed.installation.plugin());
                self.live.note(id, |held| held.plugin = Some(plugin));
                self.enlist(installed).await
            }
            Err(error @ (RolloutError::Store(_) | RolloutError::Sessions(_))) => Err(error),
            Err(error) => {
                tracing::error!(plugin.id = %id, error = &error as &dyn std::error::Error, "an installation that was made over the API cannot be put to work");
                self.live.note(id, |held| held.problem = Some(error.to_string().into()));
                Ok(())
            }
        }
    }

    /// What can be said of the plugin of an installation without loading it.
    async fn known_plugin(
        &self,
        id: &InstallationId,
        record: &MadeInstallation,
    ) -> Result<Option<DescribedPlugin>, RolloutError> {
        let digest = said(record)
            .ok()
            .and_then(|said| said.get("plugin")?.as_str()?.parse().ok());
        let versions = self.parts.register.get(id).await?;
        let Some(digest) = versions.map(|versions| versions.active).or(digest) else {
            return Ok(None);
        };
        let mut all = self.parts.uploaded.list().await?.into_iter();
        Ok(all.find_map(|(id, plugin)| {
            let version = plugin.get(digest)?;
            Some(DescribedPlugin {
                id,
                version: version.number.clone(),
                digest: digest.to_string().into(),
                name: plugin.name,
            })
        }))
    }

    /// An installation that is not at work, ready to be: its plugin loaded, its rules judged, what was set before taken up.
    async fn prepared(&self, config: &Config, wanted: &Wanted) -> Result<Installed, RolloutError> {
        let installed = self.parts.put_to_work(config, wanted).await?;
        let sessions = self.sessions().await?;
        stored::take_up(&self.parts.layers, &sessions, &self.parts.engine, &installed).await?;
        Ok(installed)
    }

    /// The version at work under other rules.
    async fn refitted(&self, slot: &Slot, config: &Config, wanted: &Wanted) -> Result<Installed, RolloutError> {
        let before = slot.active();
        let digest = before.installation.plugin().digest;
        let plugin = self.parts.compiled(digest, wanted.limits).await?;
        let breaker = Arc::new(Breaker::new(config.plugins.breaker));
        let engine = &self.parts.engine;
        let installed = install::with_rules(engine, install::fit(plugin, wanted)?, wanted, config, breaker).await?;
        let (settings, installation) = (&installed.settings, &installed.installation);
        settings.inherit(engine, installation, &before.settings).await;
        Ok(installed)
    }

    /// Puts an installation to work in every session.
    async fn enlist(&self, installed: Installed) -> Result<(), RolloutError> {
        let slot = Arc::new(Slot::new(Arc::new(installed)));
        self.settle_everywhere(&slot).await?;
        self.slots.put(Arc::clone(&slot));
        // Sessions that were made meanwhile.
        self.settle_everywhere(&slot).await?;
        // What comes from here on is for it too.
        self.slots.settled().await;
        Ok(())
    }

    async fn settle_everywhere(&self, slot: &Slot) -> Result<(), RolloutError> {
        for (session, _) in self.sessions().await? {
            let settled = migration::settle(&self.parts.outbox, session, slot).await;
            settled.map_err(migration::uncommitted)?;
        }
        Ok(())
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, SessionName)>, RolloutError> {
        let all = self.parts.sessions.list().await?.into_iter();
        Ok(all.map(|record| (record.id, record.name)).collect())
    }

    /// Puts the digest of the latest version in the place of a plugin's name, and looks whether it was uploaded.
    async fn resolve(&self, definition: &mut Map<String, Value>) -> Result<(), RolloutError> {
        let Some(Value::String(given)) = definition.get("plugin") else {
            // The reader says what is wrong with it.
            return Ok(());
        };
        let unknown = |problem: String| {
            let pointer = "/plugin".to_owned();
            UnusableDefinition(vec![DefinitionFault { pointer, problem }])
        };
        if let Ok(digest) = given.parse::<PackageDigest>() {
            return match self.parts.in_library(digest).await? {
                Some(_) => Ok(()),
                None => Err(unknown(format!("{digest} was not uploaded")).into()),
            };
        }
        let id = given.parse::<PluginId>().map_err(|error| unknown(error.to_string()))?;
        let uploaded = self.parts.uploaded.get(&id).await?;
        let latest = uploaded.as_ref().and_then(|plugin| plugin.versions.last());
        let latest = latest.ok_or_else(|| unknown(format!("no plugin {id} was uploaded")))?;
        definition.insert("plugin".into(), latest.digest.to_string().into());
        Ok(())
    }

    /// Whether what is kept under this name, if anything is, was kept by the same plugin.
    async fn same_plugin(&self, wanted: &Wanted) -> Result<(), RolloutError> {
        let Some(versions) = self.parts.register.get(&wanted.id).await? else {
            return Ok(());
        };
        let Source::Uploaded(digest) = wanted.source else {
            return Ok(());
        };
        if self.parts.packages.get(versions.active).await?.is_none() {
            return Ok(());
        }
        let found = self.parts.compiled(digest, wanted.limits).await?.manifest.id.clone();
        let wanted = self
            .parts
            .compiled(versions.active, wanted.limits)
            .await?
            .manifest
            .id
            .clone();
        match found == wanted {
            true => Ok(()),
            false => Err(RolloutError::OtherPlugin { found, wanted }),
        }
    }

    fn is_free(&self, id: &InstallationId) -> Result<(), RolloutError> {
        if self.parts.config.installations.iter().any(|wanted| wanted.id == *id) {
            return Err(RolloutError::TakenByFile { id: id.clone() });
        }
        match self.live.held(id) {
            Some(_) => Err(RolloutError::Taken { id: id.clone() }),
            None => Ok(()),
        }
    }

    /// One that was made over the API.
    fn made(&self, id: &InstallationId) -> Result<Held, RolloutError> {
        if self.parts.config.installations.iter().any(|wanted| wanted.id == *id) {
            return Err(RolloutError::OfFile { id: id.clone() });
        }
        let held = self.live.held(id);
        held.ok_or_else(|| RolloutError::UnknownInstallation { id: id.clone() })
    }

    /// One that stays.
    fn kept(&self, id: &InstallationId) -> Result<Held, RolloutError> {
        let held = self.made(id)?;
        match held.record.stage {
            Stage::Kept => Ok(held),
            Stage::Leaving => Err(RolloutError::Leaving { id: id.clone() }),
        }
    }
}

/// What a record says.
fn said(record: &MadeInstallation) -> Result<Map<String, Value>, RolloutError> {
    serde_json::from_str(&record.definition).map_err(|error| {
        let problem = format!("what was said of it cannot be read: {error}");
        let pointer = String::new();
        UnusableDefinition(vec![DefinitionFault { pointer, problem }]).into()
    })
}

fn written(definition: &Map<String, Value>) -> Result<Box<str>, RolloutError> {
    let text = Value::Object(definition.clone()).to_string();
    match text.len() {
        bytes if bytes > MAX_DEFINITION => Err(RolloutError::DefinitionTooLarge { bytes }),
        _ => Ok(text.into()),
    }
}
