//! One thing that happens.
//!
//! `who` names who does it, `"me"` being the account itself on another of its devices. `in` names the group it happens in; without it, it is the
//! chat of that person with the account (for `"me"`, with the person in `to`). `as` gives the message of the step a name, and `answer-as` the
//! first message with which the plugin answers it, so that later steps can be about them.

use std::path::Path;
use std::time::Duration;

use waspnest_core::id::TopicName;

use super::message::MessageDeed;
use super::news::{self, GroupDeed, News};
use super::{pairs, texts};
use crate::config::form;
use crate::config::section::Section;
use crate::config::tree::Node;
use crate::did_you_mean;

/// The account, where it does something on another of its devices.
pub const ME: &str = "me";

/// The longest that one step lets pass.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// What can happen, by the key that says so.
const KEYS: &str = "says, sends, polls, votes, reacts, edits, deletes, joins, leaves, adds, removes, promotes, demotes, renames, describes, \
    rings, call, receipt, presence, contact, chat, session, passes, restarts, publishes, request";

/// `[[step]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What happens.
    pub deed: Deed,
    /// `as`: what the message of this step is called from now on.
    pub named: Option<Box<str>>,
    /// `answer-as`: what the first message that the plugin sends because of it is called from now on.
    pub answer: Option<Box<str>>,
}

/// What happens in a step. Names are those of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Somebody writes, sends, asks, votes, reacts, edits or takes back.
    Message(Box<MessageDeed>),
    /// `passes`: time.
    Passes(Duration),
    /// Somebody comes into a group, goes, or changes it.
    Group(GroupDeed),
    /// What is told of people, chats, calls and the session.
    News(News),
    /// `request`: a server asks the plugin.
    Asks(Request),
    /// `publishes`: another plugin says something on the bus.
    Publishes {
        /// Under which topic.
        topic: TopicName,
        /// What.
        body: Box<str>,
    },
    /// `restarts`: the host ends and starts again.
    Restarts,
}

/// Where something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a group.
    Group(Box<str>),
    /// In the chat of the account with this person.
    With(Box<str>),
}

/// `request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Box<str>,
    /// Path, behind the hook's.
    pub path: Box<str>,
    /// Query.
    pub query: Option<Box<str>>,
    /// Headers.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Body.
    pub body: Box<str>,
}

impl Deed {
    /// Everybody who has to do with it, the account included.
    pub fn people(&self) -> impl Iterator<Item = &str> {
        let names: Vec<&str> = match self {
            Self::Message(deed) => deed.people(),
            Self::Group(deed) => deed.people(),
            Self::News(news) => news.people(),
            Self::Passes(_) | Self::Asks(_) | Self::Publishes { .. } | Self::Restarts => Vec::new(),
        };
        names.into_iter().filter(|name| *name != ME)
    }
}

/// What a step may speak of.
pub(super) struct Known<'a> {
    /// Names of groups.
    pub(super) groups: &'a [Box<str>],
    /// Names that earlier steps gave to messages.
    pub(super) messages: Vec<Box<str>>,
    /// Where files are, beside the scenario.
    pub(super) dir: &'a Path,
}

impl Known<'_> {
    pub(super) fn group(&self, node: &Node) -> Result<Box<str>, String> {
        among("[groups.NAME]", self.groups, node)
    }

    /// A message that an earlier step named.
    pub(super) fn message(&self, node: &Node) -> Result<Box<str>, String> {
        among("earlier `as` or `answer-as`", &self.messages, node)
    }
}

fn among(what: &str, known: &[Box<str>], node: &Node) -> Result<Box<str>, String> {
    let name = form::some_text(node)?;
    match known.contains(&name) {
        true => Ok(name),
        false => {
            let hint = did_you_mean::hint(&name, known.iter().map(|known| &**known));
            Err(format!(
                "there is no {} for {name:?}{hint}",
                what.replace("NAME", &name)
            ))
        }
    }
}

