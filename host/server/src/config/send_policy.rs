//! `[send-policy]`: how fast sessions send, so that WhatsApp does not take them for machines that write to strangers.
//!
//! What the file says of all sessions, what it says of some, and what the API has set of one are layers of the same form, laid over each
//! other key by key.

use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use waspnest_core::id::SessionName;

use super::form;
use super::hours::Hours;
use super::pattern::Pattern;
use super::section::Section;

/// `[send-policy]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SendPolicies {
    /// What holds for all sessions.
    pub all: SendPolicy,
    /// What holds for some, over that; of two that say the same key the later one holds.
    pub some: Vec<(Pattern, PolicyLayer)>,
}

/// One layer: what it says of a policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "each is documented at the field of `SendPolicy` that it sets"
)]
pub struct PolicyLayer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_contacts_per_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_window_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_factor: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up_start: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typing_per_character_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typing_max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typing_jitter: Option<f64>,
}

/// How fast a session sends.
#[derive(Debug, Clone, PartialEq)]
pub struct SendPolicy {
    /// Whether anything of this holds.
    pub activity: Activity,
    /// Messages that answer nobody, in a minute; 0 for any number.
    pub per_minute: u32,
    /// In an hour.
    pub per_hour: u32,
    /// In a day, which is any 24 hours.
    pub per_day: u32,
    /// First messages to people who never wrote, in a day; 0 for any number.
    pub new_contacts_per_day: u32,
    /// The least time between messages to different chats.
    pub distance: Duration,
    /// How long after somebody wrote a message to that chat is an answer.
    pub answer_window: Duration,
    /// Answers have the rates so many times over, and nothing else holds them back.
    pub answer_factor: u32,
    /// Days over which a newly linked account comes to the whole of its rates; 0 for at once.
    pub warm_up_days: u32,
    /// The part of them it starts with.
    pub warm_up_start: f64,
    /// Hours in which only answers leave.
    pub quiet_hours: Option<Hours>,
    /// The time zone of these.
    pub zone: Tz,
    /// How long "typing" is shown before a text, for each of its characters.
    pub typing_per_character: Duration,
    /// How long at most.
    pub typing_max: Duration,
    /// The part of that which is drawn by lot.
    pub typing_jitter: f64,
}

/// Whether a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It does.
    On,
    /// Everything leaves at once.
    Off,
}

/// A layer that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct InvalidPolicy {
    /// What of it, as JSON spells it.
    pub key: &'static str,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest rate; what is remembered grows with it.
const MOST: u32 = 100_000;

impl Default for SendPolicy {
    fn default() -> Self {
        Self {
            activity: Activity::Off,
            per_minute: 20,
            per_hour: 300,
            per_day: 2000,
            new_contacts_per_day: 50,
            distance: Duration::from_secs(2),
            answer_window: DAY,
            answer_factor: 5,
            warm_up_days: 10,
            warm_up_start: 0.2,
            quiet_hours: None,
            zone: Tz::UTC,
            typing_per_character: Duration::from_millis(30),
            typing_max: Duration::from_secs(8),
            typing_jitter: 0.3,
        }
    }
}

impl SendPolicies {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let some = section.tables("session");
        let some = some.into_iter().filter_map(|mut section| {
            let name = section.required("name", form::parsed);
            let layer = PolicyLayer::read(section);
            Some((name?, layer))
        });
        let some = some.collect();
        // What cannot be was noted when it was read.
        let all = PolicyLayer::read(section)
            .over(SendPolicy::default())
            .unwrap_or_default();
        Self { all, some }
    }

    /// The policy of a session of which `set` was set.
    ///
    /// # Errors
    /// [`InvalidPolicy`] when `set` cannot be; what the file says was judged when it was read.
    pub fn of(&self, session: &SessionName, set: &PolicyLayer) -> Result<SendPolicy, InvalidPolicy> {
        let fitting = self.some.iter().filter(|(name, _)| name.matches(session.as_str()));
        let layers = fitting.map(|(_, layer)| layer).chain(std::iter::once(set));
        let mut layers = layers;
        layers.try_fold(self.all.clone(), |policy, layer| layer.over(policy))
    }
}

