//! What a persona can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PersonaError, Span, Template};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sends a text to the chat in which something was heard.
    Answer(Template),
    /// Answers with a quote of what was heard.
    Quote(Template),
    /// Reacts to what was heard with this emoji; an empty one takes the reaction back.
    React(String),
    /// Reads what was heard, whatever the persona does otherwise.
    Read,
    /// Sends a text to somebody or to a group.
    Say(Say),
    /// Joins a group by its invite link, or the code at its end.
    Join(String),
    /// Leaves the group in which something was heard.
    Leave,
    /// Leaves a group, by its JID.
    LeaveGroup(String),
    /// Lets time pass.
    Wait(Span),
    /// Hangs up, and comes back after so many milliseconds.
    OfflineFor(Span),
    /// Hangs up.
    GoOffline,
    /// Comes back.
    ComeOnline,
}

/// A text to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// A phone number or a JID, such as a group's.
    pub to: String,
    /// What to say.
    pub text: Template,
}

/// Whether an action answers something.
pub(super) enum Needs {
    /// It can be done at any time.
    Nothing,
    /// It is about a message that was heard.
    Message,
}

impl Action {
    /// [`Action::Answer`].
    pub fn answer(text: &str) -> Result<Self, PersonaError> {
        text.parse().map(Self::Answer)
    }

    /// [`Action::Quote`].
    pub fn quote(text: &str) -> Result<Self, PersonaError> {
        text.parse().map(Self::Quote)
    }

    /// [`Action::Say`].
    pub fn say(to: &str, text: &str) -> Result<Self, PersonaError> {
        let text = text.parse()?;
        Ok(Self::Say(Say {
            to: to.to_owned(),
            text,
        }))
    }

    /// [`Action::React`].
    pub fn react(emoji: &str) -> Self {
        Self::React(emoji.to_owned())
    }

    /// Its name as it is written, and what it needs.
    pub(super) fn describe(&self) -> (&'static str, Needs) {
        match self {
            Self::Answer(_) => ("answer", Needs::Message),
            Self::Quote(_) => ("quote", Needs::Message),
            Self::React(_) => ("react", Needs::Message),
            Self::Read => ("read", Needs::Message),
            Self::Say(_) => ("say", Needs::Nothing),
            Self::Join(_) => ("join", Needs::Nothing),
            Self::Leave => ("leave", Needs::Message),
            Self::LeaveGroup(_) => ("leave_group", Needs::Nothing),
            Self::Wait(_) => ("wait", Needs::Nothing),
            Self::OfflineFor(_) => ("offline_for", Needs::Nothing),
            Self::GoOffline => ("go_offline", Needs::Nothing),
            Self::ComeOnline => ("come_online", Needs::Nothing),
        }
    }
}

/// What a routine can do, by name.
pub(super) const UNASKED: [&str; 7] = [
    "say",
    "join",
    "leave_group",
    "wait",
    "offline_for",
    "go_offline",
    "come_online",
];
