//! `config`: what the operator configured.

use crate::bindings::waspnest::plugin::config::Host;
use crate::state::CallState;

impl Host for CallState {
    async fn all(&mut self) -> wasmtime::Result<String> {
        Ok(self.call.config.text.as_ref().to_owned())
    }

    async fn get(&mut self, pointer: String) -> wasmtime::Result<Option<String>> {
        Ok(self.call.config.value.pointer(&pointer).map(ToString::to_string))
    }
}
