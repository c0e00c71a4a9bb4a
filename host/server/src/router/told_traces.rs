//! What is told of a router's work: that an event was taken up, what an installation did about it, and each call.

use std::time::Duration;

use waspnest_core::event::Event;
use waspnest_core::id::InstallationId;
use waspnest_core::trace_context::{SpanId, TraceContext};

use super::RouterParts;
use super::installed::Installed;
use crate::public_event::EventType;
use crate::telemetry::span;
use crate::traces::{Fact, Parent, Role, Traced, Work};

/// Which call of an installation for an event it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    /// 1 at the first attempt.
    pub(super) attempt: u32,
    /// How often this attempt was made again because of a conflict.
    pub(super) again: u32,
}

impl RouterParts {
    /// An event was taken up for installations.
    pub(super) fn tell_taken(&self, event: &Event) {
        self.traces.tell(self.traces.context(event), || {
            let mut facts = self.facts(event);
            facts.push(("event.type", EventType::of(&event.kind).name().into()));
            Work {
                name: span::EVENT,
                role: Role::Consumer,
                parent: TraceContext::from_outside(event).map(|outside| Parent::Elsewhere(outside.span)),
                took: self.clock.now().since(event.received_at),
                failed: None,
                facts,
            }
        });
    }

    /// An installation is done with an event. `failed` is the class of the failure for which it was parked.
    pub(super) fn tell_handled(
        &self,
        event: &Event,
        installation: &InstallationId,
        began: Duration,
        failed: Option<&'static str>,
    ) {
        let span = SpanId::of_handling(event.id, installation);
        let context = self.traces.context(event).map(|context| context.with(span));
        self.traces.tell(context, || {
            let mut facts = self.facts(event);
            facts.push(("plugin.id", installation.as_str().into()));
            Work {
                name: span::HANDLING,
                role: Role::Internal,
                parent: Some(Parent::Here(SpanId::of_event(event.id))),
                took: self.clock.monotonic().saturating_sub(began),
                failed,
                facts,
            }
        });
    }

    /// The place of a call in the event's trace.
    pub(super) fn traced(&self, event: &Event, installed: &Installed, which: Which) -> Traced {
        let span = SpanId::of_call(event.id, installed.installation.id(), which.attempt, which.again);
        Traced::of(&self.traces, event, span)
    }

    /// A call has ended in `outcome`.
    pub(super) fn tell_call(
        &self,
        traced: &Traced,
        (event, installed): (&Event, &Installed),
        which: Which,
        took: Duration,
        outcome: &'static str,
    ) {
        self.traces.tell(traced.context, || {
            let installation = installed.installation.id();
            let mut facts = self.facts(event);
            facts.extend([
                ("plugin.id", installation.as_str().into()),
                (
                    "plugin.version",
                    installed.installation.plugin().manifest.version.to_string().into(),
                ),
                ("attempt", which.attempt.into()),
                ("outcome", outcome.into()),
            ]);
            Work {
                name: span::CALL,
                role: Role::Internal,
                parent: Some(Parent::Here(SpanId::of_handling(event.id, installation))),
                took,
                failed: (!matches!(outcome, "committed" | "already_done")).then_some(outcome),
                facts,
            }
        });
    }

    fn facts(&self, event: &Event) -> Vec<(&'static str, Fact)> {
        vec![
            ("session.id", self.session.to_string().into()),
            ("event.id", event.id.to_string().into()),
        ]
    }
}
