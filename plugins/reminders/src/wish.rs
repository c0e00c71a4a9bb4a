//! What people ask for, read from what they write. Pure: no host, no clock, no zone.
//!
//! A text that is none of our business reads as `None`; one that is, but cannot be understood, as an error whose words help.

use crate::span;
use core::fmt;
use core::time::Duration;

/// Longest text of a reminder in bytes: a job's payload has room for it, and a chat message too.
const MAX_TEXT: usize = 2_000;
/// Furthest reminder: further than that, nobody expects it to work.
const MAX_SPAN: Duration = Duration::from_secs(366 * 24 * 3600);

/// A wish that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// "remind me … to …".
    Remind {
        /// When.
        when: When,
        /// Of what; not empty.
        text: String,
    },
    /// "my reminders".
    List,
    /// "forget 2".
    Forget(i64),
}

/// When to remind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// After a span.
    In(Duration),
    /// At the next such time of day.
    At(TimeOfDay),
    /// At that time of every day.
    Daily(TimeOfDay),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(span) => write!(f, "in {}", span::words(*span)),
            Self::At(time) => write!(f, "at {time}"),
            Self::Daily(time) => write!(f, "every day at {time}"),
        }
    }
}

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl TimeOfDay {
    /// Cron expression of this time, every day.
    pub(crate) fn daily_cron(self) -> String {
        format!("{} {} * * *", self.minute, self.hour)
    }

    /// Reads "18:30", "8", "8am", "6:30pm", "noon", "midnight".
    fn read(word: &str) -> Option<Self> {
        match word {
            "noon" => return Some(Self { hour: 12, minute: 0 }),
            "midnight" => return Some(Self { hour: 0, minute: 0 }),
            _ => {}
        }
        let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
            (Some(digits), _) => (digits, Some(0)),
            (None, Some(digits)) => (digits, Some(12)),
            (None, None) => (word, None),
        };
        let (hour, minute) = digits.split_once(':').unwrap_or((digits, "00"));
        let number = |text: &str| {
            if (1..=2).contains(&text.len()) {
                text.parse::<u8>().ok()
            } else {
                None
            }
        };
        let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
        let hour = match half {
            Some(offset) if (1..=12).contains(&hour) => hour % 12 + offset,
            Some(_) => return None,
            None => hour,
        };
        (hour < 24 && minute < 60).then_some(Self { hour, minute })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// A wish that is meant for us, and not understood. Its words are the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misunderstood {
    /// "remind me" and no time.
    NoTime,
    /// A time that does not exist, as it was written.
    NoSuchTime(String),
    /// A span that is over already, or not over in a year.
    NoSuchSpan,
    /// A time and nothing to be reminded of.
    NoText,
    /// More text than fits.
    LongText,
    /// "forget" with something else than a number, as it was written.
    NoNumber(String),
}

impl fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTime => f.write_str(
                "When? For example: remind me in 10 minutes to call mum, remind me at 18:30 to call mum, \
                 remind me every day at 8:00 to call mum.",
            ),
            Self::NoSuchTime(written) => {
                write!(
                    f,
                    "\"{written}\" is not a time of day I know. Write it like 18:30 or 6:30pm."
                )
            }
            Self::NoSuchSpan => {
                f.write_str("I can remind you in one second at the earliest, and in a year at the latest.")
            }
            Self::NoText => f.write_str("Of what? For example: remind me in 10 minutes to call mum."),
            Self::LongText => f.write_str("That is too long for a reminder. Please use fewer words."),
            Self::NoNumber(written) => {
                write!(
                    f,
                    "\"{written}\" is not the number of a reminder. \"my reminders\" lists them with their numbers."
                )
            }
        }
    }
}

/// Reads a message. None when it is not meant for us.
pub(crate) fn parse(text: &str) -> Option<Result<Wish, Misunderstood>> {
    let written: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = written.iter().map(|word| word.to_lowercase()).collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["remind", "me", ..] => Some(parse_remind(&words[2..], &written[2..])),
        ["please", "remind", "me", ..] => Some(parse_remind(&words[3..], &written[3..])),
        ["my", last] | ["list", last] | ["list", "my", last] if span::bare(last) == "reminders" => Some(Ok(Wish::List)),
        ["forget"] => Some(Err(Misunderstood::NoNumber(String::new()))),
        ["forget", number] | ["forget", "reminder" | "number", number] => parse_forget(number),
        _ => None,
    }
}

/// "forget it" is talk among people; "forget 2" and "forget #2" are for us, and so is "forget 2x".
fn parse_forget(written: &str) -> Option<Result<Wish, Misunderstood>> {
    let digits = span::bare(written).trim_start_matches('#');
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(
        digits
            .parse()
            .map(Wish::Forget)
            .map_err(|_| Misunderstood::NoNumber(written.to_owned())),
    )
}

/// What follows "remind me": the time first ("in 10 minutes to call mum") or last ("to call mum in 10 minutes").
fn parse_remind(words: &[&str], written: &[&str]) -> Result<Wish, Misunderstood> {
    match read_when(words)? {
        Some((when, taken)) => {
            let joined = matches!(words.get(taken), Some(&("to" | "that" | "about" | "of")));
            remind(when, &written[taken + usize::from(joined)..])
        }
        None => {
            let start = usize::from(matches!(words.first(), Some(&("to" | "that" | "about" | "of"))));
            // The first place from where the rest is a time and nothing else: "to be in time in 5 minutes". A time that
            // cannot be is the complaint only when there is none that can.
            let mut complaint = Misunderstood::NoTime;
            for at in start + 1..words.len() {
                match read_when(&words[at..]) {
                    Ok(Some((when, taken))) if at + taken == words.len() => return remind(when, &written[start..at]),
                    Ok(_) => {}
                    Err(impossible) => complaint = impossible,
                }
            }
            Err(complaint)
        }
    }
}

fn remind(when: When, written: &[&str]) -> Result<Wish, Misunderstood> {
    let text = written.join(" ");
    if text.is_empty() {
        return Err(Misunderstood::NoText);
    }
    if text.len() > MAX_TEXT {
        return Err(Misunderstood::LongText);
    }
    Ok(Wish::Remind { when, text })
}

/// Reads a time at the start of some words, and how many of them it took. None when there is none; an error when there is
/// one that cannot be: what follows "at" and looks like a number was meant as a time.
fn read_when(words: &[&str]) -> Result<Option<(When, usize)>, Misunderstood> {
    let (skip, daily) = match words {
        ["in", rest @ ..] => {
            let Some((span, taken)) = span::read(rest) else {
                return Ok(None);
            };
            if span.is_zero() || span > MAX_SPAN {
                return Err(Misunderstood::NoSuchSpan);
            }
            return Ok(Some((When::In(span), taken + 1)));
        }
        ["at", ..] => (1, false),
        ["every", "day", "at", ..] => (3, true),
        ["daily", "at", ..] => (2, true),
        _ => return Ok(None),
    };
    let Some(word) = words.get(skip) else { return Ok(None) };
    // "6:30 pm" is two words and one time.
    let half = words
        .get(skip + 1)
        .map(|next| span::bare(next))
        .filter(|next| matches!(*next, "am" | "pm"));
    let written = format!("{}{}", span::bare(word), half.unwrap_or_default());
    match TimeOfDay::read(&written) {
        Some(time) => {
            let when = if daily { When::Daily(time) } else { When::At(time) };
            Ok(Some((when, skip + 1 + usize::from(half.is_some()))))
        }
        None if word.starts_with(|c: char| c.is_ascii_digit()) => Err(Misunderstood::NoSuchTime(written)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
