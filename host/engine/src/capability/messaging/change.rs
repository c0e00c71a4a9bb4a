//! What a guest can have done to messages that exist.

use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, Change, Vote};
use waspnest_core::message::{Content, MessageKey, Origin, Poll};

use super::Leaves;
use crate::bindings::waspnest::plugin::messaging::{Outgoing, When};
use crate::bindings::waspnest::plugin::types::{Error, MessageKey as WitKey};
use crate::capability::{Answer, granted, invalid, spend, unsupported};
use crate::limits::PIN_SECONDS;
use crate::manifest::Capability;
use crate::state::Call;

impl Call {
    pub(super) async fn edit(&mut self, target: &WitKey, what: Outgoing, when: When) -> Answer<()> {
        let capability = Capability::MessagesEdit;
        let target = granted!(self.key("target", target));
        granted!(self.may(capability, &target.chat));
        granted!(spend(&mut self.effects)?);
        if target.from == Origin::Them {
            return Ok(Err(invalid("target", "only the account's own messages can be edited")));
        }
        if !matches!(what, Outgoing::Text(_)) {
            return Ok(Err(unsupported("edit: anything but a text in place of a text")));
        }
        let content = Box::new(granted!(self.content(what).await?));
        let edit = Change::Edit { target, content };
        match when {
            When::OnCommit => {
                granted!(self.rate(capability));
                self.change(edit)
            }
            When::Now => {
                granted!(self.leave(Leaves::Edit, Action::Change(edit)).await?);
                Ok(Ok(()))
            }
        }
    }

    pub(super) async fn revoke(&mut self, target: &WitKey) -> Answer<()> {
        let target = granted!(self.key("target", target));
        let capability = match target.from {
            Origin::Me => Capability::MessagesRevoke,
            Origin::Them => Capability::MessagesModerate,
        };
        granted!(self.may(capability, &target.chat));
        granted!(spend(&mut self.effects)?);
        if target.from == Origin::Them && !matches!(target.chat, Jid::Group(_)) {
            return Ok(Err(invalid(
                "target",
                "what others wrote can be taken back in groups only",
            )));
        }
        granted!(named(&target));
        granted!(self.rate(capability));
        let target = self.as_on_the_wire(target).await?;
        self.change(Change::Revoke { target })
    }

    pub(super) async fn vote(&mut self, poll: &WitKey, options: Vec<String>) -> Answer<()> {
        let capability = Capability::MessagesVote;
        let key = granted!(self.key("poll", poll));
        granted!(self.may(capability, &key.chat));
        granted!(spend(&mut self.effects)?);
        let Some(message) = self.find(&key).await? else {
            return Ok(Err(Error::NotFound));
        };
        let Content::Poll(poll) = &message.content else {
            return Ok(Err(invalid("poll", format!("is of kind {}", message.content.kind()))));
        };
        let selected = granted!(choice(poll, options));
        granted!(self.rate(capability));
        self.change(Change::Vote(Box::new(Vote {
            poll: message.key,
            author: message.sender,
            selected,
        })))
    }

    pub(super) async fn pin(&mut self, target: &WitKey, seconds: Option<u32>) -> Answer<()> {
        let capability = Capability::MessagesPin;
        let target = granted!(self.key("target", target));
        granted!(self.may(capability, &target.chat));
        granted!(spend(&mut self.effects)?);
        if seconds.is_some_and(|seconds| !PIN_SECONDS.contains(&seconds)) {
            return Ok(Err(invalid(
                "seconds",
                format!("must be one of {PIN_SECONDS:?}, or none to take the pin away"),
            )));
        }
        granted!(self.rate(capability));
        let target = self.as_on_the_wire(target).await?;
        self.change(Change::Pin { target, seconds })
    }

    pub(super) async fn star(&mut self, target: &WitKey, starred: bool) -> Answer<()> {
        let capability = Capability::MessagesStar;
        let target = granted!(self.key("target", target));
        granted!(self.may(capability, &target.chat));
        granted!(spend(&mut self.effects)?);
        granted!(named(&target));
        granted!(self.rate(capability));
        let target = self.as_on_the_wire(target).await?;
        self.change(Change::Star { target, starred })
    }

    fn change(&mut self, change: Change) -> Answer<()> {
        self.draft.effects.push(Action::Change(change));
        Ok(Ok(()))
    }

    /// The key with its author by the address WhatsApp used, where the host has the message: phones compare addresses as they are.
    async fn as_on_the_wire(&self, key: MessageKey) -> wasmtime::Result<MessageKey> {
        if key.participant.is_none() {
            return Ok(key);
        }
        let found = self.find(&key).await?;
        Ok(match found {
            Some(message) => MessageKey {
                participant: Some(message.sender.jid),
                ..key
            },
            None => key,
        })
    }
}

/// Whether it is said who wrote a message, where others than the partner can have.
fn named(key: &MessageKey) -> Result<(), Error> {
    if key.from == Origin::Them && matches!(key.chat, Jid::Group(_)) && key.participant.is_none() {
        return Err(invalid("target", "does not say who wrote it (participant)"));
    }
    Ok(())
}

/// What is chosen, if the poll allows it.
fn choice(poll: &Poll, options: Vec<String>) -> Result<Vec<Box<str>>, Error> {
    let mut selected: Vec<Box<str>> = Vec::with_capacity(options.len());
    for option in options {
        let option: Box<str> = option.into();
        if !poll.options.contains(&option) {
            return Err(invalid("options", "the poll does not have one of them"));
        }
        if !selected.contains(&option) {
            selected.push(option);
        }
    }
    if poll.max_choices > 0 && selected.len() > poll.max_choices as usize {
        return Err(invalid(
            "options",
            format!("the poll allows {} of them", poll.max_choices),
        ));
    }
    Ok(selected)
}
