//! Brings versions of plugins in and puts them to work.
//!
//! A version is a package, kept by its digest in the data directory and never changed. Which one is at work is a durable choice that is
//! written before the first call of it is made. Everything that can fail (reading, checking signatures, compiling, fitting grants and
//! configuration) is done beside the version at work, which goes on; the switch itself happens between two calls. Changes are made one at a
//! time, over all installations. Those that are made over the API come and go here too ([`Rollout::make`]).

mod approval;
mod archive;
mod arrival;
mod canary;
mod error;
mod fetch;
mod library;
mod live;
mod made;
mod migration;
mod registry;
mod shadow;
mod signature;
mod start;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard};
use waspnest_core::clock::Clock;
use waspnest_core::config_layer::ConfigLayers;
use waspnest_core::id::InstallationId;
use waspnest_core::made_installation::{MadeInstallations, Stage};
use waspnest_core::outbox::Outbox;
use waspnest_core::package::{Package, PackageDigest};
use waspnest_core::packages::Packages;
use waspnest_core::progress::Progress;
use waspnest_core::runs::Runs;
use waspnest_core::session::Sessions;
use waspnest_core::store::Store;
use waspnest_core::uploaded_plugin::UploadedPlugins;
use waspnest_core::version::{Approval, Choice, Version, VersionRegister, Versions};
use waspnest_egress::Egress;
use waspnest_engine::record::Hide;
use waspnest_engine::{Engine, LimitWish, Plugin, pack};

use crate::config::Config;
use crate::config::installation::{self, Source};
use crate::config::plugins::Plugins;
use crate::install;
use crate::router::{Installed, Slot, Slots};
use crate::service::hooks::OwnedHook;
use crate::service::installations::{Described, Origin, Standing};
use crate::shutdown::Shutdown;
#[cfg(test)]
pub(crate) use archive::unpack;
pub(crate) use arrival::look;
pub use error::RolloutError;
pub use library::Uploaded;
use live::Live;
pub(crate) use migration::settle;
pub use registry::Reference;
pub use signature::{FILE as SIGNATURE, Needed, TrustedKey};

/// What the rollout works with.
#[derive(Debug, Clone)]
pub struct RolloutParts {
    /// The configuration file: sources, grants, binds.
    pub config: Arc<Config>,
    /// The sandbox.
    pub engine: Arc<Engine>,
    /// The packages that are installed.
    pub packages: Packages,
    /// Which version is at work.
    pub register: VersionRegister,
    /// Installations that were made over the API.
    pub made: MadeInstallations,
    /// Plugins that were uploaded.
    pub uploaded: UploadedPlugins,
    /// What was set of configurations.
    pub layers: ConfigLayers,
    /// Where everything durable is.
    pub store: Arc<dyn Store>,
    /// How far installations have come.
    pub progress: Progress,
    /// Records of calls.
    pub runs: Runs,
    /// The way out for installing.
    pub egress: Egress,
    /// The register of sessions.
    pub sessions: Sessions,
    /// What installations keep.
    pub outbox: Outbox,
    /// How what people wrote is hidden where differences are shown.
    pub hide: Hide,
    /// Who runs what happens beside.
    pub shutdown: Shutdown,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The versions of all installations at work. Clones are the same.
#[derive(Debug, Clone)]
pub struct Rollout {
    parts: Arc<RolloutParts>,
    slots: Slots,
    live: Arc<Live>,
    changing: Arc<Mutex<()>>,
}

/// Whether a version may meet data of a later form than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backwards {
    /// No: that is refused.
    Refused,
    /// Yes, the operator says so.
    Forced,
}

/// A version that was brought in.
#[derive(Debug)]
pub struct BroughtIn {
    /// What names it.
    pub digest: PackageDigest,
    /// All versions of the installation, with it.
    pub versions: Versions,
}

