//! What other plugins are told: effects in the draft.

use super::granted;
use crate::testing::state::Effect;
use crate::types::Error;

const BYTES: usize = 256 << 10;

pub(crate) fn publish(topic: &str, body: &[u8]) -> Result<(), Error> {
    granted("bus", |state| {
        let named = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.');
        if topic.is_empty() || topic.len() > 128 || !topic.chars().all(named) {
            return Err(Error::Invalid("topic".into()));
        }
        if body.len() > BYTES {
            return Err(Error::TooLarge(BYTES as u64));
        }
        state.effects.push(Effect::Published {
            topic: topic.into(),
            body: body.into(),
        });
        Ok(())
    })
}
