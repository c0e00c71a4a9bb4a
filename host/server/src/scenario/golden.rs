//! What came of a scenario before, beside the scenario: `NAME.toml` has `NAME.golden.json`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::Played;

/// Lines around a difference that are shown.
const AROUND: usize = 3;

/// What came of a scenario before cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GoldenError {
    /// It could not be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is not what came of a scenario; `--update` writes it anew", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// How what came of a scenario compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Golden {
    /// As before.
    Same,
    /// There is no before.
    Missing,
    /// Not as before: the first step in which it is, in words, and the difference line by line.
    Different {
        /// The step, from 1.
        step: usize,
        /// In words.
        words: String,
        /// Lines that begin with `-` were there before, with `+` are there now.
        lines: Vec<String>,
    },
}

impl Golden {
    /// Where it is kept.
    pub(crate) fn path(scenario: &Path) -> PathBuf {
        scenario.with_extension("golden.json")
    }

    /// Compares with what came before.
    pub(crate) fn compare(scenario: &Path, played: &[Played]) -> Result<Self, GoldenError> {
        let path = Self::path(scenario);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(source) => return Err(GoldenError::File { path, source }),
        };
        let before: Vec<Value> = match serde_json::from_str(&text) {
            Ok(before) => before,
            Err(source) => return Err(GoldenError::Foreign { path, source }),
        };
        let now: Vec<Value> = played.iter().map(Played::to_json).collect();
        let nothing = json!(null);
        for index in 0..before.len().max(now.len()) {
            let (then, now) = (
                before.get(index).unwrap_or(&nothing),
                now.get(index).unwrap_or(&nothing),
            );
            if then != now {
                let named = if now.is_null() { then } else { now };
                return Ok(Self::Different {
                    step: index + 1,
                    words: named["step"].as_str().unwrap_or_default().to_owned(),
                    lines: difference(then, now),
                });
            }
        }
        Ok(Self::Same)
    }

    /// Keeps it as what came of the scenario.
    pub(crate) fn keep(scenario: &Path, played: &[Played]) -> Result<(), GoldenError> {
        let path = Self::path(scenario);
        let all: Value = played.iter().map(Played::to_json).collect();
        std::fs::write(&path, format!("{all:#}\n")).map_err(|source| GoldenError::File { path, source })
    }
}

/// What is different between two values, line by line: lines that begin with `-` are of the first, with `+` of the second.
pub(crate) fn difference(then: &Value, now: &Value) -> Vec<String> {
    let pretty = |value: &Value| match value {
        Value::Null => String::new(),
        value => format!("{value:#}\n"),
    };
    let (then, now) = (pretty(then), pretty(now));
    let diff = TextDiff::from_lines(&then, &now);
    let mut lines = Vec::new();
    for (nth, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if nth > 0 {
            lines.push("  …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", change.value().trim_end()));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<Played> {
        vec![Played {
            step: "ana: hi".to_owned(),
            calls: vec![json!({ "event": "message", "effects": [{ "text": text }] })],
            response: None,
            refused: Vec::new(),
        }]
    }

    #[test]
    fn what_is_different_is_shown_line_by_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let scenario = dir.path().join("greets.toml");
        let compare = |played: &[Played]| Golden::compare(&scenario, played).expect("it compares");
        assert_eq!(compare(&said("hello")), Golden::Missing);
        Golden::keep(&scenario, &said("hello")).expect("kept");
        assert!(dir.path().join("greets.golden.json").exists());
        assert_eq!(compare(&said("hello")), Golden::Same);
        let Golden::Different { step, words, lines } = compare(&said("hallo")) else {
            panic!("it is different")
        };
        assert_eq!((step, words.as_str()), (1, "ana: hi"));
        assert!(
            lines.contains(&"-           \"text\": \"hello\"".to_owned()),
            "{lines:#?}"
        );
        assert!(
            lines.contains(&"+           \"text\": \"hallo\"".to_owned()),
            "{lines:#?}"
        );
        let Golden::Different { step: 1, lines, .. } = compare(&[]) else {
            panic!("a step is missing")
        };
        assert!(lines.iter().all(|line| line.starts_with('-')));
        std::fs::write(Golden::path(&scenario), "nonsense").expect("written");
        assert!(Golden::compare(&scenario, &[]).is_err());
    }
}