impl Rollout {
    /// The places of the installations at work.
    #[must_use]
    pub const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// How requests from outside reach an installation that is at work; none for not at all.
    #[must_use]
    pub fn hook(&self, id: &InstallationId) -> Option<OwnedHook> {
        self.slots.get(id)?;
        let wanted = self.wanted(id).ok()?;
        Some((wanted.hook?, wanted.tenant))
    }

    /// All installations as an operator sees them: those at work, and then those that were made over the API and are not.
    #[must_use]
    pub fn described(&self) -> Vec<Described> {
        let held = self.live.all_held();
        let slots = self.slots.all();
        let at_work = slots.iter().filter_map(|slot| {
            let wanted = self.wanted(slot.id()).ok()?;
            let origin = match held.contains_key(slot.id()) {
                true => Origin::Api,
                false => Origin::File,
            };
            Some(install::described(&slot.active(), &wanted, origin))
        });
        let idle = held.iter().filter(|(id, _)| slots.iter().all(|slot| slot.id() != *id));
        let idle = idle.map(|(id, held)| Described {
            id: id.clone(),
            origin: Origin::Api,
            tenant: held.record.tenant,
            plugin: held.plugin.clone(),
            granted: Vec::new(),
            binds: Vec::new(),
            standing: match (&held.record.stage, &held.problem) {
                (Stage::Leaving, _) => Standing::Leaving,
                (Stage::Kept, Some(problem)) => Standing::Broken {
                    problem: problem.clone(),
                },
                (Stage::Kept, None) => Standing::Paused,
            },
        });
        at_work.chain(idle).collect()
    }

    /// The versions of an installation.
    ///
    /// # Errors
    /// [`RolloutError::UnknownInstallation`], or the store's.
    pub async fn versions(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        self.slot(id)?;
        self.record(id).await
    }

