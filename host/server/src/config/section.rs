//! Reading one table key by key.
//!
//! Every read names its key, so that what is left over is unknown, and so that the list of all keys exists nowhere but in the
//! reading code. A wrong value is noted and reading goes on with the default: the operator sees all problems at once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::problem::Problem;
use super::tree::{Node, Origin, Value, join};
use crate::did_you_mean;

/// What reading has found out so far.
#[derive(Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<Problem>>,
    keys: RefCell<BTreeSet<String>>,
}

impl Findings {
    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Every problem, in the order of the file; and every key that was asked for, with `[]` for each element of a list.
    pub(super) fn into_parts(self) -> (Vec<Problem>, BTreeSet<String>) {
        (self.problems.into_inner(), self.keys.into_inner())
    }
}

/// A table that is being read. Whoever has asked for everything calls [`Section::finish`].
pub(super) struct Section<'f> {
    findings: &'f Findings,
    /// With indices (`plugin[0].id`), for people.
    path: String,
    /// Without (`plugin[].id`), for the list of keys.
    pattern: String,
    origin: Origin,
    entries: BTreeMap<String, Node>,
    asked: Vec<&'static str>,
}

impl<'f> Section<'f> {
    pub(super) fn root(findings: &'f Findings, node: Node) -> Self {
        Self::new(findings, String::new(), String::new(), node)
    }

    fn new(findings: &'f Findings, path: String, pattern: String, node: Node) -> Self {
        let Node { value, origin, .. } = node;
        let entries = match value {
            Value::Table(entries) => entries,
            other => {
                findings.report(Problem::new(
                    &path,
                    &origin,
                    format!("expected a table, found {}", other.kind()),
                ));
                BTreeMap::new()
            }
        };
        Self {
            findings,
            path,
            pattern,
            origin,
            entries,
            asked: Vec::new(),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.asked.push(key);
        self.findings.keys.borrow_mut().insert(join(&self.pattern, key));
        self.entries.remove(key)
    }

    /// Whether anybody wrote it.
    pub(super) fn is_written(&self) -> bool {
        !matches!(self.origin, Origin::Absent)
    }

    /// Notes a problem with one of this section's keys.
    pub(super) fn report(&self, key: &str, what: impl Into<Box<str>>) {
        self.findings
            .report(Problem::new(&join(&self.path, key), &self.origin, what));
    }

    /// The value of a key that may be left out.
    pub(super) fn optional<T>(&mut self, key: &'static str, form: impl Fn(&Node) -> Result<T, String>) -> Option<T> {
        let node = self.take(key)?;
        match form(&node) {
            Ok(value) => Some(value),
            Err(what) => {
                self.findings
                    .report(Problem::new(&join(&self.path, key), &node.origin, what));
                None
            }
        }
    }

    /// The value of a key, or `default`.
    pub(super) fn or<T>(&mut self, key: &'static str, default: T, form: impl Fn(&Node) -> Result<T, String>) -> T {
        self.optional(key, form).unwrap_or(default)
    }

    /// The value of a key that must be there; none when it is missing or wrong, which is noted.
    pub(super) fn required<T>(&mut self, key: &'static str, form: impl Fn(&Node) -> Result<T, String>) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.report(key, "is missing");
        }
        self.optional(key, form)
    }

    /// A table within this one; an empty one when it is left out.
    pub(super) fn table(&mut self, key: &'static str) -> Section<'f> {
        let node = self.take(key).unwrap_or_else(Node::nothing);
        Section::new(self.findings, join(&self.path, key), join(&self.pattern, key), node)
    }

    /// The tables of a list (`[[key]]`).
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Section<'f>> {
        let path = join(&self.path, key);
        match self.take(key) {
            None => Vec::new(),
            Some(Node {
                value: Value::List(nodes),
                ..
            }) => nodes
                .into_iter()
                .enumerate()
                .map(|(index, node)| {
                    Section::new(
                        self.findings,
                        format!("{path}[{index}]"),
                        format!("{}[]", join(&self.pattern, key)),
                        node,
                    )
                })
                .collect(),
            Some(other) => {
                self.findings.report(Problem::new(
                    &path,
                    &other.origin,
                    format!("expected [[{path}]] tables, found {}", other.value.kind()),
                ));
                Vec::new()
            }
        }
    }

    /// A table whose keys are names the operator chose.
    pub(super) fn named(&mut self, key: &'static str) -> Vec<(String, Section<'f>)> {
        let path = join(&self.path, key);
        let pattern = format!("{}.*", join(&self.pattern, key));
        let inner = self.table(key);
        let entries = inner.entries.into_iter();
        entries
            .map(|(name, node)| {
                (
                    name.clone(),
                    Section::new(self.findings, join(&path, &name), pattern.clone(), node),
                )
            })
            .collect()
    }

    /// A table whose keys somebody else knows, with its full path.
    pub(super) fn free(&mut self, key: &'static str) -> (String, toml::Table) {
        let path = join(&self.path, key);
        let inner = self.table(key);
        (
            path,
            inner
                .entries
                .into_iter()
                .map(|(key, node)| (key, node.to_toml()))
                .collect(),
        )
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, node) in &self.entries {
            let hint = did_you_mean::hint(key, self.asked.iter().copied());
            let known = if hint.is_empty() {
                format!("; known here: {}", self.asked.join(", "))
            } else {
                hint
            };
            self.findings.report(Problem::new(
                &join(&self.path, key),
                &node.origin,
                format!("unknown key{known}"),
            ));
        }
    }
}
