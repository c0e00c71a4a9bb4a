//! Calling off what has not left.
//!
//! Only the sink knows what is on its way, so it decides, and notes it before anything else of that chat may leave.

use tokio::sync::oneshot;
use waspnest_core::effect::{EffectState, Progress};
use waspnest_core::id::EffectId;
use waspnest_core::store::StoreError;

use super::SessionSink;

/// A wish that an effect is not carried out any more.
#[derive(Debug)]
pub(super) struct Cancel {
    pub(super) id: EffectId,
    pub(super) done: oneshot::Sender<Result<(), Uncancelable>>,
}

/// An effect that cannot be called off any more: it is leaving, or has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uncancelable;

/// What the state of an effect says that was called off.
pub(crate) const CANCELED: &str = "it was called off";

impl SessionSink {
    /// Calls an effect off, if it is not on its way.
    pub(super) async fn cancel(&mut self, id: EffectId) -> Result<Result<(), Uncancelable>, StoreError> {
        let effect = self.parts.outbox.get(self.parts.session, id).await?;
        if !effect.is_some_and(|effect| effect.state.is_pending()) {
            return Ok(Err(Uncancelable));
        }
        let held = self.policy.give_up(id);
        let paused = self.paused.remove(&id);
        let waits = held.is_some() || paused.is_some() || self.lanes.remove(id);
        if !waits && (self.lanes.knows(id) || self.awaiting.contains(&id)) {
            return Ok(Err(Uncancelable));
        }
        let canceled = Progress::Failed {
            reason: CANCELED.into(),
            code: None,
        };
        let state = self.parts.outbox.progress(self.parts.session, id, canceled).await?;
        let first_of_its_chat = match paused {
            None => held,
            Some(pause) => {
                pause.abort();
                self.parts.outbox.get(self.parts.session, id).await?
            }
        };
        if let Some(effect) = first_of_its_chat {
            let next = self.lanes.finish(&effect);
            self.start(next);
        }
        Ok(match state {
            Some(EffectState::Failed { .. }) => Ok(()),
            Some(_) | None => Err(Uncancelable),
        })
    }
}