    /// Brings a version in, without putting it to work; one that is installed already counts as the latest. `origin` says where it came
    /// from.
    ///
    /// # Errors
    /// [`RolloutError`]; nothing is installed then.
    pub async fn install(&self, id: &InstallationId, arrived: Arrived) -> Result<BroughtIn, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let mut versions = self.record(id).await?;
        let digest = arrived.package.digest();
        let signed_by = self.parts.signer(&arrived)?;
        let Arrived { package, origin, .. } = arrived;
        let plugin = self
            .parts
            .engine
            .load_package(package.clone(), Path::new(&origin), self.wanted(id)?.limits)
            .await?;
        let before = slot.active();
        let before = before.installation.plugin();
        if plugin.manifest.id != before.manifest.id {
            return Err(RolloutError::OtherPlugin {
                found: plugin.manifest.id.clone(),
                wanted: before.manifest.id.clone(),
            });
        }
        // Whatever would keep it from being put to work is told now, while somebody is looking.
        self.fitted(&slot, Arc::clone(&plugin)).await?;
        self.parts.packages.put(package).await?;
        let version = self.parts.version(&plugin, &origin, signed_by);
        versions.add(Version {
            approval: self.approval(id, &versions, before, (&plugin, &version))?,
            ..version
        });
        let mut needed = self.parts.beside_work(id).await?;
        needed.push(digest);
        versions.prune(self.keep(), &needed);
        self.write(id, &versions).await?;
        self.sweep().await;
        Ok(BroughtIn { digest, versions })
    }

    /// Puts a version to work that is installed. Calls under way end with the version that began them; the next call of each lane is the
    /// new one's. The choice stays until another one is made.
    ///
    /// # Errors
    /// [`RolloutError`]; the version that was at work goes on then.
    pub async fn activate(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        backwards: Backwards,
    ) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let versions = self.record(id).await?;
        self.switch(&slot, versions, digest, backwards).await
    }

    /// Puts the version to work that was before the one at work.
    ///
    /// # Errors
    /// [`RolloutError`]; the version that was at work goes on then.
    pub async fn roll_back(&self, id: &InstallationId, backwards: Backwards) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let versions = self.record(id).await?;
        let previous = versions
            .previous
            .ok_or_else(|| RolloutError::NothingBefore { id: id.clone() })?;
        self.switch(&slot, versions, previous, backwards).await
    }

    /// Approves of what a version asks for, and puts it to work.
    ///
    /// # Errors
    /// [`RolloutError`]; the version that was at work goes on then. The approval stays.
    pub async fn approve(&self, id: &InstallationId, digest: PackageDigest) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let mut versions = self.record(id).await?;
        let version = versions
            .get_mut(digest)
            .ok_or_else(|| RolloutError::UnknownVersion { digest })?;
        version.approval = Approval::Given {
            at: self.parts.clock.now(),
        };
        self.write(id, &versions).await?;
        self.switch(&slot, versions, digest, Backwards::Refused).await
    }

    async fn switch(
        &self,
        slot: &Slot,
        mut versions: Versions,
        digest: PackageDigest,
        backwards: Backwards,
    ) -> Result<Versions, RolloutError> {
        let id = slot.id();
        let version = self.allowed(&versions, digest)?;
        let before = slot.active();
        let (from, to) = (before.installation.plugin().manifest.data_version, version.data_version);
        match backwards {
            Backwards::Refused if to < from => return Err(RolloutError::Backwards { from, to }),
            Backwards::Refused | Backwards::Forced => {}
        }
        let plugin = self.installed(id, digest).await?;
        let installed = Arc::new(self.fitted(slot, plugin).await?);
        let choice = self.choice(id, digest).await?;
        // Only where data change their form the installation stands still for a while.
        let _closed = match from == to {
            true => None,
            false => {
                let closed = slot.close().await;
                let migrated = self.parts.migrate(&installed, backwards).await?;
                if !migrated.is_empty() {
                    versions.next = Some(digest);
                    self.write(id, &versions).await?;
                    self.parts.commit(&installed, migrated).await?;
                }
                Some(closed)
            }
        };
        versions.activate(digest, choice);
        // Whatever was tried or in shadow was so beside the version that goes.
        self.stop_trying(slot).await?;
        self.stop_shadow(slot).await?;
        self.write(id, &versions).await?;
        let breaker = Arc::clone(&installed.breaker);
        let replaced = slot.replace(installed);
        breaker.forget();
        self.retire(&replaced, digest);
        tracing::info!(
            plugin.id = %id, from = %replaced.installation.plugin().digest, to = %digest, "another version of the plugin is at work"
        );
        Ok(versions)
    }

    /// Tells a version that another one has taken over, when its last call has ended.
    fn retire(&self, replaced: &Arc<Installed>, digest: PackageDigest) {
        let (parts, replaced) = (Arc::clone(&self.parts), Arc::clone(replaced));
        let id = replaced.installation.id().clone();
        self.parts.shutdown.spawn_finite(format!("retire {id}"), async move {
            replaced.calls.close();
            replaced.calls.wait().await;
            let reason = format!("{digest} has taken over");
            if let Err(error) = parts.engine.retire(&replaced.installation, &reason).await {
                tracing::warn!(plugin.id = %id, %error, "the version that was replaced did not end well");
            }
        });
    }

    /// What choosing a version means: whoever chooses what is in the source follows the source.
    async fn choice(&self, id: &InstallationId, digest: PackageDigest) -> Result<Choice, RolloutError> {
        let in_source = self.parts.in_source(&self.wanted(id)?).await;
        Ok(match in_source {
            Ok(arrived) if arrived.package.digest() == digest => Choice::Source,
            // What cannot be read cannot be followed.
            Ok(_) | Err(_) => Choice::Operator,
        })
    }

    /// A version that may be put to work.
    fn allowed<'v>(&self, versions: &'v Versions, digest: PackageDigest) -> Result<&'v Version, RolloutError> {
        let version = versions.get(digest);
        let version = version.ok_or(RolloutError::UnknownVersion { digest })?;
        match &version.approval {
            Approval::NotNeeded | Approval::Given { .. } => {}
            Approval::Waiting { because } => {
                return Err(RolloutError::NotApproved {
                    digest,
                    because: because.clone(),
                });
            }
        }
        self.parts.trusted(version)?;
        Ok(version)
    }

    /// A version that is installed, compiled.
    async fn installed(&self, id: &InstallationId, digest: PackageDigest) -> Result<Arc<Plugin>, RolloutError> {
        self.parts.compiled(digest, self.wanted(id)?.limits).await
    }

    /// A plugin with the grants, the configuration and the rules of an installation.
    async fn fitted(&self, slot: &Slot, plugin: Arc<Plugin>) -> Result<Installed, RolloutError> {
        let wanted = self.wanted(slot.id())?;
        let installation = install::fit(plugin, &wanted)?;
        let breaker = Arc::clone(&slot.active().breaker);
        let engine = &self.parts.engine;
        let fitted = install::with_rules(engine, installation, &wanted, &self.live.config(), breaker).await?;
        let before = slot.active();
        fitted
            .settings
            .inherit(engine, &fitted.installation, &before.settings)
            .await;
        Ok(fitted)
    }

    fn approval(
        &self,
        id: &InstallationId,
        versions: &Versions,
        before: &Plugin,
        (plugin, version): (&Plugin, &Version),
    ) -> Result<Approval, RolloutError> {
        let pin = self.wanted(id)?.pin;
        Ok(approval::judge(
            pin,
            (before, versions.get(before.digest)),
            (plugin, version),
        ))
    }

    fn wanted(&self, id: &InstallationId) -> Result<installation::Installation, RolloutError> {
        let config = self.live.config();
        let mut all = config.installations.iter();
        all.find(|wanted| wanted.id == *id)
            .cloned()
            .ok_or_else(|| RolloutError::UnknownInstallation { id: id.clone() })
    }

    fn slot(&self, id: &InstallationId) -> Result<Arc<Slot>, RolloutError> {
        let found = self.slots.get(id);
        found.ok_or_else(|| RolloutError::UnknownInstallation { id: id.clone() })
    }

    async fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    async fn record(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        let record = self.parts.register.get(id).await?;
        record.ok_or_else(|| RolloutError::UnknownInstallation { id: id.clone() })
    }

    async fn write(&self, id: &InstallationId, versions: &Versions) -> Result<(), RolloutError> {
        Ok(self.parts.register.put(id, versions).await?)
    }

    fn keep(&self) -> usize {
        self.parts.config.plugins.keep_versions
    }

    /// Removes packages that no installation has any more. What stays by a failure costs room and nothing else.
    async fn sweep(&self) {
        if let Err(error) = self.parts.sweep(&self.live.config()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "packages of old versions were not removed"
            );
        }
    }
}

