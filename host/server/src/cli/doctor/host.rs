//! A host that runs: whether it can do its work, which version it is, and which sessions are not as they should be. And whether one could
//! listen where it should.

use std::net::{SocketAddr, TcpListener};

use serde_json::Value;
use url::Url;

use super::finding::Finding;
use crate::cli::health::{self, Health};
use crate::cli::place::Trust;
use crate::cli::remote::{Address, Environment, Remote, SECRET};
use crate::config::Config;
use crate::config::server::AdminSecret;

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
    let usual = health::of(&config.server, address.place(), &env);
    let told = address.place().is_told(&env);
    let (base, trust) = match (told, usual) {
        (false, None) => {
            let says = "server.listen names no address to ask at";
            return vec![Finding::warning("host", says).advice("say where it listens with --url")];
        }
        (false, Some(usual)) => usual,
        (true, _) => match address.place().base(&env) {
            Ok(base) => (base, address.place().trust(&env)),
            Err(error) => return vec![Finding::failed("host", format!("{error:#}"))],
        },
    };
    let address = address.or_at(Some(base.clone()), &env);
    let mut findings = vec![ready(&base, &trust)];
    if trust == Trust::Nobody {
        let says =
            "what the host says of itself was not asked, since its certificate speaks of no address of this machine";
        let advice = "say by which name it is reached: --url https://…, and --ca where its authority is your own";
        findings.push(Finding::warning("sessions", says).advice(advice));
        return findings;
    }
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

fn ready(base: &Url, trust: &Trust) -> Finding {
    match health::ask(base, trust) {
        Ok(Health::Ready) => Finding::ok("host", format!("{base} is ready")),
        Ok(Health::NotReady(why)) => {
            Finding::failed("host", format!("{base} is not ready: {why}")).advice("look at the log of the host")
        }
        Err(error) => Finding::failed("host", format!("{error:#}"))
            .advice("look at the log of the host; if it listens elsewhere, say so with --url"),
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
