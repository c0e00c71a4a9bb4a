//! A machine: one configured wasmtime engine with its linker and its part of the cache.
//!
//! Counting instructions is compiled into the code, so a host that meters some of its plugins has two machines, and code of one is
//! nothing to the other. Both can hold as many sandboxes as the engine allows; who may make one is not decided here.

use std::path::Path;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::EngineError;
use super::cache::Cache;
use super::ticker::Ticker;
use crate::bindings::waspnest::plugin::{
    bus, chats, config, contacts, dialogue, groups, http, kv, log, media_store, messaging, meta, schedule, secrets,
    types, webhooks,
};
use crate::capability::meta::link_budget;
use crate::limits::{Limits, TABLE_ELEMENTS};
use crate::state::CallState;

/// What a plugin's sandbox takes of the pool is counted in places of this size.
pub(super) const MEMORIES_PER_PLACE: u32 = 2;
pub(super) const TABLES_PER_PLACE: u32 = 4;
const CORE_INSTANCES_PER_PLACE: u32 = 30;

/// What a call is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metering {
    /// Time alone.
    Time,
    /// Time, and instructions.
    Fuel,
}

impl Metering {
    /// What limits ask for.
    pub(crate) const fn of(limits: &Limits) -> Self {
        match limits.fuel {
            Some(_) => Self::Fuel,
            None => Self::Time,
        }
    }
}

/// See the module documentation.
pub(super) struct Machine {
    pub(super) inner: wasmtime::Engine,
    pub(super) linker: Linker<CallState>,
    pub(super) cache: Option<Cache>,
    _ticker: Ticker,
}

impl Machine {
    /// Reserves the pool, checks the cache's directory, starts the ticker.
    pub(super) fn new(concurrency: u32, metering: Metering, cache_dir: Option<&Path>) -> Result<Self, EngineError> {
        let wasmtime_error = |error: wasmtime::Error| EngineError::Wasmtime(error.into());
        let inner = wasmtime::Engine::new(&configuration(concurrency, metering)).map_err(wasmtime_error)?;
        let linker = linker(&inner).map_err(wasmtime_error)?;
        let cache = cache_dir.map(|dir| Cache::open(dir.to_owned(), &inner)).transpose()?;
        let ticker = Ticker::start(inner.weak()).map_err(EngineError::Ticker)?;
        Ok(Self {
            inner,
            linker,
            cache,
            _ticker: ticker,
        })
    }
}

pub(super) fn configuration(concurrency: u32, metering: Metering) -> Config {
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
        // Where the kernel says which pages a call has touched, those alone are put back, and a fresh sandbox costs half.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(concurrency);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .consume_fuel(metering == Metering::Fuel)
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
    link_budget(&mut linker)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store};

    use super::*;

    /// Spoils so many bytes of its memory.
    const SPOILER: &str = r#"(module
        (memory (export "memory") 64 256)
        (data (i32.const 70000) "kept")
        (func (export "spoil") (param i32)
            (drop (memory.grow (i32.const 64)))
            (memory.fill (i32.const 0) (i32.const 170) (local.get 0))))"#;

    #[test]
    fn a_sandbox_has_nothing_of_the_one_before() {
        let engine = wasmtime::Engine::new(&configuration(1, Metering::Time)).expect("an engine");
        let module = Module::new(&engine, wat::parse_str(SPOILER).expect("it is WAT")).expect("a module");
        // Less than what stays resident, more than that, and all there is.
        for bytes in [1, 100 << 10, 1 << 20, 128 << 16, 0] {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(u64::from(u32::MAX));
            let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
            let memory = instance.get_memory(&mut store, "memory").expect("a memory");
            let data = memory.data(&store);
            assert_eq!((data.len(), &data[70_000..70_004]), (64 << 16, b"kept".as_slice()));
            let others = data[..70_000].iter().chain(&data[70_004..]);
            assert_eq!(others.filter(|byte| **byte != 0).count(), 0, "before spoiling {bytes}");
            let spoil = instance
                .get_typed_func::<i32, ()>(&mut store, "spoil")
                .expect("a function");
            spoil.call(&mut store, bytes).expect("it spoils");
        }
    }
}
