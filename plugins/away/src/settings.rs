//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data only.

use serde::Deserialize;

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
pub struct Settings {
    /// IANA name of the zone of all times and dates.
    pub(crate) zone: String,
    /// When somebody is there.
    pub(crate) hours: Vec<Hours>,
    /// Dates on which nobody is there.
    pub(crate) holidays: Vec<String>,
    /// Where it answers.
    pub(crate) chats: Chats,
    /// What it answers.
    pub(crate) answer: String,
}

/// The same hours on some days.
#[derive(Debug, Deserialize)]
pub(crate) struct Hours {
    pub(crate) days: Vec<Day>,
    pub(crate) spans: Vec<Written>,
}

/// A span as it is written.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    pub(crate) from: String,
    pub(crate) until: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// Its place in the week, Monday being 0.
    pub(crate) fn place(self) -> usize {
        self as usize
    }
}

/// Where it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Chats {
    Direct,
    Any,
}
