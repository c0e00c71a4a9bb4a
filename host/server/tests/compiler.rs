//! The process that compiles plugins: it does its work, and a component that wants more than its share ends nobody else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use waspnest_core::clock::SystemClock;
use waspnest_engine::{CompileLimits, Compiler, CompilerProcess, Engine, EngineOptions, LoadError};

fn plugin(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(name)
}

fn engine(cache: &TempDir, limits: CompileLimits) -> Engine {
    let compiler = Compiler::Process(CompilerProcess {
        program: env!("CARGO_BIN_EXE_waspnest").into(),
        arguments: vec!["compile-plugin".into()],
        limits,
    });
    let options = EngineOptions {
        compiler,
        cache_dir: Some(cache.path().join("cache")),
        ..EngineOptions::new(Arc::new(SystemClock::new()))
    };
    Engine::new(options).expect("an engine")
}

/// A plugin with other bytes in the place of its component.
fn with_component(wasm: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for file in ["plugin.toml", "config.schema.json"] {
        std::fs::copy(plugin("echo").join(file), dir.path().join(file)).expect("a copy");
    }
    std::fs::write(dir.path().join("echo.wasm"), wasm).expect("a component");
    dir
}

/// Small to send and long to compile: one function of many additions.
fn bomb() -> Vec<u8> {
    let body = "(local.set 0 (i32.add (local.get 0) (i32.const 7)))".repeat(400_000);
    let text = format!("(component (core module (func (export \"f\") (param i32) {body})))");
    wat::parse_str(text).expect("a component")
}

#[tokio::test]
async fn a_plugin_is_compiled_by_a_process_of_its_own_and_kept() {
    let cache = tempfile::tempdir().expect("a directory");
    for compiled in [1, 0] {
        let engine = engine(&cache, CompileLimits::default());
        engine.load(&plugin("echo")).await.expect("it loads");
        assert_eq!(engine.compiled(), compiled);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_component_is_told_through_the_process() {
    let cache = tempfile::tempdir().expect("a directory");
    let engine = engine(&cache, CompileLimits::default());
    let mut wasm = std::fs::read(plugin("echo").join("echo.wasm")).expect("a component");
    wasm.truncate(wasm.len() / 2);
    let dir = with_component(&wasm);
    let error = engine.load(dir.path()).await.expect_err("it is damaged");
    assert!(matches!(error, LoadError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("echo.wasm"), "{error}");
}

#[tokio::test]
async fn a_compile_bomb_is_given_up_and_the_next_plugin_loads() {
    let cache = tempfile::tempdir().expect("a directory");
    let dir = with_component(&bomb());
    let short = CompileLimits {
        time: Duration::from_secs(1),
        ..CompileLimits::default()
    };
    let tight = CompileLimits {
        memory_bytes: 64 << 20,
        ..CompileLimits::default()
    };
    for limits in [short, tight] {
        let engine = engine(&cache, limits);
        let error = engine.load(dir.path()).await.expect_err("it is too much");
        assert!(matches!(error, LoadError::Compile { .. }), "{error}");
    }
    engine(&cache, CompileLimits::default())
        .load(&plugin("echo"))
        .await
        .expect("it loads");
}
