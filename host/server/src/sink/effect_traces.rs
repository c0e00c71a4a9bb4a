//! What is told of attempts to carry effects out: as parts of the traces of what led to them.

use std::time::Duration;

use waspnest_core::effect::{Cause, Effect};
use waspnest_core::event::Event;
use waspnest_core::id::SessionId;
use waspnest_core::log::{Log, LogError};
use waspnest_core::trace_context::{SpanId, TraceContext};

use crate::telemetry::span;
use crate::traces::{Parent, Role, Traced, Traces, Work};

/// Tells of the effects of one session.
#[derive(Debug)]
pub(crate) struct EffectTraces {
    session: SessionId,
    log: Log,
    traces: Traces,
}

impl EffectTraces {
    /// Tells `traces`; `log` has the events that led to effects.
    pub(crate) const fn new(session: SessionId, log: Log, traces: Traces) -> Self {
        Self { session, log, traces }
    }

    /// Whether anybody is told.
    pub(super) fn are_told(&self) -> bool {
        self.traces.are_told()
    }

    /// Where the attempt that now begins belongs. The event that led to it is looked up: it may have come with a trace.
    pub(super) async fn begin(&self, effect: &Effect) -> Traced {
        let event = match self.event(effect).await {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(effect.id = %effect.id, %error, "the trace of an effect is not known");
                return Traced::default();
            }
        };
        let span = SpanId::of_effect(effect.id, effect.attempts + 1);
        match &event {
            Some(event) => Traced::of(&self.traces, event, span),
            None => Traced::begun(&self.traces, TraceContext::of_cause(effect), span),
        }
    }

    async fn event(&self, effect: &Effect) -> Result<Option<Event>, LogError> {
        match &effect.cause {
            Cause::Plugin { position, .. } => self.log.get(self.session, *position).await,
            Cause::Request { .. } => Ok(None),
        }
    }

    /// Tells of an attempt that has just ended.
    pub(super) fn ended(&self, traced: &Traced, effect: &Effect, took: Duration, failed: Option<&'static str>) {
        self.traces.tell(traced.context, || {
            let mut facts = vec![
                ("session.id", self.session.to_string().into()),
                ("effect.id", effect.id.to_string().into()),
                ("effect.kind", effect.action.name().into()),
                ("attempt", (effect.attempts + 1).into()),
            ];
            let parent = match &effect.cause {
                Cause::Plugin {
                    event, installation, ..
                } => {
                    facts.push(("event.id", event.to_string().into()));
                    facts.push(("plugin.id", installation.as_str().into()));
                    Some(Parent::Here(SpanId::of_handling(*event, installation)))
                }
                Cause::Request { .. } => None,
            };
            Work {
                name: span::EFFECT,
                role: Role::Client,
                parent,
                took,
                failed,
                facts,
            }
        });
    }
}
