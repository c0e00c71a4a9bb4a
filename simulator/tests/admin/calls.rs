//! A client of the admin interface that holds every call against the interface's own document.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use waspnest_simulator::admin::{Admin, AdminConfig};
use waspnest_simulator::{Config, Simulator};

use crate::document::Document;

/// A blocking HTTP client that returns errors as answers.
#[derive(Clone)]
pub(crate) struct Calls {
    agent: ureq::Agent,
    base: String,
    pub(crate) token: Option<&'static str>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) allow: Option<String>,
    pub(crate) body: Value,
}

impl Calls {
    pub(crate) fn to(base: impl Into<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .into();
        Self {
            agent,
            base: base.into(),
            token: None,
        }
    }

    /// `call` is `METHOD /path`; a body makes sense for POST only.
    pub(crate) async fn call(&self, call: &str, body: Option<String>) -> anyhow::Result<Reply> {
        let (calls, call) = (self.clone(), call.to_owned());
        tokio::task::spawn_blocking(move || calls.call_blocking(&call, body)).await?
    }

    pub(crate) fn call_blocking(&self, call: &str, body: Option<String>) -> anyhow::Result<Reply> {
        let (method, path) = call.split_once(' ').context("METHOD /path")?;
        let sent = body.unwrap_or_default();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = self.agent.run(request.body(sent.clone())?)?;
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (kind, allow) = (header("content-type").unwrap_or_default(), header("allow"));
        let text = response.body_mut().read_to_string()?;
        let reply = Reply {
            status: response.status().as_u16(),
            body: serde_json::from_str(&text).with_context(|| format!("{call} answered {text:?}"))?,
            kind,
            allow,
        };
        Document::get().check(method, path, &sent, &reply);
        Ok(reply)
    }

    /// A call that must work.
    pub(crate) async fn done(&self, call: &str, body: Value) -> anyhow::Result<Value> {
        let body = (!body.is_null()).then(|| body.to_string());
        let reply = self.call(call, body).await?;
        anyhow::ensure!(
            (200..300).contains(&reply.status),
            "{call}: {} {}",
            reply.status,
            reply.body
        );
        assert_eq!(reply.kind, "application/json", "{call}");
        Ok(reply.body)
    }

    /// A file that is JSON, which is not held against the document.
    pub(crate) async fn fetched(&self, path: &str) -> anyhow::Result<Value> {
        let (agent, url) = (self.agent.clone(), format!("{}{path}", self.base));
        let fetch = move || {
            Ok(serde_json::from_str(
                &agent.get(url).call()?.body_mut().read_to_string()?,
            )?)
        };
        tokio::task::spawn_blocking(fetch).await?
    }

    /// A call that must fail with this status and code.
    pub(crate) async fn fails(&self, call: &str, body: &str, status: u16, code: &str) -> anyhow::Result<Reply> {
        let reply = self.call(call, (!body.is_empty()).then(|| body.to_owned())).await?;
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (status, &json!(code)),
            "{call} {body}: {}",
            reply.body
        );
        assert_eq!(reply.kind, "application/problem+json");
        assert_eq!(reply.body["status"], json!(status));
        Ok(reply)
    }
}

impl Calls {
    /// People with these names, connected; answers their phone numbers.
    pub(crate) async fn people<const N: usize>(&self, names: [&str; N]) -> anyhow::Result<[String; N]> {
        let people: Vec<Value> = names.iter().map(|name| json!({"push_name": name})).collect();
        let joined = self.done("POST /people/bulk", json!({"people": people})).await?;
        let mut phones = [const { String::new() }; N];
        for (n, phone) in phones.iter_mut().enumerate() {
            *phone = text(&joined["items"][n], "phone")?.to_owned();
        }
        Ok(phones)
    }

    /// A call that only looks.
    pub(crate) async fn look(&self, path: &str) -> anyhow::Result<Value> {
        self.done(&format!("GET {path}"), Value::Null).await
    }
}

pub(crate) async fn started() -> anyhow::Result<(Simulator, Admin, Calls)> {
    let simulator = Simulator::start(Config::default()).await?;
    let admin = Admin::start(AdminConfig::default(), simulator.clone()).await?;
    let calls = Calls::to(admin.url());
    Ok((simulator, admin, calls))
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    value[field].as_str().with_context(|| format!("{field} in {value}"))
}
