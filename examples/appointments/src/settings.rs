//! What the operator can set; `config.schema.json` says the same for editors and for the host. Data only.

use serde::Deserialize;

/// The whole configuration; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// IANA name.
    pub(crate) zone: String,
    pub(crate) services: Vec<String>,
    pub(crate) days: Vec<Day>,
    pub(crate) times: Vec<String>,
    pub(crate) days_ahead: u64,
    /// Hours before an appointment; 0 for never.
    pub(crate) remind_h: u64,
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
    pub(crate) fn place(self) -> u32 {
        self as u32
    }
}
