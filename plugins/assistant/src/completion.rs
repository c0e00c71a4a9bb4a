//! One request to a chat-completions endpoint, and what it answers.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use waspnest_plugin::Error;
use waspnest_plugin::http::{Request, Response};
use waspnest_plugin::types::HandlerError;

use crate::settings::Settings;
use crate::talk::{Role, Talk, Turn};

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// It may work later: why, and how long to wait at least.
    NotNow(String, Option<Duration>),
    /// It will not, until the operator does something: why.
    Refused(String),
}

#[derive(Debug, Serialize)]
struct Asked<'a> {
    model: &'a str,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    max_tokens: u32,
}

#[derive(Debug, Deserialize)]
struct Answered {
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Debug, Deserialize)]
struct Said {
    content: Option<String>,
}

/// Asks for the next turn of a talk.
pub(crate) fn of(settings: &Settings, talk: &Talk) -> Result<String, Failure> {
    let system = (!settings.system.trim().is_empty()).then(|| Turn {
        role: Role::System,
        content: settings.system.clone(),
    });
    let asked = Asked {
        model: &settings.model,
        messages: system.into_iter().chain(talk.turns().iter().cloned()).collect(),
        temperature: settings.temperature,
        max_tokens: settings.max_tokens,
    };
    let request = Request::post(settings.url.as_str()).timeout(settings.timeout());
    let mut request = request.json(&asked).map_err(failure)?;
    if !settings.authorization.is_empty() {
        request = request.header("authorization", settings.authorization.as_str());
    }
    read(&request.send().map_err(failure)?)
}

fn read(response: &Response) -> Result<String, Failure> {
    match response.status() {
        200..=299 => {}
        status @ (408 | 409 | 425 | 429 | 500..) => {
            let wait = response
                .header("retry-after")
                .and_then(|seconds| seconds.trim().parse().ok());
            let reason = format!("the endpoint answered {status}");
            return Err(Failure::NotNow(reason, wait.map(Duration::from_secs)));
        }
        status => {
            let words: String = response.text().chars().take(200).collect();
            return Err(Failure::Refused(format!("the endpoint answered {status}: {words}")));
        }
    }
    let answered: Answered = response.json().map_err(failure)?;
    let said = answered
        .choices
        .into_iter()
        .next()
        .and_then(|choice| choice.message.content);
    match said.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        Some(text) => Ok(text),
        None => Err(Failure::Refused("the endpoint answered nothing".into())),
    }
}

/// A request that the host refused, or that nobody answered.
fn failure(error: Error) -> Failure {
    match HandlerError::from(error) {
        HandlerError::Retry((reason, wait)) => Failure::NotNow(reason, wait.map(Duration::from_millis)),
        HandlerError::Reject(reason) => Failure::Refused(reason),
    }
}
