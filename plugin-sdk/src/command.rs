//! Arguments of commands by name.
//!
//! The host has checked them against the manifest: an argument that is required is there, and of its type. Asking for one by another
//! type than the manifest's answers none.

mod typed;

use crate::types::{Arg, Command, Jid, UnixMs};
use core::time::Duration;

pub use typed::{Argument, Commands};

impl Command {
    /// A command without arguments, for tests.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            raw: format!("/{name}"),
            invoked_as: name.clone(),
            name,
            path: Vec::new(),
            args: Vec::new(),
            locale: Some("en".into()),
        }
    }

    /// With a subcommand, for tests.
    #[must_use]
    pub fn under(mut self, word: impl Into<String>) -> Self {
        self.path.push(word.into());
        self
    }

    /// With an argument, for tests.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, arg: Arg) -> Self {
        self.args.push((name.into(), arg));
        self
    }

    /// Its name and its subcommand, to `match` on: `["todo", "add"]`.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let path = self.path.iter().map(String::as_str);
        core::iter::once(self.name.as_str()).chain(path).collect()
    }

    /// An argument; none when it was left out and has no default.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(known, _)| known == name).map(|(_, arg)| arg)
    }

    /// A text, a choice, or all that followed.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.arg(name)? {
            Arg::Text(text) | Arg::Choice(text) | Arg::Rest(text) => Some(text),
            Arg::Integer(_)
            | Arg::Number(_)
            | Arg::Boolean(_)
            | Arg::DurationMs(_)
            | Arg::When(_)
            | Arg::User(_)
            | Arg::Items(_) => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        let Arg::Integer(number) = self.arg(name)? else {
            return None;
        };
        Some(*number)
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let Arg::Number(number) = self.arg(name)? else {
            return None;
        };
        Some(*number)
    }

    /// Yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        let Arg::Boolean(flag) = self.arg(name)? else {
            return None;
        };
        Some(*flag)
    }

    /// A span of time.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        let Arg::DurationMs(ms) = self.arg(name)? else {
            return None;
        };
        Some(Duration::from_millis(*ms))
    }

    /// A moment.
    #[must_use]
    pub fn when(&self, name: &str) -> Option<UnixMs> {
        let Arg::When(moment) = self.arg(name)? else {
            return None;
        };
        Some(*moment)
    }

    /// Somebody.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&Jid> {
        let Arg::User(jid) = self.arg(name)? else {
            return None;
        };
        Some(jid)
    }

    /// All words that followed; none at all when the argument was left out.
    #[must_use]
    pub fn items(&self, name: &str) -> &[String] {
        let Some(Arg::Items(items)) = self.arg(name) else {
            return &[];
        };
        items
    }
}
