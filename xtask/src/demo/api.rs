//! The two HTTP interfaces, as far as the demo uses them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::Agent;

/// Calls one server.
#[derive(Clone)]
struct Client {
    agent: Agent,
    base: String,
    bearer: Option<String>,
}

impl Client {
    fn new(address: &str, bearer: Option<&str>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(90)));
        Self {
            agent: config.build().into(),
            base: format!("http://{address}"),
            bearer: bearer.map(str::to_owned),
        }
    }

    fn get(&self, path: &str) -> Result<Value> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        Self::read("GET", path, request.call())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Content-Type", "application/json");
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", format!("Bearer {bearer}"));
        }
        Self::read("POST", path, request.send(body.to_string()))
    }

    /// What is not JSON.
    fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let mut response = self
            .agent
            .get(format!("{}{path}", self.base))
            .call()
            .with_context(|| format!("GET {path}"))?;
        let status = response.status();
        let bytes = response
            .body_mut()
            .read_to_vec()
            .with_context(|| format!("reading the answer to GET {path}"))?;
        if !status.is_success() {
            bail!("GET {path} answered {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes)
    }

    fn read(
        method: &str,
        path: &str,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value> {
        let mut response = response.with_context(|| format!("{method} {path}"))?;
        let text = response
            .body_mut()
            .read_to_string()
            .with_context(|| format!("reading the answer to {method} {path}"))?;
        if !response.status().is_success() {
            bail!("{method} {path} answered {}: {text}", response.status());
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

fn text(value: &Value, key: &str) -> Result<String> {
    value[key]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {key}: {value}"))
}

/// The host.
pub(super) struct Host(Client);

impl Host {
    pub(super) fn at(address: &str, secret: &str) -> Self {
        Self(Client::new(address, Some(secret)))
    }

    /// Waits until the host says it is ready; `runs` fails when that will never be.
    pub(super) fn wait_ready(&self, patience: Duration, mut runs: impl FnMut() -> Result<()>) -> Result<()> {
        poll(patience, || {
            runs()?;
            Ok(self.0.get("/readyz").ok().map(drop))
        })
    }

    /// The text of the QR code to scan.
    pub(super) fn qr(&self, session: &str, patience: Duration) -> Result<String> {
        let answer = self
            .0
            .get(&format!("/v1/sessions/{session}/qr?wait={}", patience.as_secs()))?;
        text(&answer, "text")
    }

    pub(super) fn wait_connected(&self, session: &str, patience: Duration) -> Result<()> {
        poll(patience, || {
            let status = self.0.get(&format!("/v1/sessions/{session}/status"))?;
            Ok((status["state"] == "connected").then_some(()))
        })
    }
}

/// The simulator.
#[derive(Clone)]
pub(super) struct Simulator(Client);

/// A message a person received.
pub(crate) struct Received {
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) sender: String,
    pub(super) quoted: Option<String>,
    pub(crate) text: String,
}

impl Simulator {
    pub(super) fn at(address: &str) -> Self {
        Self(Client::new(address, None))
    }

    /// Makes an account with a phone, and answers its number.
    pub(super) fn create_account(&self, name: &str) -> Result<String> {
        text(&self.0.post("/accounts", &json!({ "push_name": name }))?, "phone")
    }

    /// Both addresses of an account: by phone number, and by LID, under which members of groups go.
    pub(super) fn addresses(&self, phone: &str) -> Result<[String; 2]> {
        let accounts = self.0.get("/accounts")?;
        let account = accounts["items"]
            .as_array()
            .and_then(|items| items.iter().find(|account| account["phone"] == phone))
            .with_context(|| format!("there is no account {phone}"))?;
        Ok([text(account, "jid")?, text(account, "lid_jid")?])
    }

    /// The account's phone scans a QR code.
    pub(super) fn scan(&self, phone: &str, code: &str) -> Result<()> {
        self.0
            .post(&format!("/accounts/{phone}/scan"), &json!({ "qr": code }))?;
        Ok(())
    }

    /// Makes somebody to chat with, and answers their number.
    pub(super) fn create_person(&self, name: &str) -> Result<String> {
        text(&self.0.post("/people", &json!({ "push_name": name }))?, "phone")
    }

    pub(super) fn say(&self, from: &str, to: &str, words: &str) -> Result<()> {
        self.0
            .post(&format!("/people/{from}/say"), &json!({ "to": to, "text": words }))?;
        Ok(())
    }

    /// Lets `owner` make a group, and answers its address.
    pub(super) fn create_group(&self, owner: &str, subject: &str, members: &[&str]) -> Result<String> {
        let path = format!("/people/{owner}/groups");
        text(
            &self.0.post(&path, &json!({ "subject": subject, "members": members }))?,
            "jid",
        )
    }

    /// Lets somebody who administrates a group put another person into it.
    pub(super) fn add_member(&self, admin: &str, group: &str, person: &str) -> Result<()> {
        let path = format!("/people/{admin}/groups/{group}/members");
        self.0.post(&path, &json!({ "change": "add", "members": [person] }))?;
        Ok(())
    }

    /// Chooses an option of a poll that `person` received.
    pub(super) fn vote(&self, person: &str, poll: &str, option: &str) -> Result<()> {
        let path = format!("/people/{person}/inbox/{poll}/vote");
        self.0.post(&path, &json!({ "options": [option] }))?;
        Ok(())
    }

    /// Sends a picture, encrypted and uploaded as every client does.
    pub(super) fn send_picture(&self, from: &str, to: &str, png: &[u8], caption: &str) -> Result<()> {
        let picture = json!({
            "to": to,
            "kind": "image",
            "mime": "image/png",
            "caption": caption,
            "data": STANDARD.encode(png),
        });
        self.0.post(&format!("/people/{from}/send"), &picture)?;
        Ok(())
    }

    /// The file of a message, downloaded and decrypted by whom received it.
    pub(super) fn file(&self, person: &str, message: &str) -> Result<Vec<u8>> {
        self.0.bytes(&format!("/people/{person}/inbox/{message}/file"))
    }

    /// The first message after `after` that `person` receives; none when none comes in time.
    pub(super) fn next(&self, person: &str, after: u64, patience: Duration) -> Result<Received> {
        self.wait(person, &format!("after={after}"), patience)
    }

    /// The same in one chat.
    pub(super) fn next_in(&self, person: &str, chat: &str, after: u64, patience: Duration) -> Result<Received> {
        self.wait(person, &format!("after={after}&chat={chat}"), patience)
    }

    fn wait(&self, person: &str, wanted: &str, patience: Duration) -> Result<Received> {
        let path = format!(
            "/people/{person}/inbox/wait?{wanted}&timeout_ms={}",
            patience.as_millis()
        );
        let heard = self.0.get(&path)?;
        let seq = heard["seq"].as_u64().context("the message has no place in the inbox")?;
        Ok(Received {
            seq,
            id: text(&heard, "id")?,
            kind: text(&heard, "kind")?,
            sender: text(&heard, "sender")?,
            quoted: heard["quoted"].as_str().map(str::to_owned),
            text: heard["text"].as_str().unwrap_or("(no text)").to_owned(),
        })
    }

    /// The place of the newest message in a person's inbox.
    pub(super) fn newest(&self, person: &str) -> Result<u64> {
        let inbox = self.0.get(&format!("/people/{person}/inbox?limit=1000"))?;
        Ok(inbox["next"].as_u64().unwrap_or(0))
    }
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for over HTTP")]
fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        if started.elapsed() > patience {
            bail!("nothing happened within {} s", patience.as_secs());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
