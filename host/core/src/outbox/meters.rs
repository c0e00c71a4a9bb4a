//! What is measured of outboxes: what becomes of drafts, and of effects.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::CommitError;
use super::queue::About;
use crate::clock::UnixMs;
use crate::effect::{Effect, EffectState};
use crate::measure::{self, Shown};

/// The measurements of outboxes. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    drafts: Family<Outcome, Counter>,
    effects: Family<KindOutcome, Counter>,
    sent: Family<Kind, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindOutcome {
    kind: &'static str,
    outcome: &'static str,
}

/// What can come of a draft.
const OF_DRAFTS: [&str; 5] = ["committed", "conflict", "already_done", "kv_quota", "failed"];

impl Default for Meters {
    fn default() -> Self {
        let drafts = Family::<Outcome, Counter>::default();
        for outcome in OF_DRAFTS {
            drafts.get_or_create_owned(&Outcome { outcome });
        }
        Self {
            drafts,
            effects: Family::default(),
            sent: Family::new_with_constructor(measure::seconds),
        }
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "drafts",
            "What plugin calls asked for, by what came of its commit; after a conflict the call is made again",
            self.drafts.clone(),
        );
        shown.register(
            "effects",
            "Effects by kind and what became of them: asked, retried (once for each attempt), sent, failed",
            self.effects.clone(),
        );
        shown.register_with_unit(
            "effect_sent",
            "From an effect being asked for until it was sent",
            Unit::Seconds,
            self.sent.clone(),
        );
    }

    /// A draft was committed, or was not.
    pub(super) fn drafted<T>(&self, committed: &Result<T, CommitError>) {
        let outcome = match committed {
            Ok(_) => "committed",
            Err(CommitError::Conflict) => "conflict",
            Err(CommitError::AlreadyDone) => "already_done",
            Err(CommitError::KvQuota { .. }) => "kv_quota",
            Err(CommitError::Store(_)) => "failed",
        };
        self.drafts.get_or_create(&Outcome { outcome }).inc();
    }

    /// Effects are in an outbox.
    pub(super) fn asked(&self, effects: &[Effect]) {
        for effect in effects {
            self.effect(effect.action.name(), "asked");
        }
    }

    /// An effect that was pending has come to another state.
    pub(super) fn moved(&self, About { kind, asked }: About, state: &EffectState, now: UnixMs) {
        match state {
            EffectState::Pending { .. } => self.effect(kind, "retried"),
            EffectState::Held { .. } => {}
            // A receipt may come before the server's acknowledgement.
            EffectState::Sent { .. } | EffectState::Delivered { .. } | EffectState::Read { .. } => {
                self.effect(kind, "sent");
                let took: Duration = now.since(asked);
                self.sent.get_or_create(&Kind { kind }).observe(took.as_secs_f64());
            }
            EffectState::Failed { .. } => self.effect(kind, "failed"),
        }
    }

    fn effect(&self, kind: &'static str, outcome: &'static str) {
        self.effects.get_or_create(&KindOutcome { kind, outcome }).inc();
    }
}
