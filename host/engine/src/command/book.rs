//! The commands of one installation, by the names they are called here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::parse::arguments;
use super::{Command, Setting};
use crate::manifest::CommandSpec;

/// How an operator lets commands be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// What a command begins with; one of these.
    pub prefixes: Vec<Box<str>>,
    /// Names and aliases that are not there.
    pub disabled: Vec<Box<str>>,
    /// Other names instead of those of the manifest.
    pub renamed: BTreeMap<Box<str>, Box<str>>,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            prefixes: vec!["/".into()],
            disabled: Vec::new(),
            renamed: BTreeMap::new(),
        }
    }
}

/// What an operator says of commands that are not there, or leads to two of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// There is no such command.
    #[error("{key}: the plugin has no command {name:?}{}", listing(known))]
    Unknown {
        /// Where it is named.
        key: &'static str,
        /// What is named.
        name: Box<str>,
        /// What there is.
        known: Vec<Box<str>>,
    },
    /// Two commands would be called the same.
    #[error("rename: {name:?} would be the name of two commands")]
    Twice {
        /// The name.
        name: Box<str>,
    },
}

fn listing(names: &[Box<str>]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; it has {}", names.join(", "))
}

/// The name of the command that explains the others, unless a plugin has one of its own.
const HELP: &str = "help";

/// The commands of one installation.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandBook {
    /// Longest first.
    prefixes: Vec<Box<str>>,
    groups: Vec<Group>,
    help: Help,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Help {
    Given,
    Disabled,
}

/// A command with its subcommands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// What it is called here; first the name, then its aliases.
    pub names: Vec<Box<str>>,
    /// The command itself, if there is one, and its subcommands.
    pub leaves: Vec<Arc<CommandSpec>>,
}

/// What a text is to an installation.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard<'t> {
    /// No command of its.
    Nothing,
    /// One of its commands.
    Command(Typed<'t>),
    /// One of its commands, without a subcommand that it needs.
    Incomplete {
        /// How it can go on: one line each.
        usages: Vec<String>,
        /// The names as typed.
        typed: Box<str>,
    },
    /// The question what there is, or what a command is.
    Help(&'t str),
    /// Nearly one of its commands.
    Near(Near),
}

/// A name that was probably mistyped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// How far from the name that was meant; smaller is nearer.
    pub distance: usize,
    /// What was typed, with the prefix.
    pub typed: Box<str>,
    /// What was probably meant, with the prefix.
    pub meant: Box<str>,
}

/// A command that was typed, and is not parsed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed<'t> {
    /// The command.
    pub spec: Arc<CommandSpec>,
    /// What it is called here, with prefix and subcommand.
    pub called: Box<str>,
    /// The name as it was typed, without prefix.
    invoked_as: &'t str,
    /// The whole text.
    raw: &'t str,
    /// What follows the command.
    rest: &'t str,
}

impl Typed<'_> {
    /// Reads the arguments.
    ///
    /// # Errors
    /// What is wrong, for who typed it.
    pub fn parse(&self, setting: Setting<'_>, language: &str) -> Result<Command, String> {
        let args = arguments(&self.spec.args, self.rest, setting)?;
        Ok(Command {
            name: self.spec.name.clone(),
            path: self.spec.path.clone(),
            args,
            raw: self.raw.into(),
            invoked_as: self.invoked_as.into(),
            locale: language.into(),
        })
    }
}

impl CommandBook {
    /// The commands of a manifest under the operator's names.
    ///
    /// # Errors
    /// When the operator names what is not there.
    pub fn new(commands: &[CommandSpec], naming: &Naming) -> Result<Self, BookError> {
        let mut groups: Vec<(Box<str>, Group)> = Vec::new();
        for spec in commands {
            let spec = Arc::new(spec.clone());
            let aliases = if spec.path.is_empty() {
                spec.aliases.clone()
            } else {
                Vec::new()
            };
            match groups.iter_mut().find(|(name, _)| *name == spec.name) {
                Some((_, group)) => {
                    group.names.extend(aliases);
                    group.leaves.push(spec);
                }
                None => {
                    let names = std::iter::once(spec.name.clone()).chain(aliases).collect();
                    let leaves = vec![Arc::clone(&spec)];
                    groups.push((spec.name.clone(), Group { names, leaves }));
                }
            }
        }
        let all: Vec<Box<str>> = groups.iter().flat_map(|(_, group)| group.names.clone()).collect();
        let exists =
            |key, name: &str| match all.iter().any(|known| **known == *name) || (key == "disable" && name == HELP) {
                true => Ok(()),
                false => Err(BookError::Unknown {
                    key,
                    name: name.into(),
                    known: all.clone(),
                }),
            };
        for name in &naming.disabled {
            exists("disable", name)?;
        }
        for name in naming.renamed.keys() {
            exists("rename", name)?;
        }
        let mut seen: Vec<Box<str>> = Vec::new();
        let mut kept = Vec::new();
        for (name, mut group) in groups {
            if naming.disabled.contains(&name) {
                continue;
            }
            group.names.retain(|name| !naming.disabled.contains(name));
            for called in &mut group.names {
                if let Some(other) = naming.renamed.get(called) {
                    *called = other.to_lowercase().into();
                }
                if seen.contains(called) {
                    return Err(BookError::Twice { name: called.clone() });
                }
                seen.push(called.clone());
            }
            kept.push(group);
        }
        let mut prefixes = naming.prefixes.clone();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        let help = match naming.disabled.iter().any(|name| **name == *HELP) {
            true => Help::Disabled,
            false => Help::Given,
        };
        Ok(Self {
            prefixes,
            groups: kept,
            help,
        })
    }

