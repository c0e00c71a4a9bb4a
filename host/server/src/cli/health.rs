//! `waspnest health`: whether a host is ready, for whoever starts it and waits, such as a container's health check.
//!
//! Asks as anybody may, without a credential.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use url::Url;

use super::place::{Place, Trust};
use super::remote::Environment;
use super::{Exit, config_file};
use crate::config::Config;
use crate::config::server::Server;

/// For `/readyz`: the store has five seconds of its own.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which host is asked.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// The configuration that says where the host listens, where --url does not; without it ./config.toml, or defaults where that is missing
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What a host says of itself.
pub(super) enum Health {
    /// It can do its work.
    Ready,
    /// It cannot, and why.
    NotReady(String),
}

pub(super) fn run(asked: &Asked, env: &Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let (base, trust) = match asked.place.is_told(env) {
        true => (asked.place.base(env)?, asked.place.trust(env)),
        false => {
            let config = Config::load(config_file(asked.config.as_deref()), env.clone().into_iter())?;
            let Some((base, trust)) = of(&config.server, &asked.place, env) else {
                bail!("server.listen names no address to ask at; say where the host listens with --url");
            };
            (base, trust)
        }
    };
    match ask(&base, &trust)? {
        Health::Ready => {
            writeln!(out, "{base} is ready")?;
            Ok(Exit::Success)
        }
        Health::NotReady(why) => {
            writeln!(out, "{base} is not ready: {why}")?;
            Ok(Exit::Failure)
        }
    }
}

/// Where one asks a host that listens as configured, and who vouches for it; none when it takes a free port.
pub(super) fn of(server: &Server, place: &Place, env: &Environment) -> Option<(Url, Trust)> {
    let near = match server.listen.ip() {
        IpAddr::V4(any) if any.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(any) if any.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    let (scheme, trust) = match &server.tls {
        Some(_) => ("https", Trust::Nobody),
        None => ("http", place.trust(env)),
    };
    match server.listen.port() {
        0 => None,
        port => {
            let base = format!("{scheme}://{}", SocketAddr::new(near, port));
            Some((base.parse().ok()?, trust))
        }
    }
}

/// Asks a host whether it is ready.
pub(super) fn ask(base: &Url, trust: &Trust) -> anyhow::Result<Health> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .tls_config(trust.config()?)
        .build()
        .into();
    let url = base.join("/readyz").with_context(|| format!("{base} has no paths"))?;
    let answered = agent.get(url.as_str()).call();
    let mut answer = answered.with_context(|| format!("{base} does not answer"))?;
    if answer.status().is_success() {
        return Ok(Health::Ready);
    }
    let problem = answer.body_mut().read_to_string().unwrap_or_default();
    let problem: Value = serde_json::from_str(&problem).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or("it does not say why");
    Ok(Health::NotReady(detail.to_owned()))
}
