//! Hooks: requests from outside that become events of one installation, and the plugin's answers to them.
//!
//! A caller shows that it may before anything else is looked at. The request is in the log for good before anybody waits for an answer; the
//! answer comes from memory, after the commit of what the plugin drafted, so that whoever reads it knows that all of it was kept. A caller
//! that asks again makes another event.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use waspnest_core::clock::Clock;
use waspnest_core::draft::Response;
use waspnest_core::event::{EventKind, RequestEvent};
use waspnest_core::hmac;
use waspnest_core::id::{EventId, InstallationId, TenantId};
use waspnest_core::log::Log;
use waspnest_core::secret::SecretText;
use waspnest_core::trace_context::{TRACEPARENT, TRACESTATE};

use super::caller::Caller;
use super::error::Error;
use super::sessions::Sessions;
use crate::config::hook::{Hook, HookAuth};
use crate::replies::{Replies, Reply};
use crate::secrets::{SecretFailure, Secrets};

/// How far the clocks of both sides may be apart where the time is signed.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// What secrets of Standard Webhooks begin with that are written in base64.
const ENCODED: &str = "whsec_";

/// Why a call was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The installation has no hook, or none for this session.
    #[error("there is no hook of that name")]
    Unknown,
    /// The caller did not show that it may.
    #[error("the caller did not show that it may call this hook")]
    Unauthenticated,
    /// The body is too large.
    #[error("a body may have {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// What callers have to know cannot be read.
    #[error("the secret of the hook cannot be used")]
    Secret(#[from] SecretFailure),
    /// What callers have to know is not set.
    #[error("the secret of the hook has no value")]
    NoSecret,
    /// The host did not do it.
    #[error(transparent)]
    Service(#[from] Error),
}

/// One call.
#[derive(Clone)]
pub struct HookCall {
    /// Such as `POST`.
    pub method: Box<str>,
    /// What follows the installation in the path; begins with `/`.
    pub path: Box<str>,
    /// What follows the question mark.
    pub query: Option<Box<str>>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookOutcome {
    /// The plugin answered.
    Answered(Response),
    /// The plugin failed for good.
    Failed(EventId),
    /// It takes longer than the caller is made to wait.
    Later(EventId),
}

/// A hook, and in whose sessions it can be called; in everybody's if nobody is named.
pub type OwnedHook = (Hook, Option<TenantId>);

/// Looks for the hook of an installation.
type Find = dyn Fn(&InstallationId) -> Option<OwnedHook> + Send + Sync;

/// The use cases of hooks. Clones are the same.
#[derive(Clone)]
pub struct Hooks {
    hooks: Arc<Find>,
    secrets: Secrets,
    sessions: Sessions,
    log: Log,
    replies: Replies,
    clock: Arc<dyn Clock>,
}

impl Hooks {
    /// Over what `hooks` says of the installations at work, which come and go.
    #[must_use]
    pub fn new(
        hooks: impl Fn(&InstallationId) -> Option<OwnedHook> + Send + Sync + 'static,
        secrets: Secrets,
        sessions: Sessions,
        log: Log,
        replies: Replies,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            hooks: Arc::new(hooks),
            secrets,
            sessions,
            log,
            replies,
            clock,
        }
    }

    /// Records a call, and waits a while for the plugin's answer.
    ///
    /// # Errors
    /// [`HookError`]; nothing was recorded then.
    pub async fn call(&self, session: &str, installation: &str, call: HookCall) -> Result<HookOutcome, HookError> {
        let installation: InstallationId = installation.parse().map_err(|_| HookError::Unknown)?;
        let (hook, tenant) = (self.hooks)(&installation).ok_or(HookError::Unknown)?;
        let secret = self.secrets.text(&hook.secret).await?.ok_or(HookError::NoSecret)?;
        if !self.may_call(hook.auth, &secret, &call) {
            return Err(HookError::Unauthenticated);
        }
        if call.body.len() as u64 > hook.max_body {
            return Err(HookError::TooLarge { limit: hook.max_body });
        }
        // Installations with hooks are the operator's, and so are the names of sessions in their addresses.
        let (record, owner) = self.sessions.find(&Caller::admin(), session).await?;
        if !hook.is_for(&record.name) || tenant.is_some_and(|tenant| tenant != owner) {
            return Err(HookError::Unknown);
        }
        let shown = |name: &http::HeaderName| {
            let value = call.headers.get(name)?.to_str().ok()?;
            (name != AUTHORIZATION).then(|| (name.as_str().into(), value.into()))
        };
        // Where a request belongs in a trace stays with it, whatever else of it a plugin sees.
        let traced = [TRACEPARENT, TRACESTATE].map(http::HeaderName::from_static);
        let traced = traced.iter().filter(|name| !hook.headers.contains(name));
        let event = EventKind::Request(Box::new(RequestEvent {
            installation,
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            headers: hook.headers.iter().chain(traced).filter_map(shown).collect(),
            body: call.body.to_vec(),
        }));
        let appended = self
            .log
            .append(record.id, vec![event.into()])
            .await
            .map_err(Error::from)?;
        appended.applied.durable().await.map_err(Error::from)?;
        let Some(id) = appended.events.first().map(|event| event.id) else {
            return Err(Error::Internal("a request was taken for one that is known".into()).into());
        };
        tokio::select! {
            biased;
            reply = self.replies.take(id) => Ok(match reply {
                Reply::Answered(response) => HookOutcome::Answered(response),
                Reply::Failed => HookOutcome::Failed(id),
            }),
            () = self.clock.sleep(hook.wait) => Ok(HookOutcome::Later(id)),
        }
    }

    fn may_call(&self, auth: HookAuth, secret: &SecretText, call: &HookCall) -> bool {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let secret = secret.expose();
        match auth {
            HookAuth::Token => {
                let given = header("authorization").and_then(|given| given.split_once(' '));
                given.is_some_and(|(scheme, token)| {
                    scheme.eq_ignore_ascii_case("bearer") && hmac::verify(token.trim().as_bytes(), secret.as_bytes())
                })
            }
            HookAuth::Hub => {
                let code = hmac::sha256(secret.as_bytes(), &[&call.body]);
                let wanted = format!("sha256={}", hmac::hex(&code));
                header("x-hub-signature-256").is_some_and(|given| hmac::verify(given.as_bytes(), wanted.as_bytes()))
            }
            HookAuth::Standard => {
                let decoded = secret.strip_prefix(ENCODED).and_then(|text| STANDARD.decode(text).ok());
                let key = decoded.as_deref().unwrap_or(secret.as_bytes());
                let (Some(id), Some(time), Some(signatures)) = (
                    header("webhook-id"),
                    header("webhook-timestamp"),
                    header("webhook-signature"),
                ) else {
                    return false;
                };
                let now = self.clock.now().0 / 1000;
                let is_now = time
                    .parse::<u64>()
                    .is_ok_and(|time| time.abs_diff(now) <= TOLERANCE.as_secs());
                let head = format!("{id}.{time}.");
                let code = STANDARD.encode(hmac::sha256(key, &[head.as_bytes(), &call.body]));
                let wanted = format!("v1,{code}");
                let fits = |given: &str| hmac::verify(given.as_bytes(), wanted.as_bytes());
                is_now && signatures.split(' ').any(fits)
            }
        }
    }
}
