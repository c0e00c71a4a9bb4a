//! `bus`: what other installations of the session are told, recorded with the draft.

use waspnest_core::draft::Publication;
use waspnest_core::event::MAX_HOPS;
use waspnest_core::id::TopicName;

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::bus::Host;
use crate::bindings::waspnest::plugin::types::Error;
use crate::limits::TOPIC_BYTES;
use crate::manifest::Capability;
use crate::state::CallState;

impl Host for CallState {
    async fn publish(&mut self, topic: String, body: Vec<u8>) -> Answer<()> {
        let call = &mut self.call;
        let Some(terms) = &call.effective.bus else {
            return Ok(Err(denied(Capability::Bus)));
        };
        let topic: TopicName = granted!(topic.parse().map_err(|error| invalid("topic", error)));
        if !terms.allow(&topic) {
            return Ok(Err(Error::Denied(format!("bus: {topic} is not granted"))));
        }
        granted!(spend(&mut call.publications)?);
        call.crossing.count(body.len())?;
        if body.len() > TOPIC_BYTES {
            return Ok(Err(Error::TooLarge(TOPIC_BYTES as u64)));
        }
        let hops = call.hops.saturating_add(1);
        if hops > MAX_HOPS {
            return Ok(Err(Error::Denied(format!(
                "bus: a topic led to a topic {MAX_HOPS} times; plugins that answer each other stop here"
            ))));
        }
        granted!(call.rate(Capability::Bus));
        call.draft.topics.push(Publication { topic, body, hops });
        Ok(Ok(()))
    }
}
