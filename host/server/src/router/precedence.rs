//! Which installations wait for which others at an event.
//!
//! An installation that may stop an event makes those of lower priority wait for its answer, at that event and no other; the rest go on
//! side by side. Its decision to stop is committed with its draft, as the done-marks of those that waited, so that a restart finds it.
//! Waiting leads from lower to higher priorities only, so nobody waits in a circle.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::draft::Flow;
use waspnest_core::id::InstallationId;
use waspnest_engine::Mode;

use super::installed::Installed;
use crate::config::bind::MayStop;

/// What an installation of higher priority has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing yet.
    Open,
    /// The event goes on.
    GoesOn,
    /// It does not.
    Stopped,
}

/// An installation's place at one event: whom it waits for, and who waits for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    above: Vec<watch::Receiver<Verdict>>,
    below: Option<Arc<Below>>,
}

#[derive(Debug)]
struct Below {
    verdict: watch::Sender<Verdict>,
    waiting: Vec<InstallationId>,
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Come {
    /// It is this one's turn.
    Now,
    /// Another one has stopped the event.
    Never,
    /// The host is shutting down.
    NotToday,
}

/// Who waits for each, by places in the order given.
fn below<'a>(those: impl Iterator<Item = (&'a Installed, MayStop)> + Clone) -> Vec<Vec<usize>> {
    let all = those.clone();
    let of = |(one, may_stop): (&Installed, MayStop)| {
        let decides = match (may_stop, one.mode) {
            (MayStop::Yes, Mode::Active) => true,
            (MayStop::Yes | MayStop::No, Mode::Active | Mode::Observe) => false,
        };
        let waits = |other: &Installed| other.mode == Mode::Active && other.priority < one.priority;
        let others = all.clone().enumerate();
        others
            .filter(|(_, (other, _))| decides && waits(other))
            .map(|(index, _)| index)
            .collect()
    };
    those.map(of).collect()
}

/// Whom each waits for; those that wait for nobody are left out.
pub(super) fn waits<'a>(
    those: impl Iterator<Item = (&'a Installed, MayStop)> + Clone,
) -> Vec<(InstallationId, Vec<InstallationId>)> {
    let ids: Vec<_> = those.clone().map(|(one, _)| one.installation.id().clone()).collect();
    let below = below(those);
    let above = |index: usize| {
        let deciders = below.iter().enumerate().filter(|(_, waiting)| waiting.contains(&index));
        deciders.map(|(decider, _)| ids[decider].clone()).collect::<Vec<_>>()
    };
    let all = ids.iter().enumerate().map(|(index, id)| (id.clone(), above(index)));
    all.filter(|(_, above)| !above.is_empty()).collect()
}

/// The places of those that get an event, in the order given.
pub(super) fn turns<'a>(those: impl Iterator<Item = (&'a Installed, MayStop)> + Clone) -> Vec<Turn> {
    let ids: Vec<_> = those.clone().map(|(one, _)| one.installation.id().clone()).collect();
    let mut turns: Vec<Turn> = ids.iter().map(|_| Turn::default()).collect();
    for (index, below) in below(those)
        .into_iter()
        .enumerate()
        .filter(|(_, below)| !below.is_empty())
    {
        let verdict = watch::Sender::new(Verdict::Open);
        for other in &below {
            turns[*other].above.push(verdict.subscribe());
        }
        let waiting = below.into_iter().map(|other| ids[other].clone()).collect();
        turns[index].below = Some(Arc::new(Below { verdict, waiting }));
    }
    turns
}

impl Turn {
    /// Waits for those of higher priority that may stop the event.
    pub(super) async fn come(&mut self, stop: &CancellationToken) -> Come {
        for above in &mut self.above {
            let verdict = tokio::select! {
                verdict = above.wait_for(|verdict| *verdict != Verdict::Open) => verdict.map(|verdict| *verdict),
                () = stop.cancelled() => return Come::NotToday,
            };
            match verdict {
                Ok(Verdict::GoesOn | Verdict::Open) => {}
                Ok(Verdict::Stopped) => return Come::Never,
                // Whoever should have decided is gone without a word, as happens when the host goes down.
                Err(_) => {
                    stop.cancelled().await;
                    return Come::NotToday;
                }
            }
        }
        Come::Now
    }

    /// Those who do not get an event that ends with this flow.
    pub(super) fn stopped_by(&self, flow: Flow) -> &[InstallationId] {
        match (flow, &self.below) {
            (Flow::Stop | Flow::Drop, Some(below)) => &below.waiting,
            (Flow::Next | Flow::Stop | Flow::Drop, _) => &[],
        }
    }

    /// Tells those who wait that a commit with this flow was made.
    pub(super) fn decide(&self, flow: Flow) {
        if let (Flow::Stop | Flow::Drop, Some(below)) = (flow, &self.below) {
            below.verdict.send_replace(Verdict::Stopped);
        }
    }

    /// Tells those who wait that the event goes on, unless it was stopped.
    pub(super) fn end(&self) {
        if let Some(below) = &self.below {
            below.verdict.send_if_modified(|verdict| {
                let open = *verdict == Verdict::Open;
                if open {
                    *verdict = Verdict::GoesOn;
                }
                open
            });
        }
    }
}
