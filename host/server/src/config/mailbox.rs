//! `[mailbox]`: what is kept of messages, and for how long.

use std::time::Duration;

use waspnest_whatsapp::History;

use super::form;
use super::section::Section;

/// `[mailbox]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailbox {
    /// Whether the past that a phone tells is taken.
    pub history: History,
    /// How long messages are kept; none for ever.
    pub keep: Option<Duration>,
    /// How many bytes of messages are kept of each session; none for all.
    pub keep_bytes: Option<u64>,
    /// When files of messages are fetched.
    pub media: Fetching,
    /// The largest file that is fetched, in bytes.
    pub media_limit: u64,
}

/// When files of messages are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetching {
    /// When somebody asks for them.
    OnDemand,
    /// As soon as the message is here.
    Eager,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Mailbox {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let history = form::one_of(&[("take", History::Taken), ("leave", History::Left)]);
        let media = form::one_of(&[("on-demand", Fetching::OnDemand), ("eager", Fetching::Eager)]);
        let mailbox = Self {
            history: section.or("history", History::Taken, history),
            keep: section.optional("keep", form::span(Duration::from_secs(60), DAY * 36_500)),
            keep_bytes: section.optional("keep-bytes", form::bytes(1 << 10, 1 << 50)),
            media: section.or("media", Fetching::OnDemand, media),
            media_limit: section.or("media-limit", 100 << 20, form::bytes(1 << 10, 2 << 30)),
        };
        section.finish();
        mailbox
    }
}