impl PolicyLayer {
    fn read(mut section: Section<'_>) -> Self {
        let span = |section: &mut Section<'_>, key| section.optional(key, form::span(Duration::ZERO, DAY * 365));
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let layer = Self {
            enabled: section.optional("enabled", form::boolean),
            per_minute: section.optional("per-minute", form::integer(0, MOST)),
            per_hour: section.optional("per-hour", form::integer(0, MOST)),
            per_day: section.optional("per-day", form::integer(0, MOST)),
            new_contacts_per_day: section.optional("new-contacts-per-day", form::integer(0, MOST)),
            distance_ms: span(&mut section, "distance").map(ms),
            answer_window_s: span(&mut section, "answer-window").map(|span| span.as_secs()),
            answer_factor: section.optional("answer-factor", form::integer(1, 1000)),
            warm_up_days: section.optional("warm-up-days", form::integer(0, 365)),
            warm_up_start: section.optional("warm-up-start", form::number(0.0, 1.0)),
            quiet_hours: section.optional("quiet-hours", form::text),
            zone: section.optional("zone", form::text),
            typing_per_character_ms: span(&mut section, "typing-per-character").map(ms),
            typing_max_ms: span(&mut section, "typing-max").map(ms),
            typing_jitter: section.optional("typing-jitter", form::number(0.0, 1.0)),
        };
        if let Err(InvalidPolicy { key, problem }) = layer.over(SendPolicy::default()) {
            let key = key.trim_end_matches("_ms").trim_end_matches("_s").replace('_', "-");
            section.report(&key, problem);
        }
        section.finish();
        layer
    }

    /// A policy with what this says of it.
    ///
    /// # Errors
    /// [`InvalidPolicy`].
    pub fn over(&self, policy: SendPolicy) -> Result<SendPolicy, InvalidPolicy> {
        let quiet_hours = match self.quiet_hours.as_deref() {
            None => policy.quiet_hours,
            Some("") => None,
            Some(text) => Some(quiet_hours(text)?),
        };
        let zone = match self.zone.as_deref() {
            None => policy.zone,
            Some(text) => text.parse().map_err(|_| InvalidPolicy {
                key: "zone",
                problem: format!("{text:?} is not an IANA time zone such as \"Europe/Berlin\""),
            })?,
        };
        let span = |key, given: Option<u64>, was: Duration, of: fn(u64) -> Duration, longest: Duration| match given {
            None => Ok(was),
            Some(given) if of(given) <= longest => Ok(of(given)),
            Some(_) => Err(InvalidPolicy {
                key,
                problem: format!("at most {} are allowed", humantime::format_duration(longest)),
            }),
        };
        let count = |key, given: Option<u32>, was: u32, from: u32, to: u32| match given {
            None => Ok(was),
            Some(given) if (from..=to).contains(&given) => Ok(given),
            Some(_) => Err(InvalidPolicy {
                key,
                problem: format!("allowed is {from} to {to}"),
            }),
        };
        let part = |key, given: Option<f64>, was: f64| match given {
            None => Ok(was),
            Some(given) if (0.0..=1.0).contains(&given) => Ok(given),
            Some(_) => Err(InvalidPolicy {
                key,
                problem: "allowed is 0 to 1".to_owned(),
            }),
        };
        Ok(SendPolicy {
            activity: match self.enabled {
                None => policy.activity,
                Some(true) => Activity::On,
                Some(false) => Activity::Off,
            },
            per_minute: count("per_minute", self.per_minute, policy.per_minute, 0, MOST)?,
            per_hour: count("per_hour", self.per_hour, policy.per_hour, 0, MOST)?,
            per_day: count("per_day", self.per_day, policy.per_day, 0, MOST)?,
            new_contacts_per_day: count(
                "new_contacts_per_day",
                self.new_contacts_per_day,
                policy.new_contacts_per_day,
                0,
                MOST,
            )?,
            distance: span(
                "distance_ms",
                self.distance_ms,
                policy.distance,
                Duration::from_millis,
                DAY,
            )?,
            answer_window: span(
                "answer_window_s",
                self.answer_window_s,
                policy.answer_window,
                Duration::from_secs,
                DAY * 365,
            )?,
            answer_factor: count("answer_factor", self.answer_factor, policy.answer_factor, 1, 1000)?,
            warm_up_days: count("warm_up_days", self.warm_up_days, policy.warm_up_days, 0, 365)?,
            warm_up_start: part("warm_up_start", self.warm_up_start, policy.warm_up_start)?,
            quiet_hours,
            zone,
            typing_per_character: span(
                "typing_per_character_ms",
                self.typing_per_character_ms,
                policy.typing_per_character,
                Duration::from_millis,
                Duration::from_secs(1),
            )?,
            typing_max: span(
                "typing_max_ms",
                self.typing_max_ms,
                policy.typing_max,
                Duration::from_millis,
                Duration::from_secs(60),
            )?,
            typing_jitter: part("typing_jitter", self.typing_jitter, policy.typing_jitter)?,
        })
    }
}

