//! `[build]`: how the author's tools make the component. The host reads it so that mistakes are told, and does nothing with it.

use std::path::{Path, PathBuf};

use super::section::{KeyError, Section};
use super::{is_plain_path, word};

/// What `language` may say: those that `waspnest plugin build` has a tool for.
pub const LANGUAGES: [&str; 6] = ["rust", "js", "ts", "python", "go", "c"];

/// What `handlers` may say, and the interface of each. All other handlers follow from the rest of the manifest.
pub(super) const HANDLERS: &[(&str, &str)] = &[
    ("schedule", "schedule-handler"),
    ("lifecycle", "lifecycle"),
    ("config-check", "config-check"),
];

/// `[build]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The language it is written in.
    pub language: &'static str,
    /// Where its sources begin, relative to the manifest's directory.
    pub source: Option<PathBuf>,
    /// Interfaces it exports that nothing else in the manifest tells of.
    pub handlers: Vec<&'static str>,
}

impl Build {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let known = LANGUAGES.map(|language| (language, language));
        let language = section.required("language")?;
        let language = word(section.at("language"), "language", language, &known)?;
        let source = match section.text("source")? {
            None => None,
            Some(".") => Some(PathBuf::from(".")),
            Some(path) if is_plain_path(path) => Some(Path::new(path).to_owned()),
            Some(path) => {
                let problem = format!("{path:?} must be a path below the manifest's directory");
                return section.fail("source", problem);
            }
        };
        let handlers = section.texts("handlers")?.unwrap_or_default().into_iter().enumerate();
        let handlers = handlers
            .map(|(index, handler)| word(section.at(&format!("handlers[{index}]")), "handler", handler, HANDLERS))
            .collect::<Result<_, _>>()?;
        section.finish()?;
        Ok(Self {
            language,
            source,
            handlers,
        })
    }
}
