//! The hooks that callers from outside find.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use waspnest::config::hook::{Hook, HookAuth};
use waspnest::config::secrets::{Declared, Source};
use waspnest_core::id::{InstallationId, SecretName};

/// What callers of hooks know.
pub(crate) const HOOK_SECRET: &str = "a secret of the hook";

/// The same, as the configuration declares it.
pub(super) fn secret() -> (SecretName, Declared) {
    let declared = Declared {
        from: Source::Environment(HOOK_SECRET.parse().expect("a secret")),
        hosts: Arc::new([]),
    };
    ("hook".parse().expect("a name"), declared)
}

/// All of them, by installation.
pub(super) fn all() -> BTreeMap<InstallationId, Hook> {
    let hooks = [
        ("echo", HookAuth::Token),
        ("hub", HookAuth::Hub),
        ("standard", HookAuth::Standard),
        ("patient", HookAuth::Token),
    ];
    hooks
        .map(|(name, auth)| (name.parse().expect("an id"), hook(name, auth)))
        .into()
}

/// A hook of `main`, whose callers wait for nothing unless it is patient.
fn hook(name: &str, auth: HookAuth) -> Hook {
    Hook {
        auth,
        secret: "hook".parse().expect("a name"),
        sessions: vec!["ma*".parse().expect("a pattern")],
        headers: vec![CONTENT_TYPE, AUTHORIZATION],
        max_body: 100,
        wait: Duration::from_secs(if name == "patient" { 10 } else { 0 }),
    }
}
