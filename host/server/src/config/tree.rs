//! The configuration as a tree of values, each knowing where it was written.
//!
//! TOML text and environment variables become the same tree, so that one reader reports on both. Nothing here knows which keys exist.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::problem::Problem;

/// What every override starts with; the rest is keys, separated by two underscores.
pub(super) const PREFIX: &str = "WASPNEST__";

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the file, on this line (from 1).
    Line(usize),
    /// In this environment variable.
    Variable(Box<str>),
    /// Over the API.
    Said,
    /// Nowhere: something that should be there and is not.
    Absent,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}: "),
            Self::Variable(name) => write!(f, "{name}: "),
            Self::Said | Self::Absent => Ok(()),
        }
    }
}

/// One value.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// The bare text of an environment variable, for keys that take a text whatever it looks like.
    pub(super) raw: Option<Box<str>>,
}

#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Moment(Datetime),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Value {
    /// What it is, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Moment(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// An empty table that is written nowhere.
    pub(super) const fn nothing() -> Self {
        Self {
            value: Value::Table(BTreeMap::new()),
            origin: Origin::Absent,
            raw: None,
        }
    }

    /// The value as the `toml` crate has it, for parts whose keys are somebody else's.
    pub(super) fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::Text(text) => toml::Value::String(text.clone()),
            Value::Integer(integer) => toml::Value::Integer(*integer),
            Value::Float(float) => toml::Value::Float(*float),
            Value::Boolean(boolean) => toml::Value::Boolean(*boolean),
            Value::Moment(moment) => toml::Value::Datetime(*moment),
            Value::List(nodes) => toml::Value::Array(nodes.iter().map(Self::to_toml).collect()),
            Value::Table(table) => {
                toml::Value::Table(table.iter().map(|(key, node)| (key.clone(), node.to_toml())).collect())
            }
        }
    }
}

/// Reads TOML text, and says everything that is wrong with its syntax.
pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: toml::de::Error| {
            let line = error
                .span()
                .map_or(Origin::Absent, |span| Origin::Line(line_of(text, span.start)));
            Problem::new("", &line, format!("this is not TOML: {}", error.message().trim()))
        };
        return Err(errors.into_iter().map(problem).collect());
    }
    let place = |start| Origin::Line(line_of(text, start));
    let mut problems = Vec::new();
    let node = Node {
        value: convert_table(table.get_ref(), "", &place, &mut problems),
        origin: Origin::Line(1),
        raw: None,
    };
    if problems.is_empty() { Ok(node) } else { Err(problems) }
}

fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

fn convert_table(
    table: &DeTable<'_>,
    path: &str,
    place: &dyn Fn(usize) -> Origin,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut entries = BTreeMap::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let path = join(path, &name);
        let origin = place(key.span().start);
        let node = Node {
            value: convert(value.get_ref(), &path, &origin, place, problems),
            origin,
            raw: None,
        };
        entries.insert(name, node);
    }
    Value::Table(entries)
}

fn convert(
    value: &DeValue<'_>,
    path: &str,
    origin: &Origin,
    place: &dyn Fn(usize) -> Origin,
    problems: &mut Vec<Problem>,
) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()) {
            Ok(integer) => Value::Integer(integer),
            Err(error) => {
                problems.push(Problem::new(path, origin, format!("{integer} cannot be used: {error}")));
                Value::Integer(0)
            }
        },
        DeValue::Float(float) => match float.as_str().replace('_', "").parse() {
            Ok(float) => Value::Float(float),
            Err(error) => {
                problems.push(Problem::new(path, origin, format!("{float} cannot be used: {error}")));
                Value::Float(0.0)
            }
        },
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(moment) => Value::Moment(*moment),
        DeValue::Array(array) => {
            let mut nodes = Vec::new();
            for (index, value) in array.iter().enumerate() {
                // The header of a table in an array is not part of its span; its first key is the best line there is.
                let origin = match value.get_ref() {
                    DeValue::Table(table) => table
                        .iter()
                        .map(|(key, _)| key.span().start)
                        .min()
                        .map_or_else(|| origin.clone(), place),
                    _ => place(value.span().start),
                };
                let value = convert(value.get_ref(), &format!("{path}[{index}]"), &origin, place, problems);
                nodes.push(Node {
                    value,
                    origin,
                    raw: None,
                });
            }
            Value::List(nodes)
        }
        DeValue::Table(table) => convert_table(table, path, place, problems),
    }
}

/// Lays one environment variable over the tree. `name` has [`PREFIX`].
pub(super) fn overlay(root: &mut Node, name: &str, text: &str) -> Result<(), Problem> {
    let origin = Origin::Variable(name.into());
    let parts: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or(name).split("__").collect();
    let mut node = root;
    let mut path = String::new();
    for part in &parts {
        if part.is_empty() {
            return Err(Problem::new(&path, &origin, format!("expected {PREFIX}SECTION__KEY")));
        }
        node = match &mut node.value {
            Value::Table(table) => {
                let known = table.keys().find(|key| same(key, part)).cloned();
                let key = known.unwrap_or_else(|| part.to_lowercase().replace('_', "-"));
                path = join(&path, &key);
                table.entry(key).or_insert_with(|| Node {
                    origin: origin.clone(),
                    ..Node::nothing()
                })
            }
            Value::List(nodes) => {
                let Some(index) = nodes.iter().position(|node| is_named(node, part)) else {
                    return Err(Problem::new(
                        &path,
                        &origin,
                        format!("no [[{path}]] has the id or name {part}"),
                    ));
                };
                path = format!("{path}[{index}]");
                &mut nodes[index]
            }
            other => {
                return Err(Problem::new(
                    &path,
                    &origin,
                    format!("is {} and has no key {part}", other.kind()),
                ));
            }
        };
    }
    // What reads as a TOML value is one; everything else is a text.
    let (value, errors) = DeValue::parse_recoverable(text);
    let place = |_| origin.clone();
    let mut problems = Vec::new();
    let value = if errors.is_empty() {
        convert(value.get_ref(), &path, &origin, &place, &mut problems)
    } else {
        Value::Text(text.to_owned())
    };
    if !problems.is_empty() {
        return Err(problems.swap_remove(0));
    }
    *node = Node {
        value,
        origin: origin.clone(),
        raw: Some(text.into()),
    };
    Ok(())
}

/// Whether a variable's part means a key or id: case and separators cannot be told apart in variable names.
fn same(key: &str, part: &str) -> bool {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    key.chars().map(plain).eq(part.chars().map(plain))
}

fn is_named(node: &Node, part: &str) -> bool {
    let Value::Table(table) = &node.value else { return false };
    ["id", "name"]
        .iter()
        .any(|key| matches!(table.get(*key).map(|node| &node.value), Some(Value::Text(id)) if same(id, part)))
}

/// `path.key`, with quotes round a key that has dots of its own; without a key the path itself.
pub(super) fn join(path: &str, key: &str) -> String {
    if key.is_empty() {
        return path.to_owned();
    }
    let key = if key.contains('.') {
        format!("{key:?}")
    } else {
        key.to_owned()
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
