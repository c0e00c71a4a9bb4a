//! Points in time as others read them: RFC 3339, UTC, milliseconds.

use chrono::{DateTime, SecondsFormat};
use waspnest_core::clock::UnixMs;

/// A moment in words. One beyond the calendar's end reads as its end.
pub(crate) fn rfc3339(moment: UnixMs) -> String {
    let moment = i64::try_from(moment.0)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_with_milliseconds() {
        assert_eq!(rfc3339(UnixMs(1_767_225_600_123)), "2026-01-01T00:00:00.123Z");
    }
}
