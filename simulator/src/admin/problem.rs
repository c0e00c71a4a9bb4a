//! Errors as `application/problem+json` (RFC 9457), with a stable `code` and, where there is a finite answer to "what
//! then?", the list `allowed`.

mod cause;
mod code;

use std::error::Error;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use warp::reply::Response;

pub(crate) use code::Code;

/// At most this many alternatives are listed.
const ALTERNATIVES: usize = 50;

/// A call that did not work.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Code,
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

/// A problem as it is answered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView {
    /// Always `about:blank`; the kind of problem is its code.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    code: Code,
    /// What was wrong, for people.
    detail: String,
    /// What would have worked, where that is a list; every path there is, and at most 50 of anything else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed: Vec<String>,
}

impl Problem {
    fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
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
            ..Self::new(StatusCode::UNAUTHORIZED, Code::Unauthorized, detail)
        }
    }

    /// `templates` are all there are, and all are listed.
    pub(crate) fn no_such_path(path: &str, templates: Vec<String>) -> Self {
        let detail = format!("there is nothing at {path}");
        Self {
            allowed: templates,
            ..Self::new(StatusCode::NOT_FOUND, Code::NoSuchPath, detail)
        }
    }

    pub(crate) fn method_not_allowed(method: &Method, path: &str, methods: &[Method]) -> Self {
        let list = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let detail = format!("{method} is not possible on {path}");
        Self {
            hint: Hint::Allow(list),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, detail)
        }
        .allowing(methods.iter().map(Method::as_str))
    }

    pub(crate) fn unreadable(error: &dyn Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Code::UnreadableBody,
            format!("reading the body failed: {error}"),
        )
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::BodyTooLarge,
            format!("a body may have {limit} bytes"),
        )
    }

    /// `error` is serde's, which names the field and what it expected.
    pub(crate) fn bad_body(error: &serde_json::Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Code::BadBody,
            format!("the JSON body is not what this call takes: {error}"),
        )
    }

    pub(crate) fn bad_query(error: &dyn Error) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Code::BadQuery,
            format!("the query is not what this call takes: {error}"),
        )
    }

    /// Nobody and nothing of that name; `known` is what there is.
    pub(crate) fn unknown<S: AsRef<str>>(what: &str, given: &str, known: impl IntoIterator<Item = S>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Code::Unknown,
            format!("there is no {what} {given}"),
        )
        .allowing(known)
    }

    pub(crate) fn not_a_group(given: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Code::BadAddress,
            format!("{given:?} is not the JID of a group, such as 120363012345678901@g.us"),
        )
    }

    pub(crate) fn no_such_stanza() -> Self {
        let detail = "no such stanza passed within the time given";
        Self::new(StatusCode::NOT_FOUND, Code::NothingHeard, detail)
    }

    pub(crate) fn bad_passkey() -> Self {
        let detail = "a passkey has a credential id, and a public key of P-256 as an uncompressed point of 65 bytes";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::BadPasskey, detail)
    }

    pub(crate) fn already_there(phone: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            Code::AlreadyThere,
            format!("there is a person with the number {phone} already"),
        )
    }

    /// `error` is of the library's protocol buffers.
    pub(crate) fn bad_message(error: &dyn Error) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Code::BadMessage,
            format!("the bytes are not a message: {error}"),
        )
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::ShuttingDown,
            "the simulator is shutting down",
        )
    }

    pub(crate) fn into_response(self) -> Response {
        let body = ProblemView {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            allowed: self.allowed,
        };
        // A struct of strings and numbers always serialises.
        let mut response = Response::new(serde_json::to_vec(&body).unwrap_or_default().into());
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
