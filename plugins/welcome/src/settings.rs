//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data, and what a schema cannot say.

use core::time::Duration;
use serde::Deserialize;
use waspnest_plugin::types::Issue;

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// What greets; empty for nothing.
    pub(crate) greeting: String,
    /// What `/rules` answers.
    pub(crate) rules: String,
    /// Whether links are allowed.
    pub(crate) links: Links,
    /// Hosts that may be linked all the same.
    pub(crate) allowed_hosts: Vec<String>,
    /// How many messages one person may write in `flood_s`; 0 for any number.
    pub(crate) flood_messages: u32,
    /// Seconds.
    pub(crate) flood_s: u64,
    /// How many warnings somebody gets.
    pub(crate) warnings: u32,
    /// Hours after which warnings are forgotten.
    pub(crate) forget_after_h: u64,
}

/// Whether links are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Links {
    Allow,
    Warn,
}

impl Settings {
    /// How long warnings are remembered.
    pub(crate) fn memory(&self) -> Duration {
        Duration::from_secs(self.forget_after_h.saturating_mul(3600))
    }

    /// What is wrong with them.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (place, host) in self.allowed_hosts.iter().enumerate() {
            let of_a_host = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-');
            if !host.contains('.') || host.starts_with('.') || !host.chars().all(of_a_host) {
                let problem = format!("{host:?} is no host; write one such as example.com, without https:// and path");
                issues.push(Issue::fatal(format!("/allowed-hosts/{place}"), problem));
            }
        }
        if self.rules.trim().is_empty() {
            issues.push(Issue::fatal("/rules", "is blank; write a text"));
        }
        if !self.allowed_hosts.is_empty() && self.links == Links::Allow {
            let problem = "does nothing while all links are allowed; set links to warn";
            issues.push(Issue::warning("/allowed-hosts", problem));
        }
        if let Some(place) = unknown_place(&self.greeting) {
            let problem = format!("has {place}, which stays as it is; there are {{name}} and {{group}}");
            issues.push(Issue::warning("/greeting", problem));
        }
        issues
    }
}

/// The first word in braces that nothing is put for.
fn unknown_place(template: &str) -> Option<&str> {
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let end = start + rest[start..].find('}')? + 1;
        let place = &rest[start..end];
        if !matches!(place, "{name}" | "{group}") {
            return Some(place);
        }
        rest = &rest[end..];
    }
    None
}
