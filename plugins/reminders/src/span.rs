//! Spans of time in words: "1 hour and 30 minutes", in both directions.

use core::time::Duration;
use waspnest_plugin::types::UnixMs;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// Reads a span at the start of some words, and answers it with the number of words it took. None when there is none.
///
/// Numbers may be written with digits or as "a", "an", "one", stand before their unit or stick to it ("10min"), and several
/// parts may follow each other, with or without "and". "Half an hour" is one too.
pub(crate) fn read(words: &[&str]) -> Option<(Duration, usize)> {
    if let ["half", "an", unit, ..] = words
        && bare(unit) == "hour"
    {
        return Some((Duration::from_secs(30 * MINUTE), 3));
    }
    let mut seconds = 0_u64;
    let mut taken = 0;
    loop {
        let rest = &words[taken..];
        // An "and" belongs to the span only when another part follows it.
        let skip = usize::from(taken > 0 && rest.first() == Some(&"and"));
        let Some((part, count)) = read_part(&rest[skip..]) else {
            break;
        };
        seconds = seconds.saturating_add(part);
        taken += skip + count;
    }
    (taken > 0).then_some((Duration::from_secs(seconds), taken))
}

/// One number with its unit, as seconds, and how many words it took.
fn read_part(words: &[&str]) -> Option<(u64, usize)> {
    let first = bare(words.first()?);
    let digits = first.len() - first.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (amount, written) = first.split_at(digits);
    if !amount.is_empty() && !written.is_empty() {
        return Some((amount.parse::<u64>().ok()?.saturating_mul(unit(written)?), 1));
    }
    let amount = match first {
        "a" | "an" | "one" => 1,
        digits => digits.parse::<u64>().ok()?,
    };
    Some((amount.saturating_mul(unit(bare(words.get(1)?))?), 2))
}

/// A word without the marks that end a sentence or a part of one.
pub(crate) fn bare(word: &str) -> &str {
    word.trim_end_matches([',', '.', '!', '?'])
}

fn unit(word: &str) -> Option<u64> {
    match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(HOUR),
        "d" | "day" | "days" => Some(DAY),
        "w" | "week" | "weeks" => Some(WEEK),
        _ => None,
    }
}

/// A span in its two largest units: "2 hours 5 minutes".
pub(crate) fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let parts: Vec<String> = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")]
        .into_iter()
        .scan(seconds, |left, (size, name)| {
            let count = *left / size;
            *left %= size;
            Some((count, name))
        })
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() {
        "a moment".into()
    } else {
        parts.join(" ")
    }
}

/// How far a time is from now: "in 10 minutes". Above a minute, whole minutes are precise enough.
pub(crate) fn from_now(now: UnixMs, due: UnixMs) -> String {
    let seconds = due.saturating_sub(now).div_ceil(1000);
    let rounded = if seconds > MINUTE {
        seconds.div_ceil(MINUTE) * MINUTE
    } else {
        seconds
    };
    format!("in {}", words(Duration::from_secs(rounded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<(u64, usize)> {
        let words: Vec<&str> = text.split_whitespace().collect();
        read(&words).map(|(span, taken)| (span.as_secs(), taken))
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(seconds("10 minutes to call"), Some((600, 2)));
        assert_eq!(seconds("an hour to call"), Some((3600, 2)));
        assert_eq!(seconds("half an hour to call"), Some((1800, 3)));
        assert_eq!(seconds("1 hour and 30 minutes and call"), Some((5400, 5)));
        assert_eq!(seconds("2h 5min to"), Some((7500, 2)));
        assert_eq!(seconds("1 week, 2 days to"), Some((9 * 86_400, 4)));
    }

    #[test]
    fn what_is_no_span_is_not_read() {
        assert_eq!(seconds("ten minutes"), None);
        assert_eq!(seconds("10 parsecs"), None);
        assert_eq!(seconds("10"), None);
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("minutes"), None);
        assert_eq!(seconds("99999999999999999999999 minutes"), None);
    }

    #[test]
    fn a_number_too_large_does_not_wrap_round() {
        assert_eq!(seconds("18446744073709551615 weeks"), Some((u64::MAX, 2)));
    }

    #[test]
    fn words_show_the_two_largest_units() {
        assert_eq!(words(Duration::from_secs(0)), "a moment");
        assert_eq!(words(Duration::from_secs(59)), "59 seconds");
        assert_eq!(words(Duration::from_secs(60)), "1 minute");
        assert_eq!(words(Duration::from_secs(7500)), "2 hours 5 minutes");
        assert_eq!(words(Duration::from_secs(86_400 + 60)), "1 day");
    }

    #[test]
    fn the_distance_is_rounded_up_to_minutes() {
        assert_eq!(from_now(1_000, 46_000), "in 45 seconds");
        assert_eq!(from_now(1_000, 541_500), "in 10 minutes");
        assert_eq!(from_now(5_000, 1_000), "in a moment");
    }
}
