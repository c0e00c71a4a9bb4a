//! What people use gateways for, from end to end: over HTTP as an integrator would write it, with a look at the other side's phones.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::NewAccount;
use waspnest_simulator::human::{Heard, Human};

use super::host::{Host, PATIENCE, SECRET};
use super::listening::Listener;
use super::rest::{human, jid, start};

/// A program that uses the API with a credential.
struct Program {
    address: SocketAddr,
    bearer: String,
}

impl Program {
    fn of(host: &Host, bearer: &str) -> Self {
        Self {
            address: host.address,
            bearer: bearer.to_owned(),
        }
    }

    /// Asks, and answers with status and body.
    async fn asks(&self, method: &str, path: &str, body: Value) -> Result<(u16, Value)> {
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("Authorization", format!("Bearer {}", self.bearer))
            .header("Content-Type", "application/json")
            .body(body)?;
        let asked = tokio::task::spawn_blocking(move || -> Result<(u16, Value)> {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut answer = agent.run(request)?;
            let body = answer.body_mut().read_to_vec()?;
            let told = match body.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&body)?,
            };
            Ok((answer.status().as_u16(), told))
        });
        asked.await?
    }

    /// Asks, and is answered that it was done.
    async fn does(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let (status, told) = self.asks(method, path, body).await?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {told:#}");
        Ok(told)
    }

    async fn sees(&self, path: &str) -> Result<Value> {
        self.does("GET", path, Value::Null).await
    }

    async fn listens(&self, query: &str) -> Listener {
        Listener::opens(self.address, &self.bearer, query, None).await
    }

    /// Makes a session and links it to a new account by the code that comes over the stream; answers with the account's number.
    async fn links(&self, host: &Host, name: &str) -> Result<String> {
        let mut listener = self.listens("?type=pairing,session").await;
        let made = self.does("POST", "/v1/sessions", json!({ "name": name })).await?;
        let of_it = |event: &Value| event["session"]["id"] == made["id"];
        let code = until(&mut listener, |event| event["type"] == "pairing.qr" && of_it(event)).await;
        let account = host.simulator.create_account(NewAccount {
            push_name: name.into(),
            phone: None,
        })?;
        host.simulator
            .scan_qr(&account.phone, code["data"]["text"].as_str().context("a code")?)
            .await?;
        until(&mut listener, |event| {
            event["type"] == "session.connected" && of_it(event)
        })
        .await;
        Ok(account.phone)
    }

    /// Sends a text, and waits until it has left.
    async fn sends(&self, session: &str, to: Value, text: &str) -> Result<Value> {
        let body = json!({ "type": "text", "to": to, "text": text });
        self.does("POST", &format!("/v1/sessions/{session}/messages?wait=sent"), body)
            .await
    }
}

/// The next event that is so.
async fn until(listener: &mut Listener, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = listener.event().await;
        if is_it(&event) {
            return event;
        }
    }
}

/// The text as somebody's phone shows it.
async fn shown(on: &Human, text: &str) -> Result<Heard> {
    let is_it = |heard: &Heard| !heard.from_me && heard.text.as_deref() == Some(text);
    on.wait_for(is_it, PATIENCE)
        .await
        .with_context(|| format!("nobody hears {text:?}"))
}

