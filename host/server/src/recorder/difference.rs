//! What is different between a call and another one for the same event.

use serde_json::Value;
use waspnest_core::runs::Run;
use waspnest_engine::record::{Bodies, Detail, Hide, Replay, Steps, drafted};
use waspnest_engine::{Called, Installation, Usage};

/// The lists of a draft.
const LISTS: [&str; 6] = ["effects", "values", "dialogues", "timers", "sent_keys", "topics"];
/// What else a draft says.
const SINGLE: [&str; 3] = ["response", "flow", "note"];

/// See the module documentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Version and digest of the plugin that was called this time.
    pub plugin: (Box<str>, Box<str>),
    /// How it ended, then and now, where that is different: `drafted`, or the class of an error.
    pub outcome: (Box<str>, Box<str>),
    /// How it failed this time, in words.
    pub error: Option<String>,
    /// What of the drafts is different.
    pub unlike: Vec<Unlike>,
    /// Host functions it asked now whose answers are not in the record, in order.
    pub not_recorded: Vec<&'static str>,
    /// Host functions that were asked then and not now, in order.
    pub not_asked: Vec<&'static str>,
    /// What it used this time.
    pub usage: Usage,
    /// What the record holds of what people wrote; everything here is shown in the same way.
    pub bodies: Bodies,
}

/// One part of a draft that is different.
#[derive(Debug, Clone, PartialEq)]
pub struct Unlike {
    /// Which, such as `effects/0`.
    pub at: String,
    /// As it was recorded; null for nothing.
    pub recorded: Value,
    /// As it is now; null for nothing.
    pub replayed: Value,
}

/// The call that another one is compared with.
pub(crate) struct Then<'a> {
    /// `drafted`, or the class of its error.
    pub(crate) outcome: Box<str>,
    /// What it drafted; null if it failed.
    pub(crate) draft: &'a Value,
    /// What is shown of what people wrote, there and here.
    pub(crate) bodies: Bodies,
}

impl<'a> Then<'a> {
    /// A call of which there is a record.
    pub(crate) fn recorded(run: &Run, detail: &'a Detail) -> Self {
        Self {
            outcome: match detail.draft() {
                Value::Null => run.outcome.clone(),
                _ => "drafted".into(),
            },
            draft: detail.draft(),
            bodies: detail.bodies(),
        }
    }
}

impl Difference {
    /// Between a call and another one, which was answered by `host`; `steps` know the secrets that the other one was given.
    pub(crate) fn between(
        then: Then<'_>,
        (called, by): (&Called, &Installation),
        host: &Replay,
        (steps, hide): (&Steps, &Hide),
    ) -> Self {
        let bodies = then.bodies;
        let (now, error, draft) = match called.outcome() {
            Ok(draft) => ("drafted", None, drafted(draft, steps, bodies, hide)),
            Err(error) => (error.class(), Some(error.to_string()), Value::Null),
        };
        let error = error.map(|words| match bodies {
            Bodies::Redacted => hide.text(&words),
            Bodies::Full => words,
        });
        let plugin = by.plugin();
        let recorded: Vec<_> = host.unasked().into_iter().map(|function| function.name()).collect();
        Self {
            plugin: (
                plugin.manifest.version.to_string().into(),
                plugin.digest.to_string().into(),
            ),
            outcome: (then.outcome, now.into()),
            error,
            unlike: unlike(then.draft, &draft),
            not_recorded: host.missing().into_iter().map(|missing| missing.0.name()).collect(),
            not_asked: recorded,
            usage: called.usage(),
            bodies,
        }
    }

    /// What is different, in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let (then, now) = &self.outcome;
        let outcome = (then != now).then(|| format!("it ends as {now}, and not as {then}"));
        let parts = self
            .unlike
            .iter()
            .map(|unlike| match (&unlike.recorded, &unlike.replayed) {
                (Value::Null, _) => format!("{} is there, and was not", unlike.at),
                (_, Value::Null) => format!("{} is not there, and was", unlike.at),
                (_, _) => format!("{} is another", unlike.at),
            });
        let asked = self
            .not_recorded
            .iter()
            .map(|name| format!("it asks {name}, which was not asked so"));
        outcome.into_iter().chain(parts).chain(asked).collect()
    }

    /// Whether the call came to the same.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.outcome.0 == self.outcome.1 && self.unlike.is_empty()
    }
}

fn unlike(recorded: &Value, replayed: &Value) -> Vec<Unlike> {
    let empty = Vec::new();
    let list = |of: &'_ Value, name: &str| of.get(name).and_then(Value::as_array).unwrap_or(&empty).clone();
    let mut found = Vec::new();
    let mut compare = |at: String, recorded: Option<&Value>, replayed: Option<&Value>| {
        let (recorded, replayed) = (recorded.unwrap_or(&Value::Null), replayed.unwrap_or(&Value::Null));
        if recorded != replayed {
            found.push(Unlike {
                at,
                recorded: recorded.clone(),
                replayed: replayed.clone(),
            });
        }
    };
    for name in LISTS {
        let (then, now) = (list(recorded, name), list(replayed, name));
        for index in 0..then.len().max(now.len()) {
            compare(format!("{name}/{index}"), then.get(index), now.get(index));
        }
    }
    for name in SINGLE {
        compare(name.to_owned(), recorded.get(name), replayed.get(name));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_part_that_is_not_the_same_is_told() {
        let then = json!({ "effects": [1, 2], "values": ["a"], "flow": "next", "note": null });
        let now = json!({ "effects": [1, 3, 4], "values": ["a"], "flow": "stop", "note": null });
        let told = unlike(&then, &now);
        let told: Vec<_> = told
            .iter()
            .map(|unlike| (unlike.at.as_str(), &unlike.recorded, &unlike.replayed))
            .collect();
        assert_eq!(
            told,
            [
                ("effects/1", &json!(2), &json!(3)),
                ("effects/2", &json!(null), &json!(4)),
                ("flow", &json!("next"), &json!("stop")),
            ]
        );
        assert_eq!(unlike(&then, &then), []);
    }
}