/// Hours that end some time: a session that never sends is one that is not connected.
fn quiet_hours(text: &str) -> Result<Hours, InvalidPolicy> {
    let wrong = |problem: String| InvalidPolicy {
        key: "quiet_hours",
        problem,
    };
    let hours: Hours = text.parse().map_err(|error| wrong(format!("{error}")))?;
    match hours.cover_the_week() {
        true => Err(wrong(format!("{text:?} never end"))),
        false => Ok(hours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_laid_over_each_other_key_by_key() {
        let policies = SendPolicies {
            all: SendPolicy {
                activity: Activity::On,
                per_minute: 5,
                quiet_hours: Some("22:00-07:00".parse().expect("good hours")),
                ..SendPolicy::default()
            },
            some: vec![(
                "sales-*".parse().expect("a pattern"),
                PolicyLayer {
                    per_minute: Some(7),
                    per_hour: Some(70),
                    ..PolicyLayer::default()
                },
            )],
        };
        let set = PolicyLayer {
            per_hour: Some(9),
            quiet_hours: Some("".into()),
            ..PolicyLayer::default()
        };
        let name = |text: &str| text.parse::<SessionName>().expect("a name");
        let sales = policies.of(&name("sales-de"), &set).expect("it can be");
        let told = (sales.activity, sales.per_minute, sales.per_hour, sales.quiet_hours);
        assert_eq!(told, (Activity::On, 7, 9, None));
        let other = policies.of(&name("other"), &PolicyLayer::default()).expect("it can be");
        assert_eq!((other.per_minute, other.per_hour), (5, 300));
        assert!(other.quiet_hours.is_some());
    }

    #[test]
    fn what_cannot_be_is_said() {
        let layer = |json: &str| serde_json::from_str::<PolicyLayer>(json).expect("a layer");
        for (json, says) in [
            (r#"{"quiet_hours":"22:00"}"#, "quiet_hours: \"22:00\" are no hours"),
            (r#"{"quiet_hours":"00:00-24:00"}"#, "never end"),
            (r#"{"zone":"Mars/Base"}"#, "zone: \"Mars/Base\" is not"),
            (r#"{"per_minute":1000000}"#, "per_minute: allowed is 0 to 100000"),
            (r#"{"typing_max_ms":61000}"#, "typing_max_ms: at most 1m are allowed"),
            (r#"{"warm_up_start":1.5}"#, "warm_up_start: allowed is 0 to 1"),
            (r#"{"answer_factor":0}"#, "answer_factor: allowed is 1 to 1000"),
        ] {
            let error = layer(json).over(SendPolicy::default()).expect_err(json).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
