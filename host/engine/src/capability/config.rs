//! `config`: what the operator configured.

use crate::bindings::waspnest::plugin::config::Host;
use crate::state::CallState;

impl Host for CallState {
    async fn all(&mut self) -> wasmtime::Result<String> {
        let text = &self.call.config.text;
        self.call.crossing.count(text.len())?;
        Ok(text.as_ref().to_owned())
    }

    async fn get(&mut self, pointer: String) -> wasmtime::Result<Option<String>> {
        let value = self.call.config.value.pointer(&pointer).map(ToString::to_string);
        self.call
            .crossing
            .count(pointer.len() + value.as_ref().map_or(0, String::len))?;
        Ok(value)
    }
}
