//! `waspnest serve`: runs the host until it is told to stop.

use std::io::Write;

use anyhow::Context;

use super::{COMPILE, Exit};
use crate::app::{App, CompilerCommand, Outside};
use crate::config::Config;
use crate::shutdown::{self, Stopped};
use crate::telemetry;

/// Runs until a signal. Prints a fresh admin secret, once; everything else goes to the log.
pub(super) fn run(config: Config, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    telemetry::start(&config.log.level, config.log.format).context("cannot start the log")?;
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
            ..Outside::machine()
        };
        let signals = shutdown::os_signals().context("cannot listen for signals")?;
        let app = App::start(config, outside).await?;
        if let Some(secret) = &app.fresh_secret {
            writeln!(out, "admin secret (shown this once): {}", secret.expose())?;
            out.flush()?;
        }
        anyhow::Ok(app.run(signals).await)
    })?;
    Ok(match stopped {
        Stopped::Cleanly => Exit::Success,
        Stopped::Forced | Stopped::Failed { .. } => Exit::Failure,
    })
}
