//! Whether Node and npm are there, and what to do when they are not.

use std::process::Command;

use anyhow::{Result, bail};

use crate::workspace::output;

/// What Baileys asks for.
const OLDEST: u32 = 20;

/// Fails with what is missing and where it comes from.
pub(super) fn check() -> Result<()> {
    let how = format!(
        "Baileys runs on Node {OLDEST} or newer with npm: install both from https://nodejs.org or with your system's package manager \
         (nodejs, npm), then try again"
    );
    let Ok(version) = output(Command::new("node").arg("--version")) else {
        bail!("there is no `node` here. {how}");
    };
    if major(&version).is_none_or(|major| major < OLDEST) {
        bail!("the `node` here is {}, which is too old. {how}", version.trim());
    }
    if output(Command::new("npm").arg("--version")).is_err() {
        bail!("there is `node` here, but no `npm`. {how}");
    }
    Ok(())
}

/// 20 of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_and_nonsense_is_not() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("20.11.1"), None);
        assert_eq!(major(""), None);
    }
}
