//! `[media]`: what callers may put here to send.

use super::form;
use super::section::Section;
use crate::service::media::MediaLimits;

impl Default for MediaLimits {
    fn default() -> Self {
        Self {
            upload: 100 << 20,
            fetch: 25 << 20,
        }
    }
}

impl MediaLimits {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let fetch = section.or("fetch-limit", default.fetch as u64, form::bytes(1 << 10, 1 << 30));
        let limits = Self {
            upload: section.or("upload-limit", default.upload, form::bytes(1 << 10, 2 << 30)),
            fetch: usize::try_from(fetch).unwrap_or(usize::MAX),
        };
        section.finish();
        limits
    }
}
