//! The engine: one wasmtime engine, one linker, the pool of sandboxes and the cache of compiled components.
//!
//! Compiling never happens on a thread of the async runtime, and one component at a time. A compiled component is native code, so
//! it is only ever read from a directory that nobody but the host's own user can write (see [`cache`]).

mod adapt;
mod cache;
mod compiler;
mod machine;
mod package;
mod places;
mod ticker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::Mutex;
use wasmtime::component::Component;
use waspnest_core::clock::Clock;
use waspnest_core::package::{Package, PackageDigest};

use crate::limits::{LimitWish, Limits};
use crate::plugin::{Digest, LoadError, Plugin};
pub use adapt::{AdaptError, component_of};
pub use compiler::{CompileLimits, Compiled, Compiler, CompilerProcess, compile_within};
pub use machine::Metering;
use machine::{MEMORIES_PER_PLACE, Machine, TABLES_PER_PLACE};
pub use package::{MANIFEST, pack, repack};
use package::{Unpacked, unpack};
pub use places::Occupancy;
pub(crate) use places::{Held, Places};
pub(crate) use ticker::TICK;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The most a plugin can get, whatever its manifest and its installation say.
    pub caps: Limits,
    /// Where compiled components are kept; none compiles each time. Made with mode 0700 if it is missing.
    pub cache_dir: Option<PathBuf>,
    /// Calls that run at the same time; more wait for their turn.
    pub concurrency: u32,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl EngineOptions {
    /// The usual options, without a cache.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            caps: Limits::CEILING,
            cache_dir: None,
            concurrency: 32,
            compiler: Compiler::InProcess,
            clock,
        }
    }
}

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refused the configuration, most often for lack of address space.
    #[error("cannot set up the WebAssembly engine")]
    Wasmtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The directory of compiled components cannot be used.
    #[error("cannot use {} for compiled plugins: {problem}", dir.display())]
    Cache {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The thread that interrupts long calls could not be started.
    #[error("cannot start the thread that interrupts long plugin calls")]
    Ticker(#[source] std::io::Error),
}

/// Runs plugins.
pub struct Engine {
    plain: Machine,
    /// Made when the first plugin is to be metered.
    metered: OnceLock<Machine>,
    cache_dir: Option<PathBuf>,
    caps: Limits,
    /// Plugins that are in use, by their packages; held while one is loaded.
    loading: Mutex<HashMap<(PackageDigest, Metering), Weak<Plugin>>>,
    compiled: AtomicU64,
    compiler: Compiler,
    pub(crate) clock: Arc<dyn Clock>,
    places: Arc<Places>,
    concurrency: u32,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("caps", &self.caps)
            .field("cache_dir", &self.cache_dir)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Sets an engine up: reserves the pool, checks the cache's directory, starts the ticker.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let concurrency = options.concurrency.max(1);
        let plain = Machine::new(concurrency, Metering::Time, options.cache_dir.as_deref())?;
        Ok(Self {
            plain,
            metered: OnceLock::new(),
            cache_dir: options.cache_dir,
            caps: options.caps.min(Limits::CEILING),
            loading: Mutex::default(),
            compiled: AtomicU64::new(0),
            compiler: options.compiler,
            clock: options.clock,
            places: Arc::new(Places::new(concurrency)),
            concurrency,
        })
    }

    /// Loads a plugin of a directory: `path` is that, or the `plugin.toml` in it.
    ///
    /// # Errors
    /// [`LoadError`], which names the file.
    pub async fn load(&self, path: &Path) -> Result<Arc<Plugin>, LoadError> {
        self.load_for(path, LimitWish::default()).await
    }

    /// The same for an installation with such limits: whether instructions are counted is a matter of its code.
    ///
    /// # Errors
    /// [`LoadError`], which names the file.
    pub async fn load_for(&self, path: &Path, limits: LimitWish) -> Result<Arc<Plugin>, LoadError> {
        let owned = path.to_owned();
        let package = blocking(path, move || pack(&owned)).await?;
        let dir = if path.is_dir() { Some(path) } else { path.parent() };
        self.load_package(package, dir.unwrap_or(Path::new("")), limits).await
    }

    /// Loads a plugin for an installation with such limits; `place` is what messages call where its files are. A plugin that is in use
    /// already is not loaded again, so that a thousand installations of one plugin hold its code once.
    ///
    /// # Errors
    /// [`LoadError`], which names the file.
    pub async fn load_package(
        &self,
        package: Package,
        place: &Path,
        limits: LimitWish,
    ) -> Result<Arc<Plugin>, LoadError> {
        // One at a time: compiling uses all cores, and two together would only be slower and hungrier.
        let mut in_use = self.loading.lock().await;
        let unpacked = blocking(place, {
            let place = place.to_owned();
            move || unpack(&place, &package)
        })
        .await?;
        in_use.retain(|_, plugin| plugin.strong_count() > 0);
        let limits = limits.or(unpacked.manifest.limits.or(Limits::DEFAULT)).min(self.caps);
        let metering = Metering::of(&limits);
        if let Some(plugin) = in_use.get(&(unpacked.package, metering)).and_then(Weak::upgrade) {
            return Ok(plugin);
        }
        let Unpacked {
            manifest,
            path,
            digest,
            package,
            wasm,
            schema,
        } = unpacked;
        let machine = self.machine(metering).map_err(|source| LoadError::Machine {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let component = match cached(machine, &path, digest).await? {
            Some(component) => component,
            None => {
                let compiling = self
                    .compiler
                    .compile(&machine.inner, metering, wasm, &path, &*self.clock);
                let code = compiling.await?;
                self.compiled.fetch_add(1, Ordering::Relaxed);
                take_in(machine, &path, digest, code).await?
            }
        };
        let built = Built {
            component: &component,
            digest: package,
            metering,
            caps: self.caps,
        };
        let mut plugin = Plugin::link(manifest, built, &machine.linker, path)?;
        plugin.schema = schema;
        let plugin = Arc::new(plugin);
        in_use.insert((package, metering), Arc::downgrade(&plugin));
        Ok(plugin)
    }

    /// The machine for what is measured so; called by one at a time.
    fn machine(&self, metering: Metering) -> Result<&Machine, EngineError> {
        match (metering, self.metered.get()) {
            (Metering::Time, _) => Ok(&self.plain),
            (Metering::Fuel, Some(machine)) => Ok(machine),
            (Metering::Fuel, None) => {
                let machine = Machine::new(self.concurrency, metering, self.cache_dir.as_deref())?;
                Ok(self.metered.get_or_init(|| machine))
            }
        }
    }

    /// How many components were compiled rather than found in the cache.
    #[must_use]
    pub fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    /// The most a plugin can get.
    #[must_use]
    pub const fn caps(&self) -> Limits {
        self.caps
    }

    /// Whether there is so much room for calls that one more delays nobody.
    #[must_use]
    pub fn is_roomy(&self) -> bool {
        self.places.are_roomy()
    }

    /// How the places for calls are taken at the moment.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        self.places.occupancy()
    }

    /// Places of the pool; whoever makes a sandbox takes them first, so that a full pool makes calls wait and not fail.
    pub(crate) const fn pool(&self) -> &Arc<Places> {
        &self.places
    }
}

/// Code with what it was built for.
pub(crate) struct Built<'a> {
    pub(crate) component: &'a Component,
    pub(crate) digest: PackageDigest,
    pub(crate) metering: Metering,
    pub(crate) caps: Limits,
}

