//! Commands that people type: found in a text, parsed into values, explained.
//!
//! Everything here is pure and never fails on what people write: a text is no command, or a command, or one that is answered with what
//! was wrong with it. What plugins bring is [`crate::manifest::CommandSpec`]; who may use what, and where, is asked elsewhere.

mod argument;
mod book;
mod help;
mod moment;
mod parse;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono_tz::Tz;
use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;

pub use book::{BookError, CommandBook, Heard, Naming, Near, Typed};
pub use help::Manner;

use crate::manifest::ArgKind;

/// A command as a plugin gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its name in the manifest.
    pub name: Box<str>,
    /// The subcommand.
    pub path: Vec<Box<str>>,
    /// Arguments that were given or have a default, in the manifest's order.
    pub args: Vec<(Box<str>, Arg)>,
    /// The whole text.
    pub raw: Box<str>,
    /// The name that was typed, without prefix.
    pub invoked_as: Box<str>,
    /// The language of answers.
    pub locale: Box<str>,
}

/// A parsed argument.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each case is documented at the kind of its name")]
pub enum Arg {
    Text(Box<str>),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Duration(Duration),
    When(UnixMs),
    User(Jid),
    Choice(Box<str>),
    Rest(Box<str>),
    Items(Vec<Box<str>>),
}

/// What arguments are read by.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// What "in an hour" is counted from.
    pub now: UnixMs,
    /// What times of day are read in.
    pub zone: Tz,
    /// Who is mentioned in the message.
    pub mentions: &'a [Jid],
}

/// What an argument is when it is left out, as the manifest writes it.
pub(crate) fn default(kind: &ArgKind, written: &str) -> Result<Arg, String> {
    if matches!(kind, ArgKind::When | ArgKind::User) {
        return Err("arguments of this type have no default".to_owned());
    }
    let setting = Setting {
        now: UnixMs(0),
        zone: Tz::UTC,
        mentions: &[],
    };
    match kind {
        ArgKind::Rest(bounds) => argument::rest(written, *bounds),
        ArgKind::Items(bounds) => argument::items(words::split(written), *bounds),
        ArgKind::Text(_)
        | ArgKind::Integer(_)
        | ArgKind::Number(_)
        | ArgKind::Boolean
        | ArgKind::Duration(_)
        | ArgKind::When
        | ArgKind::User
        | ArgKind::Choice(_) => argument::one(kind, written, setting),
    }
}
