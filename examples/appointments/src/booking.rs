//! Appointments as they are kept: each under its slot for all, so that nobody gets one twice, and under its slot in the chat of who has it.
//! What is stored: add with a default only.

use serde::{Deserialize, Serialize};
use waspnest_plugin::{Error, kv};

use crate::calendar::{self, Slot};

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Booking {
    pub(crate) service: String,
    #[serde(with = "calendar::text")]
    pub(crate) slot: Slot,
    pub(crate) chat: String,
}

/// Whether a slot was free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Booked {
    Yes,
    Taken,
}

impl Booking {
    /// Takes the slot. Two who want it at once are a conflict of commits, and the second finds it taken.
    pub(crate) fn keep(&self) -> Result<Booked, Error> {
        match kv::session()?.create(&key(self.slot), self) {
            Ok(_) => {}
            Err(error) if error.is_conflict() => return Ok(Booked::Taken),
            Err(error) => return Err(error),
        }
        kv::chat()?.put(&key(self.slot), self)?;
        Ok(Booked::Yes)
    }

    /// Gives the slot back.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        kv::session()?.delete(&key(self.slot))?;
        kv::chat()?.delete(&key(self.slot)).map(drop)
    }

    /// The job that reminds of it.
    pub(crate) fn job(&self) -> String {
        format!("{}/{}", self.chat, self.slot)
    }
}

/// Of these slots those that are free.
pub(crate) fn free(slots: Vec<Slot>) -> Result<Vec<Slot>, Error> {
    let Some(first) = slots.first() else {
        return Ok(slots);
    };
    let prefix = format!("slot/{}", first.day());
    let taken: Vec<(String, Booking)> = kv::session()?.scan(&prefix)?;
    let is_free = |slot: &Slot| !taken.iter().any(|(_, booking)| booking.slot == *slot);
    Ok(slots.into_iter().filter(is_free).collect())
}

/// The appointments of the chat, the next one first.
pub(crate) fn of_chat() -> Result<Vec<Booking>, Error> {
    Ok(kv::chat()?
        .scan("slot/")?
        .into_iter()
        .map(|(_, booking)| booking)
        .collect())
}

fn key(slot: Slot) -> String {
    format!("slot/{slot}")
}
