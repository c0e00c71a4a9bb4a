//! What the host says about commands: how they are used, what there is, and what was wrong.

use std::fmt::Write as _;

use super::CommandBook;
use super::book::{Group, Near};
use crate::manifest::{ArgKind, ArgNeed, ArgSpec, CommandSpec};

/// How the host talks to somebody: in which language, and about which commands.
pub struct Manner<'a> {
    /// The language of summaries.
    pub language: &'a str,
    /// Whether a command is for them.
    pub admits: &'a dyn Fn(&CommandSpec) -> bool,
}

impl std::fmt::Debug for Manner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manner")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// The name of a command with its subcommand.
pub(super) fn words(name: &str, spec: &CommandSpec) -> String {
    let path = spec.path.iter().map(|word| &**word);
    std::iter::once(name).chain(path).collect::<Vec<_>>().join(" ")
}

/// How a command is typed: `/book <when> [length] [subject…]`.
pub(super) fn usage(prefix: &str, name: &str, spec: &CommandSpec) -> String {
    let mut line = format!("{prefix}{}", words(name, spec));
    for arg in &spec.args {
        let more = match arg.kind {
            ArgKind::Rest(_) | ArgKind::Items(_) => "…",
            ArgKind::Text(_)
            | ArgKind::Integer(_)
            | ArgKind::Number(_)
            | ArgKind::Boolean
            | ArgKind::Duration(_)
            | ArgKind::When
            | ArgKind::User
            | ArgKind::Choice(_) => "",
        };
        let shown = if let ArgKind::Choice(choices) = &arg.kind {
            choices.join("|")
        } else {
            arg.name.to_string()
        };
        // Writing to a text cannot fail.
        let _ = match arg.need {
            ArgNeed::Required => write!(line, " <{shown}{more}>"),
            ArgNeed::Optional | ArgNeed::Default(_) => write!(line, " [{shown}{more}]"),
        };
    }
    line
}

impl CommandBook {
    /// A line for each command; empty when none is for them.
    #[must_use]
    pub fn lines(&self, manner: &Manner<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        for group in self.groups() {
            for leaf in group.leaves.iter().filter(|leaf| (manner.admits)(leaf)) {
                let mut line = usage(self.prefix(), group.name(), leaf);
                if let Some(summary) = leaf.summary.in_language(manner.language) {
                    line.push_str(" – ");
                    line.push_str(summary);
                }
                lines.push(line);
            }
        }
        lines
    }

    /// Everything about one command, by any of its names, with or without prefix; none when it is not for them.
    #[must_use]
    pub fn page(&self, name: &str, manner: &Manner<'_>) -> Option<String> {
        let name = name.split_whitespace().next()?.to_lowercase();
        let bare = name.strip_prefix(self.prefix()).unwrap_or(&name);
        let group = self.groups().iter().find(|group| group.is_called(bare))?;
        let leaves: Vec<_> = group.leaves.iter().filter(|leaf| (manner.admits)(leaf)).collect();
        if leaves.is_empty() {
            return None;
        }
        let mut page: Vec<String> = leaves
            .into_iter()
            .map(|leaf| entry(self.prefix(), group, leaf, manner))
            .collect();
        if let [_, aliases @ ..] = group.names.as_slice()
            && !aliases.is_empty()
        {
            let aliases: Vec<_> = aliases
                .iter()
                .map(|alias| format!("{}{alias}", self.prefix()))
                .collect();
            page.push(format!("Also: {}", aliases.join(", ")));
        }
        Some(page.join("\n"))
    }
}

fn entry(prefix: &str, group: &Group, leaf: &CommandSpec, manner: &Manner<'_>) -> String {
    let mut lines = vec![usage(prefix, group.name(), leaf)];
    lines.extend(leaf.summary.in_language(manner.language).map(str::to_owned));
    lines.extend(leaf.args.iter().map(|arg| format!("• {}: {}", arg.name, describe(arg))));
    lines.join("\n")
}

fn describe(arg: &ArgSpec) -> String {
    let kind = match &arg.kind {
        ArgKind::Text(_) => "text, in quotation marks if it is more than a word".to_owned(),
        ArgKind::Integer(_) => "whole number".to_owned(),
        ArgKind::Number(_) => "number".to_owned(),
        ArgKind::Boolean => "yes or no".to_owned(),
        ArgKind::Duration(_) => "span of time, such as 30m or 1h30m".to_owned(),
        ArgKind::When => "moment, such as 18:30, tomorrow 9:00 or 2026-12-24 18:00".to_owned(),
        ArgKind::User => "somebody, mentioned or by phone number".to_owned(),
        ArgKind::Choice(choices) => format!("one of {}", choices.join(", ")),
        ArgKind::Rest(_) => "all that follows".to_owned(),
        ArgKind::Items(_) => "any number of words".to_owned(),
    };
    match arg.need {
        ArgNeed::Required => kind,
        ArgNeed::Optional | ArgNeed::Default(_) => format!("{kind} (may be left out)"),
    }
}

impl Near {
    /// The question whether something else was meant.
    #[must_use]
    pub fn question(&self) -> String {
        format!("There is no {}. Did you mean {}?", self.typed, self.meant)
    }
}

impl super::Typed<'_> {
    /// What was wrong, and how it is done.
    #[must_use]
    pub fn correction(&self, problem: &str) -> String {
        let name = self.called.as_ref();
        // `called` has prefix and path already.
        let bare = CommandSpec {
            path: Vec::new(),
            ..(*self.spec).clone()
        };
        format!("{problem}\nUsage: {}", usage("", name, &bare))
    }
}
