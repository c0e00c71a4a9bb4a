//! Plugins put to work as a configuration says, for what the API says of them. Compiled once for all tests.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use waspnest::config::Config;
use waspnest::install;
use waspnest::router::Installed;
use waspnest_core::clock::SystemClock;
use waspnest_engine::{Engine, EngineOptions};

static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| {
    let mut options = EngineOptions::new(Arc::new(SystemClock::new()));
    options.cache_dir = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins"));
    Arc::new(Engine::new(options).expect("an engine"))
});

/// The engine that all tests share.
pub(crate) fn engine() -> Arc<Engine> {
    Arc::clone(&ENGINE)
}

/// A configuration that looks its plugins up where `cargo xtask plugins` puts them.
pub(crate) fn config(text: &str) -> Config {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).expect("writable");
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    assert!(plugins.exists(), "run `cargo xtask plugins` first");
    let env = (
        "WASPNEST__PLUGINS__DIR".to_owned(),
        plugins.to_str().expect("a plain path").to_owned(),
    );
    Config::load(Some(&path), std::iter::once(env)).expect("a good configuration")
}

/// What a configuration puts to work.
pub(crate) async fn installed(text: &str) -> Vec<Arc<Installed>> {
    install::all(&engine(), &config(text)).await.expect("good plugins")
}