/// A tenant with one user, who has logged in.
async fn tenant(host: &Host, name: &str) -> Result<Program> {
    let operator = Program::of(host, SECRET);
    operator.does("POST", "/v1/tenants", json!({ "name": name })).await?;
    let user = json!({ "tenant": name, "username": "ada", "password": "correct horse battery", "role": "owner" });
    operator.does("POST", "/v1/users", user).await?;
    let login = json!({ "tenant": name, "username": "ada", "password": "correct horse battery" });
    let login = operator.does("POST", "/v1/auth/login", login).await?;
    let token = login["access_token"].as_str().context("a token")?;
    Ok(Program::of(host, token))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_has_several_sessions() -> Result<()> {
    let host = start().await?;
    let ada = tenant(&host, "acme").await?;
    let sales = ada.links(&host, "sales").await?;
    let support = ada.links(&host, "support").await?;
    let listed = ada.sees("/v1/sessions").await?;
    let names: Vec<_> = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["name"])
        .collect();
    ensure!(names == [&json!("sales"), &json!("support")], "{listed:#}");

    // Each writes under its own number, and is answered there.
    let ana = host.ana.account().phone.clone();
    let mut listener = ada.listens("?type=message.received").await;
    for (session, number) in [("sales", &sales), ("support", &support)] {
        let hello = format!("hello from {session}");
        ada.sends(session, json!(format!("+{ana}")), &hello).await?;
        let heard = shown(&host.ana, &hello).await?;
        ensure!(heard.chat.starts_with(number), "{heard:?} is not of {number}");
        let answer = format!("thanks, {session}");
        host.ana.say(number, &answer).await?;
        let event = until(&mut listener, |event| event["data"]["text"] == json!(answer)).await;
        ensure!(event["session"]["name"] == session, "{event:#}");
        ensure!(
            event["data"]["sender"]["phone"] == json!(format!("+{ana}")),
            "{event:#}"
        );
    }
    let events = ada.sees("/v1/sessions/sales/events?type=message.received").await?;
    let texts: Vec<_> = events["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| &event["data"]["text"])
        .collect();
    ensure!(texts == [&json!("thanks, sales")], "{events:#}");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_users_are_apart() -> Result<()> {
    let host = start().await?;
    // Everything is called the same.
    let (acme, zenith) = (tenant(&host, "acme").await?, tenant(&host, "zenith").await?);
    let ours = acme.links(&host, "main").await?;
    let theirs = zenith.links(&host, "main").await?;
    let (mut hears_ours, mut hears_theirs) = (acme.listens("").await, zenith.listens("").await);
    for (number, text) in [(&ours, "for acme"), (&theirs, "for zenith")] {
        host.ana.say(number, text).await?;
    }
    let is_message = |event: &Value| event["type"] == "message.received";
    let event = until(&mut hears_ours, is_message).await;
    ensure!(event["data"]["text"] == "for acme", "{event:#}");
    let event = until(&mut hears_theirs, is_message).await;
    ensure!(event["data"]["text"] == "for zenith", "{event:#}");

    let own = acme.sees("/v1/sessions/main").await?;
    let other = zenith.sees("/v1/sessions/main").await?;
    ensure!(own["id"] != other["id"], "{own:#}");
    let guessed = format!("/v1/sessions/{}", other["id"].as_str().context("an id")?);
    for (method, path, body) in [
        ("GET", guessed.clone(), Value::Null),
        ("GET", format!("{guessed}/events"), Value::Null),
        ("DELETE", guessed.clone(), Value::Null),
        (
            "POST",
            format!("{guessed}/messages"),
            json!({ "type": "text", "to": host.ana.account().phone, "text": "not mine" }),
        ),
    ] {
        let (status, told) = acme.asks(method, &path, body).await?;
        ensure!(
            (status, &told["code"]) == (404, &json!("unknown_session")),
            "{method} {path}: {told:#}"
        );
    }
    // And under the same name everybody writes as themselves.
    let ana = host.ana.account().phone.clone();
    for (program, number, text) in [(&acme, &ours, "acme says"), (&zenith, &theirs, "zenith says")] {
        program.sends("main", json!(ana), text).await?;
        let heard = shown(&host.ana, text).await?;
        ensure!(heard.chat.starts_with(number), "{heard:?}");
    }
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_checked_and_those_there_are_written_to() -> Result<()> {
    let host = start().await?;
    let operator = Program::of(&host, SECRET);
    let (ben, cleo) = (human(&host, "Ben").await?, human(&host, "Cleo").await?);
    let people = [&host.ana, &ben, &cleo];
    let mut numbers: Vec<_> = people
        .iter()
        .map(|human| format!("+{}", human.account().phone))
        .collect();
    numbers.insert(1, "+4999999999999".to_owned());
    numbers.push("+4988888888888".to_owned());
    let checked = operator
        .does("POST", "/v1/sessions/main/contacts:check", json!({ "phones": numbers }))
        .await?;
    let there: Vec<_> = checked["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["exists"] == json!(true))
        .map(|one| one["who"]["phone"].clone())
        .collect();
    ensure!(there.len() == people.len(), "{checked:#}");

    let sent = operator.sends("main", json!(there), "we have moved").await?;
    let effects = sent["items"]
        .as_array()
        .or_else(|| sent["effects"].as_array())
        .map(Vec::len);
    ensure!(effects.is_none_or(|count| count == people.len()), "{sent:#}");
    for person in people {
        shown(person, "we have moved").await?;
        let heard = person.phone_view();
        let copies = heard
            .iter()
            .filter(|heard| heard.text.as_deref() == Some("we have moved"))
            .count();
        ensure!(copies == 1, "{heard:?}");
    }
    let effects = operator.sees("/v1/sessions/main/effects").await?;
    ensure!(
        effects["items"].as_array().map(Vec::len) == Some(people.len()),
        "{effects:#}"
    );
    ben.leave().await;
    cleo.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_the_account_administers_are_written_to() -> Result<()> {
    let host = start().await?;
    let operator = Program::of(&host, SECRET);
    let ben = human(&host, "Ben").await?;
    let (ana, ben_is) = (host.ana.account().phone.clone(), ben.account().phone.clone());
    for subject in ["North", "South"] {
        let body = json!({ "subject": subject, "participants": [ana, ben_is] });
        operator.does("POST", "/v1/sessions/main/groups", body).await?;
    }
    // Where it is only one of many.
    let fans = host.simulator.create_group(&ana, "Fans", &[&host.phone, &ben_is])?;

    let session = operator.sees("/v1/sessions/main").await?;
    let me = [&session["account"]["phone"], &session["account"]["lid"]];
    let groups = operator.sees("/v1/sessions/main/groups").await?;
    let groups = groups["items"].as_array().context("groups")?;
    ensure!(groups.len() == 3, "{groups:?}");
    let mut administered = Vec::new();
    for group in groups {
        let people = group["participants"].as_array().context("people")?;
        let is_me = |one: &Value| {
            let known = [&one["who"]["phone"], &one["who"]["lid"]];
            known
                .into_iter()
                .any(|address| address.is_string() && me.contains(&address))
        };
        let mine = people.iter().find(|one| is_me(one)).context("the account is in it")?;
        if mine["role"] != "member" {
            administered.push(jid(&group["group"])?);
        }
    }
    ensure!(
        administered.len() == 2 && !administered.contains(&fans.jid),
        "{administered:?}"
    );

    operator.sends("main", json!(administered), "closed on Monday").await?;
    for person in [&host.ana, &ben] {
        for group in &administered {
            let is_it = |heard: &Heard| heard.chat == *group && heard.text.as_deref() == Some("closed on Monday");
            person
                .wait_for(is_it, PATIENCE)
                .await
                .context("it is told in the group")?;
        }
        let elsewhere = person
            .phone_view()
            .into_iter()
            .any(|heard| heard.chat == fans.jid && !heard.from_me);
        ensure!(!elsewhere, "it was told where the account is nobody");
    }
    ben.leave().await;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dashboard_sees_how_everything_is() -> Result<()> {
    let host = start().await?;
    let operator = Program::of(&host, SECRET);
    let (status, ready) = operator.asks("GET", "/readyz", Value::Null).await?;
    ensure!(status == 200, "{ready:#}");
    let health = operator.sees("/v1/health").await?;
    ensure!(
        (&health["status"], &health["sessions"]["by_state"]["connected"]) == (&json!("ready"), &json!(1)),
        "{health:#}"
    );

    // What happens comes by itself, and what was asked says the same.
    let mut listener = operator.listens("?type=session,receipt,message").await;
    operator
        .does("POST", "/v1/sessions/main:disconnect", Value::Null)
        .await?;
    let gone = until(&mut listener, |event| event["type"] == "session.disconnected").await;
    ensure!(gone["session"]["name"] == "main", "{gone:#}");
    let status = operator.sees("/v1/sessions/main/status").await?;
    ensure!(status["state"] == "disconnected", "{status:#}");
    let health = operator.sees("/v1/health").await?;
    ensure!(health["sessions"]["by_state"]["disconnected"] == json!(1), "{health:#}");

    // What is sent meanwhile waits, visibly.
    let ana = host.ana.account().phone.clone();
    let body = json!({ "type": "text", "to": ana, "text": "later" });
    let sent = operator.does("POST", "/v1/sessions/main/messages", body).await?;
    let effect = format!("/v1/sessions/main/effects/{}", sent["id"].as_str().context("an id")?);
    ensure!(operator.sees(&effect).await?["state"] == "pending");
    operator.does("POST", "/v1/sessions/main:connect", Value::Null).await?;
    until(&mut listener, |event| event["type"] == "session.connected").await;
    shown(&host.ana, "later").await?;
    let delivered = until(&mut listener, |event| event["type"] == "receipt.delivered").await;
    ensure!(
        delivered["data"]["messages"] == json!([sent["message_id"]]),
        "{delivered:#}"
    );
    let state = operator.sees(&effect).await?;
    ensure!(
        ["delivered", "read"].contains(&state["state"].as_str().unwrap_or_default()),
        "{state:#}"
    );
    let status = operator.sees("/v1/sessions/main/status").await?;
    ensure!(
        status["state"] == "connected" && status["last_round_trip"].is_string(),
        "{status:#}"
    );
    host.stop().await
}
