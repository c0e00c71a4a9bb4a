//! How a person behaves by itself, as data: what it reads, what it answers to what, and what it does unasked.
//!
//! A persona is made in Rust or read from JSON or TOML; both are the same types. It is only a description:
//! [`crate::human::Human::behave`] performs it, and everything drawn at random there comes from the simulator's seed and the person's
//! number. What a persona says must be checkable when it is read: nothing in it fails later for how it was written.

mod action;
mod picture;
mod play;
mod routine;
mod rule;
mod span;
mod template;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use play::run;

pub use action::{Action, PostStatus, Say};
pub use picture::Picture;
pub use routine::{Moment, Step};
pub use rule::{Chats, Hears, Kind, Rule};
pub use span::Span;
pub use template::Template;

/// How one kind of person behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct Persona {
    /// Whether it reads what it hears.
    pub reads: Reads,
    /// How long it takes before it does what a rule says, in milliseconds. A slow person has much of it.
    pub answers_after: Span,
    /// How long "typing…" shows before each text, in milliseconds; 0 shows nothing.
    pub types: Span,
    /// What it does when it hears something: the first rule that fits, and no other.
    pub rules: Vec<Rule>,
    /// What it does unasked.
    pub routine: Vec<Step>,
}

/// A persona as it is written, before it is known to make sense.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Persona")]
struct Written {
    /// Whether it reads what it hears.
    reads: Reads,
    /// How long it takes before it does what a rule says, in milliseconds. A slow person has much of it.
    answers_after: Span,
    /// How long "typing…" shows before each text, in milliseconds; 0 shows nothing.
    types: Span,
    /// What it does when it hears something: the first rule that fits, and no other.
    rules: Vec<Rule>,
    /// What it does unasked.
    routine: Vec<Step>,
}

impl TryFrom<Written> for Persona {
    type Error = PersonaError;

    fn try_from(written: Written) -> Result<Self, PersonaError> {
        let persona = Self {
            reads: written.reads,
            answers_after: written.answers_after,
            types: written.types,
            rules: written.rules,
            routine: written.routine,
        };
        persona.check()?;
        Ok(persona)
    }
}

/// Whether a person reads what it hears; the sender sees blue ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// Never.
    #[default]
    Never,
    /// As soon as it is heard.
    AtOnce,
    /// So many milliseconds later.
    After(Span),
}

/// Why a persona makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonaError {
    /// A placeholder that nothing fills.
    #[error("{{{found}}} is not filled by anything; write {allowed}, or {{{{ for a brace")]
    Placeholder {
        /// What stood between the braces.
        found: String,
        /// What could.
        allowed: String,
    },
    /// A brace without its partner.
    #[error("a brace is not closed in {text:?}; write {{{{ or }}}} for a brace alone")]
    Brace {
        /// The whole text.
        text: String,
    },
    /// An action that answers something, where nothing was heard.
    #[error("a routine hears nothing, so it cannot {action}; it can {allowed}")]
    NothingHeard {
        /// The action.
        action: &'static str,
        /// What a routine can do.
        allowed: String,
    },
    /// A status post for nobody.
    #[error("nobody would see this status post; name somebody in `to`")]
    NobodySees,
    /// A number of zero where it would mean never.
    #[error("{field} is 0, and would mean never; leave it out or write 1 or more")]
    Zero {
        /// The field.
        field: &'static str,
    },
    /// A routine that would never stop for breath.
    #[error("a step `every` 0 milliseconds would leave no time for anything else; write 1 or more")]
    Breathless,
}

impl Persona {
    /// Somebody who does nothing at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads so.
    pub fn reads(self, reads: Reads) -> Self {
        Self { reads, ..self }
    }

    /// Takes so long before it does what a rule says.
    pub fn answers_after(self, answers_after: Span) -> Self {
        Self { answers_after, ..self }
    }

    /// Shows "typing…" for so long before each text.
    pub fn types(self, types: Span) -> Self {
        Self { types, ..self }
    }

    /// With one more rule, after those it has.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// With one more step of its routine.
    pub fn at(mut self, at: Moment, does: impl IntoIterator<Item = Action>) -> Self {
        let does = does.into_iter().collect();
        self.routine.push(Step { at, does });
        self
    }

    /// Whether it makes sense.
    pub(crate) fn check(&self) -> Result<(), PersonaError> {
        self.rules.iter().try_for_each(Rule::check)?;
        self.routine.iter().try_for_each(Step::check)
    }
}

#[cfg(test)]
mod tests;
