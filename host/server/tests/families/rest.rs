//! A host without plugins, spoken to over REST; the other side is looked at on simulated people's clients.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::NewAccount;
use waspnest_simulator::human::Human;

use super::host::Host;

/// The shortest thing that begins and ends as a JPEG does, and the same in base64.
pub(crate) const JPEG: [u8; 6] = [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9];
pub(crate) const JPEG_BASE64: &str = "/9j/4P/Z";

pub(crate) async fn start() -> Result<Host> {
    Host::with(|_| String::new()).await
}

pub(crate) async fn human(host: &Host, name: &str) -> Result<Human> {
    let spec = NewAccount {
        push_name: name.into(),
        phone: None,
    };
    Ok(Human::join(&host.simulator, spec).await?)
}

impl Host {
    /// Asks something of the session, and expects this status.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value, status: u16) -> Result<Value> {
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let full = format!("/v1/sessions/main{path}");
        let (answered, told) = self.api(method, &full, "application/json", body).await?;
        ensure!(answered == status, "{method} {path}: {answered} {told:#}");
        Ok(told)
    }

    pub(crate) async fn see(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, Value::Null, 200).await
    }
}

/// The address of something that was answered.
pub(crate) fn jid(told: &Value) -> Result<String> {
    let jid = told["jid"].as_str().with_context(|| format!("no address in {told}"))?;
    Ok(jid.to_owned())
}

/// Whether what was answered holds these fields, whatever else there is.
pub(crate) fn holds(told: &Value, fields: &Value) -> Result<()> {
    for (key, value) in fields.as_object().context("fields are an object")? {
        ensure!(told[key] == *value, "{key} is {}, not {value}: {told:#}", told[key]);
    }
    Ok(())
}

/// One result that was good.
pub(crate) fn done(told: &Value) -> Result<()> {
    let results = told["results"].as_array().context("results")?;
    ensure!(
        !results.is_empty() && results.iter().all(|result| result["done"] == json!(true)),
        "{told:#}"
    );
    Ok(())
}
