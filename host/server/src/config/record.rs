//! `[plugins.record]`: what is kept of plugin calls.

use std::time::Duration;

use waspnest_engine::record::Bodies;

use super::form;
use super::section::Section;

/// `[plugins.record]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Records of each installation in each session; older ones go.
    pub runs: u32,
    /// What they hold of what people wrote; none makes no records.
    pub bodies: Option<Bodies>,
    /// How long they are kept.
    pub ttl: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Record {
    fn default() -> Self {
        Self {
            runs: 1000,
            bodies: Some(Bodies::Redacted),
            ttl: DAY * 7,
        }
    }
}

impl Record {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let bodies = form::one_of(&[
            ("off", None),
            ("redacted", Some(Bodies::Redacted)),
            ("full", Some(Bodies::Full)),
        ]);
        let record = Self {
            runs: section.or("runs", default.runs, form::integer(1, 1_000_000)),
            bodies: section.or("bodies", default.bodies, bodies),
            ttl: section.or("ttl", default.ttl, form::span(Duration::from_secs(60), DAY * 3650)),
        };
        section.finish();
        record
    }
}
