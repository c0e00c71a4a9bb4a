//! What surrounds a message or a tick.

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, Tick, TickCause};
use waspnest_core::id::SessionName;

use super::message::address;
use super::text;
use crate::bindings::exports::waspnest::plugin::schedule_handler::{Cause, Tick as WitTick};
use crate::bindings::waspnest::plugin::types::{EventContext, Trace};

/// The context of a call.
pub(crate) fn context(
    event: &Event,
    session: &SessionName,
    me: Option<&Party>,
    attempt: u32,
    binding: &str,
    traceparent: Option<&str>,
    deadline: UnixMs,
) -> EventContext {
    EventContext {
        event_id: event.id.to_string(),
        attempt,
        received_at: event.received_at.0,
        deadline: deadline.0,
        session: text(session.as_str()),
        me: me.map(address),
        binding: text(binding),
        dry_run: false,
        replay: false,
        trace: traceparent.map(|traceparent| Trace {
            traceparent: text(traceparent),
        }),
        attrs: Vec::new(),
    }
}

/// A tick.
pub(crate) fn tick(tick: &Tick) -> WitTick {
    let cause = match tick.cause {
        TickCause::Recurring => Cause::Cron,
        // The end of a wait is told to `reply-handler`, which is not shown a tick.
        TickCause::Once | TickCause::Expired => Cause::Once,
        TickCause::Manual => Cause::Manual,
        TickCause::CatchUp => Cause::CatchUp,
    };
    WitTick {
        id: text(tick.schedule.as_str()),
        cause,
        scheduled_for: tick.scheduled_for.0,
        missed: tick.missed,
        previous: tick.previous.map(|at| at.0),
        zone: tick.zone.to_string(),
        payload: tick.payload.clone(),
    }
}