/// Compiled code that was kept.
async fn cached(machine: &Machine, path: &Path, digest: Digest) -> Result<Option<Component>, LoadError> {
    let Some(cache) = machine.cache.clone() else {
        return Ok(None);
    };
    let engine = machine.inner.clone();
    blocking(path, move || Ok(cache.get(&engine, digest))).await
}

/// Makes a component of code that our own compiler just made, and keeps the code.
async fn take_in(machine: &Machine, path: &Path, digest: Digest, code: Vec<u8>) -> Result<Component, LoadError> {
    let (engine, cache, owned) = (machine.inner.clone(), machine.cache.clone(), path.to_owned());
    blocking(path, move || {
        #[expect(
            unsafe_code,
            reason = "the code comes from the compiler of this program, from memory or a pipe"
        )]
        // SAFETY: `deserialize` runs what it reads, and nobody but the compiler could write it.
        let component = unsafe { Component::deserialize(&engine, &code) };
        let component = component.map_err(|error| LoadError::Invalid {
            path: owned,
            problem: format!("{error:#}"),
        })?;
        if let Some(cache) = cache {
            cache.put(&code, digest);
        }
        Ok(component)
    })
    .await
}

/// Runs what reads files or compiles away from the threads of the async runtime.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| LoadError::Compile {
            path: path.to_owned(),
            problem: error.to_string(),
        })?
}

/// How many places of the pool a sandbox of this component takes.
pub(crate) fn pool_weight(component: &Component) -> u32 {
    match component.resources_required() {
        Some(needs) => needs
            .num_memories
            .div_ceil(MEMORIES_PER_PLACE)
            .max(needs.num_tables.div_ceil(TABLES_PER_PLACE))
            .max(1),
        // A component that imports components or modules cannot be counted; nothing that loads here does.
        None => 1,
    }
}
