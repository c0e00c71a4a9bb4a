//! The answer, with the next opening in words.

use chrono::DateTime;
use chrono_tz::Tz;

/// Fills the places of an answer.
pub(crate) fn filled(answer: &str, now: &DateTime<Tz>, opening: &DateTime<Tz>) -> String {
    answer
        .replace("{opening}", &in_words(now, opening))
        .replace("{date}", &opening.format("%Y-%m-%d").to_string())
        .replace("{time}", &opening.format("%H:%M").to_string())
}

fn in_words(now: &DateTime<Tz>, opening: &DateTime<Tz>) -> String {
    let days = opening.date_naive().signed_duration_since(now.date_naive()).num_days();
    let form = match days {
        0 => "today at %H:%M",
        1 => "tomorrow at %H:%M",
        2..=6 => "on %A at %H:%M",
        _ => "on %A, %-d %B %Y, at %H:%M",
    };
    opening.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn an_opening_is_said_as_people_say_it() {
        let zone = chrono_tz::Europe::Berlin;
        let now = zone
            .with_ymd_and_hms(2026, 12, 24, 18, 0, 0)
            .single()
            .expect("one moment");
        for (day, words) in [
            (24, "today at 19:30"),
            (25, "tomorrow at 19:30"),
            (30, "on Wednesday at 19:30"),
            (31, "on Thursday, 31 December 2026, at 19:30"),
        ] {
            let opening = zone
                .with_ymd_and_hms(2026, 12, day, 19, 30, 0)
                .single()
                .expect("one moment");
            assert_eq!(in_words(&now, &opening), words);
        }
        let opening = zone
            .with_ymd_and_hms(2026, 12, 28, 9, 0, 0)
            .single()
            .expect("one moment");
        assert_eq!(filled("Ab {date}, {time}.", &now, &opening), "Ab 2026-12-28, 09:00.");
    }
}
