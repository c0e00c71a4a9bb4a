//! `[plugin.commands]`: how the commands of a plugin's manifest are called, and by whom those for operators may be used.

use chrono_tz::Tz;
use waspnest_engine::command::Naming;

use super::form;
use super::pattern::Pattern;
use super::schedule;
use super::section::Section;
use super::tree::Node;

/// `[plugin.commands]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// What they are called.
    pub naming: Naming,
    /// The language in which the host speaks of them, where the manifest has it.
    pub language: Box<str>,
    /// What times of day are read in.
    pub zone: Tz,
    /// Who may use commands for operators, beside the account itself.
    pub operators: Vec<Pattern>,
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            naming: Naming::default(),
            language: "en".into(),
            zone: Tz::UTC,
            operators: Vec::new(),
        }
    }
}

impl Commands {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let Self {
            naming,
            language,
            zone,
            operators,
        } = Self::default();
        let prefixes = section.or("prefix", naming.prefixes, form::list(prefix));
        if prefixes.is_empty() {
            section.report("prefix", "must name at least one");
        }
        let disabled = section.or("disable", naming.disabled, form::list(form::some_text));
        let mut renamed = naming.renamed;
        for (from, to) in section.free("rename").1 {
            match to {
                toml::Value::String(to) if is_name(&to) => drop(renamed.insert(from.into(), to.into())),
                toml::Value::String(to) => {
                    section.report("rename", format!("{from}: {to:?} cannot be the name of a command"))
                }
                other => section.report("rename", format!("{from}: expected a text, found {}", other.type_str())),
            }
        }
        let commands = Self {
            naming: Naming {
                prefixes,
                disabled,
                renamed,
            },
            language: section.or("language", language, form::some_text),
            zone: section.or("zone", zone, schedule::zone),
            operators: section.or("operators", operators, form::list(form::parsed)),
        };
        section.finish();
        commands
    }
}

fn prefix(node: &Node) -> Result<Box<str>, String> {
    let text = form::some_text(node)?;
    if text.chars().count() > 8 || text.chars().any(char::is_whitespace) {
        return Err(format!(
            "{text:?} is not allowed: expected 1 to 8 characters without white space, such as \"/\" or \"!\""
        ));
    }
    Ok(text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= 32
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}
