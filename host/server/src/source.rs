//! Sources turn something outside into events. WhatsApp sessions live in their own crate; here are the schedules.

mod configured;
mod jitter;
mod moments;
mod recurrence;
mod schedules;
mod timetable;

#[cfg(test)]
mod tests;

pub(crate) use configured::{chosen, last_tick, tick_of};
pub(crate) use jitter::fires_at;
pub use recurrence::Recurrence;
pub(crate) use schedules::{SessionSchedules, SourceParts};
pub use timetable::Timetable;
pub(crate) use timetable::zone_of;
