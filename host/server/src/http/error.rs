//! The one mapping from what went wrong to what a caller reads: RFC 9457 problem documents.
//!
//! `code` is stable and for programs, `detail` is for people. What happened inside the host goes to the log, once, and never out.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use waspnest_core::caller::Scope;
use waspnest_core::id::EventId;
use waspnest_core::live::Refusal;
use waspnest_core::media_store::MediaError;
use waspnest_engine::configuration::Weight;
use waspnest_whatsapp::{AskError, FetchError, PairingError, ProxyError};

use super::reply::Reply;
use crate::config::made::{DefinitionFault, UnusableDefinition};
use crate::rollout::RolloutError;
use crate::service::caller::{Busy, LoginError, Refused};
use crate::service::control::ControlError;
use crate::service::error::Error;
use crate::service::hooks::HookError;
use crate::service::mailbox::{FileError, PastError};
use crate::service::readiness::Lack;
use crate::settings::Finding;

/// What a host answers that starts or stops: its normal life, and no fault.
const NOT_READY: &str = "not_ready";

/// What a session answers that has no connection, and what it answers that WhatsApp said no to: no fault of the host's.
const NOT_CONNECTED: &str = "session_not_connected";
const REFUSED: &str = "refused_by_whatsapp";
const NOT_SUPPORTED: &str = "not_supported";

/// How long to wait when WhatsApp wants one and does not say how long.
const USUAL_WAIT: Duration = Duration::from_secs(60);

/// Something wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where it is, as a JSON pointer.
    pub(super) pointer: String,
    /// What is wrong, in words.
    pub(super) detail: String,
}

