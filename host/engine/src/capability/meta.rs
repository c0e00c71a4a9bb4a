//! `meta`: the host itself, and what is left of the call.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::bindings::waspnest::plugin::meta::{Host, Remaining};
use crate::manifest::Capability;
use crate::state::CallState;

/// This interface's name in components.
const INTERFACE: &str = "waspnest:plugin/meta@0.1.0";

impl Host for CallState {
    async fn host_version(&mut self) -> wasmtime::Result<String> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
    }

    async fn granted(&mut self, capability: String) -> wasmtime::Result<bool> {
        Ok(Capability::named(&capability).is_some_and(|capability| self.call.effective.has(capability)))
    }

    /// As far as it is known without the store; see [`link_budget`].
    async fn budget(&mut self) -> wasmtime::Result<Remaining> {
        Ok(self.remaining(None))
    }

    async fn yield_(&mut self) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Links `budget` anew, since only the store knows how much fuel is left.
pub(crate) fn link_budget(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker
        .instance(INTERFACE)?
        .func_wrap("budget", |store: StoreContextMut<'_, CallState>, ()| {
            let fuel = store.get_fuel().ok();
            Ok((store.data().remaining(fuel),))
        })?;
    linker.allow_shadowing(false);
    Ok(())
}

impl CallState {
    fn remaining(&self, fuel: Option<u64>) -> Remaining {
        let left = self.call.deadline.since(self.call.clock.now());
        Remaining {
            fuel_left: fuel.unwrap_or(u64::MAX),
            memory_left: self.meter.left() as u64,
            http_left: self.call.http_requests.left(),
            live_left: self.call.live_operations.left(),
            sends_left: self.call.effects.left(),
            ms_left: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
