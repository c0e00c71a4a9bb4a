//! The plugins that installations name: whether they can be read, and who vouches for them.

use super::finding::{Finding, chain};
use crate::config::Config;
use crate::config::installation::{Activity, Source};
use crate::rollout;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let enabled = config.installations.iter();
    let enabled = enabled.filter(|installed| installed.activity == Activity::Enabled);
    let mut findings = Vec::new();
    for installed in enabled {
        let id = &installed.id;
        let Source::Directory(path) = &installed.source else {
            findings.push(Finding::ok("plugin", format!("{id}: uploaded, kept by the host")));
            continue;
        };
        findings.push(match rollout::signer_of(path, &config.plugins) {
            Ok(Some(key)) => Finding::ok("plugin", format!("{id}: {}, signed by {key}", path.display())),
            Ok(None) => Finding::ok("plugin", format!("{id}: {}, not signed", path.display())),
            Err(error) => Finding::failed("plugin", format!("{id}: {}", chain(&error)))
                .advice("correct [[plugin]] source, or build or sign the plugin; `waspnest check` says more"),
        });
    }
    findings
}
