//! Which sites' pages may call: the headers that browsers ask for (Fetch, "CORS protocol"). Credentials are sent in a header and never by
//! the browser on its own, so nothing here opens more than the caller could.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};
use http::{Method, StatusCode};

use super::reply::Reply;
use crate::config::callers::Callers;

/// What pages may send.
const REQUEST_HEADERS: &str = "authorization, content-type, accept, idempotency-key, if-match, if-none-match, last-event-id, range, x-request-id, traceparent";
/// What pages may read.
const ANSWER_HEADERS: &str = "location, retry-after, x-request-id, etag, allow, content-range";
/// Seconds for which a browser need not ask again.
const MAX_AGE: &str = "600";

/// The site whose page calls, if its pages may.
pub(super) fn site(headers: &HeaderMap, config: &Callers) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    config.lets_in(origin.to_str().ok()?).then(|| origin.clone())
}

/// Whether a browser asks what it may, before it does it.
pub(super) fn asks(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// What a browser is told that asks for a path which takes `methods`.
pub(super) fn told(methods: &[Method]) -> Reply {
    let mut reply = Reply::new(StatusCode::NO_CONTENT, bytes::Bytes::new());
    let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        reply.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    reply
        .headers
        .insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    reply
        .headers
        .insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    reply
}

/// Lets the page of a site read an answer. Whether it may depends on who asks, which caches have to know.
pub(super) fn let_read(reply: &mut Reply, site: Option<HeaderValue>) {
    reply.headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(site) = site {
        reply.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, site);
        reply
            .headers
            .insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }
}
