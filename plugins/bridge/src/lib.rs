//! Bridge: hands messages to an HTTP endpoint, and does in their chat what it answers.
//!
//! The endpoint answers while the message is handled. What it answered is kept by the host, so that an attempt that comes after asks it nothing
//! again; and each request carries an `Idempotency-Key` that names the message, for the one case in which it comes twice. An answer that says
//! "not now" makes the host try again, with growing waits; one that refuses ends it.

mod answer;
mod envelope;
mod settings;

use answer::{Deed, Kind};
use core::fmt::Write as _;
use core::time::Duration;
use envelope::Envelope;
use settings::Settings;
use waspnest_plugin::http::{Request, Response};
use waspnest_plugin::messaging::{self, Options, Outgoing, Upload};
use waspnest_plugin::types::{EventContext, HandlerError, Issue, Message, Outcome};
use waspnest_plugin::{ConfigCheck, Error, MessageHandler, config, error, media, secrets};

/// The plugin.
#[derive(Debug)]
pub struct Bridge;

/// The operator's secret that requests are signed with.
const SIGNATURE: &str = "bridge-signature";
/// How often an endpoint may fail before the person is told, where that is configured.
const PATIENCE: u32 = 3;
/// The largest answer that is read.
const ANSWER_BYTES: u32 = 256 * 1024;

impl MessageHandler for Bridge {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // An operator's rule can widen what comes here. Nobody waits for an answer to what is old, corrected or the account's own.
        if msg.key.from_me || msg.history || msg.edit_of.is_some() {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        let Some(text) = settings.wanted(msg, is_spoken_to(msg)) else {
            return Ok(Outcome::next());
        };
        let envelope = Envelope::of(ctx, msg, text, settings.media)?;
        let deeds = match ask(&settings, &envelope) {
            Ok(deeds) => deeds,
            Err(failure) => return failed(ctx, &settings, msg, failure),
        };
        for deed in deeds {
            carry_out(msg, deed)?;
        }
        Ok(Outcome::stop())
    }
}

impl ConfigCheck for Bridge {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        settings.issues()
    }
}

waspnest_plugin::export!(Bridge: MessageHandler, ConfigCheck);

/// Asks the endpoint what is to be done.
fn ask(settings: &Settings, envelope: &Envelope<'_>) -> Result<Vec<Deed>, HandlerError> {
    let body = serde_json::to_vec(envelope).expect("texts and numbers have a form in JSON");
    let mut request = Request::post(settings.url.as_str())
        .header("content-type", "application/json")
        .timeout(settings.timeout())
        .max_bytes(ANSWER_BYTES);
    for (name, value) in &settings.headers {
        request = request.header(name, value);
    }
    if settings.sign {
        request = request.header("x-waspnest-signature", signature(&body)?);
    }
    let response = request.body(body).send()?;
    match response.status() {
        200..=299 => {
            let content_type = response.header("content-type").unwrap_or_default();
            answer::read(content_type, &response.text())
                .map_err(|problem| HandlerError::reject(format!("the endpoint's answer cannot be used: {problem}")))
        }
        408 | 425 | 429 | 500.. => Err(not_now(&response)),
        status => Err(HandlerError::reject(format!("the endpoint answered {status}"))),
    }
}

/// The host tries again; not before the endpoint wants to be asked.
fn not_now(response: &Response) -> HandlerError {
    let reason = format!("the endpoint answered {}", response.status());
    let wait = response
        .header("retry-after")
        .and_then(|seconds| seconds.trim().parse().ok());
    match wait {
        Some(seconds) => HandlerError::retry_after(reason, Duration::from_secs(seconds)),
        None => HandlerError::retry(reason),
    }
}

fn signature(body: &[u8]) -> Result<String, Error> {
    let code = secrets::hmac_sha256(SIGNATURE, body)?;
    let mut header = "sha256=".to_owned();
    for byte in code {
        write!(header, "{byte:02x}").expect("a String takes everything");
    }
    Ok(header)
}

/// Tells the person, where the operator has a text for that; else the host knows what to do.
fn failed(
    ctx: &EventContext,
    settings: &Settings,
    msg: &Message,
    failure: HandlerError,
) -> Result<Outcome, HandlerError> {
    let (reason, is_final) = match &failure {
        HandlerError::Retry((reason, _)) => (reason, ctx.attempt >= PATIENCE),
        HandlerError::Reject(reason) => (reason, true),
    };
    error!("the endpoint failed: {reason}", attempt = ctx.attempt);
    if settings.error_text.is_empty() || !is_final {
        return Err(failure);
    }
    messaging::reply(msg, settings.error_text.as_str())?;
    Ok(Outcome::stop().with_note(reason.as_str()))
}

fn carry_out(msg: &Message, deed: Deed) -> Result<(), Error> {
    match deed {
        Deed::Say(text) => messaging::reply(msg, text).map(drop),
        Deed::React(emoji) => messaging::react(msg, &emoji),
        Deed::Send(file) => {
            let upload = Upload {
                caption: file.caption,
                file_name: file.name,
                ..messaging::uploaded(media::from_url(&file.url)?)
            };
            let what = match file.kind {
                Kind::Image => Outgoing::Image(upload),
                Kind::Video => Outgoing::Video(upload),
                Kind::Audio => Outgoing::Audio(upload),
                Kind::Voice => Outgoing::Voice(upload),
                Kind::Sticker => Outgoing::Sticker(upload),
                Kind::Document => Outgoing::Document(upload),
            };
            let options = Options {
                quote: (!msg.is_direct()).then(|| msg.key.clone()),
                ..Options::default()
            };
            messaging::send(msg.chat(), &what, &options).map(drop)
        }
    }
}

/// Whether a message in a group is meant for the account: mentions it, or answers it.
fn is_spoken_to(msg: &Message) -> bool {
    msg.mentions_me || msg.quoted.as_ref().is_some_and(|quoted| quoted.key.from_me)
}

#[cfg(test)]
mod tests;
