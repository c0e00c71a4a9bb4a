//! The program that holds whatsmeow clients, where there is Go to build it. The Go module proxy delivers what `go.sum` names, or nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::step;
use crate::workspace::output;

/// What its modules ask for.
const OLDEST: (u32, u32) = (1, 26);

/// Builds the program in `dir` and says where it is in `target`. `None` without a Go that is new enough: the scenarios with whatsmeow are
/// skipped then, and the output says so.
pub(super) fn build(dir: &Path, target: &Path) -> Result<Option<PathBuf>> {
    let version = output(Command::new("go").args(["env", "GOVERSION"]));
    match version.ok().as_deref().and_then(version_of) {
        Some(version) if version >= OLDEST => {}
        Some((major, minor)) => {
            println!(
                "skipping whatsmeow: Go is {major}.{minor} here, and it takes {}.{}",
                OLDEST.0, OLDEST.1
            );
            return Ok(None);
        }
        None => {
            println!("skipping whatsmeow: there is no Go here (https://go.dev/dl)");
            return Ok(None);
        }
    }
    let program = target.join("whatsmeow");
    let mut build = Command::new("go");
    build
        .current_dir(dir)
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        // The Go that is here, and no other that it would fetch.
        .env("GOTOOLCHAIN", "local");
    step::command("whatsmeow", &mut build)?;
    Ok(Some(program))
}

/// (1, 26) of `go1.26.8`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix("go")?.split(['.', '-', 'r', 'b']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(version_of("go1.26.8\n"), Some((1, 26)));
        assert_eq!(version_of("go1.9"), Some((1, 9)));
        assert!(version_of("go1.9") < Some(OLDEST));
        assert_eq!(version_of("go1.27rc1"), Some((1, 27)));
        assert_eq!(version_of("devel +abc"), None);
    }
}
