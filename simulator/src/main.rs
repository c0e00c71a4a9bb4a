//! `waspnest-simulator`: the simulated WhatsApp server as a program.
//!
//! Prints one JSON line `{"url": …, "admin": …, "media": …}` on standard output when all ports are open, and nothing else there;
//! the log goes to standard error. Ends on SIGINT, SIGTERM or `POST /shutdown` with exit code 0.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use waspnest_simulator::admin::{Admin, AdminConfig, Token};
use waspnest_simulator::human::Cast;
use waspnest_simulator::{Config, Follow, Simulator, StanzaFilter, Strictness};

/// A local WhatsApp multi-device server for tests, on loopback only.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Where WhatsApp clients connect (plain WebSocket); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the admin interface listens (HTTP and JSON); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    admin: SocketAddr,
    /// Where the media server listens (HTTPS); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    media: SocketAddr,
    /// Where to write the certificate authority that clients must trust to reach the media server, in PEM.
    #[arg(long, value_name = "FILE")]
    media_ca: Option<PathBuf>,
    /// A file whose content calls to the admin interface must carry as a bearer token.
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// A file of people and what they play, TOML (or JSON, when its name ends so). They have joined when the ports are announced.
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
    /// What phone numbers and keys are drawn from; the same seed draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A saved world to begin with.
    #[arg(long, value_name = "FILE")]
    restore: Option<PathBuf>,
    /// Where the world is saved when the program ends.
    #[arg(long, value_name = "FILE")]
    save_on_exit: Option<PathBuf>,
    /// Refuses stanzas that are unknown, in part or altogether, instead of ignoring them.
    #[arg(long)]
    strict: bool,
    /// Prints stanzas on standard error as they pass: all, or those that fit, such as `account=4915112345678,direction=out,tag=message`.
    #[arg(long, value_name = "FILTER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    print_stanzas: Option<StanzaFilter>,
    /// What is logged to standard error, as a tracing filter such as `debug` or `waspnest_simulator=trace`.
    #[arg(long, default_value = "warn,waspnest_simulator=info")]
    log: EnvFilter,
}

/// The line on standard output.
#[derive(Serialize)]
struct Ready {
    url: String,
    admin: String,
    media: String,
    /// The file of the certificate authority, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_ca: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let stderr = std::io::stderr();
    tracing_subscriber::fmt()
        .with_env_filter(options.log)
        .with_ansi(stderr.is_terminal())
        .with_writer(std::io::stderr)
        .init();

    let token = match options.admin_token_file {
        None => None,
        Some(path) => {
            let secret = std::fs::read_to_string(&path)
                .with_context(|| format!("reading the admin token from {}", path.display()))?;
            anyhow::ensure!(
                !secret.trim().is_empty(),
                "the admin token in {} is empty",
                path.display()
            );
            Some(Token::new(secret.trim()))
        }
    };
    let cast = match &options.people {
        None => Cast::default(),
        Some(path) => cast(path).with_context(|| format!("reading the people from {}", path.display()))?,
    };

    let config = Config {
        listen: options.listen,
        media_listen: options.media,
        seed: options.seed,
        restore: options.restore,
        strictness: if options.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        },
        ..Config::default()
    };
    let simulator = Simulator::start(config).await.context("starting the simulator")?;
    if let Some(path) = &options.media_ca {
        std::fs::write(path, simulator.media_ca_pem())
            .with_context(|| format!("writing the media server's certificate authority to {}", path.display()))?;
    }
    let printing = async {
        match options.print_stanzas {
            None => Ok(()),
            Some(filter) => print(simulator.follow(0, filter)).await,
        }
    };
    let serving = async {
        let served = serve(
            &simulator,
            &cast,
            options.admin,
            token,
            options.media_ca,
            options.save_on_exit.as_deref(),
        )
        .await;
        simulator.shutdown().await;
        served
    };
    let (served, printed) = tokio::join!(serving, printing);
    served?;
    printed.context("printing stanzas")
}

/// Prints stanzas until the server has stopped.
async fn print(mut follow: Follow) -> std::io::Result<()> {
    while let Some(record) = follow.next().await {
        writeln!(std::io::stderr(), "{record}")?;
    }
    Ok(())
}

/// Serves until somebody ends the program.
async fn serve(
    simulator: &Simulator,
    cast: &Cast,
    listen: SocketAddr,
    token: Option<Token>,
    media_ca: Option<PathBuf>,
    save: Option<&Path>,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let admin = Admin::start(AdminConfig { listen, token }, simulator.clone())
        .await
        .context("starting the admin interface")?;

    let people = cast.join(simulator).await.context("letting the people join")?;
    admin.adopt(people).await;

    let ready = serde_json::to_string(&Ready {
        url: simulator.url(),
        admin: admin.url(),
        media: simulator.media_url(),
        media_ca,
    })?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{ready}")
        .and_then(|()| stdout.flush())
        .context("announcing the ports")?;

    tokio::select! {
        _ = interrupt.recv() => tracing::info!("interrupted"),
        _ = terminate.recv() => tracing::info!("asked to terminate"),
        () = admin.shutdown_requested() => tracing::info!("asked to shut down over HTTP"),
    }
    admin.close().await;
    if let Some(path) = save {
        simulator.save(path).await.context("saving the world")?;
    }
    Ok(())
}

/// Reads a cast in the language its file name says.
fn cast(path: &Path) -> anyhow::Result<Cast> {
    let text = std::fs::read_to_string(path)?;
    let json = path.extension().is_some_and(|extension| extension == "json");
    Ok(if json {
        Cast::from_json(&text)?
    } else {
        Cast::from_toml(&text)?
    })
}
