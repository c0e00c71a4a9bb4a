//! `waspnest plugin`: what authors of plugins do.

mod check;
mod test;

use std::io::Write;

use clap::Subcommand;

use super::Exit;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Say whether a built plugin can be put to work, and what it asks for
    Check(check::Asked),
    /// Play the scenarios of a plugin and compare what comes of them with what came of them before
    Test(test::Asked),
}

/// Does it.
pub(super) fn run(deed: &Deed, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match deed {
        Deed::Check(asked) => check::run(asked, out),
        Deed::Test(asked) => test::run(asked, out),
    }
}
