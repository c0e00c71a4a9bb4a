//! Plays scenarios and compares what came of them with what came of them before.

mod event;
mod golden;

use serde_json::{Map, Value, json};
use waspnest_core::draft::Response;
use waspnest_core::event::EventKind;

pub(crate) use golden::Golden;

use crate::config::scenario::{Deed, Scenario};
use crate::stage::{Call, Stage, StageError};

/// Parts of a draft that are told where there is something in them.
const LISTS: [&str; 5] = ["effects", "values", "dialogues", "timers", "sent_keys"];
/// What is done at once, while a call runs, and therefore told beside its draft.
const AT_ONCE: [&str; 3] = ["http.exchange", "messaging.send-now", "account.ask"];

/// What came of one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Played {
    /// The step, in words.
    pub(crate) step: String,
    /// The calls, and what each wanted.
    pub(crate) calls: Vec<Value>,
    /// What the plugin answered, where it was asked by a server.
    pub(crate) response: Option<Value>,
}

impl Played {
    /// As it is kept.
    pub(crate) fn to_json(&self) -> Value {
        let mut value = json!({ "step": self.step, "calls": self.calls });
        if let Some(response) = &self.response {
            value["response"] = response.clone();
        }
        value
    }
}

/// Plays all steps.
///
/// # Errors
/// [`StageError`], with the number of the step, from 1; 0 where not even the first one began.
pub(crate) async fn play(scenario: &Scenario) -> Result<Vec<Played>, (usize, StageError)> {
    let mut stage = Stage::open(scenario).await.map_err(|error| (0, error))?;
    let mut played = Vec::new();
    for (nth, step) in (1..).zip(&scenario.steps) {
        let step = take(&mut stage, scenario, &step.deed).await;
        played.push(step.map_err(|error| (nth, error))?);
    }
    let steps = scenario.steps.len();
    stage.close().await.map_err(|error| (steps, error))?;
    Ok(played)
}

async fn take(stage: &mut Stage, scenario: &Scenario, deed: &Deed) -> Result<Played, StageError> {
    let mut response = None;
    let kind = match deed {
        Deed::Says { .. } | Deed::Moves { .. } | Deed::Rings { .. } | Deed::Publishes { .. } => {
            Some(event::of(scenario, deed, stage.now(), stage.fresh()))
        }
        Deed::Asks(request) => {
            let asked = stage
                .happens(EventKind::Request(Box::new(event::request(request))))
                .await?;
            response = Some(stage.answer(asked).await.as_ref().map_or(Value::Null, answered));
            None
        }
        Deed::Passes(span) => {
            stage.passes(*span).await?;
            None
        }
        Deed::Restarts => {
            stage.restart().await?;
            None
        }
    };
    if let Some(kind) = kind {
        stage.happens(kind).await?;
    }
    Ok(Played {
        step: event::words(deed),
        calls: stage.calls().await?.into_iter().map(told).collect(),
        response,
    })
}

fn answered(response: &Response) -> Value {
    json!({
        "status": response.status,
        "headers": response.headers,
        "body": String::from_utf8_lossy(&response.body),
    })
}

/// A call, without what says nothing.
fn told(call: Call) -> Value {
    let Call { run, detail } = call;
    let mut shown = detail.shown();
    let mut told = Map::new();
    told.insert("event".to_owned(), run.kind.as_ref().into());
    match shown["occasion"].as_str() {
        Some("event") | None => {}
        Some(occasion) => drop(told.insert("as".to_owned(), occasion.into())),
    }
    if run.attempt > 1 {
        told.insert("attempt".to_owned(), run.attempt.into());
    }
    told.insert("outcome".to_owned(), run.outcome.as_ref().into());
    if let Some(error) = shown["error"].as_str() {
        told.insert("error".to_owned(), error.into());
    }
    let steps = shown["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let at_once = |step: &&Value| step["function"].as_str().is_some_and(|name| AT_ONCE.contains(&name));
    let asked: Vec<Value> = steps.iter().filter(at_once).cloned().collect();
    if !asked.is_empty() {
        told.insert("asked".to_owned(), asked.into());
    }
    let mut draft = shown["draft"].take();
    for part in LISTS {
        if draft[part].as_array().is_some_and(|list| !list.is_empty()) {
            told.insert(part.to_owned(), draft[part].take());
        }
    }
    if draft["flow"].as_str().is_some_and(|flow| flow != "next") {
        told.insert("flow".to_owned(), draft["flow"].take());
    }
    if !draft["note"].is_null() {
        told.insert("note".to_owned(), draft["note"].take());
    }
    without_nothing(Value::Object(told))
}

/// The same without what is null or empty, so that what was written can be read.
fn without_nothing(value: Value) -> Value {
    let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match value {
        Value::Array(items) => items.into_iter().map(without_nothing).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !is_nothing(value));
            Value::Object(fields.map(|(name, value)| (name, without_nothing(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
