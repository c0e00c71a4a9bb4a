//! Faults on the wire: rules that say which stanzas are late, lost, doubled, swapped, refused or broken, and what happens to connections.
//!
//! A fault touches only what goes over a socket. Queues know nothing of it, so a queued stanza that was dropped is sent again to the next
//! connection, as after any loss. What a rule draws depends on the seed, the rule, the device and how many stanzas of that device the rule
//! has met, and on nothing else: the same stanzas of a device suffer the same faults, whatever other devices do meanwhile.

mod action;
mod incoming;
mod outgoing;
mod target;

use std::collections::HashMap;
use std::time::Duration;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::DeviceAddress;
use crate::error::FaultError;
use crate::stanza_log::Direction;

pub(crate) use action::Fate;
pub use action::{Damage, FaultAction};
pub(crate) use incoming::Arrival;
pub(crate) use outgoing::{Desk, transmit};
pub use target::FaultTarget;
pub(crate) use target::Target;

/// Rules there may be at once.
const MAX_RULES: usize = 1_000;

/// One rule: stanzas that fit `on` suffer `action`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which stanzas it is about; all without it.
    #[serde(default)]
    pub on: FaultTarget,
    /// What happens to them.
    pub action: FaultAction,
    /// How many of them are let through first.
    #[serde(default)]
    pub skip: u64,
    /// How many suffer it at most; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The share that suffers it, above 0 and up to 1; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

impl FaultRule {
    /// A rule for every stanza that fits.
    pub fn new(on: FaultTarget, action: FaultAction) -> Self {
        Self {
            on,
            action,
            skip: 0,
            limit: None,
            probability: None,
        }
    }

    /// Lets the first `count` stanzas through.
    #[must_use]
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Ends after `count` stanzas.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.limit = Some(count);
        self
    }

    /// Befalls this share of the stanzas, drawn from the seed.
    #[must_use]
    pub fn with_probability(mut self, share: f64) -> Self {
        self.probability = Some(share);
        self
    }

    fn check(&self) -> Result<(), FaultError> {
        if let Some(share) = self.probability
            && !(share > 0.0 && share <= 1.0)
        {
            return Err(FaultError::Probability(share));
        }
        self.action.check(self.on.direction)
    }
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct FaultStatus {
    /// Its number, rising by one; never used again.
    pub id: u64,
    /// The rule.
    pub rule: FaultRule,
    /// Stanzas that fitted it so far.
    pub matched: u64,
    /// Of those, how many suffered it.
    pub applied: u64,
}

struct Active {
    status: FaultStatus,
    target: Target,
    /// Stanzas of each device that fitted; `None` are clients that are not linked.
    met: HashMap<Option<DeviceAddress>, u64>,
}

/// The rules in force, oldest first.
pub(crate) struct Faults {
    seed: u64,
    last_id: u64,
    active: Vec<Active>,
}

/// What becomes of one stanza.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) treatment: Treatment,
    pub(crate) fate: Fate,
    /// For the log.
    pub(crate) note: String,
}

/// How a stanza that goes on is treated on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Treatment {
    pub(crate) delay: Duration,
    /// How many times more it is sent.
    pub(crate) again: u8,
    pub(crate) swap: Option<Swap>,
}

/// A stanza that lets others overtake it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swap {
    pub(crate) behind: u8,
    pub(crate) within: Duration,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            last_id: 0,
            active: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Puts a rule in force; `target` is its `on` with the accounts looked up.
    pub(crate) fn add(&mut self, rule: FaultRule, target: Target) -> Result<u64, FaultError> {
        rule.check()?;
        if self.active.len() >= MAX_RULES {
            return Err(FaultError::TooMany(MAX_RULES));
        }
        self.last_id += 1;
        self.active.push(Active {
            status: FaultStatus {
                id: self.last_id,
                rule,
                matched: 0,
                applied: 0,
            },
            target,
            met: HashMap::new(),
        });
        Ok(self.last_id)
    }

    pub(crate) fn remove(&mut self, id: u64) -> Result<(), FaultError> {
        let before = self.active.len();
        self.active.retain(|active| active.status.id != id);
        if self.active.len() < before {
            Ok(())
        } else {
            Err(FaultError::Unknown(id))
        }
    }

    /// Takes all rules out of force. Answers how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.active).len()
    }

    pub(crate) fn list(&self) -> Vec<FaultStatus> {
        self.active.iter().map(|active| active.status.clone()).collect()
    }

    /// What befalls a stanza; `None` when no rule applies. Delays add up; the first rule that ends the stanza's way is the last asked.
    pub(crate) fn judge(
        &mut self,
        direction: Direction,
        peer: Option<DeviceAddress>,
        node: &NodeRef<'_>,
    ) -> Option<Verdict> {
        let mut verdict: Option<Verdict> = None;
        for active in &mut self.active {
            let Some(mut draws) = active.applies(self.seed, direction, peer, node) else {
                continue;
            };
            let verdict = verdict.get_or_insert_with(|| Verdict {
                treatment: Treatment::default(),
                fate: Fate::Pass,
                note: String::new(),
            });
            if !verdict.note.is_empty() {
                verdict.note.push_str(", ");
            }
            verdict.note.push_str(active.status.rule.action.name());
            active.status.rule.action.befall(verdict, &mut draws);
            if verdict.fate != Fate::Pass {
                break;
            }
        }
        verdict
    }
}

impl Active {
    /// Counts a stanza that fits. Answers the generator of this one's draws when the rule applies to it.
    fn applies(
        &mut self,
        seed: u64,
        direction: Direction,
        peer: Option<DeviceAddress>,
        node: &NodeRef<'_>,
    ) -> Option<StdRng> {
        let status = &mut self.status;
        if status.rule.limit.is_some_and(|limit| status.applied >= limit) || !self.target.fits(direction, peer, node) {
            return None;
        }
        status.matched += 1;
        let met = self.met.entry(peer).or_default();
        *met += 1;
        if status.matched <= status.rule.skip {
            return None;
        }
        let mut draws = draws(seed, status.id, peer, *met);
        if let Some(share) = status.rule.probability
            && !draws.random_bool(share)
        {
            return None;
        }
        status.applied += 1;
        Some(draws)
    }
}

/// The generator for the `nth` stanza of a device under a rule.
fn draws(seed: u64, rule: u64, peer: Option<DeviceAddress>, nth: u64) -> StdRng {
    let place = match peer {
        None => 0,
        Some(at) => ((at.account.0 as u64 + 1) << 16) | u64::from(at.device),
    };
    let mut key = [0; 32];
    for (part, number) in key.chunks_exact_mut(8).zip([seed, rule, place, nth]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    StdRng::from_seed(key)
}

#[cfg(test)]
mod tests;
