//! Rates of an installation: how often it may do something, over all of its calls.
//!
//! Kept in memory: a restart begins new windows. A place is taken when the guest asks and given back unless what it was taken for
//! happens: the call fails, or its draft is not committed. So a repeated call does not pay twice. What leaves while the call runs is
//! paid for however the call ends, and a repeated call that is told of it again pays nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::id::SessionName;

use crate::grant::Effective;
use crate::limits::Limits;
use crate::manifest::{Capability, Rate};

/// Lanes that are kept before those that nobody uses any more are looked for.
const LANES: usize = 1024;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Uses of a capability.
    Of(Capability),
    /// Messages, wherever they go.
    Sends,
    /// Messages to one chat of one session.
    Chat(SessionName, Jid),
}

/// All of an installation's rates.
#[derive(Debug)]
pub(crate) struct Rates {
    of: Vec<(Capability, Vec<Rate>)>,
    sends: Vec<Rate>,
    chat: Vec<Rate>,
    windows: Mutex<Windows>,
}

#[derive(Debug)]
struct Windows {
    /// When places were taken, oldest first.
    taken: HashMap<Lane, VecDeque<UnixMs>>,
    /// How many lanes there are when the unused ones are looked for next.
    tidy_at: usize,
}

impl Rates {
    pub(crate) fn of(effective: &Effective, limits: &Limits) -> Self {
        let minutely = |count: Option<u32>| {
            let per = Duration::from_secs(60);
            count.map(|count| Rate { count, per }).into_iter().collect()
        };
        let granted = Capability::ALL.map(|capability| (capability, effective.rates(capability).to_vec()));
        Self {
            of: granted.into_iter().filter(|(_, rates)| !rates.is_empty()).collect(),
            sends: minutely(limits.sends_per_minute),
            chat: minutely(limits.sends_per_chat_per_minute),
            windows: Mutex::new(Windows {
                taken: HashMap::new(),
                tidy_at: LANES,
            }),
        }
    }

    fn rates(&self, lane: &Lane) -> &[Rate] {
        match lane {
            Lane::Of(wanted) => {
                let found = self.of.iter().find(|(capability, _)| capability == wanted);
                found.map_or(&[], |(_, rates)| rates)
            }
            Lane::Sends => &self.sends,
            Lane::Chat(..) => &self.chat,
        }
    }

    /// Takes a place in every lane, or says how long until there is room and takes none.
    fn take(&self, lanes: &[Lane], now: UnixMs) -> Result<(), Duration> {
        let mut windows = self.windows();
        let full = |lane: &Lane| {
            let taken = windows.taken.get(lane)?;
            self.rates(lane).iter().filter_map(|rate| wait(taken, *rate, now)).max()
        };
        if let Some(wait) = lanes.iter().filter_map(full).max() {
            return Err(wait);
        }
        for lane in lanes {
            let taken = windows.taken.entry(lane.clone()).or_default();
            self.forget(lane, taken, now);
            taken.push_back(now);
        }
        if windows.taken.len() > windows.tidy_at {
            windows.taken.retain(|lane, taken| {
                self.forget(lane, taken, now);
                !taken.is_empty()
            });
            windows.tidy_at = LANES.max(windows.taken.len() * 2);
        }
        Ok(())
    }

    /// Forgets what no rate of a lane looks back to.
    fn forget(&self, lane: &Lane, taken: &mut VecDeque<UnixMs>, now: UnixMs) {
        let longest = self.rates(lane).iter().map(|rate| rate.per).max().unwrap_or_default();
        while taken.front().is_some_and(|first| first.plus(longest) <= now) {
            taken.pop_front();
        }
    }

    /// Gives back places that were taken at `at`.
    fn give_back(&self, lanes: &[Lane], at: UnixMs) {
        let mut windows = self.windows();
        for lane in lanes {
            if let Some(taken) = windows.taken.get_mut(lane)
                && let Some(index) = taken.iter().rposition(|moment| *moment == at)
            {
                taken.remove(index);
            }
        }
    }

    fn windows(&self) -> std::sync::MutexGuard<'_, Windows> {
        // Nothing can panic while they are locked, so a poisoned lock is still good.
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until a rate has room; none if it has now.
fn wait(taken: &VecDeque<UnixMs>, rate: Rate, now: UnixMs) -> Option<Duration> {
    // The one whose end makes room: with `count` behind it, the window is full.
    let index = taken.len().checked_sub(rate.count as usize)?;
    let free_at = taken.get(index)?.plus(rate.per);
    (free_at > now).then(|| free_at.since(now))
}

/// Places one call has taken in the windows of rates; given back unless what they were taken for happens.
#[derive(Debug)]
pub(crate) struct Taken {
    rates: Arc<Rates>,
    places: Vec<(Vec<Lane>, UnixMs)>,
}

impl Taken {
    pub(crate) const fn none(rates: Arc<Rates>) -> Self {
        Self {
            rates,
            places: Vec::new(),
        }
    }

