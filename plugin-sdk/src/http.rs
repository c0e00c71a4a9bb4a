//! Requests to servers. Needs `http`, whose terms say where to.
//!
//! Answers are durable: when the handler is called again for the same event, the same request gets the same answer without being sent
//! again, unless the answer said "not now" (408, 425, 429, 500 and up).
//!
//! ```
//! # use serde::Deserialize;
//! # use waspnest_plugin::{Error, http::Request};
//! #[derive(Deserialize)]
//! struct Weather {
//!     summary: String,
//! }
//!
//! # fn ask() -> Result<String, Error> {
//! let weather: Weather = Request::get("https://weather.example.com/today").send()?.ok()?.json()?;
//! Request::post("https://crm.example.com/notes").json(&["asked for the weather"])?.send()?.ok()?;
//! # Ok(weather.summary)
//! # }
//! ```
//!
//! An answer that takes its time can be taken in pieces ([`Request::open`]), so that something can be done with its beginning.

use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::waspnest::plugin::http as contract;
use crate::{Error, host, types};

/// A request in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Request(contract::Request);

impl Request {
    /// Reads.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Makes something, or has something done.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Of any method: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.
    #[must_use]
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self(contract::Request {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            secrets_in_body: false,
            timeout_ms: None,
            max_bytes: None,
            follow_redirects: 0,
        })
    }

    /// Adds a header. A [place](crate::secrets::place) for a secret in its value is filled by the host.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// Sends these bytes.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.body = Some(bytes.into());
        self
    }

    /// Sends a value as JSON.
    ///
    /// # Errors
    /// When the value has no form in JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(value).map_err(|source| Error::Form {
            what: format!("the request to {}", self.0.url),
            source,
        })?;
        Ok(self.header("content-type", "application/json").body(bytes))
    }

    /// Has the host fill places for secrets ([`secrets::place`](crate::secrets::place)) in the body too. Not for bodies that hold what people
    /// wrote: they could write such a place themselves.
    #[must_use]
    pub fn secrets_in_body(mut self) -> Self {
        self.0.secrets_in_body = true;
        self
    }

    /// How long it may take; 30 seconds otherwise, and the deadline of the call in any case.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.0.timeout_ms = Some(u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// How much of the answer's body is taken; 1 MiB otherwise.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u32) -> Self {
        self.0.max_bytes = Some(bytes);
        self
    }

    /// Follows up to so many redirects (5 at most), each of which the grant must allow.
    #[must_use]
    pub fn follow_redirects(mut self, count: u32) -> Self {
        self.0.follow_redirects = count;
        self
    }

    /// Sends it and waits for the answer, of any status.
    ///
    /// # Errors
    /// When the host refuses, or nobody answers.
    pub fn send(&self) -> Result<Response, Error> {
        host::http::fetch(&self.0)
            .map(Response)
            .map_err(Error::refused("http.fetch"))
    }

    /// Sends it and waits for the beginning of the answer only; [`Request::timeout`] is for that, and for each piece.
    ///
    /// # Errors
    /// When the host refuses, or nobody answers.
    pub fn open(&self) -> Result<Incoming, Error> {
        let answer = host::http::open(&self.0).map_err(Error::refused("http.open"))?;
        let head = answer.head();
        Ok(Incoming { answer, head })
    }
}

/// An answer whose body comes in pieces. Dropping it ends the connection.
///
/// A handler that is called again for the same event gets the same pieces, without the request being sent again. What was still to come when
/// the first call ended is lost: behind the pieces that are known, [`Incoming::next`] fails with `upstream`, and the handler decides
/// whether it asks again.
#[derive(Debug)]
pub struct Incoming {
    answer: host::http::Incoming,
    head: contract::Head,
}

impl Incoming {
    /// The status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first header of a name, which is looked for without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head.headers, name)
    }

    /// The URL that answered, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.head.url
    }

    /// Waits for more of the body and gathers what comes within so much time (10 seconds at most, nothing for what is there); none at the
    /// end.
    ///
    /// # Errors
    /// When nothing comes in time, the body breaks off, or is longer than may be taken.
    pub fn next(&mut self, gather: Duration) -> Result<Option<Vec<u8>>, Error> {
        let gather = u32::try_from(gather.as_millis()).unwrap_or(u32::MAX);
        self.answer.next(gather).map_err(Error::refused("http.incoming.next"))
    }

    /// The rest of the body as text, for an answer that turns out to be an error.
    ///
    /// # Errors
    /// As [`Incoming::next`].
    pub fn text(&mut self) -> Result<String, Error> {
        let mut body = Vec::new();
        while let Some(piece) = self.next(Duration::from_secs(1))? {
            body.extend(piece);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response(contract::Response);

impl Response {
    /// The status, such as 200.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The answer if its status is 200 to 299. Others are errors: those that may pass ask for a retry of the handler, as `?` turns them
    /// into, and the rest reject the event.
    ///
    /// # Errors
    /// With the status and the beginning of the body.
    pub fn ok(self) -> Result<Self, Error> {
        match self.0.status {
            200..=299 => Ok(self),
            status => {
                let text: String = String::from_utf8_lossy(&self.0.body).chars().take(200).collect();
                let cause = match status {
                    408 | 425 | 429 | 500.. => types::Error::Upstream((status.into(), text)),
                    _ => types::Error::Invalid(format!("{} answered {status}: {text}", self.0.url)),
                };
                Err(Error::Refused {
                    call: "http.fetch",
                    cause,
                })
            }
        }
    }

    /// The first header of a name, which is looked for without regard to case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.0.headers, name)
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as text; what is not UTF-8 in it is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.0.body).map_err(|source| Error::Form {
            what: format!("the answer of {}", self.0.url),
            source,
        })
    }

    /// Whether there was more of the body than was taken.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.0.truncated
    }

    /// The URL that answered, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }
}
