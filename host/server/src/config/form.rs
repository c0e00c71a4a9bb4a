//! What a value may look like: each function turns a written value into its type, or says what was expected instead.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::tree::{Node, Value};
use crate::did_you_mean;

fn expected<T>(what: &str, node: &Node) -> Result<T, String> {
    Err(format!("expected {what}, found {}", node.value.kind()))
}

/// Any text. An environment variable is one whatever it looks like.
pub(super) fn text(node: &Node) -> Result<Box<str>, String> {
    match (&node.value, &node.raw) {
        (Value::Text(text), _) => Ok(text.as_str().into()),
        (_, Some(raw)) => Ok(raw.clone()),
        _ => expected("a text", node),
    }
}

/// Any text but the empty one.
pub(super) fn some_text(node: &Node) -> Result<Box<str>, String> {
    text(node).and_then(|text| {
        if text.is_empty() {
            Err("must not be empty".to_owned())
        } else {
            Ok(text)
        }
    })
}

/// A text with a type that says itself what is wrong.
pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(node: &Node) -> Result<T, String> {
    text(node)?.parse().map_err(|error: T::Err| error.to_string())
}

/// A text with a type whose error does not say what was given or what is expected.
pub(super) fn parsed_as<T: FromStr>(expected: &'static str) -> impl Fn(&Node) -> Result<T, String> {
    move |node| {
        let text = text(node)?;
        text.parse().map_err(|_| format!("{text:?} is not {expected}"))
    }
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node) -> Result<bool, String> {
    match node.value {
        Value::Boolean(boolean) => Ok(boolean),
        _ => expected("true or false", node),
    }
}

/// An integer between two others, both allowed.
pub(super) fn integer<T>(from: T, to: T) -> impl Fn(&Node) -> Result<T, String>
where
    T: TryFrom<i64> + PartialOrd + fmt::Display + Copy,
{
    move |node| match node.value {
        Value::Integer(integer) => T::try_from(integer)
            .ok()
            .filter(|value| *value >= from && *value <= to)
            .ok_or_else(|| format!("{integer} is out of range: allowed is {from} to {to}")),
        _ => expected(&format!("an integer from {from} to {to}"), node),
    }
}

/// A number between two others, both allowed.
pub(super) fn number(from: f64, to: f64) -> impl Fn(&Node) -> Result<f64, String> {
    move |node| {
        let number = match node.value {
            Value::Float(float) => float,
            Value::Integer(integer) => f64::from(i32::try_from(integer).unwrap_or(i32::MAX)),
            _ => return expected(&format!("a number from {from} to {to}"), node),
        };
        if (from..=to).contains(&number) {
            Ok(number)
        } else {
            Err(format!("{number} is out of range: allowed is {from} to {to}"))
        }
    }
}

/// A span of time such as `10s`, `500ms`, `1h 30m`, not shorter and not longer than the given.
pub(super) fn span(from: Duration, to: Duration) -> impl Fn(&Node) -> Result<Duration, String> {
    move |node| {
        let allowed = || {
            format!(
                "allowed is {} to {}",
                humantime::format_duration(from),
                humantime::format_duration(to)
            )
        };
        let text = match &node.value {
            Value::Text(text) => text,
            other => {
                return Err(format!(
                    "expected a time such as \"10s\" or \"5m\", found {}",
                    other.kind()
                ));
            }
        };
        let span = humantime::parse_duration(text)
            .map_err(|_| format!("{text:?} is not a time: expected one such as \"10s\", \"500ms\" or \"1h 30m\""))?;
        if (from..=to).contains(&span) {
            Ok(span)
        } else {
            Err(format!("{text:?} is out of range: {}", allowed()))
        }
    }
}

/// A number of bytes such as `64MiB`, not smaller and not larger than the given.
pub(super) fn bytes(from: u64, to: u64) -> impl Fn(&Node) -> Result<u64, String> {
    move |node| {
        let text = match &node.value {
            Value::Text(text) => text,
            other => return Err(format!("expected a size such as \"64MiB\", found {}", other.kind())),
        };
        let size = parse_bytes(text)
            .ok_or_else(|| format!("{text:?} is not a size: expected one such as \"64MiB\", \"512KiB\" or \"100B\""))?;
        let allowed = || {
            format!(
                "{text:?} is out of range: allowed is {} to {}",
                format_bytes(from),
                format_bytes(to)
            )
        };
        if (from..=to).contains(&size) {
            Ok(size)
        } else {
            Err(allowed())
        }
    }
}

const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

fn parse_bytes(text: &str) -> Option<u64> {
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    digits.trim_end().parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn format_bytes(size: u64) -> String {
    let fits = |(_, shift): &&(&str, u32)| size >= 1 << shift && size.is_multiple_of(1 << shift);
    let (unit, shift) = UNITS.iter().find(fits).copied().unwrap_or(("B", 0));
    format!("{}{unit}", size >> shift)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Node) -> Result<T, String> {
    move |node| {
        let given = text(node)?;
        let found = words.iter().find(|(word, _)| **word == *given);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| not_among(&given, words.iter().map(|(word, _)| *word)))
    }
}

/// What is said about a word that is not among those that are allowed.
pub(super) fn not_among<'a>(given: &str, words: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = did_you_mean::hint(given, words.clone());
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    format!("{given:?} is not allowed: expected {}{hint}", words.join(", "))
}

/// A list of values of one form.
pub(super) fn list<T>(form: impl Fn(&Node) -> Result<T, String>) -> impl Fn(&Node) -> Result<Vec<T>, String> {
    move |node| match &node.value {
        Value::List(nodes) => {
            let element = |(index, node)| form(node).map_err(|what| format!("element {}: {what}", index + 1));
            nodes.iter().enumerate().map(element).collect()
        }
        _ => expected("a list", node),
    }
}

/// A path; a relative one starts at `base`.
pub(super) fn path(base: &Path) -> impl Fn(&Node) -> Result<PathBuf, String> {
    move |node| some_text(node).map(|text| base.join(&*text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, size) in [
            ("100B", 100),
            ("512KiB", 512 << 10),
            ("64MiB", 64 << 20),
            ("2 GiB", 2 << 30),
        ] {
            assert_eq!(parse_bytes(text), Some(size), "{text}");
        }
        for text in ["", "64", "MiB", "-1B", "64MB", "1.5MiB", "99999999999GiB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
        assert_eq!(format_bytes(64 << 20), "64MiB");
        assert_eq!(format_bytes(1000), "1000B");
        assert_eq!(format_bytes(0), "0B");
    }
}