    /// Takes a place in every lane that has a rate, or says how long until there is room.
    pub(crate) fn take(&mut self, lanes: impl IntoIterator<Item = Lane>, now: UnixMs) -> Result<(), Duration> {
        let has_rates = |lane: &Lane| !self.rates.rates(lane).is_empty();
        let lanes: Vec<_> = lanes.into_iter().filter(has_rates).collect();
        self.rates.take(&lanes, now)?;
        self.places.push((lanes, now));
        Ok(())
    }

    /// What was taken last was used, however the call ends.
    pub(crate) fn keep_last(&mut self) {
        self.places.pop();
    }

    /// Everything was used.
    pub(crate) fn keep(&mut self) {
        self.places.clear();
    }

    /// Hands the places over to somebody else.
    pub(crate) fn hand_over(&mut self) -> Self {
        Self {
            rates: Arc::clone(&self.rates),
            places: std::mem::take(&mut self.places),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for (lanes, at) in self.places.drain(..) {
            self.rates.give_back(&lanes, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::MessageTerms;

    fn rates(limits: Limits) -> Arc<Rates> {
        let terms = MessageTerms {
            rates: vec!["2/min".parse().expect("a rate"), "3/h".parse().expect("a rate")],
            ..MessageTerms::default()
        };
        let effective = Effective {
            send: Some(terms),
            ..Effective::default()
        };
        Arc::new(Rates::of(&effective, &limits))
    }

    const SEND: Lane = Lane::Of(Capability::MessagesSend);

    fn taken(rates: &Arc<Rates>, lanes: impl IntoIterator<Item = Lane>, at: u64) -> Result<Taken, Duration> {
        let mut taken = Taken::none(Arc::clone(rates));
        taken.take(lanes, UnixMs(at)).map(|()| taken)
    }

    fn used(rates: &Arc<Rates>, lanes: impl IntoIterator<Item = Lane>, at: u64) -> Result<(), Duration> {
        taken(rates, lanes, at).map(|mut taken| taken.keep())
    }

    #[test]
    fn windows_fill_and_empty_with_the_clock() {
        let rates = rates(Limits::CEILING);
        assert_eq!(used(&rates, [SEND], 1_000), Ok(()));
        let second = taken(&rates, [SEND], 2_000).expect("there is room");
        assert_eq!(used(&rates, [SEND], 3_000), Err(Duration::from_secs(58)));
        drop(second);
        assert_eq!(
            used(&rates, [SEND], 4_000),
            Ok(()),
            "a place that was given back can be taken"
        );
        assert_eq!(
            used(&rates, [SEND], 61_000),
            Ok(()),
            "the first is free again after a minute"
        );
        let hour = Duration::from_millis(3_601_000 - 130_000);
        assert_eq!(used(&rates, [SEND], 130_000), Err(hour), "every rate holds");
        let other = Lane::Of(Capability::MessagesReact);
        assert_eq!(used(&rates, [other], 130_000), Ok(()), "what has no rate is never full");
    }

    #[test]
    fn a_full_chat_takes_nothing_of_the_rest() {
        let rates = rates(Limits {
            sends_per_minute: Some(3),
            sends_per_chat_per_minute: Some(1),
            ..Limits::CEILING
        });
        let session: SessionName = "main".parse().expect("a name");
        let to = |phone: &str| {
            [
                Lane::Sends,
                Lane::Chat(session.clone(), phone.parse().expect("a number")),
            ]
        };
        let (ana, ben, cai) = ("4915112345678", "4915187654321", "4915100000000");
        assert_eq!(used(&rates, to(ana), 0), Ok(()));
        assert_eq!(used(&rates, to(ana), 10_000), Err(Duration::from_secs(50)));
        assert_eq!(used(&rates, to(ben), 10_000), Ok(()));
        assert_eq!(used(&rates, to(cai), 20_000), Ok(()), "the refused one took no place");
        assert_eq!(used(&rates, to("4915199999999"), 30_000), Err(Duration::from_secs(30)));
        let other: SessionName = "other".parse().expect("a name");
        let elsewhere = [Lane::Chat(other, ana.parse().expect("a number"))];
        assert_eq!(
            used(&rates, elsewhere, 30_000),
            Ok(()),
            "another session's chat is another chat"
        );
    }

    #[test]
    fn chats_that_are_quiet_again_are_forgotten() {
        let rates = rates(Limits {
            sends_per_chat_per_minute: Some(1),
            ..Limits::CEILING
        });
        let session: SessionName = "main".parse().expect("a name");
        for number in 0..10_000_u64 {
            let chat = format!("49151{number:08}").parse().expect("a number");
            assert_eq!(used(&rates, [Lane::Chat(session.clone(), chat)], number * 1000), Ok(()));
        }
        assert!(rates.windows().taken.len() <= 2 * LANES);
    }
}
