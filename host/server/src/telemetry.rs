//! Where log lines go, and the names of spans.
//!
//! One line per request, plugin call and effect, readable alone, with ids repeated as dotted fields (`session.id`, `event.id`).
//! Never in a line: message bodies, tokens, keys, whole phone numbers.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Names of spans: constants, because dashboards and alerts are built on them.
pub mod span {
    /// One HTTP request.
    pub const REQUEST: &str = "http.request";
    /// One background task.
    pub const TASK: &str = "task";
    /// One call of a plugin.
    pub const CALL: &str = "plugin.call";
    /// One attempt to carry out an effect.
    pub const EFFECT: &str = "effect.attempt";
    /// One session's life.
    pub const SESSION: &str = "session";
}

/// What a log line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Sends log lines of this process to standard error. `filter` is what `EnvFilter` reads: a level, or `target=level` pairs.
///
/// # Errors
/// When the process already has a subscriber.
pub fn start(filter: &str, format: Format) -> Result<(), TryInitError> {
    let filter = EnvFilter::new(filter);
    match format {
        Format::Text => {
            let ansi = std::io::stderr().is_terminal();
            tracing_subscriber::registry()
                .with(filter)
                .with(text(std::io::stderr, ansi))
                .try_init()
        }
        Format::Json => tracing_subscriber::registry()
            .with(filter)
            .with(json(std::io::stderr))
            .try_init(),
    }
}

fn text<S, W>(writer: W, ansi: bool) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi)
}

fn json<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .json()
        .flatten_event(true)
}
