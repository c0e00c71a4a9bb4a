//! What a persona does unasked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::{Needs, UNASKED};
use super::{Action, PersonaError, Span};

/// One step of a routine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: Moment,
    /// What it does then, one after the other. Nothing may be done about a message here: none was heard.
    pub does: Vec<Action>,
}

/// When a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Once, as soon as the person begins to behave so.
    Start,
    /// Once, so many milliseconds after that.
    After(Span),
    /// Again and again, with so many milliseconds in between.
    Every(Span),
    /// Once, when so many messages have been heard and dealt with.
    AfterMessages(u64),
}

impl Step {
    pub(super) fn check(&self) -> Result<(), PersonaError> {
        match self.at {
            Moment::Every(span) if span.is_nothing() => return Err(PersonaError::Breathless),
            Moment::AfterMessages(0) => {
                return Err(PersonaError::Zero {
                    field: "after_messages",
                });
            }
            Moment::Start | Moment::After(_) | Moment::Every(_) | Moment::AfterMessages(_) => {}
        }
        for action in &self.does {
            action.check()?;
            match action.describe() {
                (_, Needs::Nothing) => {}
                (action, Needs::Message) => {
                    let allowed = UNASKED.join(", ");
                    return Err(PersonaError::NothingHeard { action, allowed });
                }
            }
        }
        Ok(())
    }
}
