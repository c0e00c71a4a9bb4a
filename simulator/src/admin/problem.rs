//! Errors as `application/problem+json` (RFC 9457), with a stable `code` and, where there is a finite answer to "what
//! then?", the list `allowed`.

use std::error::Error;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Response, StatusCode};
use serde::Serialize;

use crate::human::HumanError;
use crate::{AccountError, CodeError, ScanError, UnlinkError};

/// At most this many alternatives are listed.
const ALTERNATIVES: usize = 50;

/// A call that did not work.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    allowed: Vec<String>,
    hint: Hint,
}

/// What a status demands in a header.
#[derive(Debug)]
enum Hint {
    None,
    /// How to authenticate.
    Challenge,
    /// The methods that work, separated by commas.
    Allow(String),
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed: &'a [String],
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            allowed: Vec::new(),
            hint: Hint::None,
        }
    }

    fn allowing<S: AsRef<str>>(mut self, allowed: impl IntoIterator<Item = S>) -> Self {
        self.allowed = allowed
            .into_iter()
            .take(ALTERNATIVES)
            .map(|a| a.as_ref().to_owned())
            .collect();
        self
    }

    pub(crate) fn unauthorized() -> Self {
        let detail = "this admin interface wants its token as `Authorization: Bearer …`";
        Self {
            hint: Hint::Challenge,
            ..Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        }
    }

    pub(crate) fn no_such_path<S: AsRef<str>>(path: &str, templates: impl IntoIterator<Item = S>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_path",
            format!("there is nothing at {path}"),
        )
        .allowing(templates)
    }

    pub(crate) fn method_not_allowed(method: &Method, path: &str, methods: &[Method]) -> Self {
        let list = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let detail = format!("{method} is not possible on {path}");
        Self {
            hint: Hint::Allow(list),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        }
        .allowing(methods.iter().map(Method::as_str))
    }

    pub(crate) fn unreadable(error: &dyn Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unreadable_body",
            format!("reading the body failed: {error}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("a body may have {limit} bytes"),
        )
    }

    /// `error` is serde's, which names the field and what it expected.
    pub(crate) fn bad_body(error: &serde_json::Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_body",
            format!("the JSON body is not what this call takes: {error}"),
        )
    }

    pub(crate) fn bad_query(error: &dyn Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_query",
            format!("the query is not what this call takes: {error}"),
        )
    }

    /// Nobody and nothing of that name; `known` is what there is.
    pub(crate) fn unknown<S: AsRef<str>>(what: &str, given: &str, known: impl IntoIterator<Item = S>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", format!("there is no {what} {given}")).allowing(known)
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting_down",
            "the simulator is shutting down",
        )
    }

    pub(crate) fn into_response(self) -> Response<Vec<u8>> {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            allowed: &self.allowed,
        };
        // A struct of strings and numbers always serialises.
        let mut response = Response::new(serde_json::to_vec(&body).unwrap_or_default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.hint {
            Hint::None => {}
            Hint::Challenge => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Hint::Allow(methods) => {
                // Names of methods are valid header text.
                headers.extend(HeaderValue::from_str(&methods).map(|value| (ALLOW, value)));
            }
        }
        response
    }
}

impl From<HumanError> for Problem {
    fn from(error: HumanError) -> Self {
        let (status, code) = match error {
            HumanError::Account(error) => return error.into(),
            HumanError::Scan(error) => return error.into(),
            HumanError::Code(error) => return error.into(),
            HumanError::Build { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "client_failed"),
            HumanError::NoPairingCode | HumanError::NotConnected => (StatusCode::GATEWAY_TIMEOUT, "not_connected"),
            HumanError::Away => (StatusCode::CONFLICT, "offline"),
            HumanError::Ended { .. } => (StatusCode::CONFLICT, "session_ended"),
            HumanError::Address { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_address"),
            HumanError::Send { .. } => (StatusCode::BAD_GATEWAY, "send_failed"),
            HumanError::Media { .. } | HumanError::NotUploadedAgain { .. } => (StatusCode::BAD_GATEWAY, "media_failed"),
            HumanError::NoMedia { .. } => (StatusCode::CONFLICT, "no_media"),
            HumanError::Unreadable { .. } => (StatusCode::BAD_GATEWAY, "unreadable"),
            HumanError::Refused { .. } => (StatusCode::BAD_GATEWAY, "refused_by_server"),
            HumanError::NotAcknowledged { .. } => (StatusCode::GATEWAY_TIMEOUT, "not_acknowledged"),
            HumanError::UnknownMessage { .. } => (StatusCode::NOT_FOUND, "unknown_message"),
            HumanError::RequestRefused { .. } => (StatusCode::BAD_GATEWAY, "refused_by_server"),
            HumanError::Request { .. } => (StatusCode::BAD_GATEWAY, "request_failed"),
            HumanError::NotSeen { .. } => (StatusCode::NOT_FOUND, "nothing_heard"),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let (status, code) = match error {
            AccountError::BadPhone(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_phone"),
            AccountError::Taken(_) => (StatusCode::CONFLICT, "phone_taken"),
            AccountError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown"),
            AccountError::Keys(_) => (StatusCode::INTERNAL_SERVER_ERROR, "keys_failed"),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<ScanError> for Problem {
    fn from(error: ScanError) -> Self {
        let (status, code) = match error {
            ScanError::UnknownAccount(_) => (StatusCode::NOT_FOUND, "unknown"),
            ScanError::BadCode(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_pairing_code"),
            ScanError::UnknownRef | ScanError::Expired | ScanError::KeyMismatch(_) => {
                (StatusCode::CONFLICT, "stale_pairing_code")
            }
            ScanError::TooManyDevices(_) => (StatusCode::CONFLICT, "too_many_devices"),
            ScanError::Signing(_) => (StatusCode::INTERNAL_SERVER_ERROR, "signing_failed"),
            ScanError::RefusedByClient(_) | ScanError::BadDeviceSignature(_) | ScanError::Passkey(_) => {
                (StatusCode::BAD_GATEWAY, "client_refused")
            }
            ScanError::ClientGone | ScanError::Timeout => (StatusCode::GATEWAY_TIMEOUT, "client_silent"),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        let (status, code) = match error {
            CodeError::Linking(error) => return error.into(),
            CodeError::UnknownAccount(_) => (StatusCode::NOT_FOUND, "unknown"),
            CodeError::BadCode => (StatusCode::UNPROCESSABLE_ENTITY, "bad_pairing_code"),
            CodeError::NobodyWaits | CodeError::Expired => (StatusCode::CONFLICT, "stale_pairing_code"),
            CodeError::WrongCode { .. } => (StatusCode::CONFLICT, "wrong_pairing_code"),
            CodeError::BadBundle(_) => (StatusCode::BAD_GATEWAY, "client_refused"),
            CodeError::Unanswered => (StatusCode::GATEWAY_TIMEOUT, "client_silent"),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<UnlinkError> for Problem {
    fn from(error: UnlinkError) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", told(&error))
    }
}

/// The error with its causes, in one line.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        told.push_str(": ");
        told.push_str(&source.to_string());
        cause = source.source();
    }
    told
}
