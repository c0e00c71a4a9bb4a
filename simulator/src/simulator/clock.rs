//! The time on the wire, moved at will.

use crate::simulator::Simulator;

impl Simulator {
    /// Moves the server's clock by so many milliseconds, backward when negative, on top of earlier moves. Answers how far it is from the
    /// configured clock now.
    ///
    /// It changes the timestamps the server gives from now on; what has one keeps it. Delays and timeouts are real time and stay.
    pub fn shift_clock(&self, by_ms: i64) -> i64 {
        self.inner.shared.world().clock.shift(by_ms)
    }

    /// The server's time: milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        self.inner.shared.world().now_ms()
    }
}
