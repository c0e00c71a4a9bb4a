//! Sources turn something outside into events. WhatsApp sessions live in their own crate; here are the schedules.

mod moments;
mod recurrence;
mod schedules;

#[cfg(test)]
mod tests;

pub use recurrence::Recurrence;
pub(crate) use schedules::{SessionSchedules, SourceParts};
