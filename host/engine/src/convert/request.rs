//! A request of somebody outside, towards the guest, and the guest's answer.

use http::{HeaderName, HeaderValue};
use waspnest_core::draft::Response;
use waspnest_core::event::RequestEvent;

use super::{maybe, text};
use crate::bindings::exports::waspnest::plugin::request_handler as wit;
use crate::limits::{RESPONSE_BYTES, RESPONSE_HEADER_BYTES, RESPONSE_HEADERS};

pub(crate) fn request(event: &RequestEvent) -> wit::Request {
    wit::Request {
        method: text(&event.method),
        path: text(&event.path),
        query: maybe(event.query.as_deref()),
        headers: event
            .headers
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        body: event.body.clone(),
    }
}

/// Headers of an answer that are the host's.
const HOSTS_OWN: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the guest answers, or why that is no answer.
pub(crate) fn response(given: wit::Response) -> Result<Response, String> {
    let wit::Response { status, headers, body } = given;
    if !(200..=599).contains(&status) {
        return Err(format!("status {status}: must be 200 to 599"));
    }
    if body.len() > RESPONSE_BYTES {
        return Err(format!("body: at most {RESPONSE_BYTES} bytes"));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > RESPONSE_HEADERS || bytes > RESPONSE_HEADER_BYTES {
        return Err(format!(
            "headers: at most {RESPONSE_HEADERS}, and {RESPONSE_HEADER_BYTES} bytes"
        ));
    }
    let mut checked = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let Ok(known) = HeaderName::try_from(&name) else {
            return Err(format!("headers: {name:?} is not the name of a header"));
        };
        if HOSTS_OWN.contains(&known.as_str()) {
            return Err(format!("headers: {known} is the host's own"));
        }
        if HeaderValue::try_from(&value).is_err() {
            return Err(format!("headers: {known} has a value that no header can have"));
        }
        checked.push((known.as_str().into(), value.into()));
    }
    Ok(Response {
        status,
        headers: checked,
        body,
    })
}
