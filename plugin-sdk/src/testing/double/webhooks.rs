//! What servers are told: effects in the draft.

use super::granted;
use crate::testing::state::Effect;
use crate::types::Error;

const EVENT_BYTES: usize = 128;
const BYTES: usize = 256 << 10;

pub(crate) fn emit(endpoint: &str, event: &str, json: &str) -> Result<String, Error> {
    granted("webhooks", |state| {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if event.is_empty() || event.len() > EVENT_BYTES || !event.chars().all(named) {
            return Err(Error::Invalid("event".into()));
        }
        if json.len() > BYTES {
            return Err(Error::TooLarge(BYTES as u64));
        }
        let data = serde_json::from_str(json).map_err(|error| Error::Invalid(format!("json: {error}")))?;
        state.sent += 1;
        let id = format!("eff_{}", state.sent);
        state.effects.push(Effect::Told {
            endpoint: endpoint.into(),
            event: event.into(),
            data,
            id: id.clone(),
        });
        Ok(id)
    })
}
