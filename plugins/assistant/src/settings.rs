//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data, and what a schema cannot say.

use core::time::Duration;
use serde::Deserialize;
use waspnest_plugin::types::{Issue, Message};

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    pub(crate) url: String,
    /// A header; empty for none.
    pub(crate) authorization: String,
    pub(crate) model: String,
    /// Empty for none.
    pub(crate) system: String,
    pub(crate) temperature: Option<f64>,
    pub(crate) max_tokens: u32,
    timeout_s: u64,
    /// Whether an answer is shown while it is made, where edits are granted.
    pub(crate) stream: bool,
    edit_every_ms: u64,
    groups: Groups,
    wait_ms: u64,
    /// How many messages are remembered.
    pub(crate) turns: usize,
    memory_kib: usize,
    forget_after_min: u64,
    /// How many messages of a chat are answered in an hour.
    pub(crate) per_hour: u32,
    pub(crate) texts: Texts,
}

/// What the plugin says itself; what is empty is not said.
#[derive(Debug, Deserialize)]
pub(crate) struct Texts {
    pub(crate) busy: String,
    pub(crate) sorry: String,
    /// Said behind an answer that broke off for good.
    pub(crate) cut: String,
    pub(crate) forgotten: String,
}

/// When it answers in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Groups {
    Mentioned,
    Never,
    Always,
}

impl Settings {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// The shortest time between two edits of an answer that is made.
    pub(crate) fn edit_every(&self) -> Duration {
        Duration::from_millis(self.edit_every_ms)
    }

    /// How long it waits for the rest of what somebody writes.
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    /// Bytes that are remembered.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_kib * 1024
    }

    /// How long a silent chat is remembered.
    pub(crate) fn memory_life(&self) -> Duration {
        Duration::from_secs(self.forget_after_min.saturating_mul(60))
    }

    /// Whether a message is for the assistant.
    pub(crate) fn wants(&self, msg: &Message) -> bool {
        let is_spoken_to = msg.mentions_me || msg.quoted.as_ref().is_some_and(|quoted| quoted.key.from_me);
        msg.is_direct()
            || match self.groups {
                Groups::Mentioned => is_spoken_to,
                Groups::Never => false,
                Groups::Always => true,
            }
    }

    /// What is wrong with them.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            let problem = format!(
                "{:?} is no URL of a server: it begins with https:// or http://",
                self.url
            );
            issues.push(Issue::fatal("/url", problem));
        } else if !self.url.contains("/chat/completions") {
            let problem = "does not end in /chat/completions, which is what such endpoints are called";
            issues.push(Issue::warning("/url", problem));
        }
        if self.model.trim().is_empty() {
            issues.push(Issue::fatal(
                "/model",
                "is missing: write the model's name, as the endpoint knows it",
            ));
        }
        if self.system.len() > self.memory_bytes() {
            issues.push(Issue::warning(
                "/memory-kib",
                "is less than what system says; little of a chat is remembered",
            ));
        }
        issues
    }
}
