//! The messages of a scenario so far, so that steps can be about them: those of people, and those the plugin sent.

use std::collections::BTreeMap;

use waspnest_core::address::{Jid, Party};
use waspnest_core::message::{Content, MessageKey, Origin, Quoted};

/// There is no message that a step could be about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoMessage {
    /// None has the name.
    #[error("the plugin sent nothing that could be called {0:?}")]
    Unnamed(Box<str>),
    /// None is in the chat.
    #[error("there is no {0} in this chat that it could be about; name one with `on`")]
    Nothing(&'static str),
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remembered {
    /// Its name.
    pub(crate) key: MessageKey,
    /// Who sent it.
    pub(crate) sender: Party,
    /// What it says.
    pub(crate) content: Content,
}

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    all: Vec<Remembered>,
    /// Places in `all`.
    named: BTreeMap<Box<str>, usize>,
}

impl Memory {
    /// Remembers messages in the order they were sent; the first of them gets the name.
    pub(super) fn keep(&mut self, sent: impl IntoIterator<Item = Remembered>, name: Option<&str>) {
        let first = self.all.len();
        self.all.extend(sent);
        if let Some(name) = name.filter(|_| self.all.len() > first) {
            self.named.insert(name.into(), first);
        }
    }

    /// The message of a name.
    pub(super) fn named(&self, name: &str) -> Result<&Remembered, NoMessage> {
        let place = self.named.get(name).ok_or_else(|| NoMessage::Unnamed(name.into()))?;
        Ok(&self.all[*place])
    }

    /// The message of a name, or the newest in a chat that fits.
    pub(super) fn find(
        &self,
        name: Option<&str>,
        chat: &Jid,
        what: &'static str,
        fits: impl Fn(&Remembered) -> bool,
    ) -> Result<&Remembered, NoMessage> {
        if let Some(name) = name {
            return self.named(name);
        }
        let mut newest = self.all.iter().rev().filter(|message| message.key.chat == *chat);
        newest.find(|message| fits(message)).ok_or(NoMessage::Nothing(what))
    }
}

impl Remembered {
    /// Whether the account sent it.
    pub(super) fn is_ours(&self) -> bool {
        self.key.from == Origin::Me
    }

    /// As a message shows what it answers.
    pub(super) fn quoted(&self) -> Quoted {
        Quoted {
            key: self.key.clone(),
            sender: self.sender.jid.clone(),
            kind: self.content.kind().into(),
            text: self.content.plain_text().map(Into::into),
        }
    }
}
