//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data, and what a schema cannot say.

use core::time::Duration;
use serde::Deserialize;
use waspnest_plugin::types::Issue;

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// After how many hours a poll closes that does not say when; 0 for never.
    closes_after_h: u64,
    /// How many polls of a chat may be open.
    pub(crate) max_open: usize,
    /// What the plugin says.
    pub(crate) texts: Texts,
}

/// What the plugin says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Texts {
    pub(crate) how: String,
    pub(crate) too_many: String,
    pub(crate) none_open: String,
    pub(crate) not_yours: String,
    pub(crate) so_far: String,
    pub(crate) result: String,
    /// For nobody, for one, for more.
    pub(crate) voters: [String; 3],
}

impl Settings {
    /// For how long a poll is open that does not say it; none for ever.
    pub(crate) fn life(&self) -> Option<Duration> {
        (self.closes_after_h > 0).then(|| Duration::from_secs(self.closes_after_h.saturating_mul(3600)))
    }

    /// What is wrong with them.
    pub(crate) fn issues(&self) -> Vec<Issue> {
        let texts = &self.texts;
        let mut issues = Vec::new();
        for (name, text) in [
            ("how", &texts.how),
            ("too-many", &texts.too_many),
            ("none-open", &texts.none_open),
            ("not-yours", &texts.not_yours),
            ("so-far", &texts.so_far),
            ("result", &texts.result),
        ] {
            if text.trim().is_empty() {
                issues.push(Issue::fatal(format!("/texts/{name}"), "is blank; write a text"));
            }
        }
        for (name, text) in [("so-far", &texts.so_far), ("result", &texts.result)] {
            if !text.contains("{options}") {
                let problem = "does not show the votes; write {options} where they shall stand";
                issues.push(Issue::fatal(format!("/texts/{name}"), problem));
            }
        }
        issues
    }
}
