//! People who behave by themselves: the one persona a person has at a time.

use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Human;
use super::line::lock;
use super::persona::{self, Persona, PersonaError};

/// What a person plays now.
#[derive(Debug, Default)]
pub(crate) struct Playing {
    now: Mutex<Option<Part>>,
}

/// A persona that is being played.
#[derive(Debug)]
struct Part {
    end: CancellationToken,
    ended: JoinHandle<()>,
}

impl Part {
    /// Ends it; resolves when nothing of it is still under way.
    async fn over(self) {
        self.end.cancel();
        // It panicked, or it is done; either way it is over.
        let _ended = self.ended.await;
    }
}

/// The seed of one person: the simulator's, and the number that tells people apart.
pub(crate) fn seed(simulator: u64, phone: &str) -> u64 {
    let digest = Sha256::new()
        .chain_update(simulator.to_be_bytes())
        .chain_update(phone)
        .finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

impl Human {
    /// Behaves so from now on, instead of what it played before. What was heard earlier is left alone.
    ///
    /// Delays pass on the runtime's timer; everything drawn at random comes from the simulator's seed and this person's number.
    pub fn behave(&self, persona: Persona) -> Result<(), PersonaError> {
        persona.check()?;
        let end = self.inner.answering_until.child_token();
        let mut now = lock(&self.inner.playing.now);
        let before = now.take();
        if let Some(before) = &before {
            before.end.cancel();
        }
        let (inner, ears, after) = (Arc::downgrade(&self.inner), self.inner.ears.clone(), self.position());
        let ended = self.inner.answering.spawn({
            let end = end.clone();
            async move {
                if let Some(before) = before {
                    before.over().await;
                }
                persona::run(inner, ears, persona, after, end).await;
            }
        });
        *now = Some(Part { end, ended });
        Ok(())
    }

    /// Behaves like nobody in particular again; resolves when nothing of what was played is still under way.
    pub async fn stop_behaving(&self) {
        let playing = lock(&self.inner.playing.now).take();
        if let Some(playing) = playing {
            playing.over().await;
        }
    }
}
