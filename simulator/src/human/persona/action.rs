//! What a persona can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PersonaError, Picture, Span, Template};

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
    /// Sends a picture.
    Picture(Picture),
    /// Posts a text under "updates".
    PostStatus(PostStatus),
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

/// A status post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostStatus {
    /// What it says.
    pub text: Template,
    /// Who sees it: phone numbers or JIDs.
    pub to: Vec<String>,
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

    /// [`Action::Picture`] of a colour drawn for it, in the chat of what was heard.
    pub fn picture(caption: &str) -> Result<Self, PersonaError> {
        let caption = Some(caption.parse()?);
        Ok(Self::Picture(Picture {
            caption,
            ..Picture::default()
        }))
    }

    /// [`Action::PostStatus`].
    pub fn post_status(text: &str, to: &[&str]) -> Result<Self, PersonaError> {
        let text = text.parse()?;
        let to = to.iter().map(|seen_by| (*seen_by).to_owned()).collect();
        Ok(Self::PostStatus(PostStatus { text, to }))
    }

    /// [`Action::React`].
    pub fn react(emoji: &str) -> Self {
        Self::React(emoji.to_owned())
    }

    /// Whether it makes sense by itself.
    pub(super) fn check(&self) -> Result<(), PersonaError> {
        match self {
            Self::PostStatus(post) if post.to.is_empty() => Err(PersonaError::NobodySees),
            Self::PostStatus(_)
            | Self::Answer(_)
            | Self::Quote(_)
            | Self::React(_)
            | Self::Read
            | Self::Say(_)
            | Self::Picture(_)
            | Self::Join(_)
            | Self::Leave
            | Self::LeaveGroup(_)
            | Self::Wait(_)
            | Self::OfflineFor(_)
            | Self::GoOffline
            | Self::ComeOnline => Ok(()),
        }
    }

    /// Its name as it is written, and what it needs.
    pub(super) fn describe(&self) -> (&'static str, Needs) {
        match self {
            Self::Answer(_) => ("answer", Needs::Message),
            Self::Quote(_) => ("quote", Needs::Message),
            Self::React(_) => ("react", Needs::Message),
            Self::Read => ("read", Needs::Message),
            Self::Say(_) => ("say", Needs::Nothing),
            Self::Picture(Picture { to: None, .. }) => ("send a picture without `to`", Needs::Message),
            Self::Picture(Picture { to: Some(_), .. }) => ("picture", Needs::Nothing),
            Self::PostStatus(_) => ("post_status", Needs::Nothing),
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
pub(super) const UNASKED: [&str; 9] = [
    "say",
    "picture with `to`",
    "post_status",
    "join",
    "leave_group",
    "wait",
    "offline_for",
    "go_offline",
    "come_online",
];
