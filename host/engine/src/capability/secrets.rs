//! `secrets`: what the operator keeps for plugins. Most never see what they use: requests are filled by [`super::http`].

use wasmtime::component::Resource;
use waspnest_core::hmac;
use waspnest_core::id::SecretName;

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::secrets::{Host, HostSecret};
use crate::bindings::waspnest::plugin::types::Error;
use crate::limits::SIGNED_BYTES;
use crate::manifest::{Capability, SecretMode};
use crate::secret::BoundSecret;
use crate::state::{Call, CallState};

/// A secret in a guest's hands.
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub struct OpenSecret(SecretName);

impl Host for CallState {
    async fn get(&mut self, name: String) -> Answer<Resource<OpenSecret>> {
        granted!(spend(&mut self.call.secret_operations)?);
        let name = granted!(self.call.secret_name("name", &name));
        granted!(self.call.secret(&name).await?);
        Ok(Ok(self.table.push(OpenSecret(name))?))
    }

    async fn hmac_sha256(&mut self, name: String, data: Vec<u8>) -> Answer<Vec<u8>> {
        granted!(spend(&mut self.call.secret_operations)?);
        let name = granted!(self.call.secret_name("name", &name));
        self.call.crossing.count(data.len())?;
        if data.len() > SIGNED_BYTES {
            return Ok(Err(Error::TooLarge(SIGNED_BYTES as u64)));
        }
        let secret = granted!(self.call.secret(&name).await?);
        Ok(Ok(hmac::sha256(secret.text.expose().as_bytes(), &[&data]).to_vec()))
    }
}

impl HostSecret for CallState {
    async fn reveal(&mut self, this: Resource<OpenSecret>) -> Answer<String> {
        granted!(spend(&mut self.call.secret_operations)?);
        let OpenSecret(name) = self.table.get(&this)?;
        let name = name.clone();
        let call = &mut self.call;
        match call.effective.secrets.as_ref().map(|terms| terms.mode) {
            Some(SecretMode::Reveal) => {}
            Some(SecretMode::Inject) => {
                return Ok(Err(Error::Denied(
                    "secrets: only their use is granted, not that they are read (mode reveal)".to_owned(),
                )));
            }
            None => return Ok(Err(denied(Capability::Secrets))),
        }
        let secret = granted!(call.secret(&name).await?);
        tracing::warn!(
            target: "waspnest::audit",
            installation = %call.installation, event = %call.event, secret = %name,
            "a secret was revealed to a plugin"
        );
        self.journal.hide(&name, secret.text.clone());
        Ok(Ok(secret.text.expose().to_owned()))
    }

    async fn drop(&mut self, this: Resource<OpenSecret>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl Call {
    /// A name of a secret that may be used.
    pub(super) fn secret_name(&self, argument: &str, text: &str) -> Result<SecretName, Error> {
        let Some(terms) = &self.effective.secrets else {
            return Err(denied(Capability::Secrets));
        };
        let name: SecretName = text.parse().map_err(|error| invalid(argument, error))?;
        if terms.allow(&name) {
            Ok(name)
        } else {
            Err(Error::Denied(format!("secrets: {name} is not granted")))
        }
    }

    /// The secret of a name, as it is now.
    pub(super) async fn secret(&self, name: &SecretName) -> Answer<BoundSecret> {
        Ok(self.host.secret(name).await?.ok_or(Error::NotFound))
    }
}
