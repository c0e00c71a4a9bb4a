//! Tells a server something: one signed request through the guard, and what its answer means.
//!
//! Who has something to tell brings its id and body; repeating, order and giving up are theirs (for plugins: [`crate::sink`], for webhooks of
//! tenants: [`crate::delivery`]). The id is the same in every attempt, so that the other side can tell repetitions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;
use waspnest_core::clock::Clock;
use waspnest_core::hmac;
use waspnest_core::id::EndpointName;
use waspnest_core::secret::SecretText;
use waspnest_egress::{Egress, EgressError, Inbound, Outbound};

use crate::config::webhooks::{Endpoint, HeaderPart, HeaderText, Sign, SignForm};
use crate::secrets::{SecretFailure, Secrets};
use crate::traces::Traced;

pub(crate) const ID: HeaderName = HeaderName::from_static("webhook-id");
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
pub(crate) const HUB_SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// What secrets of Standard Webhooks begin with that are written in base64.
pub(crate) const ENCODED: &str = "whsec_";

/// Bytes that are read of an answer; they are looked at by nobody.
const ANSWER_BYTES: usize = 4 << 10;

/// The endpoints of the configuration, and the way to them. Clones are the same.
#[derive(Debug, Clone)]
pub struct Webhooks {
    endpoints: Arc<BTreeMap<EndpointName, Endpoint>>,
    egress: Egress,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
}

/// What a server is to be told.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its name, the same in every attempt.
    pub id: String,
    /// JSON.
    pub body: Bytes,
}

/// Why a server was not told, or did not take it. The words are for the operator and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It may take it later.
    #[error("{reason}")]
    Transient {
        /// Why.
        reason: Box<str>,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It never will.
    #[error("{reason}")]
    Permanent {
        /// Why.
        reason: Box<str>,
        /// The status it answered with.
        status: Option<u16>,
    },
}

impl Undelivered {
    fn transient(reason: impl ToString) -> Self {
        Self::Transient {
            reason: reason.to_string().into(),
            after: None,
        }
    }

    /// It never will, for a reason that is not its own.
    pub(crate) fn never(reason: impl ToString) -> Self {
        Self::Permanent {
            reason: reason.to_string().into(),
            status: None,
        }
    }
}

/// One request as it leaves.
#[derive(Clone)]
pub struct Letter {
    /// Where to.
    pub url: Url,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Bytes,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// It holds secrets, and what people wrote.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(…)")
    }
}

/// Makes one attempt, and answers with the status that says it was taken. A redirect is not followed: it is a refusal.
///
/// # Errors
/// See [`Undelivered`].
pub async fn post(egress: &Egress, letter: Letter) -> Result<u16, Undelivered> {
    let Letter {
        url,
        headers,
        body,
        timeout,
    } = letter;
    let request = Outbound {
        method: Method::POST,
        url,
        headers,
        body,
        timeout,
        max_bytes: ANSWER_BYTES,
    };
    match egress.exchange(request).await {
        Ok(answer) => judge(&answer),
        Err(error @ (EgressError::Forbidden(_) | EgressError::Url)) => Err(Undelivered::never(error)),
        Err(error @ (EgressError::Unreachable(_) | EgressError::TimedOut(_))) => Err(Undelivered::transient(error)),
    }
}

impl Webhooks {
    /// The endpoints, reached through `egress`.
    #[must_use]
    pub fn new(
        endpoints: BTreeMap<EndpointName, Endpoint>,
        egress: Egress,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            endpoints: Arc::new(endpoints),
            egress,
            secrets,
            clock,
        }
    }

    /// An endpoint by its name.
    #[must_use]
    pub fn endpoint(&self, name: &EndpointName) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }

    /// Makes one attempt.
    ///
    /// # Errors
    /// See [`Undelivered`].
    pub(crate) async fn deliver(
        &self,
        endpoint: &Endpoint,
        message: &Message,
        traced: &Traced,
    ) -> Result<(), Undelivered> {
        let mut headers = self.headers(endpoint, message).await?;
        traced.put(&mut headers);
        let letter = Letter {
            url: endpoint.url.clone(),
            headers,
            body: message.body.clone(),
            timeout: endpoint.timeout,
        };
        post(&self.egress, letter).await.map(drop)
    }

    async fn headers(&self, endpoint: &Endpoint, message: &Message) -> Result<HeaderMap, Undelivered> {
        let mut headers = usual_headers();
        for (name, text) in &endpoint.headers {
            headers.insert(name, self.header(endpoint, text).await?);
        }
        let seconds = self.clock.now().0 / 1000;
        headers.insert(ID, value(&message.id)?);
        headers.insert(TIMESTAMP, seconds.into());
        if let Some(Sign { form, secret }) = &endpoint.sign {
            let secret = self.secret(secret).await?;
            let (name, signature) = match form {
                SignForm::Standard => (SIGNATURE, standard_signature(secret.expose(), seconds, message)),
                SignForm::Hub => (HUB_SIGNATURE, hub_signature(secret.expose(), &message.body)),
            };
            headers.insert(name, value(&signature)?);
        }
        Ok(headers)
    }

    async fn header(&self, endpoint: &Endpoint, text: &HeaderText) -> Result<HeaderValue, Undelivered> {
        let mut whole = String::new();
        for part in &text.0 {
            match part {
                HeaderPart::Text(text) => whole.push_str(text),
                HeaderPart::Secret(name) => {
                    let bound = self.secrets.bound(name).await.map_err(unreadable)?;
                    let Some(bound) = bound else {
                        return Err(Undelivered::transient(format!("the secret {name} has no value")));
                    };
                    if !bound.hosts.iter().any(|host| host.is_of(&endpoint.url)) {
                        return Err(Undelivered::never(format!(
                            "the secret {name} is not bound to the endpoint's host"
                        )));
                    }
                    whole.push_str(bound.text.expose());
                }
            }
        }
        let mut value = value(&whole)?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn secret(&self, name: &waspnest_core::id::SecretName) -> Result<SecretText, Undelivered> {
        let text = self.secrets.text(name).await.map_err(unreadable)?;
        text.ok_or_else(|| Undelivered::transient(format!("the secret {name} has no value")))
    }
}

