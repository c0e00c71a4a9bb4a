//! `http`: requests to servers, answered inside the handler.
//!
//! Here are the grant, the budget, the form of requests, redirects, and what is kept for a repeated call. Which addresses may be reached
//! at all is the host's guard's business (see [`crate::Host::exchange`]), which every hop passes again.

mod filling;
mod incoming;

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use url::Url;
use wasmtime::component::Resource;
use waspnest_core::clock::UnixMs;
use waspnest_core::codec::Record;
use waspnest_core::journal::Question;

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::http::{Host, Request, Response};
use crate::bindings::waspnest::plugin::types::Error;
use crate::host::{HttpAnswer, HttpFailure, HttpRequest};
use crate::limits::{
    HTTP_ANSWER_BYTES, HTTP_BODY_BYTES, HTTP_HEADER_BYTES, HTTP_HEADERS, HTTP_MOST_ANSWER_BYTES, HTTP_REDIRECTS,
    HTTP_TIMEOUT, URL_BYTES,
};
use crate::manifest::http_terms::METHODS;
use crate::manifest::{Capability, HttpTerms};
use crate::state::{Call, CallState};
pub(super) use filling::Filled;
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub use incoming::Incoming;

/// Headers that belong to the connection and not to the guest. What begins with `proxy-` does too.
const HOSTS_OWN: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Host for CallState {
    async fn fetch(&mut self, request: Request) -> Answer<Response> {
        let call = &mut self.call;
        let (asked, terms) = granted!(call.ask(request)?);
        let question = call.question("http", &asked.text());
        if let Some(kept) = call.kept::<Kept>(&question).await? {
            call.crossing.count(kept.body.len())?;
            return Ok(Ok(kept.into()));
        }
        let (asked, filled) = granted!(call.leaving(asked, &question).await?);
        let until = call.clock.now().plus(asked.request.timeout).min(call.deadline);
        let kept = granted!(call.follow(asked, &filled, &terms, until).await);
        if is_final(kept.status) {
            call.keep(&question, &kept).await?;
        }
        call.crossing.count(kept.body.len())?;
        Ok(Ok(kept.into()))
    }

    async fn open(&mut self, request: Request) -> Answer<Resource<Incoming>> {
        let incoming = granted!(self.call.open(request).await?);
        Ok(Ok(self.table.push(incoming)?))
    }
}

/// Whether an answer holds for good. The others say "not now".
const fn is_final(status: u16) -> bool {
    !matches!(status, 408 | 425 | 429 | 500..)
}

/// A request that is in form.
pub(super) struct Asked {
    request: HttpRequest,
    redirects: u32,
    fill_body: FillBody,
}

/// Whether places for secrets in a body are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FillBody {
    /// They are text like any other.
    No,
    /// They are.
    Yes,
}

impl Asked {
    /// A request for what is at a URL, of which at most `max_bytes` are taken.
    pub(super) fn get(url: &str, max_bytes: usize, redirects: u32) -> Result<Self, Error> {
        Ok(Self {
            request: HttpRequest {
                method: Method::GET,
                url: address(url)?,
                headers: read_headers(Vec::new())?,
                body: Bytes::new(),
                timeout: HTTP_TIMEOUT,
                max_bytes,
            },
            redirects,
            fill_body: FillBody::No,
        })
    }

