//! `cargo xtask features`: the default build of the product must not contain what weakens it or what it cannot compile.
//!
//! Dependencies of tests do not count: they are no part of a build. `danger-…` features switch checks of certificates off, for the simulator alone. `simd` of the WhatsApp crates needs a
//! nightly compiler.

use crate::workspace::{Workspace, output};
use anyhow::{Result, bail};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let builds: [(&str, &[&str]); 2] = [("default", &[]), ("no default features", &["--no-default-features"])];
    for (name, flags) in builds {
        let mut tree = workspace.cargo([
            "tree",
            "--locked",
            "-e",
            "features,no-dev",
            "--prefix",
            "none",
            "-p",
            "waspnest",
        ]);
        let text = output(tree.args(flags))?;
        if !text.contains("waspnest-core") {
            bail!("cargo tree does not list the product's crates, so its features were not checked");
        }
        let found: Vec<&str> = text.lines().filter(|line| is_forbidden(line)).collect();
        if !found.is_empty() {
            bail!("the build with {name} contains: {}", found.join(", "));
        }
    }
    Ok(())
}

/// Whether a line of the tree (`crate feature "name"`) names a feature that must not be there.
fn is_forbidden(line: &str) -> bool {
    let Some((package, rest)) = line.split_once(" feature \"") else {
        return false;
    };
    let Some((feature, _)) = rest.split_once('"') else {
        return false;
    };
    let ours = ["whatsapp-rust", "wacore", "waproto"]
        .iter()
        .any(|prefix| package.starts_with(prefix));
    feature.starts_with("danger-") || feature.starts_with("danger_") || (ours && feature == "simd")
}

#[cfg(test)]
mod tests {
    use super::is_forbidden;

    #[test]
    fn weakening_features_are_found_wherever_they_are() {
        assert!(is_forbidden("whatsapp-rust feature \"danger-skip-cert-chain-verify\""));
        assert!(is_forbidden(
            "wacore-noise feature \"danger-skip-cert-chain-verify\" (*)"
        ));
        assert!(is_forbidden("wacore-binary feature \"simd\""));
    }

    #[test]
    fn other_crates_may_use_stable_vector_code() {
        assert!(!is_forbidden("wasmparser feature \"simd\""));
        assert!(!is_forbidden("whatsapp-rust feature \"tokio-runtime\""));
        assert!(!is_forbidden("whatsapp-rust v0.7.0"));
    }
}