/// Why a request was not answered as hoped.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    /// WhatsApp's own code, where it refused with one.
    whatsapp_code: Option<u32>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            faults: Vec::new(),
            whatsapp_code: None,
            header: None,
            source: None,
        }
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value).ok().map(|value| Box::new((name, value)));
        self
    }

    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_route", "there is nothing at this path")
    }

    /// Something that is only for who wants a WebSocket.
    pub(super) fn upgrade_required() -> Self {
        let detail = "this is for WebSockets: the handshake of RFC 6455, version 13, over HTTP/1.1";
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail).header(UPGRADE, "websocket")
    }

    /// Code and words, for who is told over something that is no answer.
    pub(super) fn told(&self) -> Value {
        let faults = self.faults.iter();
        let faults: Vec<_> = faults
            .map(|fault| json!({ "pointer": fault.pointer, "detail": fault.detail }))
            .collect();
        json!({ "code": self.code, "detail": self.detail, "errors": faults })
    }

    pub(super) fn method_not_allowed(allowed: &[Method]) -> Self {
        let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this path takes {allowed}"),
        )
        .header(ALLOW, &allowed)
    }

    pub(super) fn unauthenticated() -> Self {
        let detail = "send the admin secret, an API key, a session's token or the access token of a login as `Authorization: Bearer …`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail).header(WWW_AUTHENTICATE, "Bearer")
    }

    pub(super) fn scope_missing(scope: Scope) -> Self {
        let detail = format!("this takes the scope {scope}, which you do not have");
        Self::new(StatusCode::FORBIDDEN, "scope_missing", detail)
    }

    pub(super) fn admin_only() -> Self {
        let detail = "this takes the admin secret";
        Self::new(StatusCode::FORBIDDEN, "admin_only", detail)
    }

    /// Something that only those can do who have logged in with a password.
    pub(super) fn no_login() -> Self {
        let detail = "this is for users, with the access token of their login";
        Self::new(StatusCode::CONFLICT, "no_login", detail)
    }

    fn busy(code: &'static str, detail: String, retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs().max(1).to_string();
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).header(RETRY_AFTER, &seconds)
    }

    pub(super) fn not_acceptable(offers: &[&str]) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            format!("this path answers with {}", offers.join(", ")),
        )
    }

    pub(super) fn body_too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("a body may have {limit} bytes"),
        )
    }

    pub(super) fn body_broken() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "body_broken",
            "the body ended before it was complete",
        )
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body must be application/json",
        )
    }

    pub(super) fn malformed_json(detail: &serde_json::Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            format!("the body is not JSON: {detail}"),
        )
    }

    pub(super) fn invalid_body(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_body",
                "the body says things that cannot be; see errors",
            )
        }
    }

    pub(super) fn invalid_query(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
    }

    /// Something in the path that cannot be what it stands for.
    pub(super) fn invalid_path(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_path", detail)
    }

    /// What the WhatsApp client cannot do, and why.
    pub(super) fn not_supported(why: &'static str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, NOT_SUPPORTED, why)
    }

    pub(super) fn invalid_header(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_header", detail)
    }

    /// An id in the path that is not even the form of one: nothing of that name can exist.
    pub(super) fn unknown(code: &'static str, detail: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    pub(super) fn range_not_there(size: u64) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_there",
            format!("the file has {size} bytes; the range begins behind its end"),
        )
        .header(CONTENT_RANGE, &format!("bytes */{size}"))
    }

    pub(super) fn not_ready(phase: &'static str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            NOT_READY,
            format!("the host is {phase}"),
        )
        .header(RETRY_AFTER, "1")
    }

    /// A host that cannot do its work, and what it lacks.
    pub(super) fn lacking(lacks: &[Lack]) -> Self {
        let words: Vec<_> = lacks.iter().map(ToString::to_string).collect();
        let faults = lacks.iter().zip(&words).map(|(lack, words)| Fault {
            pointer: format!("/{}", lack.name()),
            detail: words.clone(),
        });
        Self {
            faults: faults.collect(),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, NOT_READY, words.join("; "))
        }
        .header(RETRY_AFTER, "1")
    }

    /// A form that is none, or not the one that is taken.
    pub(super) fn garbage(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_form", detail)
    }

    /// The same request, once more while the first is not answered.
    pub(super) fn under_way() -> Self {
        let detail = "a request under this idempotency key is under way";
        Self::new(StatusCode::CONFLICT, "request_under_way", detail).header(RETRY_AFTER, "1")
    }

    /// A plugin that cannot answer a request from outside.
    pub(super) fn hook_failed(event: EventId) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "hook_failed",
            format!("the plugin could not handle the request; it is event {event}"),
        )
    }

    pub(super) fn panicked() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the host made a mistake; its log says more under this request's id",
        )
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// Whether the host, and not the caller, has something to look at.
    pub(super) fn is_fault(&self) -> bool {
        let ours = ![NOT_READY, NOT_CONNECTED, REFUSED, NOT_SUPPORTED].contains(&self.code);
        self.status.is_server_error() && ours
    }

    /// Everything that is known, for the log.
    pub(super) fn chain(&self) -> String {
        let mut words = self.detail.to_string();
        // The service's own words are the detail already.
        let mut source = self.source.as_deref().and_then(|source| source.source());
        while let Some(error) = source {
            words = format!("{words}: {error}");
            source = error.source();
        }
        words
    }

    pub(super) fn into_reply(self, request_id: &str) -> Reply {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        });
        if !self.faults.is_empty() {
            let faults = self
                .faults
                .into_iter()
                .map(|fault| json!({ "pointer": fault.pointer, "detail": fault.detail }));
            problem["errors"] = Value::Array(faults.collect());
        }
        if let Some(code) = self.whatsapp_code {
            problem["whatsapp_code"] = code.into();
        }
        let mut reply = Reply::new(self.status, Bytes::from(problem.to_string()));
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        reply.headers.extend(self.header.map(|header| *header));
        reply
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown => Self::unauthenticated(),
            Refused::Elsewhere { .. } => Self::new(StatusCode::FORBIDDEN, "address_not_allowed", refused.to_string()),
            Refused::Busy(busy) => busy.into(),
            Refused::Store(error) => Error::Store(error).into(),
        }
    }
}

impl From<Busy> for ApiError {
    fn from(busy: Busy) -> Self {
        Self::busy("too_many_requests", busy.to_string(), busy.retry_after)
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let detail = error.to_string();
        match error {
            LoginError::Wrong => Self::new(StatusCode::UNAUTHORIZED, "wrong_password", detail),
            LoginError::Ended => Self::new(StatusCode::UNAUTHORIZED, "login_ended", detail),
            LoginError::Stolen { .. } => Self::new(StatusCode::UNAUTHORIZED, "refresh_token_reused", detail),
            LoginError::Busy(busy) => busy.into(),
            LoginError::Password(error) => Error::from(error).into(),
            LoginError::Store(error) => Error::Store(error).into(),
        }
    }
}