    fn read(request: Request) -> Result<Self, Error> {
        let Request {
            method,
            url,
            headers,
            body,
            timeout_ms,
            max_bytes,
            follow_redirects,
            secrets_in_body,
        } = request;
        let Some(method) = METHODS.into_iter().find(|known| *known == *method) else {
            return Err(invalid("method", "must be GET, HEAD, POST, PUT, PATCH or DELETE"));
        };
        let body = body.unwrap_or_default();
        if body.len() > HTTP_BODY_BYTES {
            return Err(Error::TooLarge(HTTP_BODY_BYTES as u64));
        }
        if follow_redirects > HTTP_REDIRECTS {
            return Err(invalid("follow-redirects", format!("at most {HTTP_REDIRECTS}")));
        }
        let timeout = timeout_ms.map_or(HTTP_TIMEOUT, |ms| Duration::from_millis(ms.into()).min(HTTP_TIMEOUT));
        let max_bytes = max_bytes.map_or(HTTP_ANSWER_BYTES, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX).min(HTTP_MOST_ANSWER_BYTES)
        });
        Ok(Self {
            request: HttpRequest {
                method,
                url: address(&url)?,
                headers: read_headers(headers)?,
                body: body.into(),
                timeout,
                max_bytes,
            },
            redirects: follow_redirects,
            fill_body: if secrets_in_body { FillBody::Yes } else { FillBody::No },
        })
    }

    /// Whether the grant lets it out.
    pub(super) fn check(&self, terms: &HttpTerms) -> Result<(), Error> {
        let HttpRequest { method, url, .. } = &self.request;
        if !terms.allows_method(method) {
            return Err(Error::Denied(format!("http: the method {method} is not granted")));
        }
        if !terms.allows(url) {
            return Err(Error::Denied(format!(
                "http: {} is not granted",
                url.origin().ascii_serialization()
            )));
        }
        Ok(())
    }

    /// Everything that makes two requests different.
    fn text(&self) -> Vec<u8> {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            timeout: _,
            max_bytes,
        } = &self.request;
        let filled = match self.fill_body {
            FillBody::No => "",
            FillBody::Yes => " filled",
        };
        let mut text = format!("{method} {url} {max_bytes} {}{filled}", self.redirects).into_bytes();
        for (name, value) in headers {
            text.push(b'\n');
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
        }
        text.extend_from_slice(b"\n\n");
        text.extend_from_slice(body);
        text
    }

    /// Follows an answer that is a redirect, if that is asked for and still allowed.
    fn hop(&mut self, status: u16, headers: &HeaderMap, filled: &Filled, terms: &HttpTerms) -> Result<Hop, Error> {
        let target = match status {
            301 | 302 | 303 | 307 | 308 if self.redirects > 0 => headers
                .get(LOCATION)
                .and_then(|location| self.request.url.join(location.to_str().ok()?).ok()),
            _ => None,
        };
        let Some(mut target) = target else {
            return Ok(Hop::Ends);
        };
        target.set_fragment(None);
        usable(&target).map_err(|problem| Error::Denied(format!("http: the address of a redirect {problem}")))?;
        self.redirected(status, target);
        self.check(terms)?;
        filled.check(&self.request)?;
        Ok(Hop::Goes)
    }

    /// The request that a redirect asks for, as browsers make it (Fetch standard, HTTP-redirect fetch): after 303, and after 301 and 302
    /// of a POST, it is a GET without a body; another origin is not told secrets.
    fn redirected(&mut self, status: u16, to: Url) {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            ..
        } = &mut self.request;
        let becomes_get = match status {
            303 => *method != Method::HEAD,
            301 | 302 => *method == Method::POST,
            _ => false,
        };
        if becomes_get {
            *method = Method::GET;
            *body = Bytes::new();
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_LENGTH);
        }
        if url.origin() != to.origin() {
            for secret in [AUTHORIZATION, COOKIE, IDEMPOTENCY_KEY] {
                headers.remove(secret);
            }
        }
        *url = to;
        self.redirects -= 1;
    }
}

fn address(text: &str) -> Result<Url, Error> {
    if text.len() > URL_BYTES {
        return Err(invalid("url", format!("at most {URL_BYTES} bytes")));
    }
    let mut url = Url::parse(text).map_err(|error| invalid("url", error))?;
    usable(&url).map_err(|problem| invalid("url", problem))?;
    url.set_fragment(None);
    Ok(url)
}

fn usable(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with http:// or https:// and name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password; use a header");
    }
    Ok(())
}

