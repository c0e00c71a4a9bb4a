//! `waspnest plugin`: what authors of plugins do.

mod build;
mod check;
mod new;
mod test;

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
    /// Play the scenarios of a plugin and compare what comes of them with what came of them before
    Test(test::Asked),
}

/// Does it.
pub(super) fn run(deed: &Deed, output: Output<'_>) -> anyhow::Result<Exit> {
    match deed {
        Deed::New(asked) => new::run(asked, output.out),
        Deed::Build(asked) => build::run(asked, output),
        Deed::Check(asked) => check::run(asked, output.out),
        Deed::Test(asked) => test::run(asked, output.out),
    }
}