impl From<HookError> for ApiError {
    fn from(error: HookError) -> Self {
        let detail = error.to_string();
        match error {
            HookError::Unknown => Self::unknown("unknown_hook", detail),
            HookError::Unauthenticated => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail).header(WWW_AUTHENTICATE, "Bearer")
            }
            HookError::TooLarge { limit } => Self::body_too_large(limit),
            HookError::Service(error) => error.into(),
            error @ (HookError::Secret(_) | HookError::NoSecret) => Self {
                source: Some(Box::new(error)),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "hook_not_ready", detail)
            },
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let retry_after = match &error {
            Error::TenantBusy { retry_after, .. } => Some(*retry_after),
            Error::TooOften(busy) => Some(busy.retry_after),
            Error::Busy => Some(Duration::from_secs(1)),
            _ => None,
        };
        let (status, code) = match &error {
            Error::UnknownSession { .. } => (StatusCode::NOT_FOUND, "unknown_session"),
            Error::NameTaken { .. } => (StatusCode::CONFLICT, "session_name_taken"),
            Error::UnknownEffect { .. } => (StatusCode::NOT_FOUND, "unknown_effect"),
            Error::UnknownBackup { .. } => (StatusCode::NOT_FOUND, "unknown_backup"),
            Error::UnknownRun { .. } => (StatusCode::NOT_FOUND, "unknown_run"),
            Error::NotReplayable { .. } => (StatusCode::CONFLICT, "not_replayable"),
            Error::UnknownInstallation { .. } => (StatusCode::NOT_FOUND, "unknown_installation"),
            Error::UnknownSecret { .. } => (StatusCode::NOT_FOUND, "unknown_secret"),
            Error::UnusableConfig { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unusable_config"),
            Error::HiddenValue => (StatusCode::UNPROCESSABLE_ENTITY, "hidden_value"),
            Error::LayerTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "config_too_large"),
            Error::UnknownSchedule { .. } => (StatusCode::NOT_FOUND, "unknown_schedule"),
            Error::UnknownMessage { .. } => (StatusCode::NOT_FOUND, "unknown_message"),
            Error::UnknownScheduledMessage { .. } => (StatusCode::NOT_FOUND, "unknown_scheduled_message"),
            Error::UnknownMedia => (StatusCode::NOT_FOUND, "unknown_media"),
            Error::EmptyMedia => (StatusCode::UNPROCESSABLE_ENTITY, "empty_media"),
            Error::Media(MediaError::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "media_too_large"),
            Error::Media(MediaError::Io { .. }) => (StatusCode::SERVICE_UNAVAILABLE, "media_unavailable"),
            Error::NotFetched { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "not_fetched"),
            Error::NotPossible { .. } => (StatusCode::CONFLICT, "not_possible"),
            Error::NotSupported { .. } => (StatusCode::NOT_IMPLEMENTED, "not_supported"),
            Error::Policy(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_send_policy"),
            Error::UnknownQuote => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_quote"),
            Error::KeyReused => (StatusCode::CONFLICT, "idempotency_key_reused"),
            Error::NoQr { .. } => (StatusCode::CONFLICT, "no_qr"),
            Error::Control(ControlError::NotRunning) => (StatusCode::CONFLICT, "session_not_running"),
            Error::Control(ControlError::Failed(_)) => (StatusCode::BAD_GATEWAY, "session_failed"),
            Error::UnknownTenant { .. } => (StatusCode::NOT_FOUND, "unknown_tenant"),
            Error::UnknownUser { .. } => (StatusCode::NOT_FOUND, "unknown_user"),
            Error::UnknownApiKey { .. } => (StatusCode::NOT_FOUND, "unknown_api_key"),
            Error::CallerNameTaken { .. } => (StatusCode::CONFLICT, "name_taken"),
            Error::TenantInUse { .. } => (StatusCode::CONFLICT, "tenant_in_use"),
            Error::DefaultTenant => (StatusCode::CONFLICT, "default_tenant"),
            Error::TooManySessions { .. } => (StatusCode::CONFLICT, "too_many_sessions"),
            Error::TenantBusy { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_messages"),
            Error::BeyondCaller { .. } => (StatusCode::FORBIDDEN, "scope_missing"),
            Error::HeldToSessions => (StatusCode::FORBIDDEN, "held_to_sessions"),
            Error::BeyondSessions { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "scope_beyond_sessions"),
            Error::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Error::UnknownWebhook { .. } => (StatusCode::NOT_FOUND, "unknown_webhook"),
            Error::UnknownDelivery => (StatusCode::NOT_FOUND, "unknown_delivery"),
            Error::UnusableUrl { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unusable_url"),
            Error::TellsTooMuch => (StatusCode::FORBIDDEN, "tells_too_much"),
            Error::TellsNothing { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "tells_nothing"),
            Error::TooManyWebhooks { .. } => (StatusCode::CONFLICT, "too_many_webhooks"),
            Error::WeakPassword(_) => (StatusCode::UNPROCESSABLE_ENTITY, "weak_password"),
            Error::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            Error::InThePast => (StatusCode::UNPROCESSABLE_ENTITY, "in_the_past"),
            Error::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Error::Control(ControlError::Proxy(ProxyError::WeakenedBuild { .. })) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "proxy_not_allowed")
            }
            Error::Control(ControlError::Proxy(ProxyError::Unreadable | ProxyError::Store(_))) => {
                (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable")
            }
            Error::Control(ControlError::Pairing(error)) => match error {
                PairingError::Linked => (StatusCode::CONFLICT, "already_linked"),
                PairingError::NotNow(_) => (StatusCode::CONFLICT, "not_now"),
                PairingError::Session(_) => (StatusCode::BAD_GATEWAY, "session_failed"),
                PairingError::Refused(refusal) => refused(refusal),
            },
            Error::Refused(refusal) => refused(refusal),
            Error::NoRecipients => (StatusCode::CONFLICT, "no_recipients"),
            Error::Rollout(error) => rollout(error),
            Error::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        let detail = match &error {
            // What is not at work is the whole story; what failed is for the log.
            Error::Control(inner @ (ControlError::NotRunning | ControlError::Pairing(_) | ControlError::Proxy(_))) => {
                inner.to_string()
            }
            Error::Refused(Refusal::Refused { code, words }) => match code {
                0 => format!("WhatsApp did not do it: {words}"),
                code => format!("WhatsApp refused it with {code}: {words}"),
            },
            _ => error.to_string(),
        };
        let faults = match &error {
            Error::Rollout(RolloutError::Definition(UnusableDefinition(faults))) => faults.iter().map(said).collect(),
            Error::UnusableConfig { findings } => findings.of(Weight::Fatal).map(fault).collect(),
            _ => Vec::new(),
        };
        let refusal = match &error {
            Error::Refused(refusal) | Error::Control(ControlError::Pairing(PairingError::Refused(refusal))) => {
                Some(refusal)
            }
            _ => None,
        };
        let whatsapp_code = match refusal {
            Some(Refusal::Refused { code, .. }) if *code != 0 => Some(*code),
            _ => None,
        };
        let retry_after = match refusal {
            Some(Refusal::TooFast { wait }) => Some(wait.unwrap_or(USUAL_WAIT)),
            _ => retry_after,
        };
        let mut answer = Self {
            faults,
            whatsapp_code,
            source: Some(Box::new(error)),
            ..Self::new(status, code, detail)
        };
        if let Some(retry_after) = retry_after {
            answer = answer.header(RETRY_AFTER, &retry_after.as_secs().max(1).to_string());
        }
        answer
    }
}

/// What an account, or WhatsApp, says to a question.
const fn refused(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Offline => (StatusCode::SERVICE_UNAVAILABLE, NOT_CONNECTED),
        Refusal::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "no_answer_in_time"),
        Refusal::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, "asked_too_often"),
        Refusal::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_possible"),
        Refusal::Refused { .. } => (StatusCode::BAD_GATEWAY, REFUSED),
    }
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        let (status, code) = match &error {
            FileError::None => (StatusCode::NOT_FOUND, "no_media"),
            FileError::Fetch(FetchError::NotConnected) => (StatusCode::SERVICE_UNAVAILABLE, "session_not_connected"),
            FileError::Fetch(FetchError::NoFile) => (StatusCode::GONE, "media_gone"),
            FileError::Fetch(FetchError::TooLarge { .. }) | FileError::Media(MediaError::TooLarge { .. }) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "media_too_large")
            }
            FileError::Fetch(FetchError::Failed { .. }) => (StatusCode::BAD_GATEWAY, "media_not_fetched"),
            FileError::Media(MediaError::Io { .. }) => (StatusCode::SERVICE_UNAVAILABLE, "media_unavailable"),
            FileError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
        };
        Self {
            detail: error.to_string().into(),
            source: Some(Box::new(error)),
            ..Self::new(status, code, "")
        }
    }
}

