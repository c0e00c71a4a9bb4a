//! `[log]`: what is logged, and what a line looks like.

use tracing_subscriber::EnvFilter;

use super::form;
use super::section::Section;
use super::tree::Node;
use crate::telemetry::Format;

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What a line looks like.
    pub format: Format,
    /// A level, or `target=level` pairs: what `EnvFilter` reads.
    pub level: Box<str>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: Format::default(),
            level: "info".into(),
        }
    }
}

impl Log {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let log = Self {
            format: section.or(
                "format",
                default.format,
                form::one_of(&[("text", Format::Text), ("json", Format::Json)]),
            ),
            level: section.or("level", default.level, level),
        };
        section.finish();
        log
    }
}

fn level(node: &Node) -> Result<Box<str>, String> {
    let text = form::some_text(node)?;
    // Alone, any word would be read as the name of a module.
    let word = !text.contains(['=', ',', '[']);
    if word && text.parse::<tracing::level_filters::LevelFilter>().is_err() {
        return Err(form::not_among(
            &text,
            ["off", "error", "warn", "info", "debug", "trace"].into_iter(),
        ));
    }
    EnvFilter::try_new(&*text)
        .map_err(|error| format!("{text:?} is not a level or a list of target=level pairs: {error}"))?;
    Ok(text)
}