/// What every request has.
pub(crate) fn usual_headers() -> HeaderMap {
    let agent = concat!("waspnest/", env!("CARGO_PKG_VERSION"));
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (USER_AGENT, HeaderValue::from_static(agent)),
    ])
}

/// `sha256=` and the code of the body in hexadecimal digits, as GitHub and Meta send it.
pub(crate) fn hub_signature(secret: &str, body: &[u8]) -> String {
    let code = hmac::sha256(secret.as_bytes(), &[body]);
    format!("sha256={}", hmac::hex(&code))
}

/// `v1,` and the code of id, time and body in base64, as the Standard Webhooks specification (1.0.0) has it.
pub(crate) fn standard_signature(text: &str, seconds: u64, message: &Message) -> String {
    let decoded = text.strip_prefix(ENCODED).and_then(|text| STANDARD.decode(text).ok());
    let key = decoded.as_deref().unwrap_or(text.as_bytes());
    let head = format!("{}.{seconds}.", message.id);
    let code = hmac::sha256(key, &[head.as_bytes(), &message.body]);
    format!("v1,{}", STANDARD.encode(code))
}

fn value(text: &str) -> Result<HeaderValue, Undelivered> {
    HeaderValue::from_str(text).map_err(|_| Undelivered::never("a secret has characters that no header can have"))
}

fn unreadable(error: SecretFailure) -> Undelivered {
    Undelivered::transient(error)
}

/// 2xx is taken; 408, 409, 423, 425, 429 and 5xx are "not now"; everything else, redirects too, is "never".
fn judge(answer: &Inbound) -> Result<u16, Undelivered> {
    let status = answer.status;
    let reason = format!("the endpoint answered {status}").into();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    let not_now = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::LOCKED
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
    );
    if not_now || status.is_server_error() {
        let after = answer.headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok());
        let after = after.and_then(|after| after.parse().ok()).map(Duration::from_secs);
        Err(Undelivered::Transient { reason, after })
    } else {
        Err(Undelivered::Permanent {
            reason,
            status: Some(status.as_u16()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&'static str>) -> Inbound {
        let header = retry_after.map(|after| (RETRY_AFTER, HeaderValue::from_static(after)));
        Inbound {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::from_iter(header),
            body: Bytes::new(),
            rest: waspnest_egress::Rest::None,
        }
    }

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn a_signature_is_what_others_expect() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            body: Bytes::from_static(b"{\"test\": 2432232314}"),
        };
        assert_eq!(
            standard_signature(secret, 1_614_265_330, &message),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn answers_are_taken_not_now_or_never() {
        for status in [200, 202, 204] {
            assert_eq!(judge(&answer(status, None)), Ok(status));
        }
        for status in [408, 409, 425, 429, 500, 503] {
            let judged = judge(&answer(status, Some("7")));
            let Err(Undelivered::Transient { after, .. }) = judged else {
                panic!("{status}: {judged:?}")
            };
            assert_eq!(after, Some(Duration::from_secs(7)));
        }
        for status in [301, 400, 401, 404, 410, 422] {
            let judged = judge(&answer(status, None));
            assert!(
                matches!(judged, Err(Undelivered::Permanent { status: Some(given), .. }) if given == status),
                "{status}: {judged:?}"
            );
        }
    }
}
