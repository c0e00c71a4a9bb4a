//! Where log lines go, and the names of spans.
//!
//! One line per request, plugin call and effect, readable alone, with ids repeated as dotted fields (`session.id`, `event.id`).
//! Never in a line: message bodies, tokens, keys, whole phone numbers. The last are cut out of every line on its way out, whoever wrote it.
//!
//! A level is what the host itself says; libraries say warnings and errors, unless their targets are named: what they tell beyond that is
//! made for those who work on them, and holds what people write.

mod numbers;

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use numbers::WithoutNumbers;

/// Names of spans: constants, because dashboards and alerts are built on them.
pub mod span {
    /// One HTTP request.
    pub const REQUEST: &str = "http.request";
    /// One background task.
    pub const TASK: &str = "task";
    /// One event, from when it came until it was taken up.
    pub const EVENT: &str = "event";
    /// All that one installation does about an event.
    pub const HANDLING: &str = "plugin.handle";
    /// One request that a plugin makes.
    pub const PLUGIN_REQUEST: &str = "plugin.request";
    /// One attempt to tell a webhook of an event.
    pub const DELIVERY: &str = "webhook.attempt";
    /// One call of a plugin.
    pub const CALL: &str = "plugin.call";
    /// One attempt to carry out an effect.
    pub const EFFECT: &str = "effect.attempt";
    /// One session's life.
    pub const SESSION: &str = "session";
}

/// What all targets of the host begin with.
const OURS: &str = "waspnest";

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Which lines are logged. It can be changed while the process runs.
#[derive(Debug, Clone)]
pub struct Lines(reload::Handle<EnvFilter, Registry>);

impl Lines {
    /// Logs what `filter` lets through from now on.
    ///
    /// # Errors
    /// When the subscriber is gone.
    pub fn set(&self, filter: &str) -> Result<(), reload::Error> {
        self.0.reload(EnvFilter::new(of_ours(filter)))
    }
}

/// Sends log lines of this process to standard error. `filter` is what `EnvFilter` reads: a level of the host's own lines, or
/// `target=level` pairs.
///
/// # Errors
/// When the process already has a subscriber.
pub fn start(filter: &str, format: Format) -> Result<Lines, TryInitError> {
    let (filter, handle) = reload::Layer::new(EnvFilter::new(of_ours(filter)));
    match format {
        Format::Text => {
            let ansi = std::io::stderr().is_terminal();
            tracing_subscriber::registry()
                .with(filter)
                .with(text(std::io::stderr, ansi))
                .try_init()?;
        }
        Format::Json => tracing_subscriber::registry()
            .with(filter)
            .with(json(std::io::stderr))
            .try_init()?,
    }
    Ok(Lines(handle))
}

/// A filter in which a level without a target is about the host's own targets, and libraries are at `warn` at most.
fn of_ours(filter: &str) -> String {
    let mut parts = Vec::new();
    for part in filter.split(',').map(str::trim) {
        match part.parse::<LevelFilter>() {
            Ok(level) => {
                parts.push(level.min(LevelFilter::WARN).to_string());
                parts.push(format!("{OURS}={level}"));
            }
            Err(_) => parts.push(part.to_owned()),
        }
    }
    parts.join(",")
}

fn text<S, W>(writer: W, ansi: bool) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_writer(WithoutNumbers(writer))
        .with_ansi(ansi)
}

fn json<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_writer(WithoutNumbers(writer))
        .json()
        .flatten_event(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_about_the_host_and_libraries_only_warn() {
        for (given, meant) in [
            ("info", "warn,waspnest=info"),
            ("trace", "warn,waspnest=trace"),
            ("error", "error,waspnest=error"),
            ("off", "off,waspnest=off"),
            ("debug,hyper=info", "warn,waspnest=debug,hyper=info"),
            ("waspnest_engine=trace", "waspnest_engine=trace"),
        ] {
            assert_eq!(of_ours(given), meant);
            EnvFilter::try_new(of_ours(given)).expect("a filter");
        }
    }
}
