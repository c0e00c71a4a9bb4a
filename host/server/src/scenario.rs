//! Plays scenarios and compares what came of them with what came of them before.

mod event;
mod golden;
mod memory;
mod message;

use serde_json::{Map, Value, json};
use waspnest_core::draft::Response;
use waspnest_core::event::EventKind;

pub(crate) use event::words;
pub(crate) use golden::{Golden, difference};
pub(crate) use memory::{Memory, NoMessage, Remembered};

use crate::config::scenario::{Deed, Installs, Scenario, Step};
use crate::stage::{Call, Stage, StageError, World};
use message::Scene;

/// Parts of a draft that are told where there is something in them.
const LISTS: [&str; 5] = ["effects", "values", "dialogues", "timers", "sent_keys"];
/// What is done at once, while a call runs, and therefore told beside its draft.
const AT_ONCE: [&str; 5] = [
    "http.exchange",
    "http.open",
    "http.piece",
    "messaging.send-now",
    "account.ask",
];

/// What came of one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Played {
    /// The step, in words.
    pub(crate) step: String,
    /// The calls, and what each wanted.
    pub(crate) calls: Vec<Value>,
    /// What the plugin answered, where it was asked by a server.
    pub(crate) response: Option<Value>,
    /// Why the plugin could not be put to work.
    pub(crate) refused: Vec<String>,
}

impl Played {
    /// As it is kept.
    pub(crate) fn to_json(&self) -> Value {
        let mut value = json!({ "step": self.step, "calls": self.calls });
        if let Some(response) = &self.response {
            value["response"] = response.clone();
        }
        if !self.refused.is_empty() {
            value = json!({ "step": self.step, "refused": self.refused });
        }
        value
    }
}

/// Plays all steps.
///
/// # Errors
/// [`StageError`], with the number of the step, from 1; 0 where not even the first one began.
pub(crate) async fn play(scenario: &Scenario) -> Result<Vec<Played>, (usize, StageError)> {
    let mut stage = match (Stage::open(scenario, World::Played).await, scenario.installs) {
        (Err(StageError::Install(why)), Installs::Refused) => return Ok(vec![refused(&why)]),
        (Ok(_), Installs::Refused) => return Err((0, StageError::NotRefused)),
        (opened, Installs::Yes | Installs::Refused) => opened.map_err(|error| (0, error))?,
    };
    let mut memory = Memory::default();
    let mut played = Vec::new();
    for (nth, step) in (1..).zip(&scenario.steps) {
        let step = take(&mut stage, scenario, &mut memory, step).await;
        played.push(step.map_err(|error| (nth, error))?);
    }
    let steps = scenario.steps.len();
    stage.close().await.map_err(|error| (steps, error))?;
    Ok(played)
}

/// What is told of a plugin that is not put to work: each line of why, without where the package is on this machine.
fn refused(why: &(dyn std::error::Error + 'static)) -> Played {
    let chain = std::iter::successors(Some(why), |error| error.source());
    Played {
        step: "the plugin is installed".to_owned(),
        calls: Vec::new(),
        response: None,
        refused: chain.map(ToString::to_string).collect(),
    }
}

async fn take(stage: &mut Stage, scenario: &Scenario, memory: &mut Memory, step: &Step) -> Result<Played, StageError> {
    let response = act(stage, scenario, memory, step).await?;
    Ok(Played {
        step: event::words(&step.deed),
        calls: stage.calls().await?.into_iter().map(told).collect(),
        response,
        refused: Vec::new(),
    })
}

/// Lets something happen, and gives what the plugin answered where a server asked it. Whoever does something is known to the scenario.
///
/// # Errors
/// [`StageError`].
pub(crate) async fn act(
    stage: &mut Stage,
    scenario: &Scenario,
    memory: &mut Memory,
    step: &Step,
) -> Result<Option<Value>, StageError> {
    let event = match &step.deed {
        // Nothing is made, and so no id is used up.
        Deed::Passes(_) | Deed::Asks(_) | Deed::Restarts => None,
        Deed::Message(_) | Deed::Group(_) | Deed::News(_) | Deed::Publishes { .. } => {
            let scene = Scene {
                scenario,
                me: stage.me(),
                memory,
                now: stage.now(),
                fresh: stage.fresh(),
            };
            event::of(&scene, &step.deed)?
        }
    };
    if let Some(EventKind::Message(message)) = &event {
        let message = Remembered {
            key: message.key.clone(),
            sender: message.sender.clone(),
            content: message.content.clone(),
        };
        memory.keep([message], step.named.as_deref());
    }
    let mut response = None;
    if let Some(event) = event {
        stage.happens(event).await?;
    }
    match &step.deed {
        Deed::Asks(request) => {
            let asked = stage
                .happens(EventKind::Request(Box::new(event::request(request))))
                .await?;
            response = Some(stage.answer(asked).await.as_ref().map_or(Value::Null, answered));
        }
        Deed::Passes(span) => stage.passes(*span).await?,
        Deed::Restarts => stage.restart().await?,
        Deed::Message(_) | Deed::Group(_) | Deed::News(_) | Deed::Publishes { .. } => {}
    }
    memory.keep(stage.sent(), step.answer.as_deref());
    Ok(response)
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