/// Who does something, where, and about which message.
pub(super) struct Actor {
    who: Option<Box<str>>,
    group: Option<Box<str>>,
    to: Option<Box<str>>,
    /// `on`: a message that an earlier step named.
    pub(super) on: Option<Box<str>>,
}

impl Actor {
    /// Who does what `key` says.
    pub(super) fn who(&self, section: &Section<'_>, key: &str) -> Box<str> {
        if self.who.is_none() {
            section.report(key, "nobody does it: `who` is missing");
        }
        self.who.clone().unwrap_or_default()
    }

    /// Where what `key` says happens.
    pub(super) fn place(&self, section: &Section<'_>, key: &str) -> Place {
        match (&self.group, &self.to, self.who.as_deref()) {
            (Some(group), None, _) => Place::Group(group.clone()),
            (None, Some(to), Some(ME)) => Place::With(to.clone()),
            (None, None, Some(who)) if who != ME => Place::With(who.into()),
            (None, None, None) => Place::With("".into()),
            (None, None, Some(_)) => {
                section.report(
                    key,
                    "where does the account do it? Write `to` with a person, or `in` with a group",
                );
                Place::With("".into())
            }
            (_, Some(_), _) => {
                section.report(
                    "to",
                    "says whom the account writes to: it needs who = \"me\", and no `in`",
                );
                Place::With("".into())
            }
        }
    }

    /// In which group what `key` says happens.
    pub(super) fn group(&self, section: &Section<'_>, key: &str) -> Box<str> {
        if self.group.is_none() {
            section.report(key, "in which group? `in` is missing");
        }
        self.group.clone().unwrap_or_default()
    }
}

impl Step {
    pub(super) fn read(mut section: Section<'_>, known: &mut Known<'_>) -> Option<Self> {
        let actor = Actor {
            who: section.optional("who", form::some_text),
            group: section.optional("in", |node| known.group(node)),
            to: section.optional("to", form::some_text),
            on: section.optional("on", |node| known.message(node)),
        };
        let named = section.optional("as", form::some_text);
        let answer = section.optional("answer-as", form::some_text);
        let mut deeds = Vec::new();
        deeds.extend(MessageDeed::read(&mut section, &actor, known));
        deeds.extend(
            GroupDeed::read(&mut section, &actor, known)
                .into_iter()
                .map(Deed::Group),
        );
        deeds.extend(news::read(&mut section, &actor).into_iter().map(Deed::News));
        let span = form::span(Duration::from_millis(1), LONGEST);
        deeds.extend(section.optional("passes", span).map(Deed::Passes));
        if section.or("restarts", false, form::boolean) {
            deeds.push(Deed::Restarts);
        }
        let body = section.optional("body", form::text);
        if let Some(topic) = section.optional("publishes", form::parsed) {
            let body = body.unwrap_or_default();
            deeds.push(Deed::Publishes { topic, body });
        }
        let request = section.table("request");
        if request.is_written() {
            deeds.extend(Request::read(request).map(Deed::Asks));
        }
        let deed = match deeds.len() {
            1 => deeds.pop(),
            0 => {
                section.report("", format!("nothing happens in it: write one of {KEYS}"));
                None
            }
            _ => {
                section.report("", "more than one thing happens in it; write a [[step]] for each");
                None
            }
        };
        if named.is_some() && !matches!(deed, None | Some(Deed::Message(_))) {
            section.report("as", "names a message, and nobody sends one here");
        }
        section.finish();
        known.messages.extend(named.iter().chain(&answer).cloned());
        let deed = deed?;
        Some(Self { deed, named, answer })
    }
}

impl Request {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let method = section.or("method", "POST".into(), form::some_text);
        let path = section.or("path", "/".into(), form::some_text);
        let query = section.optional("query", form::text);
        let headers = texts(&mut section, "headers");
        let body = section.or("body", "".into(), form::text);
        section.finish();
        Some(Self {
            method,
            path,
            query,
            headers: pairs(headers),
            body,
        })
    }
}