impl From<PastError> for ApiError {
    fn from(error: PastError) -> Self {
        let (status, code) = match &error {
            PastError::Empty => (StatusCode::CONFLICT, "chat_empty"),
            PastError::Complete => (StatusCode::CONFLICT, "nothing_older"),
            PastError::Ask(AskError::NotConnected) => (StatusCode::SERVICE_UNAVAILABLE, "session_not_connected"),
            PastError::Ask(AskError::Failed { .. }) => (StatusCode::BAD_GATEWAY, "phone_not_asked"),
            PastError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
        };
        Self {
            detail: error.to_string().into(),
            source: Some(Box::new(error)),
            ..Self::new(status, code, "")
        }
    }
}

const fn rollout(error: &RolloutError) -> (StatusCode, &'static str) {
    match error {
        RolloutError::UnknownInstallation { .. } => (StatusCode::NOT_FOUND, "unknown_installation"),
        RolloutError::UnknownVersion { .. } => (StatusCode::NOT_FOUND, "unknown_version"),
        RolloutError::NothingBefore { .. } => (StatusCode::CONFLICT, "nothing_to_roll_back_to"),
        RolloutError::NotApproved { .. } => (StatusCode::CONFLICT, "version_not_approved"),
        RolloutError::Backwards { .. } => (StatusCode::CONFLICT, "data_of_a_later_form"),
        RolloutError::Migration { .. } => (StatusCode::CONFLICT, "data_not_migrated"),
        RolloutError::AtWork { .. } => (StatusCode::CONFLICT, "version_at_work"),
        RolloutError::OtherData { .. } => (StatusCode::CONFLICT, "data_of_another_form"),
        RolloutError::OtherPlugin { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "other_plugin"),
        RolloutError::Arrival { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "unusable_package"),
        RolloutError::Fetch { .. } => (StatusCode::BAD_GATEWAY, "package_not_fetched"),
        RolloutError::Signature { .. } => (StatusCode::FORBIDDEN, "version_not_trusted"),
        RolloutError::Definition(_) => (StatusCode::UNPROCESSABLE_ENTITY, "unusable_installation"),
        RolloutError::DefinitionTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "installation_too_large"),
        RolloutError::Taken { .. } | RolloutError::TakenByFile { .. } | RolloutError::Clash { .. } => {
            (StatusCode::CONFLICT, "installation_exists")
        }
        RolloutError::OfFile { .. } => (StatusCode::CONFLICT, "installation_of_file"),
        RolloutError::Leaving { .. } => (StatusCode::CONFLICT, "installation_leaving"),
        RolloutError::UnknownPlugin { .. } => (StatusCode::NOT_FOUND, "unknown_plugin"),
        RolloutError::PluginInUse { .. } => (StatusCode::CONFLICT, "plugin_in_use"),
        RolloutError::TooManyVersions { .. } => (StatusCode::CONFLICT, "too_many_versions"),
        RolloutError::Load(_) | RolloutError::Fit(_) => (StatusCode::UNPROCESSABLE_ENTITY, "unusable_version"),
        RolloutError::Packages(_) => (StatusCode::SERVICE_UNAVAILABLE, "packages_unavailable"),
        RolloutError::Store(_) | RolloutError::Sessions(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
        RolloutError::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// The place is one in the effective configuration, and whose layer it is stands in the words.
fn fault(finding: &Finding) -> Fault {
    Fault {
        pointer: finding.issue.pointer.to_string(),
        detail: format!("{} ({})", finding.issue.problem, finding.layer),
    }
}

fn said(fault: &DefinitionFault) -> Fault {
    Fault {
        pointer: fault.pointer.clone(),
        detail: fault.problem.clone(),
    }
}
