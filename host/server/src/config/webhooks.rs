//! `[webhooks.NAME]`: servers of the operator's that plugins may tell things.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;
use waspnest_core::id::{EndpointName, SecretName};

use super::form;
use super::plugins::{Backoff, Retry};
use super::section::Section;
use super::tree::Node;

/// `[webhooks.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Where.
    pub url: Url,
    /// How the other side can tell that it was this host; none for not at all.
    pub sign: Option<Sign>,
    /// Headers beside the host's own.
    pub headers: Vec<(HeaderName, HeaderText)>,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// How attempts are repeated.
    pub retry: Retry,
}

/// `sign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// What is signed, and where the signature stands.
    pub form: SignForm,
    /// The secret it is made with.
    pub secret: SecretName,
}

/// Forms of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignForm {
    /// `webhook-signature`, of id, time and body, as the Standard Webhooks specification (1.0.0) has it.
    Standard,
    /// `x-hub-signature-256`, of the body alone, as WebSub has it and GitHub and Meta send it.
    Hub,
}

/// The value of a header: texts, and secrets between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderText(pub Vec<HeaderPart>);

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderPart {
    /// As it stands there.
    Text(Box<str>),
    /// `{{secret:NAME}}`.
    Secret(SecretName),
}

impl HeaderText {
    /// The secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.0.iter().filter_map(|part| match part {
            HeaderPart::Text(_) => None,
            HeaderPart::Secret(name) => Some(name),
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{secret:") {
            let Some((name, after)) = behind.split_once("}}") else {
                return Err("a place for a secret is written {{secret:NAME}}".to_owned());
            };
            parts.push(HeaderPart::Text(before.into()));
            parts.push(HeaderPart::Secret(name.parse().map_err(|error| format!("{error}"))?));
            rest = after;
        }
        parts.push(HeaderPart::Text(rest.into()));
        if HeaderValue::from_str(text).is_err() {
            return Err("has characters that no header can have".to_owned());
        }
        Ok(Self(parts))
    }
}

/// Headers that are the host's.
pub(crate) const OWN: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-hub-signature-256",
];

/// All of them.
pub(super) fn read(root: &mut Section<'_>) -> BTreeMap<EndpointName, Endpoint> {
    let mut endpoints = BTreeMap::new();
    for (name, section) in root.named("webhooks") {
        match (name.parse(), endpoint(section)) {
            (Ok(name), Some(endpoint)) => {
                endpoints.insert(name, endpoint);
            }
            (Ok(_), None) => {}
            (Err(error), _) => root.report("webhooks", format!("{error}")),
        }
    }
    endpoints
}

fn endpoint(mut section: Section<'_>) -> Option<Endpoint> {
    let url = section.required("url", url);
    let sign = sign(section.table("sign"));
    let headers = headers(&mut section);
    let longest = Duration::from_secs(60);
    let timeout = section.or(
        "timeout",
        Duration::from_secs(10),
        form::span(Duration::from_millis(1), longest),
    );
    let retry = retry(section.table("retry"));
    section.finish();
    Some(Endpoint {
        url: url?,
        sign,
        headers,
        timeout,
        retry,
    })
}

fn url(node: &Node) -> Result<Url, String> {
    let text = form::some_text(node)?;
    let wrong = || "is not a URL such as \"https://crm.example/hooks\", without user name and password".to_owned();
    let url = Url::parse(&text).map_err(|_| wrong())?;
    let usable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    if usable { Ok(url) } else { Err(wrong()) }
}

fn sign(mut section: Section<'_>) -> Option<Sign> {
    let forms = form::one_of(&[("standard", SignForm::Standard), ("hub", SignForm::Hub)]);
    let form = section.optional("form", forms);
    let secret = section.optional("secret", form::parsed);
    if form.is_some() && secret.is_none() {
        section.report("secret", "is missing: the name of a [secrets] entry");
    }
    section.finish();
    secret.map(|secret| Sign {
        form: form.unwrap_or(SignForm::Standard),
        secret,
    })
}

fn headers(section: &mut Section<'_>) -> Vec<(HeaderName, HeaderText)> {
    let mut headers = Vec::new();
    for (name, value) in section.free("headers").1 {
        let header: Result<HeaderName, _> = name.parse();
        let text = value.as_str().map(HeaderText::parse);
        match (header, text) {
            (Ok(header), _) if OWN.contains(&header.as_str()) => {
                section.report("headers", format!("{header} is the host's own"));
            }
            (Ok(header), Some(Ok(text))) => headers.push((header, text)),
            (Ok(header), Some(Err(problem))) => section.report("headers", format!("{header}: {problem}")),
            (Ok(header), None) => section.report("headers", format!("{header}: expected a text")),
            (Err(_), _) => section.report("headers", format!("{name:?} is not the name of a header")),
        }
    }
    headers
}

pub(super) fn retry(mut section: Section<'_>) -> Retry {
    let (second, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
    let retry = Retry {
        max_attempts: section.or("max-attempts", 12, form::integer(1, 1000)),
        backoff: Backoff {
            first: section.or("first", 5 * second, form::span(Duration::from_millis(1), day)),
            factor: section.or("factor", 4.0, form::number(1.0, 100.0)),
            max: section.or("max", 6 * 3600 * second, form::span(Duration::from_millis(1), day)),
            jitter: section.or("jitter", 0.2, form::number(0.0, 1.0)),
        },
    };
    if retry.backoff.first > retry.backoff.max {
        section.report("first", "is longer than max");
    }
    section.finish();
    retry
}