    /// Whether there are no commands at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What a text is here, where only the commands that `admits` lets through are known.
    #[must_use]
    pub fn hear<'t>(&self, text: &'t str, admits: &dyn Fn(&CommandSpec) -> bool) -> Heard<'t> {
        let raw = text.trim();
        let Some((prefix, after)) = self
            .prefixes
            .iter()
            .find_map(|prefix| Some((prefix, raw.strip_prefix(&**prefix)?)))
        else {
            return Heard::Nothing;
        };
        let (typed, rest) = first_word(after);
        if typed.is_empty() || typed.len() > 256 {
            return Heard::Nothing;
        }
        let name = typed.to_lowercase();
        let known = |group: &&Group| group.leaves.iter().any(|leaf| admits(leaf));
        let found = self.groups.iter().filter(known).find(|group| group.is_called(&name));
        match found {
            Some(group) => group.hear((prefix, raw), (typed, rest), admits),
            None if name == HELP && self.help == Help::Given && self.groups.iter().any(|group| known(&group)) => {
                Heard::Help(rest.trim())
            }
            None => self.nearest(prefix, typed, &name, admits),
        }
    }

    /// The commands that `admits` lets through.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What a command is said to begin with.
    pub(super) fn prefix(&self) -> &str {
        self.prefixes.last().map_or("", |prefix| prefix)
    }

    /// Every text by which a command can be called, for finding two installations that hear the same.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        let mut calls = Vec::new();
        for prefix in &self.prefixes {
            let names = self.groups.iter().flat_map(|group| &group.names);
            calls.extend(names.map(|name| format!("{prefix}{name}")));
        }
        calls
    }

    fn nearest<'t>(&self, prefix: &str, typed: &str, name: &str, admits: &dyn Fn(&CommandSpec) -> bool) -> Heard<'t> {
        let tolerated = (name.chars().count() / 3).clamp(1, 3);
        let like_a_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        // A word of one or two letters is near to too much.
        if name.chars().count() < 3 || !like_a_name {
            return Heard::Nothing;
        }
        let names = self
            .groups
            .iter()
            .filter(|group| group.leaves.iter().any(|leaf| admits(leaf)));
        let near = names
            .flat_map(|group| &group.names)
            .map(|known| (strsim::damerau_levenshtein(name, known), known))
            .filter(|(distance, _)| *distance <= tolerated)
            .min();
        match near {
            None => Heard::Nothing,
            Some((distance, meant)) => Heard::Near(Near {
                distance,
                typed: format!("{prefix}{typed}").into(),
                meant: format!("{prefix}{meant}").into(),
            }),
        }
    }
}

impl Group {
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|called| **called == *name)
    }

    /// The name it is shown by.
    pub(super) fn name(&self) -> &str {
        self.names.first().map_or("", |name| name)
    }

    /// The subcommand that the words behind the name lead to.
    fn hear<'t>(
        &self,
        (prefix, raw): (&str, &'t str),
        (typed, rest): (&'t str, &'t str),
        admits: &dyn Fn(&CommandSpec) -> bool,
    ) -> Heard<'t> {
        let mut best: Option<(&Arc<CommandSpec>, &'t str)> = None;
        for leaf in self.leaves.iter().filter(|leaf| admits(leaf)) {
            let Some(rest) = behind(leaf, rest) else { continue };
            if best.is_none_or(|(other, _)| leaf.path.len() > other.path.len()) {
                best = Some((leaf, rest));
            }
        }
        match best {
            Some((leaf, rest)) => Heard::Command(Typed {
                spec: Arc::clone(leaf),
                called: format!("{prefix}{}", super::help::words(self.name(), leaf)).into(),
                invoked_as: typed,
                raw,
                rest,
            }),
            None => {
                let leaves = self.leaves.iter().filter(|leaf| admits(leaf));
                Heard::Incomplete {
                    usages: leaves
                        .map(|leaf| super::help::usage(prefix, self.name(), leaf))
                        .collect(),
                    typed: format!("{prefix}{typed}").into(),
                }
            }
        }
    }
}

/// What is left when the words of a subcommand's path are taken away; none when they do not stand there.
fn behind<'t>(leaf: &CommandSpec, rest: &'t str) -> Option<&'t str> {
    let mut rest = rest;
    for (index, word) in leaf.path.iter().enumerate() {
        let (typed, after) = first_word(rest.trim_start());
        let typed = typed.to_lowercase();
        let last = index + 1 == leaf.path.len();
        let alias = last && leaf.aliases.iter().any(|alias| **alias == *typed);
        if *typed != **word && !alias {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

fn first_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}