impl RolloutParts {
    /// The key that signed what has arrived.
    fn signer(&self, arrived: &Arrived) -> Result<Option<Box<str>>, RolloutError> {
        self.signer_of(arrived.package.digest(), arrived.signature.as_deref())
    }

    fn signer_of(&self, digest: PackageDigest, signature: Option<&[u8]>) -> Result<Option<Box<str>>, RolloutError> {
        let Plugins {
            trust, require_signed, ..
        } = &self.config.plugins;
        signature::signer(trust, *require_signed, digest, signature)
    }

    /// What is in the source of an installation now.
    async fn in_source(&self, wanted: &installation::Installation) -> Result<Arrived, RolloutError> {
        match &wanted.source {
            Source::Directory(path) => packed(path.clone()).await,
            Source::Uploaded(digest) => self.of_library(*digest).await,
        }
    }

    /// What messages call the source of an installation.
    fn place(&self, source: &Source) -> PathBuf {
        match source {
            Source::Directory(path) => path.clone(),
            Source::Uploaded(digest) => self.packages.path(digest),
        }
    }

    /// A package that is here, compiled.
    async fn compiled(&self, digest: PackageDigest, limits: LimitWish) -> Result<Arc<Plugin>, RolloutError> {
        let package = self.packages.get(digest).await?;
        let package = package.ok_or(RolloutError::UnknownVersion { digest })?;
        let place = self.packages.path(&digest);
        Ok(self.engine.load_package(package, &place, limits).await?)
    }

