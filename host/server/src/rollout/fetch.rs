//! Gets packages from servers, through the guard for everything that leaves the host, with the operator's allowance for this alone.
//!
//! What is fetched is named by a digest beforehand and is worth nothing before it was compared with it. Redirects are followed a few steps,
//! each as guarded as the first; a secret goes to the host it is for and no further.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, LOCATION};
use http::{Method, StatusCode};
use sha2::{Digest as _, Sha256};
use url::{Host, Url};
use waspnest_egress::{Egress, Inbound, Outbound, Rest};

use super::RolloutError;

/// Redirects that are followed.
const STEPS: usize = 5;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fetches over HTTP. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    egress: Egress,
}

/// What is wrong with a fetch, in words for the operator.
pub(super) fn failed(problem: impl std::fmt::Display) -> RolloutError {
    RolloutError::Fetch {
        problem: problem.to_string(),
    }
}

impl Fetch {
    pub(super) const fn new(egress: Egress) -> Self {
        Self { egress }
    }

    /// The answer to a GET, after redirects, whatever its status.
    pub(super) async fn get(&self, url: &Url, headers: HeaderMap, most: u64) -> Result<Inbound, RolloutError> {
        let (mut url, mut headers) = (url.clone(), headers);
        for _ in 0..=STEPS {
            judge_scheme(&url)?;
            let request = Outbound {
                method: Method::GET,
                url: url.clone(),
                headers: headers.clone(),
                body: Bytes::new(),
                timeout: PATIENCE,
                max_bytes: usize::try_from(most).unwrap_or(usize::MAX),
            };
            let answer = self.egress.exchange(request).await;
            let answer = answer.map_err(|error| failed(format!("{}: {error}", shown(&url))))?;
            let target = match answer.status {
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => answer.headers.get(LOCATION).and_then(|to| to.to_str().ok()),
                _ => return Ok(answer),
            };
            let next = target.and_then(|to| url.join(to).ok());
            let next = next.ok_or_else(|| failed(format!("{} redirects to nowhere", shown(&url))))?;
            if next.origin() != url.origin() {
                headers.remove(AUTHORIZATION);
            }
            url = next;
        }
        Err(failed(format!("{} redirects too often", shown(&url))))
    }

    /// The whole body of a GET that succeeds.
    pub(super) async fn body(&self, url: &Url, headers: HeaderMap, most: u64) -> Result<Bytes, RolloutError> {
        let answer = self.get(url, headers, most).await?;
        whole(url, answer, most)
    }
}

/// The body of an answer that says it is good, all of it.
pub(super) fn whole(url: &Url, answer: Inbound, most: u64) -> Result<Bytes, RolloutError> {
    if answer.status != StatusCode::OK {
        return Err(failed(format!("{} answered {}", shown(url), answer.status)));
    }
    match answer.rest {
        Rest::None => Ok(answer.body),
        Rest::Left => Err(failed(format!("{} has more than {most} bytes", shown(url)))),
    }
}

/// SHA-256 as digests are written.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// `https`, and `http` to this machine alone.
fn judge_scheme(url: &Url) -> Result<(), RolloutError> {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        _ => Err(failed(format!("{}: expected an https:// URL", shown(url)))),
    }
}

/// A URL without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither fails where there is a host, and without one there are none to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
