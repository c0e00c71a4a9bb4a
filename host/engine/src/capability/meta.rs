//! `meta`: the host itself, and what is left of the call.

use crate::bindings::waspnest::plugin::meta::{Host, Remaining};
use crate::manifest::Capability;
use crate::state::CallState;

impl Host for CallState {
    async fn host_version(&mut self) -> wasmtime::Result<String> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
    }

    async fn granted(&mut self, capability: String) -> wasmtime::Result<bool> {
        Ok(Capability::named(&capability).is_some_and(|capability| self.call.effective.has(capability)))
    }

    async fn budget(&mut self) -> wasmtime::Result<Remaining> {
        let left = self.call.deadline.since(self.call.clock.now());
        Ok(Remaining {
            fuel_left: u64::MAX,
            memory_left: self.meter.left() as u64,
            http_left: self.call.http_requests.left(),
            live_left: self.call.live_operations.left(),
            sends_left: self.call.effects.left(),
            ms_left: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn yield_(&mut self) -> wasmtime::Result<()> {
        tokio::task::yield_now().await;
        Ok(())
    }
}
