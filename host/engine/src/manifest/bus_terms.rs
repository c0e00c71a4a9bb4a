//! The terms of telling other installations: under which names, and how often; and which names a plugin listens to.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use waspnest_core::event::EventKind;
use waspnest_core::id::TopicName;

use super::secret_terms::{both, names};
use super::section::{KeyError, Section};
use super::terms::{Rate, Side, Terms};

/// Terms of publishing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BusTerms {
    /// Under which names; none for all that the other side names.
    pub topics: Option<BTreeSet<TopicName>>,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

impl BusTerms {
    /// Whether something may be published under a name.
    #[must_use]
    pub fn allow(&self, topic: &TopicName) -> bool {
        self.topics.as_ref().is_none_or(|topics| topics.contains(topic))
    }
}

impl Terms for BusTerms {
    const LIST: Option<&'static str> = Some("topics");

    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let topics = match (names(section, "topics")?, side) {
            (Some(topics), _) => Some(topics),
            (None, Side::Grant) => None,
            (None, Side::Request) => {
                return section.fail("topics", "is missing; name the topics, such as [\"orders.placed\"]");
            }
        };
        let rates = section.parse("rate")?.into_iter().collect();
        Ok(Self { topics, rates })
    }

    fn and(&self, other: &Self) -> Self {
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self {
            topics: both(self.topics.as_ref(), other.topics.as_ref()),
            rates,
        }
    }

    fn rates(&self) -> &[Rate] {
        &self.rates
    }
}

/// Topics that are listened to: one, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topics {
    /// This one.
    One(TopicName),
    /// `orders.*`: what begins with `orders.`; `*` is everything.
    Below(Box<str>),
}

impl Topics {
    fn contain(&self, topic: &TopicName) -> bool {
        match self {
            Self::One(one) => one == topic,
            Self::Below(prefix) => topic.as_str().starts_with(&**prefix),
        }
    }
}

impl FromStr for Topics {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problem: &dyn fmt::Display| {
            format!("{problem}; write for example \"orders.placed\", \"orders.*\" or \"*\"")
        };
        match text.strip_suffix('*') {
            None => text.parse().map(Self::One).map_err(|error| wrong(&error)),
            Some("") => Ok(Self::Below("".into())),
            Some(prefix) if prefix.ends_with('.') && prefix.parse::<TopicName>().is_ok() => {
                Ok(Self::Below(prefix.into()))
            }
            Some(_) => Err(wrong(&format_args!(
                "{text:?} has a star that does not stand for whole words"
            ))),
        }
    }
}

/// Which topics a plugin wants: any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFilter {
    /// The topics.
    pub topics: Vec<Topics>,
}

impl TopicFilter {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let Some(texts) = section.texts("topics")? else {
            return section.fail("topics", "is missing; name what is listened to, such as [\"orders.*\"]");
        };
        let mut topics = Vec::with_capacity(texts.len());
        for (index, text) in texts.into_iter().enumerate() {
            match text.parse() {
                Ok(topic) => topics.push(topic),
                Err(error) => return section.fail::<Self>(&format!("topics[{index}]"), error),
            }
        }
        section.finish()?;
        Ok(Self { topics })
    }

    /// Whether it lets an event through.
    #[must_use]
    pub fn wants(&self, event: &EventKind) -> bool {
        match event {
            EventKind::Topic(event) => self.topics.iter().any(|topics| topics.contain(&event.topic)),
            EventKind::Message(_)
            | EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Request(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_or_all_that_begin_alike() {
        let fits = |topics: &str, topic: &str| {
            let topics: Topics = topics.parse().expect("topics");
            topics.contain(&topic.parse().expect("a topic"))
        };
        assert!(fits("orders.placed", "orders.placed") && !fits("orders.placed", "orders.placed.late"));
        assert!(fits("orders.*", "orders.placed") && !fits("orders.*", "orders") && !fits("orders.*", "ordersx.y"));
        assert!(fits("*", "anything"));
        for wrong in ["", "order*", "a.*.b", "A", "a b"] {
            let problem = wrong.parse::<Topics>().expect_err(wrong);
            assert!(problem.contains("write for example"), "{problem}");
        }
    }
}
