//! `[plugin.hook]`: how requests from outside reach an installation.

use std::time::Duration;

use http::HeaderName;
use waspnest_core::id::{SecretName, SessionName};

use super::form;
use super::pattern::Pattern;
use super::section::Section;

/// `[plugin.hook]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// How callers show that they may.
    pub auth: HookAuth,
    /// What they show it with.
    pub secret: SecretName,
    /// Names of the sessions that can be called for.
    pub sessions: Vec<Pattern>,
    /// Headers that are passed on.
    pub headers: Vec<HeaderName>,
    /// Bytes of the largest body.
    pub max_body: u64,
    /// How long a caller waits for the plugin's answer.
    pub wait: Duration,
}

/// How callers show that they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookAuth {
    /// `Authorization: Bearer` and the secret.
    Token,
    /// `x-hub-signature-256` of the body, as GitHub and Meta send it.
    Hub,
    /// The three headers of Standard Webhooks (1.0.0).
    Standard,
}

impl Hook {
    /// None where nothing is said about hooks.
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let modes = form::one_of(&[
            ("token", HookAuth::Token),
            ("hub", HookAuth::Hub),
            ("standard", HookAuth::Standard),
        ]);
        let is_written = section.is_written();
        let auth = section.or("auth", HookAuth::Token, modes);
        let secret = section.optional("secret", form::parsed);
        let sessions = section.or("sessions", vec![Pattern::everything()], form::list(form::parsed));
        let usual = vec![http::header::CONTENT_TYPE, http::header::USER_AGENT];
        let headers = section.or("headers", usual, form::list(form::parsed));
        let max_body = section.or("max-body", 256 << 10, form::bytes(0, 1 << 20));
        let longest = Duration::from_secs(60);
        let wait = section.or("wait", Duration::from_secs(10), form::span(Duration::ZERO, longest));
        if is_written && secret.is_none() {
            section.report(
                "secret",
                "is missing: the name of a [secrets] entry that callers have to know",
            );
        }
        section.finish();
        Some(Self {
            auth,
            secret: secret?,
            sessions,
            headers,
            max_body,
            wait,
        })
    }

    /// Whether it can be called for a session.
    #[must_use]
    pub fn is_for(&self, session: &SessionName) -> bool {
        self.sessions.iter().any(|pattern| pattern.matches(session.as_str()))
    }
}
