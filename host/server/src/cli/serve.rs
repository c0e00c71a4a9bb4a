//! `waspnest serve`: runs the host until it is told to stop.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::remote::Environment;
use super::{COMPILE, Exit, config_file};
use crate::app::{App, CompilerCommand, Outside};
use crate::config::Config;
use crate::open_files;
use crate::shutdown::{self, Stopped};
use crate::systemd::Systemd;
use crate::telemetry;

/// Runs until a signal. Prints a fresh admin secret, once; everything else goes to the log.
pub(super) fn run(given: Option<&Path>, env: &Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let file = config_file(given).map(Path::to_owned);
    let read = {
        let env = env.clone();
        move || Config::load(file.as_deref(), env.clone().into_iter())
    };
    let config = read()?;
    let lines = telemetry::start(&config.log.level, config.log.format).context("cannot start the log")?;
    open_files::ask_for_all();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let stopped = runtime.block_on(async {
        let outside = Outside {
            compiler: Some(CompilerCommand {
                program: std::env::current_exe().context("cannot find this program")?,
                arguments: vec![COMPILE.into()],
            }),
            systemd: Systemd::from_env(env, std::process::id()),
            ..Outside::machine()
        };
        let signals = shutdown::os_signals().context("cannot listen for signals")?;
        let hangups = shutdown::os_hangups().context("cannot listen for signals")?;
        let app = App::start(config, outside).await?;
        if let Some(secret) = &app.fresh_secret {
            writeln!(out, "admin secret (shown this once): {}", secret.expose())?;
            out.flush()?;
        }
        app.reload_when(hangups, vec![Arc::new(lines)], Box::new(read));
        anyhow::Ok(app.run(signals).await)
    })?;
    Ok(match stopped {
        Stopped::Cleanly => Exit::Success,
        Stopped::Forced | Stopped::Failed { .. } => Exit::Failure,
    })
}
