//! What goes wrong during a soak: connections are lost or fall silent, WhatsApp is away for a moment, stanzas are late, a webhook's server fails.

use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::{FaultAction, FaultRule, FaultTarget, Keep, Simulator};

use crate::ear::Ear;

/// Between two troubles.
const EVERY: Duration = Duration::from_secs(10);
/// How long a server is ill.
const ILL: Duration = Duration::from_secs(7);
/// WhatsApp is away at one trouble in so many.
const AWAY: u64 = 9;

/// How often what went wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Troubles {
    pub(crate) cut: usize,
    pub(crate) silent: usize,
    pub(crate) restarts: usize,
    pub(crate) ill: usize,
}

/// Makes trouble for the sessions of these accounts until it is dropped.
pub(crate) async fn make(
    simulator: &Simulator,
    phones: &[String],
    ear: &Ear,
    clock: &SystemClock,
    made: &mut Troubles,
) -> Result<()> {
    let late = FaultAction::Delay {
        fixed_ms: 20,
        jitter_ms: 250,
    };
    simulator.add_fault(FaultRule::new(FaultTarget::outgoing("message"), late).with_probability(0.02))?;
    let mut random = StdRng::seed_from_u64(7);
    for number in 1_u64.. {
        clock.sleep(EVERY).await;
        if number % AWAY == 0 {
            simulator.restart(Keep::State).await?;
            made.restarts += 1;
            continue;
        }
        match random.random_range(0..4) {
            0 => {
                ear.falls_ill();
                made.ill += 1;
                clock.sleep(ILL).await;
                ear.gets_well();
            }
            1 => {
                let phone = &phones[random.random_range(0..phones.len())];
                made.silent += simulator.half_open_connections(phone);
            }
            _ => {
                for _ in 0..random.random_range(1..=phones.len().div_ceil(5)) {
                    let phone = &phones[random.random_range(0..phones.len())];
                    made.cut += simulator.drop_connections(phone);
                }
            }
        }
    }
    Ok(())
}
