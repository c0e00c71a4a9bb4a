//! A running host, spoken to over its API.
//!
//! The admin secret, or whatever else opens the host, comes from a file or the environment, never from the arguments, which others on the
//! machine can read; it is sent to the one address that was named, whatever that answers.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use url::Url;
use waspnest_core::secret::SecretText;

use super::place::{Place, USUAL_URL};

/// The variable of the environment that says what the arguments do not.
pub(super) const SECRET: &str = "WASPNEST_SECRET";

/// Until somebody listens there.
const CONNECTING: Duration = Duration::from_secs(10);
/// For a whole answer: a host compiles what it is to put to work.
const ANSWERING: Duration = Duration::from_secs(600);
/// Bytes of the largest answer that is read.
const LARGEST_ANSWER: u64 = 64 << 20;

/// The environment of the program.
pub(super) type Environment = BTreeMap<String, String>;

/// Which host, and who speaks to it.
#[derive(Debug, Args)]
pub(super) struct Address {
    #[command(flatten)]
    place: Place,
    /// A file that holds the admin secret, an API key or an access token; without it WASPNEST_SECRET
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Address {
    /// The same, for a host that is somewhere else than usual.
    pub(super) fn or_at(&self, url: Option<Url>, env: &Environment) -> Self {
        Self {
            place: self.place.or_at(url, env),
            secret_file: self.secret_file.clone(),
        }
    }

    /// Whether anybody said what opens the host.
    pub(super) fn has_secret(&self, env: &Environment) -> bool {
        self.secret_file.is_some() || env.contains_key(SECRET)
    }

    /// Where the host is.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }
}

/// What is sent along.
pub(super) enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Value),
    /// A package.
    Archive(Vec<u8>),
    /// A file of some type.
    File {
        /// Its type.
        mime: &'static str,
        /// All of it.
        content: Vec<u8>,
    },
}

/// A host.
pub(super) struct Remote {
    agent: ureq::Agent,
    base: Url,
    secret: SecretText,
}

impl Remote {
    /// The host of an address, which is not spoken to yet.
    pub(super) fn of(address: &Address, env: &Environment) -> anyhow::Result<Self> {
        let base = address.place.base(env)?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            bail!("{base} is not the address of a host; expected something like {USUAL_URL}");
        }
        let secret = match (&address.secret_file, env.get(SECRET)) {
            (Some(file), _) => {
                let text = std::fs::read_to_string(file);
                text.with_context(|| format!("cannot read the secret in {}", file.display()))?
            }
            (None, Some(secret)) => secret.clone(),
            (None, None) => {
                bail!("the host asks for its admin secret; set {SECRET}, or name a file with --secret-file")
            }
        };
        let secret = secret
            .trim()
            .parse()
            .map_err(|error| anyhow!("the admin secret cannot be used: {error}"))?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // The secret goes to no other address, and past no proxy of the environment.
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECTING))
            .timeout_global(Some(ANSWERING))
            .tls_config(address.place.trust(env).config()?);
        Ok(Self {
            agent: config.build().into(),
            base,
            secret,
        })
    }

    /// What a path answers to GET.
    pub(super) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, query, Body::Empty)
    }

    /// What a path answers to POST.
    pub(super) fn post(&self, path: &[&str], body: Body) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, &[], body)
    }

    /// What a path answers to a request with parameters.
    pub(super) fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Body,
    ) -> anyhow::Result<Value> {
        self.ask_once(method, path, query, body, None)
    }

    /// The same under an `Idempotency-Key`, if there is one.
    pub(super) fn ask_once(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Body,
        key: Option<&str>,
    ) -> anyhow::Result<Value> {
        let headers = key.map(|key| ("idempotency-key", key));
        self.call(method, path, query, body, headers.as_slice())
    }

    /// What a path answers to PATCH.
    pub(super) fn patch(&self, path: &[&str], body: Body) -> anyhow::Result<Value> {
        self.ask(Method::PATCH, path, &[], body)
    }

    /// Has what is at a path removed.
    pub(super) fn delete(&self, path: &[&str]) -> anyhow::Result<()> {
        self.ask(Method::DELETE, path, &[], Body::Empty).map(|_| ())
    }

    /// Every element of a list, page by page.
    pub(super) fn all(&self, path: &[&str]) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let query: Vec<(&str, &str)> = cursor.as_deref().map(|cursor| ("cursor", cursor)).into_iter().collect();
            let mut page = self.get(path, &query)?;
            if let Some(items) = page["items"].as_array_mut() {
                found.append(items);
            }
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(found),
            }
        }
    }

    /// Copies what a path answers to GET, as it comes. Its last line has to be one that says it is the end.
    pub(super) fn copy(&self, path: &[&str], out: &mut dyn Write) -> anyhow::Result<()> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(self.url(path)?.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret.expose()));
        let base = &self.base;
        let mut answer = self
            .agent
            .run(request.body(Vec::new())?)
            .with_context(|| format!("the host at {base} does not answer"))?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.body_mut().with_config().limit(LARGEST_ANSWER).read_to_string()?;
            match serde_json::from_str(&text) {
                Ok(problem) => return Err(refusal(status, &problem)),
                Err(_) => bail!("{base} answers like no host ({status}); is that its address?"),
            }
        }
        let mut last = String::new();
        let lines = BufReader::new(answer.body_mut().with_config().limit(u64::MAX).reader());
        for line in lines.lines() {
            last = line.with_context(|| format!("the host at {base} did not answer to the end"))?;
            writeln!(out, "{last}")?;
        }
        match serde_json::from_str::<Value>(&last) {
            Ok(end) if end["type"] == "end" => Ok(()),
            Ok(_) | Err(_) => bail!("the host at {base} did not answer to the end"),
        }
    }

    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("{} has no paths", self.base))?
            .pop_if_empty()
            .push("v1")
            .extend(path);
        Ok(url)
    }

    fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Body,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Value> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let (kind, body) = match body {
            Body::Empty => (None, Vec::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Body::Archive(archive) => (Some("application/gzip"), archive),
            Body::File { mime, content } => (Some(mime), content),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret.expose()));
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let base = &self.base;
        let mut answer = self
            .agent
            .run(request.body(body)?)
            .with_context(|| format!("the host at {base} does not answer"))?;
        let status = answer.status();
        let text = answer
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_string()
            .with_context(|| format!("the host at {base} did not answer to the end"))?;
        if status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let told = serde_json::from_str(&text);
        match told {
            Ok(told) if status.is_success() => Ok(told),
            Ok(problem) => Err(refusal(status, &problem)),
            Err(_) => bail!("{base} answers like no host ({status}); is that its address?"),
        }
    }
}

/// What a problem document says.
fn refusal(status: StatusCode, problem: &Value) -> anyhow::Error {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!("the host refuses ({} {})", status.as_u16(), text(&problem["code"]));
    words += &format!(": {}", text(&problem["detail"]));
    for fault in problem["errors"].as_array().into_iter().flatten() {
        words += &format!("\n  {}: {}", text(&fault["pointer"]), text(&fault["detail"]));
    }
    anyhow!(words)
}
