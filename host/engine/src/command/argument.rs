//! One argument: from a word to a value, or to what is wrong with it.

use std::fmt::Display;
use std::time::Duration;

use waspnest_core::address::Jid;

use super::words::Word;
use super::{Arg, Setting};
use crate::manifest::{ArgKind, Bounds};

const YES: [&str; 5] = ["yes", "true", "on", "1", "y"];
const NO: [&str; 5] = ["no", "false", "off", "0", "n"];

/// A value of one word. Kinds that take more than a word are read elsewhere and given their words in quotation marks.
pub(super) fn one(kind: &ArgKind, word: &str, setting: Setting<'_>) -> Result<Arg, String> {
    match kind {
        ArgKind::Text(bounds) => {
            within(characters(word), *bounds, "characters")?;
            Ok(Arg::Text(word.into()))
        }
        ArgKind::Integer(bounds) => {
            let number: i64 = word.parse().map_err(|_| format!("{word:?} is not a whole number"))?;
            within(number, *bounds, "")?;
            Ok(Arg::Integer(number))
        }
        ArgKind::Number(bounds) => {
            let number = number(word).ok_or_else(|| format!("{word:?} is not a number"))?;
            within(number, *bounds, "")?;
            Ok(Arg::Number(number))
        }
        ArgKind::Boolean => {
            let lower = word.to_lowercase();
            if YES.contains(&lower.as_str()) {
                Ok(Arg::Boolean(true))
            } else if NO.contains(&lower.as_str()) {
                Ok(Arg::Boolean(false))
            } else {
                Err(format!("{word:?} is neither yes nor no"))
            }
        }
        ArgKind::Duration(bounds) => {
            let span = humantime::parse_duration(word)
                .map_err(|_| format!("{word:?} is not a span of time such as 30m or 1h30m"))?;
            let shown = Bounds {
                min: bounds.min.map(Shown),
                max: bounds.max.map(Shown),
            };
            within(Shown(span), shown, "")?;
            Ok(Arg::Duration(span))
        }
        ArgKind::When => {
            let words: Vec<_> = word.split_whitespace().collect();
            match super::moment::read(&words, setting) {
                Some((moment, used)) if used == words.len() => Ok(Arg::When(moment)),
                Some(_) | None => Err(format!(
                    "{word:?} is not a moment such as 18:30, tomorrow 9:00 or 2026-12-24 18:00"
                )),
            }
        }
        ArgKind::User => user(word, setting.mentions).map(Arg::User),
        ArgKind::Choice(choices) => {
            let found = choices
                .iter()
                .find(|choice| choice.to_lowercase() == word.to_lowercase());
            found
                .map(|choice| Arg::Choice(choice.clone()))
                .ok_or_else(|| format!("{word:?} is not one of {}", choices.join(", ")))
        }
        ArgKind::Rest(bounds) => rest(word, *bounds),
        ArgKind::Items(bounds) => items(super::words::split(word), *bounds),
    }
}

/// Everything that follows.
pub(super) fn rest(text: &str, bounds: Bounds<u64>) -> Result<Arg, String> {
    within(characters(text), bounds, "characters")?;
    Ok(Arg::Rest(text.into()))
}

/// Every word that follows.
pub(super) fn items(words: Vec<Word>, bounds: Bounds<u64>) -> Result<Arg, String> {
    within(words.len() as u64, bounds, "items")?;
    Ok(Arg::Items(words.into_iter().map(|word| word.text.into()).collect()))
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn within<T: PartialOrd + Copy + Display>(value: T, bounds: Bounds<T>, what: &str) -> Result<(), String> {
    if bounds.contain(value) {
        return Ok(());
    }
    let space = if what.is_empty() { "" } else { " " };
    Err(match bounds {
        Bounds {
            min: Some(min),
            max: Some(max),
        } => format!("{value}{space}{what} is not between {min} and {max}"),
        Bounds {
            min: Some(min),
            max: None,
        } => format!("{value}{space}{what} is less than {min}"),
        Bounds { min: None, max } => match max {
            Some(max) => format!("{value}{space}{what} is more than {max}"),
            None => format!("{value}{space}{what} is not allowed"),
        },
    })
}

/// With a point or, where there is none, with a comma.
fn number(word: &str) -> Option<f64> {
    let pointed = match (word.contains('.'), word.matches(',').count()) {
        (false, 1) => word.replace(',', "."),
        (true, _) | (false, _) => word.to_owned(),
    };
    let plain = pointed
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    pointed.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// A mention stands in the text as `@` and the user part of an address, which need not be a phone number.
fn user(word: &str, mentions: &[Jid]) -> Result<Jid, String> {
    let mentioned = word.strip_prefix('@');
    let digits: String = mentioned
        .unwrap_or(word)
        .chars()
        .filter(|c| !matches!(c, '+' | '-' | '(' | ')' | ' ' | '/' | '\u{a0}'))
        .collect();
    let by_mention = mentions.iter().find(|jid| jid.is_person() && jid.user() == digits);
    if let Some(jid) = by_mention {
        return Ok(jid.clone());
    }
    let by_number = digits
        .parse::<Jid>()
        .ok()
        .filter(|jid| jid.is_person() && !digits.contains('@'));
    by_number
        .ok_or_else(|| format!("{word:?} is nobody: mention somebody or write a phone number such as +4915112345678"))
}

/// A span of time as people write it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Shown(Duration);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}
