//! `waspnest plugin`: what authors of plugins do.

mod build;
mod check;
mod install;
mod logs;
mod new;
mod record;
mod replay;
mod run;
mod sign;
mod test;
mod tick;
mod versions;
mod watch;

use std::collections::BTreeMap;

use clap::Subcommand;

use super::{Exit, Output};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Make a directory with a plugin that works, its test, and what builds it
    New(new::Asked),
    /// Build the component of a plugin with the tool of its language
    Build(build::Asked),
    /// Say whether a built plugin can be put to work, and what it asks for
    Check(check::Asked),
    /// Chat with a built plugin; what is built anew is loaded at once
    Run(run::Asked),
    /// Play the scenarios of a plugin and compare what comes of them with what came of them before
    Test(test::Asked),
    /// Sign the package of a plugin, for hosts that trust the key
    Sign(sign::Asked),
    /// Bring a version of a plugin to an installation of a running host, and put it to work
    Install(install::Asked),
    /// Put a version to work that a running host has
    Activate(versions::Activated),
    /// Put the version to work that was before the one at work
    Rollback(versions::RolledBack),
    /// Say what the calls of a plugin came to in a running host, and what they logged
    Logs(logs::Asked),
    /// Keep records of calls from a running host beside the plugin
    Record(record::Asked),
    /// Let a running host make recorded calls once more with the build at hand, without effect, and say what is different
    Replay(replay::Asked),
    /// Fire a schedule of a plugin in a running host, now
    Tick(tick::Asked),
}

/// Does it. The environment says what the arguments do not: which host is meant, and secrets.
pub(super) fn run(deed: &Deed, env: &BTreeMap<String, String>, output: Output<'_>) -> anyhow::Result<Exit> {
    match deed {
        Deed::New(asked) => new::run(asked, output.out),
        Deed::Build(asked) => build::run(asked, output),
        Deed::Check(asked) => check::run(asked, output.out),
        Deed::Run(asked) => run::run(asked, output.out),
        Deed::Test(asked) => test::run(asked, output.out),
        Deed::Sign(asked) => sign::run(asked, env, output.out),
        Deed::Install(asked) => install::run(asked, env, output.out),
        Deed::Activate(asked) => versions::activate(asked, env, output.out),
        Deed::Rollback(asked) => versions::roll_back(asked, env, output.out),
        Deed::Logs(asked) => logs::run(asked, env, output),
        Deed::Record(asked) => record::run(asked, env, output.out),
        Deed::Replay(asked) => replay::run(asked, env, output.out),
        Deed::Tick(asked) => tick::run(asked, env, output.out),
    }
}
