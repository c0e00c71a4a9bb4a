//! whatsapp-rust's wall clock, taken from ours.
//!
//! whatsapp-rust reads one process-wide time provider that can be set only once. Ours is set the first time a [`crate::WhatsApp`] is
//! made, and asks a clock that can be switched: the newest [`crate::WhatsApp`]'s. Tests that run at the same time in one process
//! therefore share a clock; give all of them the machine's.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use waspnest_core::clock::Clock;
use whatsapp_rust::wacore::time::{TimeProvider, set_time_provider};

static CLOCK: OnceLock<RwLock<Arc<dyn Clock>>> = OnceLock::new();

struct Switchable;

impl TimeProvider for Switchable {
    fn now_millis(&self) -> i64 {
        // Set before the provider is.
        let Some(clock) = CLOCK.get() else { return 0 };
        let now = clock.read().unwrap_or_else(PoisonError::into_inner).now();
        i64::try_from(now.0).unwrap_or(i64::MAX)
    }
}

/// Makes whatsapp-rust tell the time by `clock` from now on.
pub(crate) fn follow(clock: Arc<dyn Clock>) {
    let mut first = Some(clock);
    let cell = CLOCK.get_or_init(|| {
        let clock = first.take();
        RwLock::new(clock.unwrap_or_else(|| Arc::new(waspnest_core::clock::SystemClock::new())))
    });
    match first {
        Some(clock) => *cell.write().unwrap_or_else(PoisonError::into_inner) = clock,
        None => {
            if set_time_provider(Switchable).is_err() {
                tracing::warn!(
                    "whatsapp-rust has read the machine's clock before it was given ours, and keeps doing so"
                );
            }
        }
    }
}
