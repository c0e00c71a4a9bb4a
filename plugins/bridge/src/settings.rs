//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data, and what a schema cannot say.

use core::time::Duration;
use serde::Deserialize;
use std::collections::BTreeMap;
use waspnest_plugin::types::{Issue, Jid, Message};

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// The endpoint.
    pub(crate) url: String,
    /// Headers beside the plugin's own.
    pub(crate) headers: BTreeMap<String, String>,
    /// Whether requests are signed.
    pub(crate) sign: bool,
    timeout_s: u64,
    /// What messages must begin with.
    prefix: String,
    chats: Chats,
    /// The only groups; none for all.
    groups: Vec<Jid>,
    /// What becomes of files.
    pub(crate) media: Media,
    /// What is said when the endpoint fails; empty for nothing.
    pub(crate) error_text: String,
}

/// In which chats it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Chats {
    Any,
    Direct,
    Group,
    /// Direct ones, and groups where the account is spoken to.
    Mentioned,
}

/// What becomes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Media {
    Describe,
    Inline,
}

impl Settings {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    /// The text that is handed over of a message that counts; none where it does not.
    pub(crate) fn wanted<'a>(&self, msg: &'a Message, is_spoken_to: bool) -> Option<&'a str> {
        let in_chat = match self.chats {
            Chats::Any => true,
            Chats::Direct => msg.is_direct(),
            Chats::Group => !msg.is_direct(),
            Chats::Mentioned => msg.is_direct() || is_spoken_to,
        };
        let in_group = msg.is_direct() || self.groups.is_empty() || self.groups.contains(&msg.key.chat);
        let text = msg.text().unwrap_or_default().strip_prefix(self.prefix.as_str())?;
        (in_chat && in_group).then_some(text.trim())
    }

    /// What is wrong with them.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if self.url.is_empty() {
            issues.push(Issue::fatal("/url", "is missing: write where messages are sent"));
        } else if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            let problem = format!(
                "{:?} is no URL of a server: it begins with https:// or http://",
                self.url
            );
            issues.push(Issue::fatal("/url", problem));
        }
        for (name, value) in &self.headers {
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            {
                issues.push(Issue::fatal("/headers", format!("{name:?} is no name of a header")));
            }
            if value.contains(['\r', '\n']) {
                issues.push(Issue::fatal(format!("/headers/{name}"), "has more than one line"));
            }
        }
        if matches!(self.chats, Chats::Direct) && !self.groups.is_empty() {
            issues.push(Issue::warning("/groups", "does nothing while chats is direct"));
        }
        issues
    }
}
