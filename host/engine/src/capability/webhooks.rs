//! `webhooks`: effects of the draft that a server of the operator's is told.

use waspnest_core::effect::{Action, Webhook};
use waspnest_core::id::{EffectId, EndpointName};

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::types::Error;
use crate::bindings::waspnest::plugin::webhooks::Host;
use crate::limits::{WEBHOOK_BYTES, WEBHOOK_EVENT_BYTES};
use crate::manifest::Capability;
use crate::state::CallState;

impl Host for CallState {
    async fn emit(&mut self, endpoint: String, event: String, json: String) -> Answer<String> {
        let call = &mut self.call;
        let Some(terms) = &call.effective.webhooks else {
            return Ok(Err(denied(Capability::Webhooks)));
        };
        let endpoint: EndpointName = granted!(endpoint.parse().map_err(|error| invalid("endpoint", error)));
        if !terms.allow(&endpoint) {
            return Ok(Err(Error::Denied(format!("webhooks: {endpoint} is not granted"))));
        }
        granted!(spend(&mut call.effects)?);
        call.crossing.count(json.len())?;
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if event.is_empty() || event.len() > WEBHOOK_EVENT_BYTES || !event.chars().all(named) {
            return Ok(Err(invalid(
                "event",
                format!("must have 1 to {WEBHOOK_EVENT_BYTES} letters, digits, '.', '-' and '_'"),
            )));
        }
        if json.len() > WEBHOOK_BYTES {
            return Ok(Err(Error::TooLarge(WEBHOOK_BYTES as u64)));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&json) {
            return Ok(Err(invalid("json", error)));
        }
        granted!(call.rate(Capability::Webhooks));
        // The budget keeps the number of effects far below what an index holds.
        let index = u32::try_from(call.draft.effects.len()).unwrap_or(u32::MAX);
        let id = EffectId::derive(call.event, &call.installation, index);
        call.draft.effects.push(Action::Webhook(Box::new(Webhook {
            endpoint,
            event: event.into(),
            data: json.into(),
            chat: call.scene.chat.clone(),
        })));
        Ok(Ok(id.to_string()))
    }
}
