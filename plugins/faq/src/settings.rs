//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data only.

use serde::Deserialize;

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// For how many seconds a rule is silent in a chat where it has answered, unless it says otherwise.
    pub(crate) cooldown_s: u64,
    /// In the order in which they are tried.
    pub(crate) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Rule {
    /// Its own name.
    pub(crate) name: String,
    /// How its words are compared.
    #[serde(rename = "match")]
    pub(crate) comparison: Comparison,
    /// One of them must fit.
    pub(crate) words: Vec<String>,
    /// What is answered.
    pub(crate) answer: String,
    /// Where the answer quotes.
    #[serde(default)]
    pub(crate) quote: Quote,
    /// Where it holds.
    #[serde(default)]
    pub(crate) chats: Chats,
    /// Whether capitals count.
    #[serde(default)]
    pub(crate) case: Case,
    /// Its own time of silence, in seconds.
    pub(crate) cooldown_s: Option<u64>,
}

/// How words are compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Comparison {
    Equals,
    Contains,
    Starts,
    Ends,
    Regex,
}

/// Where an answer quotes the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Quote {
    /// Where several people talk.
    #[default]
    InGroups,
    Always,
    Never,
}

/// In which chats a rule holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Chats {
    #[default]
    Any,
    Direct,
    Group,
}

/// Whether capitals and small letters are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Case {
    #[default]
    Fold,
    Exact,
}
