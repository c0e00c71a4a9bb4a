//! One thing that happens.

use std::time::Duration;

use waspnest_core::id::TopicName;

use super::{pairs, texts};
use crate::config::form;
use crate::config::section::Section;
use crate::did_you_mean;

/// The longest that one step lets pass.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// `[[step]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub deed: Deed,
}

/// What happens in a step. Names are those of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// `says`: somebody writes, to the account or `in` a group.
    Says {
        /// Who.
        who: Box<str>,
        /// What.
        text: Box<str>,
        /// In which group; none for a chat with the account.
        group: Option<Box<str>>,
    },
    /// `passes`: time.
    Passes(Duration),
    /// `joins` and `leaves`: somebody comes into a group, or goes.
    Moves {
        /// Who.
        who: Box<str>,
        /// Which group.
        group: Box<str>,
        /// Whether they are there now.
        presence: Presence,
    },
    /// `rings`: somebody calls the account.
    Rings {
        /// Who.
        who: Box<str>,
    },
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

/// Whether somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// They have come.
    There,
    /// They have gone.
    Gone,
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
    /// Who does it.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        match self {
            Self::Says { who, .. } | Self::Moves { who, .. } | Self::Rings { who } => Some(who),
            Self::Passes(_) | Self::Asks(_) | Self::Publishes { .. } | Self::Restarts => None,
        }
    }
}

impl Step {
    pub(super) fn read(mut section: Section<'_>, groups: &[Box<str>]) -> Option<Self> {
        let who = section.optional("who", form::some_text);
        let group = |node: &_| {
            let name = form::some_text(node)?;
            match groups.contains(&name) {
                true => Ok(name),
                false => {
                    let hint = did_you_mean::hint(&name, groups.iter().map(|group| &**group));
                    Err(format!("there is no [groups.{name}]{hint}"))
                }
            }
        };
        let place = section.optional("in", group);
        let mut deeds = Vec::new();
        let mut by_whom = |deed: &dyn Fn(Box<str>) -> Deed, section: &Section<'_>, key: &str| {
            if who.is_none() {
                section.report(key, "nobody does it: `who` is missing");
            }
            deeds.push(deed(who.clone().unwrap_or_default()));
        };
        if let Some(text) = section.optional("says", form::text) {
            let says = |who| Deed::Says {
                who,
                text: text.clone(),
                group: place.clone(),
            };
            by_whom(&says, &section, "says");
        }
        for (key, presence) in [("joins", Presence::There), ("leaves", Presence::Gone)] {
            if let Some(group) = section.optional(key, group) {
                let moves = |who| Deed::Moves {
                    who,
                    group: group.clone(),
                    presence,
                };
                by_whom(&moves, &section, key);
            }
        }
        if section.or("rings", false, form::boolean) {
            by_whom(&|who| Deed::Rings { who }, &section, "rings");
        }
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
                section.report("", "nothing happens in it: write one of says, joins, leaves, rings, passes, restarts, publishes, request");
                None
            }
            _ => {
                section.report("", "more than one thing happens in it; write a [[step]] for each");
                None
            }
        };
        section.finish();
        Some(Self { deed: deed? })
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
