//! The engine: one wasmtime engine, one linker, the pool of sandboxes and the cache of compiled components.
//!
//! Compiling never happens on a thread of the async runtime, and one component at a time. A compiled component is native code, so
//! it is only ever read from a directory that nobody but the host's own user can write (see [`cache`]).

mod cache;
mod compiler;
mod package;
mod places;
mod ticker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};
use waspnest_core::clock::Clock;
use waspnest_core::package::{Package, PackageDigest};

use crate::bindings::waspnest::plugin::{
    bus, chats, config, contacts, dialogue, groups, http, kv, log, media_store, messaging, meta, schedule, secrets,
    types, webhooks,
};
use crate::limits::{Limits, TABLE_ELEMENTS};
use crate::plugin::{Digest, LoadError, Plugin};
use crate::state::CallState;
use cache::Cache;
pub use compiler::{CompileLimits, Compiled, Compiler, CompilerProcess, compile_within};
pub use package::{MANIFEST, pack, repack};
use package::{Unpacked, unpack};
pub(crate) use places::{Held, Places};
pub(crate) use ticker::TICK;
use ticker::Ticker;

/// What a plugin's sandbox takes of the pool is counted in places of this size.
const MEMORIES_PER_PLACE: u32 = 2;
const TABLES_PER_PLACE: u32 = 4;
const CORE_INSTANCES_PER_PLACE: u32 = 30;

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
    inner: wasmtime::Engine,
    linker: Linker<CallState>,
    cache: Option<Cache>,
    caps: Limits,
    /// Plugins that are in use, by their packages; held while one is loaded.
    loading: Mutex<HashMap<PackageDigest, Weak<Plugin>>>,
    compiled: AtomicU64,
    compiler: Compiler,
    pub(crate) clock: Arc<dyn Clock>,
    places: Arc<Places>,
    _ticker: Ticker,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("caps", &self.caps)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Sets an engine up: reserves the pool, checks the cache's directory, starts the ticker.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let concurrency = options.concurrency.max(1);
        let wasmtime_error = |error: wasmtime::Error| EngineError::Wasmtime(error.into());
        let inner = wasmtime::Engine::new(&configuration(concurrency)).map_err(wasmtime_error)?;
        let linker = linker(&inner).map_err(wasmtime_error)?;
        let cache = options.cache_dir.map(|dir| Cache::open(dir, &inner)).transpose()?;
        let ticker = Ticker::start(inner.weak()).map_err(EngineError::Ticker)?;
        Ok(Self {
            inner,
            linker,
            cache,
            caps: options.caps.min(Limits::CEILING),
            loading: Mutex::default(),
            compiled: AtomicU64::new(0),
            compiler: options.compiler,
            clock: options.clock,
            places: Arc::new(Places::new(concurrency)),
            _ticker: ticker,
        })
    }

    /// Loads a plugin of a directory: `path` is that, or the `plugin.toml` in it.
    ///
    /// # Errors
    /// [`LoadError`], which names the file.
    pub async fn load(&self, path: &Path) -> Result<Arc<Plugin>, LoadError> {
        let owned = path.to_owned();
        let package = blocking(path, move || pack(&owned)).await?;
        let dir = if path.is_dir() { Some(path) } else { path.parent() };
        self.load_package(package, dir.unwrap_or(Path::new(""))).await
    }

    /// Loads a plugin; `place` is what messages call where its files are. A plugin that is in use already is not loaded again, so that a
    /// thousand installations of one plugin hold its code once.
    ///
    /// # Errors
    /// [`LoadError`], which names the file.
    pub async fn load_package(&self, package: Package, place: &Path) -> Result<Arc<Plugin>, LoadError> {
        // One at a time: compiling uses all cores, and two together would only be slower and hungrier.
        let mut in_use = self.loading.lock().await;
        let unpacked = blocking(place, {
            let place = place.to_owned();
            move || unpack(&place, &package)
        })
        .await?;
        in_use.retain(|_, plugin| plugin.strong_count() > 0);
        if let Some(plugin) = in_use.get(&unpacked.package).and_then(Weak::upgrade) {
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
        let component = match self.cached(&path, digest).await? {
            Some(component) => component,
            None => {
                let code = self.compiler.compile(&self.inner, wasm, &path, &*self.clock).await?;
                self.compiled.fetch_add(1, Ordering::Relaxed);
                self.take_in(&path, digest, code).await?
            }
        };
        let mut plugin = Plugin::link(manifest, &component, package, &self.linker, path)?;
        plugin.schema = schema;
        let plugin = Arc::new(plugin);
        in_use.insert(package, Arc::downgrade(&plugin));
        Ok(plugin)
    }

    /// Compiled code that was kept.
    async fn cached(&self, path: &Path, digest: Digest) -> Result<Option<Component>, LoadError> {
        let Some(cache) = self.cache.clone() else {
            return Ok(None);
        };
        let engine = self.inner.clone();
        blocking(path, move || Ok(cache.get(&engine, digest))).await
    }

    /// Makes a component of code that our own compiler just made, and keeps the code.
    async fn take_in(&self, path: &Path, digest: Digest, code: Vec<u8>) -> Result<Component, LoadError> {
        let (engine, cache, owned) = (self.inner.clone(), self.cache.clone(), path.to_owned());
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

    /// Places of the pool; whoever makes a sandbox takes them first, so that a full pool makes calls wait and not fail.
    pub(crate) const fn pool(&self) -> &Arc<Places> {
        &self.places
    }

    pub(crate) const fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner
    }
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

fn configuration(concurrency: u32) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(concurrency)
        .total_core_instances(concurrency * CORE_INSTANCES_PER_PLACE)
        .total_memories(concurrency * MEMORIES_PER_PLACE)
        .total_tables(concurrency * TABLES_PER_PLACE)
        .total_stacks(concurrency)
        .max_core_instances_per_component(30)
        .max_memories_per_component(8)
        .max_tables_per_component(8)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(usize::try_from(Limits::CEILING.memory_bytes).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(concurrency);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .concurrency_support(false)
        .memory_init_cow(true)
        .async_stack_size(1 << 20)
        .max_wasm_stack(512 << 10)
        .wasm_memory64(false);
    config
}

fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    types::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    messaging::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    media_store::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    kv::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    dialogue::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    schedule::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    http::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    groups::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    contacts::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    chats::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    bus::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    webhooks::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    secrets::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    config::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    log::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    meta::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}