fn read_headers(pairs: Vec<(String, String)>) -> Result<HeaderMap, Error> {
    if pairs.len() > HTTP_HEADERS {
        return Err(invalid("headers", format!("at most {HTTP_HEADERS}")));
    }
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HTTP_HEADER_BYTES {
        return Err(invalid("headers", format!("at most {HTTP_HEADER_BYTES} bytes")));
    }
    let mut headers = HeaderMap::with_capacity(pairs.len() + 2);
    for (name, value) in pairs {
        let wrong = |problem| invalid("headers", format!("{name:?} {problem}"));
        let name = HeaderName::try_from(&name).map_err(|_| wrong("is not the name of a header"))?;
        if HOSTS_OWN.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
            return Err(wrong("is the host's own"));
        }
        let value = HeaderValue::try_from(value).map_err(|_| wrong("has a value that no header can have"))?;
        headers.append(name, value);
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!(
        "waspnest/",
        env!("CARGO_PKG_VERSION")
    )));
    Ok(headers)
}

impl Call {
    /// Reads a request, and checks it against the budget and the grant.
    fn ask(&mut self, request: Request) -> Answer<(Asked, HttpTerms)> {
        let Some(terms) = self.effective.http.clone() else {
            return Ok(Err(denied(Capability::Http)));
        };
        granted!(spend(&mut self.http_requests)?);
        self.crossing
            .count(request.url.len() + request.body.as_ref().map_or(0, Vec::len))?;
        let asked = granted!(Asked::read(request));
        granted!(asked.check(&terms));
        Ok(Ok((asked, terms)))
    }

    /// Makes of a request what the server gets. It leaves now, whatever becomes of the call.
    async fn leaving(&mut self, mut asked: Asked, question: &Question) -> Answer<(Asked, Filled)> {
        let filled = granted!(self.fill(&mut asked).await?);
        granted!(self.rate(Capability::Http));
        self.taken.keep_last();
        if ![Method::GET, Method::HEAD].contains(&asked.request.method)
            && !asked.request.headers.contains_key(IDEMPOTENCY_KEY)
        {
            let key = self.idempotency_key(question);
            let value = HeaderValue::try_from(key).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
            asked.request.headers.insert(IDEMPOTENCY_KEY, value);
        }
        Ok(Ok((asked, filled)))
    }

    /// Sends a request, and after it those its answers point to, as far as that was asked for and granted.
    pub(super) async fn follow(
        &self,
        mut asked: Asked,
        filled: &Filled,
        terms: &HttpTerms,
        until: UnixMs,
    ) -> Result<Kept, Error> {
        loop {
            asked.request.timeout = until.since(self.clock.now());
            let answer = self
                .host
                .exchange(asked.request.clone())
                .await
                .map_err(|failure| refused(failure, filled))?;
            match asked.hop(answer.status, &answer.headers, filled, terms)? {
                Hop::Goes => {}
                Hop::Ends => {
                    let mut kept = Kept::of(answer, &asked.request.url);
                    filled.redact(&mut kept);
                    return Ok(kept);
                }
            }
        }
    }
}

/// Whether an answer leads on to another request.
enum Hop {
    /// It does, and the request is that one now.
    Goes,
    /// It is what was asked for.
    Ends,
}

fn refused(failure: HttpFailure, filled: &Filled) -> Error {
    match failure {
        HttpFailure::Forbidden(why) => Error::Denied(format!("http: {}", filled.redact_words(why))),
        HttpFailure::TimedOut => Error::Timeout,
        HttpFailure::Unreachable(why) => Error::Upstream((0, filled.redact_words(why))),
    }
}

/// An answer as it is kept for a repeated call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    truncated: bool,
    url: String,
}

impl Record for Kept {
    const VERSION: u8 = 1;
}

impl Kept {
    pub(super) const fn status(&self) -> u16 {
        self.status
    }

    pub(super) const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// A header by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    fn of(answer: HttpAnswer, url: &Url) -> Self {
        Self {
            status: answer.status,
            headers: readable(&answer.headers),
            body: answer.body.into(),
            truncated: answer.truncated,
            url: url.to_string(),
        }
    }
}

/// Headers as the guest sees them.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((
            name.as_str().to_owned(),
            std::str::from_utf8(value.as_bytes()).ok()?.to_owned(),
        ))
    };
    headers.iter().filter_map(text).collect()
}

impl From<Kept> for Response {
    fn from(kept: Kept) -> Self {
        Self {
            status: kept.status,
            headers: kept.headers,
            body: kept.body,
            truncated: kept.truncated,
            url: kept.url,
        }
    }
}
