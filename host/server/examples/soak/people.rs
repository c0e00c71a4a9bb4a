//! The people of a soak: each writes to a session of their own, and listens to its answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::Human;

use crate::ledger::{Ledger, Number};

/// One message in so many makes a plugin trap.
const TRAPS: u64 = 40;
/// How long a listener waits at a time.
const LISTEN: Duration = Duration::from_secs(5);
/// The longest an answer is waited for by who writes the next message only then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody, and the session they write to.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) index: usize,
    pub(crate) human: Human,
    pub(crate) phone: String,
}

/// How fast people write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// The next message when the one before was answered.
    Answered,
    /// So far apart, whatever becomes of them.
    Apart(Duration),
}

/// The text of a message. No other has it, and the plugin that traps wants those that begin so.
pub(crate) fn text((person, message): Number) -> String {
    match message % TRAPS {
        0 => format!("trap message {message} of person {person}"),
        _ => format!("message {message} of person {person}"),
    }
}

/// Which message has a text.
pub(crate) fn number(text: &str) -> Option<Number> {
    let text = text.strip_prefix("trap ").unwrap_or(text);
    let (message, person) = text.strip_prefix("message ")?.split_once(" of person ")?;
    Some((person.parse().ok()?, message.parse().ok()?))
}

/// Everybody listens until `stop`.
pub(crate) fn listen(
    people: &[Person],
    ledger: &Arc<Ledger>,
    clock: &Arc<SystemClock>,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for person in people {
        let (person, ledger, clock) = (person.clone(), Arc::clone(ledger), Arc::clone(clock));
        let listening = async move {
            let mut seen = person.human.position();
            loop {
                let heard = person.human.wait_for_after(seen, |heard| !heard.from_me, LISTEN).await;
                // Nothing came for a while.
                let Ok(heard) = heard else { continue };
                seen = heard.seq;
                if let Some(number) = heard.text.as_deref().and_then(number) {
                    ledger.heard(number, clock.monotonic());
                }
            }
        };
        let stop = stop.clone();
        tasks.spawn(async move {
            stop.run_until_cancelled(listening).await;
        });
    }
    tasks
}

/// Everybody writes until `stop`, from message `first` on; answers with the first number that nobody has used.
pub(crate) async fn write(
    people: &[Person],
    pace: Pace,
    first: u64,
    (ledger, clock): (&Arc<Ledger>, &Arc<SystemClock>),
    stop: &CancellationToken,
) -> Result<u64> {
    let mut tasks = JoinSet::new();
    for person in people {
        let (person, ledger, clock, stop) = (person.clone(), Arc::clone(ledger), Arc::clone(clock), stop.clone());
        tasks.spawn(async move {
            let mut random = StdRng::seed_from_u64(person.index as u64);
            let mut message = first;
            if let Pace::Apart(span) = pace {
                let pause = clock.sleep(span.mul_f64(random.random()));
                stop.run_until_cancelled(pause).await;
            }
            while !stop.is_cancelled() {
                let begun = clock.monotonic();
                let seen = person.human.position();
                let number = (person.index, message);
                let text = text(number);
                message += 1;
                ledger.says(number, begun);
                match person.human.say(&person.phone, &text).await {
                    Ok(_) => ledger.said(),
                    // It was cut off for long; that is no fault of the host's.
                    Err(_) => ledger.gave_up(number),
                }
                match pace {
                    Pace::Answered => {
                        let echo = |heard: &waspnest_simulator::human::Heard| {
                            !heard.from_me && heard.text.as_deref() == Some(&text)
                        };
                        // One that does not come is found missing in the ledger.
                        let _ = person.human.wait_for_after(seen, echo, PATIENCE).await;
                    }
                    Pace::Apart(span) => {
                        let span = span.mul_f64(random.random_range(0.5..1.5));
                        let rest = span.saturating_sub(clock.monotonic() - begun);
                        stop.run_until_cancelled(clock.sleep(rest)).await;
                    }
                }
            }
            message
        });
    }
    let mut next = first;
    while let Some(task) = tasks.join_next().await {
        next = next.max(task?);
    }
    Ok(next)
}