    /// Whether a version that is installed may be put to work, as far as signatures go: the list of trust may have changed since.
    fn trusted(&self, version: &Version) -> Result<(), RolloutError> {
        let Plugins {
            trust, require_signed, ..
        } = &self.config.plugins;
        let known = |key: &str| trust.iter().any(|trusted| trusted.is(key));
        match (require_signed, &version.signed_by) {
            (Needed::No, _) => Ok(()),
            (Needed::Yes, Some(key)) if known(key) => Ok(()),
            (Needed::Yes, _) => Err(RolloutError::Signature {
                digest: version.digest,
                problem: "no key of plugins.trust has signed it".to_owned(),
            }),
        }
    }

    /// A version that was brought in and that nobody has judged yet.
    fn version(&self, plugin: &Plugin, origin: &str, signed_by: Option<Box<str>>) -> Version {
        Version {
            digest: plugin.digest,
            number: plugin.manifest.version.clone(),
            data_version: plugin.manifest.data_version,
            installed_at: self.clock.now(),
            origin: origin.into(),
            signed_by,
            approval: Approval::NotNeeded,
        }
    }

    async fn sweep(&self, config: &Config) -> Result<(), RolloutError> {
        let uploaded = self.uploaded.list().await?.into_iter();
        let uploaded = uploaded.flat_map(|(_, plugin)| plugin.versions);
        let mut needed: HashSet<_> = uploaded.map(|version| version.digest).collect();
        // Those of installations that are disabled too, or cannot be read: they may come back.
        let held = self.made.list().await?.into_iter().map(|(id, _)| id);
        let ids = config.installations.iter().map(|wanted| wanted.id.clone()).chain(held);
        for id in ids {
            if let Some(versions) = self.register.get(&id).await? {
                needed.extend(versions.installed.iter().map(|version| version.digest));
            }
        }
        self.packages.keep_only(needed).await?;
        Ok(())
    }
}

/// A package that has arrived, and what came with it.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// It.
    pub package: Package,
    /// A signature of it, which nobody has looked at.
    pub signature: Option<Bytes>,
    /// Where it came from, in words.
    pub origin: String,
}

/// The package in a directory.
async fn packed(source: PathBuf) -> Result<Arrived, RolloutError> {
    let packed = tokio::task::spawn_blocking(move || read_packed(&source));
    packed.await.map_err(|error| RolloutError::Broken(error.into()))?
}

fn read_packed(source: &Path) -> Result<Arrived, RolloutError> {
    let beside = match source.is_dir() {
        true => Some(source),
        false => source.parent(),
    };
    let signature = beside
        .map(|dir| dir.join(signature::FILE))
        .and_then(|file| std::fs::read(file).ok());
    Ok(Arrived {
        package: pack(source)?,
        signature: signature.map(Bytes::from),
        origin: source.display().to_string(),
    })
}

/// Who has signed the plugin in a directory, which is looked at and not installed; none for one that is not signed and need not be.
///
/// # Errors
/// [`RolloutError::Load`] when it cannot be read, [`RolloutError::Signature`] when its signature is not good enough.
pub(crate) fn signer_of(source: &Path, plugins: &Plugins) -> Result<Option<Box<str>>, RolloutError> {
    let Arrived { package, signature, .. } = read_packed(source)?;
    signature::signer(
        &plugins.trust,
        plugins.require_signed,
        package.digest(),
        signature.as_deref(),
    )
}
