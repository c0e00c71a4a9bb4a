//! How many connections there are, in all and from each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::connections::Connections;

/// Who has a place. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    from: HashMap<IpAddr, usize>,
}

/// A place, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    from: Option<IpAddr>,
}

/// Why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many connections as there may be.
    InAll,
    /// As many as one address may have.
    OfAddress,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Numbers; no panic can leave them half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for whom `from` stands for; nobody is counted by address who has none.
    pub(super) fn take(&self, from: Option<IpAddr>, rules: &Connections) -> Result<Place, Full> {
        let mut taken = self.taken();
        if taken.all >= rules.most {
            return Err(Full::InAll);
        }
        if let Some(from) = from {
            let theirs = taken.from.entry(from).or_default();
            // Whoever is at the limit has places, so that nothing is left behind here.
            if *theirs >= rules.most_from_address {
                return Err(Full::OfAddress);
            }
            *theirs += 1;
        }
        taken.all += 1;
        drop(taken);
        Ok(Place {
            places: self.clone(),
            from,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(from) = self.from
            && let Some(theirs) = taken.from.get_mut(&from)
        {
            *theirs = theirs.saturating_sub(1);
            if *theirs == 0 {
                taken.from.remove(&from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address_and_given_back() {
        let rules = Connections {
            most: 3,
            most_from_address: 2,
            ..Connections::default()
        };
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse::<IpAddr>().expect("an address"));
        let places = Places::default();
        let take = |from| places.take(from, &rules);
        let first = take(Some(one)).expect("there is one");
        let second = take(Some(one)).expect("there is another");
        assert_eq!(take(Some(one)).err(), Some(Full::OfAddress));
        let third = take(Some(other)).expect("others have places of their own");
        assert_eq!(take(None).err(), Some(Full::InAll));
        drop(first);
        let fourth = take(Some(one)).expect("it was given back");
        drop((second, third, fourth));
        let taken = places.taken();
        assert_eq!((taken.all, taken.from.len()), (0, 0), "nothing is left behind");
    }
}
