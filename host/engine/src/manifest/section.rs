//! Reading a TOML table key by key, so that every mistake is told with its place and unknown keys with a suggestion.

use std::fmt;
use std::time::Duration;

use toml::{Table, Value};

/// What is wrong, and at which key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct KeyError {
    /// Dotted path of the key, such as `plugin.version` or `subscribe[0].kinds`.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl KeyError {
    pub(crate) fn new(key: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self {
            key: key.into(),
            problem: problem.to_string(),
        }
    }
}

/// A table that is being read. [`Section::finish`] finds what nobody asked for.
pub(crate) struct Section<'a> {
    path: String,
    table: &'a Table,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// Begins to read `table`, which stands at `path` (empty for the whole file).
    pub(crate) fn new(path: impl Into<String>, table: &'a Table) -> Self {
        Self {
            path: path.into(),
            table,
            asked: Vec::new(),
        }
    }

    /// The dotted path of one of its keys.
    pub(crate) fn at(&self, key: &str) -> String {
        let key = if key.contains('.') {
            format!("{key:?}")
        } else {
            key.to_owned()
        };
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A value, of any type.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.push(key);
        #[cfg(test)]
        asked::note(&self.at(key));
        self.table.get(key)
    }

    /// Fails at one of its keys.
    pub(crate) fn fail<T>(&self, key: &str, problem: impl fmt::Display) -> Result<T, KeyError> {
        Err(KeyError::new(self.at(key), problem))
    }

    fn wrong<T>(&self, key: &str, wanted: &str, found: &Value) -> Result<T, KeyError> {
        self.fail(key, format!("expected {wanted}, found {}", found.type_str()))
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<&'a str>, KeyError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong(key, "a text", other),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Result<&'a str, KeyError> {
        match self.text(key)? {
            Some(text) => Ok(text),
            None => self.fail(key, "is missing"),
        }
    }

    /// A text with a form of its own.
    pub(crate) fn parse<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        key: &'static str,
    ) -> Result<Option<T>, KeyError> {
        match self.text(key)? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).or_else(|error| self.fail(key, error)),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, KeyError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Boolean(flag)) => Ok(Some(*flag)),
            Some(other) => self.wrong(key, "true or false", other),
        }
    }

    /// A whole number, not negative.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<u64>, KeyError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => u64::try_from(*number)
                .map(Some)
                .or_else(|_| self.fail(key, "must not be negative")),
            Some(other) => self.wrong(key, "a whole number", other),
        }
    }

    /// How many of something: a whole number from 1 on.
    pub(crate) fn count<T: TryFrom<u64>>(&mut self, key: &'static str) -> Result<Option<T>, KeyError> {
        match self.number(key)? {
            None => Ok(None),
            Some(0) => self.fail(key, "must be at least 1"),
            Some(number) => match T::try_from(number) {
                Ok(number) => Ok(Some(number)),
                Err(_) => self.fail(key, format!("{number} is too large")),
            },
        }
    }

    /// A number of bytes: a whole number, or a text such as `64KiB` or `16MiB`.
    pub(crate) fn bytes(&mut self, key: &'static str) -> Result<Option<u64>, KeyError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => u64::try_from(*number)
                .map(Some)
                .or_else(|_| self.fail(key, "must not be negative")),
            Some(Value::String(text)) => match parse_bytes(text) {
                Some(bytes) => Ok(Some(bytes)),
                None => self.fail(
                    key,
                    format!("{text:?} is not a size; write for example \"16MiB\", \"64KiB\" or a number of bytes"),
                ),
            },
            Some(other) => self.wrong(key, "a size such as \"16MiB\"", other),
        }
    }

    /// A span of time such as `5s` or `1m 30s`.
    pub(crate) fn span(&mut self, key: &'static str) -> Result<Option<Duration>, KeyError> {
        match self.text(key)? {
            None => Ok(None),
            Some(text) => humantime::parse_duration(text)
                .map(Some)
                .or_else(|error| self.fail(key, format!("{text:?} is not a span of time such as \"5s\": {error}"))),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Option<Vec<&'a str>>, KeyError> {
        let items = match self.value(key) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => return self.wrong(key, "a list of texts", other),
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.as_str()),
                other => return self.wrong(&format!("{key}[{index}]"), "a text", other),
            }
        }
        Ok(Some(texts))
    }

    /// A table below this one.
    pub(crate) fn section(&mut self, key: &'static str) -> Result<Option<Section<'a>>, KeyError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Section::new(self.at(key), table))),
            Some(other) => self.wrong(key, "a table", other),
        }
    }

    /// A list of tables below this one (`[[key]]`).
    pub(crate) fn sections(&mut self, key: &'static str) -> Result<Vec<Section<'a>>, KeyError> {
        let items = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return self.wrong(key, "a list of tables", other),
        };
        let mut sections = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::Table(table) => sections.push(Section::new(format!("{}[{index}]", self.at(key)), table)),
                other => return self.wrong(&format!("{key}[{index}]"), "a table", other),
            }
        }
        Ok(sections)
    }

    /// Fails if there is a key that nobody asked for. Keys that start with `x-` are the author's own.
    pub(crate) fn finish(self) -> Result<(), KeyError> {
        match self
            .table
            .keys()
            .find(|key| !key.starts_with("x-") && !self.asked.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(key) => self.fail(key, unknown("key", key, &self.asked)),
        }
    }
}

/// "unknown … ", with what was probably meant, or with all that there is.
pub(crate) fn unknown(what: &str, given: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(given.len()) / 3 + 1)
        .min();
    match near {
        Some((_, candidate)) => format!("unknown {what} {given:?}; did you mean {candidate:?}?"),
        None => format!("unknown {what} {given:?}; there are: {}", known.join(", ")),
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Which keys reading asks for, so that a test can hold a list of them to it.
#[cfg(test)]
pub(crate) mod asked {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        static ASKED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(super) fn note(key: &str) {
        // The number of an element, and quotation marks, do not make another key.
        let mut place = String::new();
        let mut within = false;
        for c in key.chars() {
            match c {
                '[' => within = true,
                ']' => within = false,
                '"' => {}
                _ if within => continue,
                _ => {}
            }
            if c != '"' {
                place.push(c);
            }
        }
        ASKED.with_borrow_mut(|asked| asked.insert(place));
    }

    /// What `work` answers, and every key that was asked for meanwhile.
    pub(crate) fn during<T>(work: impl FnOnce() -> T) -> (T, BTreeSet<String>) {
        ASKED.with_borrow_mut(BTreeSet::clear);
        let done = work();
        (done, ASKED.take())
    }
}
