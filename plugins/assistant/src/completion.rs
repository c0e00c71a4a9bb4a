//! One request to a chat-completions endpoint, and what it answers: as a whole, or piece by piece while it is shown.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use waspnest_plugin::http::Request;
use waspnest_plugin::types::HandlerError;
use waspnest_plugin::{Error, meta};

use crate::growing::Growing;
use crate::settings::Settings;
use crate::stream::{Broken, Heard};
use crate::talk::{Role, Talk, Turn};

/// Why there is no answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// It may work later: why, and how long to wait at least.
    NotNow(String, Option<Duration>),
    /// It will not, until the operator does something: why.
    Refused(String),
    /// It began and broke off: why, and what there was. Asking again begins anew.
    BrokeOff(String, String),
}

/// Time that the end of a call is left, in milliseconds.
const TIME_FOR_THE_END: u64 = 5000;

#[derive(Debug, Serialize)]
struct Asked<'a> {
    model: &'a str,
    messages: Vec<Turn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
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

/// Asks for the next turn of a talk, and waits for all of it.
pub(crate) fn whole(settings: &Settings, talk: &Talk) -> Result<String, Failure> {
    let response = request(settings, talk, None)?.send().map_err(failure)?;
    let status = response.status();
    judge(status, response.header("retry-after"), || response.text())?;
    read(response.bytes())
}

/// Asks for the next turn of a talk, and shows it while it comes.
pub(crate) fn growing(settings: &Settings, talk: &Talk, growing: &mut Growing<'_>) -> Result<String, Failure> {
    let mut answer = request(settings, talk, Some(true))?.open().map_err(failure)?;
    let retry_after = answer.header("retry-after").map(str::to_owned);
    judge(answer.status(), retry_after.as_deref(), || {
        answer.text().unwrap_or_default()
    })?;
    let mut heard = Heard::default();
    while !heard.is_ended() {
        if meta::budget().ms_left < TIME_FOR_THE_END {
            return Err(Failure::BrokeOff(
                "the time of the call is over".into(),
                heard.text().into(),
            ));
        }
        let broken = |why: String, heard: &Heard| Failure::BrokeOff(why, heard.text().into());
        match answer.next(growing.pause(settings.edit_every())) {
            Ok(Some(piece)) => {
                let told = heard.hear(&piece);
                told.map_err(|Broken(why)| broken(why, &heard))?;
            }
            Ok(None) => break,
            Err(error) => return Err(broken(error.to_string(), &heard)),
        }
        if !heard.is_ended() {
            growing.show(heard.text()).map_err(failure)?;
        }
    }
    match heard.into_whole() {
        Ok(body) => read(&body),
        Err(text) => some(text),
    }
}

fn request(settings: &Settings, talk: &Talk, stream: Option<bool>) -> Result<Request, Failure> {
    let system = (!settings.system.trim().is_empty()).then(|| Turn {
        role: Role::System,
        content: settings.system.clone(),
    });
    let asked = Asked {
        model: &settings.model,
        messages: system.into_iter().chain(talk.turns().iter().cloned()).collect(),
        temperature: settings.temperature,
        max_tokens: settings.max_tokens,
        stream,
    };
    let request = Request::post(settings.url.as_str()).timeout(settings.timeout());
    let mut request = request.json(&asked).map_err(failure)?;
    if !settings.authorization.is_empty() {
        request = request.header("authorization", settings.authorization.as_str());
    }
    Ok(request)
}

fn judge(status: u16, retry_after: Option<&str>, said: impl FnOnce() -> String) -> Result<(), Failure> {
    match status {
        200..=299 => Ok(()),
        status @ (408 | 409 | 425 | 429 | 500..) => {
            let wait = retry_after.and_then(|seconds| seconds.trim().parse().ok());
            let reason = format!("the endpoint answered {status}");
            Err(Failure::NotNow(reason, wait.map(Duration::from_secs)))
        }
        status => {
            let words: String = said().chars().take(200).collect();
            Err(Failure::Refused(format!("the endpoint answered {status}: {words}")))
        }
    }
}

fn read(body: &[u8]) -> Result<String, Failure> {
    let answered: Answered = serde_json::from_slice(body)
        .map_err(|error| Failure::Refused(format!("the endpoint answered what is no answer: {error}")))?;
    let said = answered
        .choices
        .into_iter()
        .next()
        .and_then(|choice| choice.message.content);
    some(said.unwrap_or_default())
}

fn some(text: String) -> Result<String, Failure> {
    match text.trim() {
        "" => Err(Failure::Refused("the endpoint answered nothing".into())),
        text => Ok(text.to_owned()),
    }
}

/// A request that the host refused, or that nobody answered.
fn failure(error: Error) -> Failure {
    match HandlerError::from(error) {
        HandlerError::Retry((reason, wait)) => Failure::NotNow(reason, wait.map(Duration::from_millis)),
        HandlerError::Reject(reason) => Failure::Refused(reason),
    }
}
