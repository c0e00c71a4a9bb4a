//! The monotonic clock of simulated people: deadlines of their waits, and when a message arrived.
//!
//! Real on purpose: a human stands outside the program under test, and what it measures is what that program did in
//! real time. Times of day come from whatsapp-rust's clock, which a test may replace.

use tokio::time::Instant;

/// This moment.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that gives simulated people their monotonic time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
