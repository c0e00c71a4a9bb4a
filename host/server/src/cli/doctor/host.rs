//! A host that runs: whether it can do its work, which version it is, and which sessions are not as they should be. And whether one could
//! listen where it should.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::finding::{Finding, chain};
use crate::cli::remote::{Address, Environment, Remote, SECRET};
use crate::config::Config;
use crate::config::server::AdminSecret;

/// For `/readyz`: the store has five seconds of its own.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether the address is free.
pub(super) fn port(listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => Finding::ok("port", format!("{listen} is free")),
        Err(error) => Finding::failed("port", format!("{listen} cannot be listened on: {error}"))
            .advice("end the program that listens there, or set server.listen"),
    }
}

/// What the host that has the data directory open says of itself.
pub(super) fn look(config: &Config, address: &Address, env: &Environment) -> Vec<Finding> {
    let mut env = env.clone();
    if !address.has_secret(&env) {
        env.extend(secret(&config.server.admin_secret).map(|secret| (SECRET.to_owned(), secret)));
    }
    let usual = url(config.server.listen);
    if usual.is_none() && !address.is_told(&env) {
        let says = "server.listen names no address to ask at";
        return vec![Finding::warning("host", says).advice("say where it listens with --url")];
    }
    let address = address.or_at(usual, &env);
    let base = match address.base(&env) {
        Ok(base) => base,
        Err(error) => return vec![Finding::failed("host", format!("{error:#}"))],
    };
    let mut findings = vec![ready(&base)];
    if !address.has_secret(&env) {
        let says = "what the host says of itself was not asked, for want of a secret";
        findings.push(
            Finding::warning("sessions", says).advice(format!("set {SECRET}, or name a file with --secret-file")),
        );
        return findings;
    }
    match Remote::of(&address, &env) {
        Err(error) => findings.push(Finding::failed("sessions", format!("{error:#}"))),
        Ok(host) => {
            findings.push(version(&host));
            findings.extend(sessions(&host));
        }
    }
    findings
}

/// The admin secret, as far as the configuration knows it.
fn secret(configured: &AdminSecret) -> Option<String> {
    match configured {
        AdminSecret::Generated => None,
        AdminSecret::Given(secret) => Some(secret.expose().to_owned()),
        AdminSecret::File(path) => Some(std::fs::read_to_string(path).ok()?.trim().to_owned()),
    }
}

/// Where one asks a host that listens there.
fn url(listen: SocketAddr) -> Option<Url> {
    let near = match listen.ip() {
        IpAddr::V4(any) if any.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(any) if any.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    match listen.port() {
        0 => None,
        port => format!("http://{}", SocketAddr::new(near, port)).parse().ok(),
    }
}

fn ready(base: &Url) -> Finding {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let asked = base.join("/readyz").map_err(|error| error.to_string());
    let answered = asked.and_then(|url| agent.get(url.as_str()).call().map_err(|error| chain(&error)));
    match answered {
        Err(error) => Finding::failed("host", format!("{base} does not answer: {error}"))
            .advice("look at the log of the host; if it listens elsewhere, say so with --url"),
        Ok(answer) if answer.status().is_success() => Finding::ok("host", format!("{base} is ready")),
        Ok(mut answer) => {
            let problem = answer.body_mut().read_to_string().unwrap_or_default();
            let problem: Value = serde_json::from_str(&problem).unwrap_or_default();
            let detail = problem["detail"].as_str().unwrap_or("it does not say why");
            Finding::failed("host", format!("{base} is not ready: {detail}")).advice("look at the log of the host")
        }
    }
}

fn version(host: &Remote) -> Finding {
    let ours = env!("CARGO_PKG_VERSION");
    match host.get(&["version"], &[]) {
        Err(error) => Finding::failed("version", format!("{error:#}")),
        Ok(told) => match told["version"].as_str().unwrap_or_default() {
            theirs if theirs == ours => Finding::ok("version", theirs),
            theirs => Finding::warning("version", format!("the host is {theirs}, this program is {ours}"))
                .advice("start the host again with the program that is installed"),
        },
    }
}

fn sessions(host: &Remote) -> Vec<Finding> {
    let all = match host.all(&["sessions"]) {
        Ok(all) => all,
        Err(error) => return vec![Finding::failed("sessions", format!("{error:#}"))],
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut findings = Vec::new();
    for session in &all {
        let status = &session["status"];
        let (name, state) = (text(&session["name"]), text(&status["state"]));
        let wanted = session["connect"] == true;
        if wanted && state != "connected" {
            let why = status["reason"]
                .as_str()
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            let finding = Finding::warning("session", format!("{name} should be connected and is {state}{why}"));
            findings.push(finding.advice(advice(&state)));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("sessions", format!("{}, all as they should be", all.len())));
    }
    findings
}

/// What to do about a session in a state.
fn advice(state: &str) -> &'static str {
    match state {
        "pairing" | "new" | "logged_out" => "link a phone: `waspnest session qr NAME`",
        "banned" => "WhatsApp has banned the account; only its owner can ask why, in the app",
        "replaced" => "another program uses the same device; end that one, then `waspnest session restart NAME`",
        "outdated" => "WhatsApp wants a newer version: update the host, or set whatsapp.version",
        "stopped" => "look at the log of the host: the session could not be started",
        _ => "wait a moment; if it stays so, look at the log of the host and at the way to WhatsApp",
    }
}
